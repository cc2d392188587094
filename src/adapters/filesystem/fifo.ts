// Streams into a FIFO, or into any other pipe that has a path.

import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSystemError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';

/** Milliseconds between two checks for a reader. */
const pause = 100;

/**
 * Waits for a reader, and writes all of the stream.
 * @param signal its reason is thrown when it fires
 */
export async function writeFifo(path: string, stream: ByteStream, signal?: AbortSignal): Promise<void> {
  const file = await openForReader(path, signal);
  const pipe = new Socket({ fd: file, readable: false, writable: true });
  await pipeline(Readable.from(stream), pipe, signal === undefined ? {} : { signal });
}

/**
 * Opens with O_NONBLOCK: otherwise a thread would wait for the reader, and the process for the thread, whatever the
 * signal.
 */
async function openForReader(path: string, signal?: AbortSignal): Promise<number> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (!isSystemError(error, 'ENXIO')) throw error;
    }
    await sleep(pause);
  }
}
