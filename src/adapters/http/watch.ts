// Watches over one exchange: gives up a stalled upload but not a slow one, and lets a commit take its time.

import type { ByteStream } from '../../core/oci/blob.ts';
import { reasonOf } from '../../core/clock.ts';
import { Timeout } from './network-failure.ts';

/** A body whose bytes are opened when needed, afresh each time. */
export interface BodyStream {
  readonly size: number;
  /** A chunk is valid until the next one is asked for. */
  open(): ByteStream;
}

/** In milliseconds. */
export interface Timeouts {
  readonly connect: number;
  /** From the end of a request to the start of its answer. */
  readonly answer: number;
  /** The same for the largest blobs, which a registry has to store first: some take minutes. */
  readonly commit: number;
  /** Time without a single byte moving in either direction. */
  readonly stall: number;
}

export const defaultTimeouts: Timeouts = { connect: 10_000, answer: 120_000, commit: 900_000, stall: 60_000 };

const largest = 512 * 1024 * 1024;

/** How long a registry may take to store that many bytes: a few get a third of the time of many. */
export function commitPatience({ commit }: Timeouts, size: number): number {
  return (commit / 3) * (1 + 2 * Math.min(1, size / largest));
}

/** Watches over the time that one exchange takes. */
export interface Watch {
  readonly signal: AbortSignal;
  /** Aborts after so long, unless it is called again before. */
  readonly expect: (milliseconds: number, what: string) => void;
  /** The answer is there: only the caller's signal counts from here. */
  readonly rest: () => void;
  readonly stop: () => void;
}

export function createWatch(outer: AbortSignal | undefined): Watch {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    controller.abort(reasonOf(outer));
  };
  outer?.addEventListener('abort', abort, { once: true });
  let isOver = false;
  const rest = () => {
    isOver = true;
    clearTimeout(timer);
  };
  return {
    signal: controller.signal,
    expect(milliseconds, what) {
      clearTimeout(timer);
      // A body may end after its answer: a timer begun then would keep the process alive.
      if (isOver) return;
      timer = setTimeout(() => {
        controller.abort(new Timeout(`${what} within ${Math.round(milliseconds / 1000)} seconds`));
      }, milliseconds);
    },
    rest,
    stop() {
      rest();
      outer?.removeEventListener('abort', abort);
    },
  };
}

/**
 * What the library lets a socket hold before it waits: it asks for the piece after one of this size, or a larger one,
 * when all that was written has left the process.
 */
const socketBuffer = 64 * 1024;

export interface WatchedBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array | null;
  /** What the body's own source threw. */
  readonly failure: unknown;
}

/** The body under watch: it must move on, and only when all of it has gone does the wait for the answer begin. */
export function watchBody(
  body: Uint8Array | BodyStream | undefined,
  watch: Watch,
  timeouts: Timeouts,
  patience: number,
): WatchedBody {
  const awaitAnswer = () => {
    watch.expect(patience, 'expected an answer');
  };
  if (body === undefined || body instanceof Uint8Array || body.size === 0) {
    awaitAnswer();
    return { headers: {}, body: body instanceof Uint8Array ? body : null, failure: undefined };
  }
  let failure: unknown;
  async function* pieces(source: BodyStream): AsyncGenerator<Uint8Array> {
    const iterator = source.open()[Symbol.asyncIterator]();
    const read = async () => {
      try {
        return await iterator.next();
      } catch (error) {
        // What the library throws into this generator at its yield is no failure of the source.
        failure = error;
        throw error;
      }
    };
    try {
      for (let next = await read(); next.done !== true; next = await read()) {
        yield next.value.length < socketBuffer ? Buffer.from(next.value) : next.value;
        watch.expect(timeouts.stall, 'expected the upload to move on');
      }
    } finally {
      await iterator.return?.();
    }
    awaitAnswer();
  }
  watch.expect(timeouts.stall + timeouts.connect, 'expected the upload to begin');
  return {
    headers: { 'content-length': String(body.size) },
    body: pieces(body),
    get failure() {
      return failure;
    },
  };
}
