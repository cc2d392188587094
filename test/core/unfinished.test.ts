import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { failUntilDone } from '../../src/core/unfinished.ts';
import type { EndingProcess } from '../../src/core/unfinished.ts';

const child = join(import.meta.dirname, '../support/stuck-child.ts');

/** A process with a promise that never settles, so that the event loop runs empty. */
function runStuck(kind: 'cli' | 'action' | 'post' | 'unreportable' | 'unreportable-later') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, kind], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, STATE_folder: '/nowhere' },
    timeout: 60_000,
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

  it('fails in the step after the job, and says so', () => {
    const { status, stdout } = runStuck('post');
    assert.equal(status, 1);
    assert.match(stdout, /^::error::internal error, .*: the work stopped before it was done\n$/);
  });
});

describe('a step whose failure can not be reported', () => {
  for (const kind of ['unreportable', 'unreportable-later'] as const) {
    it(`fails all the same, and does not try for ever: ${kind}`, () => {
      const { status, stdout } = runStuck(kind);
      assert.equal(status, 1);
      assert.equal(stdout.split('\n').length, 2, stdout);
    });
  }
});

describe('failUntilDone', () => {
  function host() {
    const listeners: (() => void)[] = [];
    const events: string[] = [];
    const process: EndingProcess = {
      exitCode: undefined,
      once: (event, listener) => {
        events.push(event);
        listeners.push(listener);
      },
    };
    return { process, events, runEmpty: () => listeners[0]?.() };
  }

  it('fails a process whose work is not done, and says so', () => {
    const { process, events, runEmpty } = host();
    const said: string[] = [];
    failUntilDone(process, (message) => void said.push(message));
    assert.deepEqual([process.exitCode, events, said], [1, ['beforeExit'], []]);
    runEmpty();
    assert.deepEqual(said, ['internal error, please report it: the work stopped before it was done']);
    assert.equal(process.exitCode, 1);
  });

  it('has the exit code of the work that is done, and says nothing', () => {
    for (const code of [0, 3]) {
      const { process, runEmpty } = host();
      const done = failUntilDone(process, () => assert.fail('said'));
      done(code);
      runEmpty();
      assert.equal(process.exitCode, code);
    }
  });
});
