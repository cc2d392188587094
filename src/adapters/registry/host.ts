// What all repositories of one registry host share: how it is reached, how many requests run at once, how long it
// rests.

import { reasonOf } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';

/** After this many transfers without a complaint, one more may run at once again. */
const recovery = 8;

/** Up to this size a blob counts as a document. */
const documentSize = 64 * 1024;

interface Waiter {
  readonly isDocument: boolean;
  readonly start: () => void;
}

export class Host {
  /** Origin of its API; changes once, if plain HTTP is allowed and turns out to be what it speaks. */
  origin: string;
  /** True once it has answered, which settles the question. */
  isSettled = false;
  /** The size of the smallest body that was refused for its size. */
  bodyLimit: number | undefined;
  readonly #concurrency: number;
  readonly #clock: Clock;
  readonly #waiting: Waiter[] = [];
  #restsUntil = -Infinity;
  #limit: number;
  #running = 0;
  #successes = 0;

  /** @param concurrency how many transfers run at once at most */
  constructor(origin: string, concurrency: number, clock: Clock) {
    this.origin = origin;
    this.#concurrency = concurrency;
    this.#limit = concurrency;
    this.#clock = clock;
  }

  /** Resolves when the host may be asked again. */
  async ready(signal?: AbortSignal): Promise<void> {
    const left = () => this.#restsUntil - this.#clock.now();
    for (let rest = left(); rest > 0; rest = left()) await this.#clock.sleep(rest, signal);
  }

  /** Holds back all requests to the host for that many milliseconds, and lets fewer transfers run from then on. */
  pause(milliseconds: number): void {
    // Concurrent requests get the same complaint: it counts once.
    if (this.#clock.now() >= this.#restsUntil) this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#successes = 0;
    this.#restsUntil = Math.max(this.#restsUntil, this.#clock.now() + milliseconds);
  }

  /** Runs one transfer of a blob, at most as many at once as the host takes. Documents go first. */
  async transfer<T>(size: number, body: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(size, signal);
    try {
      await this.ready(signal);
      const result = await body();
      this.#successes += 1;
      if (this.#successes % recovery === 0 && this.#limit < this.#concurrency) this.#limit += 1;
      return result;
    } finally {
      this.#running -= 1;
      this.#startNext();
    }
  }

  #enter(size: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(reasonOf(signal));
      };
      const waiter: Waiter = {
        isDocument: size <= documentSize,
        start: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const place = waiter.isDocument ? this.#waiting.findIndex((other) => !other.isDocument) : -1;
      this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, waiter);
      signal?.addEventListener('abort', abort, { once: true });
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#running < this.#limit && this.#waiting.length > 0) {
      this.#running += 1;
      this.#waiting.shift()?.start();
    }
  }
}
