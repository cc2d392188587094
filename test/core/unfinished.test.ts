import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const child = join(import.meta.dirname, '../support/stuck-child.ts');

/** Both processes with a promise that never settles, so that the event loop runs empty. */
function runStuck(shell: 'cli' | 'action') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, shell], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  return { status, stdout, stderr };
}

describe('a process whose work never ends', () => {
  it('fails on the command line, and says so', () => {
    const { status, stdout, stderr } = runStuck('cli');
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(stderr, /^bima: internal error, .*: the work stopped before it was done\n$/);
  });

  it('fails in a step of the action, and says so', () => {
    const { status, stdout } = runStuck('action');
    assert.equal(status, 1);
    assert.match(stdout, /^::error::internal error, .*: the work stopped before it was done$/m);
  });
});
