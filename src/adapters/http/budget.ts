// A limit on the time that all failures of a run may take together: each may be retried with patience, but not all of
// them.

import type { Clock } from '../../core/clock.ts';

/** Milliseconds. */
const atFirst = 10 * 60_000;
/** Added for each successful request: the more requests, the more refusals are to be expected. */
const perAnswer = 1000;
/** Added for each MiB to be sent, since a failure costs more time then. */
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

  /** Whether waiting that long and trying again is within the budget. */
  allows(milliseconds: number): boolean {
    return milliseconds < this.#left;
  }

  /** Counts the time from `since` to now as lost. Time that several requests lost at once counts once. */
  lose(since: number): void {
    const now = this.#clock.now();
    const lost = Math.max(0, now - Math.max(since, this.#counted));
    this.#counted = Math.max(this.#counted, now);
    this.#left -= lost;
    this.#lost += lost;
  }
}
