// Slices of a blob, in order from one read of it; asking for a slice again reads the blob anew.

import type { Blob } from '../../core/oci/blob.ts';
import type { BodyStream } from '../http/watch.ts';

export interface Slices {
  /** The bytes from `offset` on. Slices must not be read at the same time. */
  readonly slice: (offset: number, length: number) => BodyStream;
  /** Ends the read of a blob that isn't needed to its end, which would otherwise keep its file open. Never throws. */
  readonly close: () => Promise<void>;
}

/** Nothing is read before the first slice is. */
export function createSlices(blob: Blob): Slices {
  let reader: Reader | undefined;
  async function* read(offset: number, length: number): AsyncGenerator<Uint8Array> {
    if (reader?.position !== offset) {
      await reader?.close();
      reader = createReader(blob);
      await reader.skip(offset);
    }
    yield* reader.take(length);
  }
  return {
    slice: (offset, length) => ({ size: length, open: () => read(offset, length) }),
    async close() {
      // A failure to read was one of the upload, which has been told.
      await reader?.close().catch(() => undefined);
    },
  };
}

interface Reader {
  readonly position: number;
  take(length: number): AsyncGenerator<Uint8Array>;
  skip(length: number): Promise<void>;
  close(): Promise<void>;
}

function createReader(blob: Blob): Reader {
  const iterator = blob.open()[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  let position = 0;
  async function* take(length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    while (left > 0) {
      if (rest.length === 0) {
        const next = await iterator.next();
        if (next.done === true) return;
        rest = next.value;
      }
      const piece = rest.subarray(0, left);
      rest = rest.subarray(piece.length);
      left -= piece.length;
      position += piece.length;
      yield piece;
    }
    // A verified stream passes its verdict after the last byte.
    if (position === blob.descriptor.size) await iterator.next();
  }
  return {
    get position() {
      return position;
    },
    take,
    async skip(length) {
      const pieces = take(length);
      while ((await pieces.next()).done !== true);
    },
    async close() {
      await iterator.return?.();
    },
  };
}
