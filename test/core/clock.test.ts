import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { isAborted, reasonOf, systemClock } from '../../src/core/clock.ts';

describe('the clock of the system', () => {
  it('tells the time, and chance', () => {
    assert.ok(Math.abs(systemClock.now() - Date.now()) < 60_000);
    const numbers = Array.from({ length: 20 }, () => systemClock.random());
    assert.ok(numbers.every((number) => number >= 0 && number < 1));
    assert.ok(new Set(numbers).size > 1);
  });

  it('sleeps as long as it is told to', async () => {
    const started = performance.now();
    const { signal } = new AbortController();
    await Promise.all([systemClock.sleep(25), systemClock.sleep(25, signal)]);
    assert.ok(performance.now() - started >= 24);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('is woken by a signal, with its reason', async () => {
    const controller = new AbortController();
    const started = performance.now();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(sleeping, /enough/);
    await assert.rejects(systemClock.sleep(60_000, controller.signal), /enough/);
    assert.ok(performance.now() - started < 10_000);
    // A timer that goes on would keep the process.
    assert.deepEqual(
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout'),
      [],
    );
  });
});

describe('why a signal was aborted', () => {
  it('is its reason as it is, or as the cause of an error', () => {
    const error = new Error('enough');
    assert.equal(reasonOf(AbortSignal.abort(error)), error);
    const { message, cause } = reasonOf(AbortSignal.abort('enough'));
    assert.deepEqual([message, cause], ['aborted', 'enough']);
    assert.equal(reasonOf(undefined).message, 'aborted');
  });

  it('is asked of a signal that was', () => {
    assert.equal(isAborted(AbortSignal.abort()), true);
    assert.equal(isAborted(new AbortController().signal), false);
    assert.equal(isAborted(undefined), false);
  });
});
