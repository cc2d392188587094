// gzip (RFC 1952) whose blocks are compressed by themselves, on any number of threads, and joined into one member.

import { setImmediate } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import type { ByteStream } from '../../core/oci/blob.ts';
import { workInBlocks } from './blocks.ts';
import { deflateBlock, maxBlockSize, maxDeflatedSize } from './deflater.ts';
import type { DeflateThreads } from './deflate-threads.ts';

/** A thread takes as long to start as 8 MB to compress: below this many bytes it doesn't pay. */
const threadsPayFrom = 16 * 1024 * 1024;

/** No name, no time, no flags, and 255 for an unknown system. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** A last block with nothing in it (RFC 1951, 3.2.6): those before it end on a byte, and say that more follow. */
const lastBlock = Uint8Array.of(3, 0);

export interface GzipOptions {
  /** From 1 to 9. */
  readonly level: number;
  /** About how many bytes are to come: decides whether threads are used, and nothing else. */
  readonly size?: number | undefined;
  /** True for a reader that keeps no piece: each is gone when the next one is asked for. */
  readonly release?: boolean | undefined;
  /** Instead of those that the whole process shares. */
  readonly threads?: DeflateThreads | undefined;
}

/** One member. Its bytes depend on the input and the level alone. */
export async function* compressGzip(stream: ByteStream, options: GzipOptions): AsyncGenerator<Uint8Array> {
  const { level, size: expected = 0, release = false } = options;
  const threads = options.threads ?? (expected >= threadsPayFrom ? await openThreads() : undefined);
  let crc = 0;
  let size = 0;
  const work = async (block: Uint8Array): Promise<Deflated> => {
    crc = zlib.crc32(block, crc);
    size += block.length;
    // The result takes the place of the block, which the encoder has copied by then.
    const output = new Uint8Array(block.buffer);
    const job = threads?.deflate({ block, level, output });
    if (job !== undefined) return { output, size: await job };
    const result = { output, size: deflateBlock(block, level, output) };
    // Threads, timers and signals are heard in between.
    await setImmediate();
    return result;
  };

  let isBegun = false;
  // With threads, one more than they take and the main thread's own: else it would wait for the oldest one.
  const limit = threads === undefined ? 1 : threads.capacity + 2;
  const blocks = { size: maxBlockSize, room: maxDeflatedSize, limit, work };
  for await (const deflated of workInBlocks(stream, blocks)) {
    if (!isBegun) yield header;
    isBegun = true;
    const bytes = deflated.output.subarray(0, deflated.size);
    yield release ? bytes : Uint8Array.from(bytes);
  }
  if (!isBegun) yield header;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([lastBlock, trailer]);
}

/** Loaded on first use: most runs have none. */
async function openThreads(): Promise<DeflateThreads> {
  return (await import('./deflate-threads.ts')).sharedThreads();
}

interface Deflated {
  readonly output: Uint8Array;
  /** How much of it is the result. */
  readonly size: number;
}
