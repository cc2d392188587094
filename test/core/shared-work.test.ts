import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { reasonOf } from '../../src/core/clock.ts';
import { SharedWork } from '../../src/core/shared-work.ts';

/** Ends when it is told to, or with the reason for which it was given up. */
function start() {
  let finish: (value: string) => void = () => undefined;
  let given: AbortSignal | undefined;
  const work = new SharedWork<string>(
    (signal) =>
      new Promise((resolve, reject) => {
        given = signal;
        finish = resolve;
        signal.addEventListener('abort', () => {
          reject(reasonOf(signal));
        });
      }),
  );
  return { work, finish, isGivenUp: () => given?.aborted };
}

describe('SharedWork', () => {
  it('comes to the same for everyone, also for those who come later', async () => {
    const { work, finish } = start();
    const waiting = [work.wait(), work.wait(new AbortController().signal)];
    finish('done');
    assert.deepEqual(await Promise.all([...waiting, work.wait()]), ['done', 'done', 'done']);
  });

  it('goes on when one of two gives up', async () => {
    const { work, finish, isGivenUp } = start();
    const controller = new AbortController();
    const [one, other] = [work.wait(controller.signal), work.wait()];
    controller.abort(new Error('enough'));
    await assert.rejects(one, /enough/);
    assert.equal(isGivenUp(), false);
    finish('done');
    assert.equal(await other, 'done');
  });

  it('is given up with the last one', async () => {
    const { work, isGivenUp } = start();
    const controllers = [new AbortController(), new AbortController()];
    const waiting = controllers.map(({ signal }) => assert.rejects(work.wait(signal), /enough/));
    for (const controller of controllers) controller.abort(new Error('enough'));
    await Promise.all(waiting);
    assert.equal(isGivenUp(), true);
    assert.equal(work.isGivenUp, true);
  });

  it('lets nobody in who has given up before', async () => {
    const { work, finish } = start();
    await assert.rejects(work.wait(AbortSignal.abort(new Error('enough'))), /enough/);
    finish('done');
    assert.equal(await work.wait(), 'done');
  });

  it('may fail while nobody waits', async () => {
    const work = new SharedWork(() => Promise.reject(new Error('no')));
    await new Promise(setImmediate);
    await assert.rejects(work.wait(), /no/);
  });
});

describe('a signal of somebody who waits', () => {
  it('is left alone when the work is done', async () => {
    const { work, finish } = start();
    const { signal } = new AbortController();
    const waiting = work.wait(signal);
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    finish('done');
    await waiting;
    await new Promise(setImmediate);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(work.isGivenUp, false);
  });

  it('is the reason for which the work is given up', async () => {
    const { work } = start();
    const controller = new AbortController();
    const waiting = work.wait(controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
  });

  it('makes the last one wait for the end of the work', async () => {
    let finish: () => void = () => undefined;
    const work = new SharedWork(
      () =>
        new Promise<string>((resolve) => {
          finish = () => {
            resolve('done all the same');
          };
        }),
    );
    const controller = new AbortController();
    const waiting = work.wait(controller.signal);
    controller.abort(new Error('enough'));
    finish();
    assert.equal(await waiting, 'done all the same');
  });
});
