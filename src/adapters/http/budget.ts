// How long all failures of a run may take together: each may be retried with patience, but not all of them.

import type { Clock } from '../../core/clock.ts';

/** Milliseconds. */
const atFirst = 10 * 60_000;
/** For each request that was answered as it should be: who has much to ask is refused more often. */
const perAnswer = 1000;
/** For each MiB that is to travel, since what fails then takes longer. */
const perMebibyte = 1000;
const mebibyte = 1024 * 1024;

export class Budget {
  readonly #clock: Clock;
  #left = atFirst;
  /** Until when time was counted. */
  #counted = -Infinity;
  #lost = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that failures have taken so far, waits included. */
  get lost(): number {
    return this.#lost;
  }

  answered(): void {
    this.#left += perAnswer;
  }

  /** @param size in bytes */
  expect(size: number): void {
    this.#left += (size / mebibyte) * perMebibyte;
  }

  /** Whether it is worth to wait for so long, and to try again. */
  allows(milliseconds: number): boolean {
    return milliseconds < this.#left;
  }

  /** The time from `since` to now was lost. What was lost at the same time by others counts once. */
  lose(since: number): void {
    const now = this.#clock.now();
    const lost = Math.max(0, now - Math.max(since, this.#counted));
    this.#counted = Math.max(this.#counted, now);
    this.#left -= lost;
    this.#lost += lost;
  }
}
