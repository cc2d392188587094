// A clock whose sleeps end at once and are counted as if they had taken their time.

import type { Clock } from '../../src/core/clock.ts';

export interface FastClock extends Clock {
  /** What was slept so far, in milliseconds, in order. */
  readonly sleeps: readonly number[];
  /** Moves on without anybody sleeping. */
  advance(milliseconds: number): void;
}

/** @param random gives what backoff draws from; the middle by default */
export function createFastClock(random: () => number = () => 0.5): FastClock {
  const sleeps: number[] = [];
  let ahead = 0;
  return {
    sleeps,
    now: () => Date.now() + ahead,
    random,
    advance(milliseconds) {
      ahead += milliseconds;
    },
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      sleeps.push(milliseconds);
      ahead += milliseconds;
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    },
  };
}
