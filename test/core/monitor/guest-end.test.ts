// Which exit codes of a monitor mean that the guest has ended well.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasEndedWell } from '../../../src/core/monitor/guest-end.ts';

describe('hasEndedWell', () => {
  const rows = [
    ['qemu', 'linux', 0, true],
    ['qemu', 'linux', 1, false],
    ['qemu', 'hermit', 3, true],
    ['qemu', 'hermit', 1, false],
    ['qemu', 'mewz', 1, true],
    ['qemu', 'mewz', 3, false],
    ['hvt', 'mirage', 0, true],
    ['hvt', 'hermit', 3, false],
  ] as const;
  for (const [monitor, type, code, isWell] of rows) {
    it(`is ${isWell} for ${type} on ${monitor} with ${code}`, () => {
      assert.equal(hasEndedWell({ code, signal: null }, { monitor, type }), isWell);
    });
  }

  it('is false for a monitor that a signal has ended', () => {
    assert.equal(hasEndedWell({ code: null, signal: 'SIGKILL' }, { monitor: 'qemu', type: 'linux' }), false);
  });
});
