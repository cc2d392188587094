// Work that several wait for: done once, and given up when nobody waits for it any more.

import { reasonOf } from './clock.ts';

export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;

  /** @param work begins at once; its signal fires when all who waited have given up */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#controller.signal);
    this.#result.catch(() => undefined);
  }

  get isGivenUp(): boolean {
    return this.#controller.signal.aborted;
  }

  /**
   * Resolves with what the work comes to. Whoever gives up leaves the others alone; the last one waits for the work's
   * end.
   * @throws what the work throws; the signal's reason
   */
  async wait(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting += 1;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#controller.abort(reasonOf(signal));
        else reject(reasonOf(signal));
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#result.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave));
    });
  }
}
