// What urunit is told, as urunc writes it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeUrunitConfig } from '../../../src/core/monitor/urunit-config.ts';

describe('encodeUrunitConfig', () => {
  it('has the variables, the owner and the folder of the program', () => {
    const process = { uid: 5, gid: 6, folder: '/app' };
    assert.equal(
      encodeUrunitConfig({ environment: ['A=1', 'B=x y'], process }),
      'UES\nA=1\nB=x y\nUEE\nUCS\nUID:5\nGID:6\nWD:/app\nUCE\nUBS\nUBE\n',
    );
    assert.match(encodeUrunitConfig({ environment: [], process }), /^UES\nUEE\nUCS\n/);
  });
});
