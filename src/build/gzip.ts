// gzip whose blocks are compressed side by side on Node's thread pool, and joined into one member as any gunzip reads
// it (RFC 1952).

import * as zlib from 'node:zlib';
import type { ByteStream } from '../oci/blob.ts';
import { workInBlocks } from './blocks.ts';

/** In bytes. */
export const gzipBlockSize = 1024 * 1024;
/**
 * What streams leave behind outlives most other objects: one for each block makes V8's memory for young ones grow. The
 * V8 of Node 20, which can't give memory back, has no such trouble.
 */
const blocksPerStream = 'transfer' in ArrayBuffer.prototype ? 3 : 1;
/** The largest: less time than with 8, for the same size. */
const memLevel = 9;

/** Node's pool has four threads, and one more block is filled meanwhile. */
const blocksAtOnce = 5;

/** No name, no time, no flags, and 255 for an unknown system. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** A last block with nothing in it (RFC 1951, 3.2.6): those before it end on a byte, and say that more follow. */
const lastBlock = Uint8Array.of(3, 0);

/**
 * One member. Its bytes depend on the input, the level, and Node's zlib.
 * @param level from 1 to 9
 * @param release true for a reader that keeps no piece: each is gone when the next one is asked for
 */
export async function* compressGzip(
  stream: ByteStream,
  level: number,
  release = false,
): AsyncGenerator<Uint8Array> {
  let crc = 0;
  let size = 0;
  const idle: Deflater[] = [];
  const work = async (block: Uint8Array): Promise<Deflated> => {
    crc = zlib.crc32(block, crc);
    size += block.length;
    const deflater = idle.pop() ?? createDeflater(level, block.length < gzipBlockSize ? 1 : blocksPerStream);
    const deflated = await deflater.deflate(block);
    if (!deflated.isLast) idle.push(deflater);
    return deflated;
  };

  let isBegun = false;
  try {
    const options = { size: gzipBlockSize, limit: blocksAtOnce, work };
    for await (const { bytes, isLast } of workInBlocks(stream, options)) {
      if (!isBegun) yield header;
      isBegun = true;
      yield bytes;
      if (release && isLast) releaseMemory(bytes);
    }
  } finally {
    for (const deflater of idle) deflater.close();
  }
  if (!isBegun) yield header;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([lastBlock, trailer]);
}

/** The garbage collector would let 64 MB of it pile up. */
function releaseMemory({ buffer }: Uint8Array): void {
  if (isTransferable(buffer)) buffer.transfer(0);
}

/** Node 20 has no such method. */
function isTransferable(buffer: object): buffer is { transfer(length: number): unknown } {
  return 'transfer' in buffer;
}

interface Deflated {
  /** All of what comes of a block, up to the next byte. */
  readonly bytes: Uint8Array;
  /** True when its deflater takes no more: nobody else is going to have a part of its memory. */
  readonly isLast: boolean;
}

interface Deflater {
  /** Compresses a block by itself, in one turn of the thread pool: `zlib.deflateRaw` takes two. */
  deflate(block: Uint8Array): Promise<Deflated>;
  close(): void;
}

/**
 * A stream for so many blocks, which gives the same bytes for each as one of its own would: its memory holds what
 * becomes of all of them at worst, since a flush that ends where the memory does would be marked twice.
 */
function createDeflater(level: number, blocks: number): Deflater {
  // Far too large for the memory that small buffers of Node share.
  const chunkSize = blocks * Math.ceil((gzipBlockSize * 9) / 8);
  const options = {
    level,
    memLevel,
    flush: zlib.constants.Z_SYNC_FLUSH,
    chunkSize,
    readableHighWaterMark: chunkSize,
  };
  const stream = zlib.createDeflateRaw(options);
  let fail: (error: Error) => void = () => undefined;
  stream.on('error', (error) => {
    fail(error);
  });
  let left = blocks;
  return {
    async deflate(block) {
      const bytes = await new Promise<Uint8Array>((resolve, reject) => {
        fail = reject;
        stream.write(block, () => {
          const result = stream.read() as Uint8Array | null;
          if (result !== null) resolve(result);
        });
      });
      left -= 1;
      if (left > 0) stream.reset();
      else stream.destroy();
      return { bytes, isLast: left === 0 };
    },
    close: () => {
      stream.destroy();
    },
  };
}
