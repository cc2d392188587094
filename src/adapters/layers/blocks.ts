// A stream cut into blocks of one size, which are worked on side by side and come out in their order. What comes out
// depends on the bytes alone: not on how they arrive, and not on how many threads there are.

import type { ByteStream } from '../../core/oci/blob.ts';

export interface BlockOptions<Result> {
  /** In bytes; the last block may be shorter. */
  readonly size: number;
  /** The memory of each block, in bytes, for a result that takes the block's place; its size by default. */
  readonly room?: number;
  /** How many blocks are worked on at once. */
  readonly limit: number;
  /** Called in the order of the blocks. The block's memory is its own, and is used again once its result was read. */
  readonly work: (block: Uint8Array) => Promise<Result>;
}

/**
 * The result for each block, in order; none for an empty stream. When it ends, early or not, no work is left running.
 * @throws what the stream or `work` throws
 */
export async function* workInBlocks<Result>(
  stream: ByteStream,
  options: BlockOptions<Result>,
): AsyncGenerator<Result> {
  const { size, room = size, limit, work } = options;
  const running: { readonly buffer: Uint8Array; readonly result: Promise<Result> }[] = [];
  const free: Uint8Array[] = [];
  let buffer = allocateShared(room);
  let filled = 0;

  const start = () => {
    const result = work(buffer.subarray(0, filled));
    // It is awaited later: until then, nothing else handles its failure.
    result.catch(() => undefined);
    running.push({ buffer, result });
  };
  async function* finish(most: number): AsyncGenerator<Result> {
    for (let first = running[0]; first !== undefined && running.length > most; first = running[0]) {
      const result = await first.result;
      running.shift();
      yield result;
      free.push(first.buffer);
    }
  }

  try {
    for await (const chunk of stream) {
      for (let offset = 0; offset < chunk.length;) {
        const piece = chunk.subarray(offset, offset + size - filled);
        buffer.set(piece, filled);
        filled += piece.length;
        offset += piece.length;
        if (filled < size) continue;
        start();
        yield* finish(limit - 1);
        buffer = free.pop() ?? allocateShared(room);
        filled = 0;
      }
    }
    if (filled > 0) start();
    yield* finish(0);
  } finally {
    await Promise.allSettled(running.map(({ result }) => result));
  }
}

/** Memory that threads can use as well. */
export function allocateShared(size: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size));
}
