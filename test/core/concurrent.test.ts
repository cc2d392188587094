import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { runSideBySide } from '../../src/core/concurrent.ts';

const turn = () => new Promise(setImmediate);

describe('runSideBySide', () => {
  it('starts the tasks in their order, as many at once as it may', async () => {
    const started: number[] = [];
    let running = 0;
    let most = 0;
    const tasks = Array.from({ length: 7 }, (_, index) => async () => {
      started.push(index);
      most = Math.max(most, ++running);
      await turn();
      running -= 1;
    });
    await runSideBySide(tasks, 3);
    assert.deepEqual(started, [0, 1, 2, 3, 4, 5, 6]);
    assert.equal(most, 3);
  });

  it('runs one at a time at least, and nothing when there is nothing', async () => {
    let ran = 0;
    const task = () => {
      ran += 1;
      return Promise.resolve();
    };
    await runSideBySide([task, task], 0);
    await runSideBySide([], 4);
    assert.equal(ran, 2);
  });

  it('waits for those that run before it throws the first failure', async () => {
    const first = new Error('first');
    let cleanedUp = false;
    const tasks = [
      async (signal: AbortSignal) => {
        while (!signal.aborted) await turn();
        await turn();
        cleanedUp = true;
        throw new Error('second');
      },
      async () => {
        await turn();
        throw first;
      },
      () => assert.fail('it must not start'),
    ];
    await assert.rejects(runSideBySide(tasks, 2), (error) => error === first);
    assert.equal(cleanedUp, true);
  });

  it('runs nothing for a signal that was aborted before', async () => {
    const reason = new Error('enough');
    const task = () => assert.fail('it must not start');
    await assert.rejects(runSideBySide([task], 2, AbortSignal.abort(reason)), (error) => error === reason);
  });
});

describe('a signal for all of them', () => {
  it('reaches those that run, with its reason, which is thrown', async () => {
    const controller = new AbortController();
    const reasons: unknown[] = [];
    const tasks = [
      async (signal: AbortSignal) => {
        controller.abort(new Error('enough'));
        await turn();
        reasons.push(signal.reason);
        throw new Error('of the task');
      },
      async () => {
        await turn();
      },
      () => assert.fail('it must not start'),
    ];
    await assert.rejects(runSideBySide(tasks, 2, controller.signal), /enough/);
    assert.deepEqual(
      reasons.map((reason) => (reason as Error).message),
      ['enough'],
    );
  });

  it('is left alone when all have ended, whether they did well or not', async () => {
    const { signal } = new AbortController();
    await runSideBySide([() => Promise.resolve()], 1, signal);
    await assert.rejects(runSideBySide([() => Promise.reject(new Error('a fault'))], 1, signal), /a fault/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('is that of the first failure for the others', async () => {
    const first = new Error('first');
    let reason: unknown;
    const tasks = [
      () => Promise.reject(first),
      async (signal: AbortSignal) => {
        await turn();
        reason = signal.reason;
      },
    ];
    await assert.rejects(runSideBySide(tasks, 2), (error) => error === first);
    assert.equal(reason, first);
  });
});
