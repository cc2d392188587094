// What all repositories of one registry host share: how it is reached, how much it is asked at once, how long it rests.

import { reasonOf } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';

export interface Host {
  /** How its API is reached; changes once, if plain HTTP is allowed and turns out to be what it speaks. */
  origin: string;
  /** True once it has answered, which settles the question. */
  isSettled: boolean;
  /** The size of the smallest body that was refused for its size. */
  bodyLimit: number | undefined;
  /** Resolves when the host may be asked again. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Keeps everyone from asking the host for so many milliseconds, and lets fewer transfers run from then on. */
  pause(milliseconds: number): void;
  /** Runs one transfer of a blob, side by side with no more than the host takes. Documents go first. */
  transfer<T>(size: number, body: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** After so many transfers without complaint one more runs at once again. */
const recovery = 8;

/** Up to this size a blob counts as a document. */
const documentSize = 64 * 1024;

interface Waiter {
  readonly isDocument: boolean;
  readonly start: () => void;
}

export function createHost(origin: string, concurrency: number, clock: Clock): Host {
  let restsUntil = -Infinity;
  let limit = concurrency;
  let running = 0;
  let successes = 0;
  const waiting: Waiter[] = [];

  const startNext = () => {
    while (running < limit && waiting.length > 0) {
      running += 1;
      waiting.shift()?.start();
    }
  };

  const enter = (size: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = () => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(reasonOf(signal));
      };
      const waiter: Waiter = {
        isDocument: size <= documentSize,
        start: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const place = waiter.isDocument ? waiting.findIndex((other) => !other.isDocument) : -1;
      waiting.splice(place === -1 ? waiting.length : place, 0, waiter);
      signal?.addEventListener('abort', abort, { once: true });
      startNext();
    });

  async function ready(signal?: AbortSignal): Promise<void> {
    for (let rest = restsUntil - clock.now(); rest > 0; rest = restsUntil - clock.now()) {
      await clock.sleep(rest, signal);
    }
  }

  return {
    origin,
    isSettled: false,
    bodyLimit: undefined,
    ready,
    pause(milliseconds) {
      // Side by side, many requests hear the same complaint: it counts once.
      if (clock.now() >= restsUntil) limit = Math.max(1, Math.floor(limit / 2));
      successes = 0;
      restsUntil = Math.max(restsUntil, clock.now() + milliseconds);
    },
    async transfer(size, body, signal) {
      await enter(size, signal);
      try {
        await ready(signal);
        const result = await body();
        successes += 1;
        if (successes % recovery === 0 && limit < concurrency) limit += 1;
        return result;
      } finally {
        running -= 1;
        startNext();
      }
    },
  };
}
