// gzip whose blocks are compressed side by side on Node's thread pool, and joined into one member as any gunzip reads
// it (RFC 1952).

import * as zlib from 'node:zlib';
import type { ByteStream } from '../oci/blob.ts';
import { workInBlocks } from './blocks.ts';

/** In bytes. Each block has a stream of its own, whose objects outlive most others: small blocks fill the heap. */
export const gzipBlockSize = 1536 * 1024;
/** How far back a match may lie: each block has the end of the one before it as its dictionary. */
const windowSize = 32 * 1024;
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
  // One memory for all blocks, since each is copied when its compressor is made: a new one each time piles up.
  const window = new Uint8Array(windowSize);
  let dictionary = window.subarray(0, 0);
  const work = (block: Uint8Array) => {
    crc = zlib.crc32(block, crc);
    size += block.length;
    const compressed = deflate(block, level, dictionary);
    const end = block.subarray(-windowSize);
    window.set(end);
    dictionary = window.subarray(0, end.length);
    return compressed;
  };

  let isBegun = false;
  for await (const bytes of workInBlocks(stream, { size: gzipBlockSize, limit: blocksAtOnce, work })) {
    if (!isBegun) yield header;
    isBegun = true;
    yield bytes;
    if (release) releaseMemory(bytes);
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

/** All of what comes of a block, up to the next byte, in one turn of the thread pool: `zlib.deflateRaw` takes two. */
async function deflate(block: Uint8Array, level: number, dictionary: Uint8Array): Promise<Uint8Array> {
  // Holds also what can't be compressed, and is far too large for the memory that small buffers of Node share.
  const chunkSize = Math.ceil((block.length * 9) / 8) + 128 * 1024;
  const options = {
    level,
    memLevel,
    flush: zlib.constants.Z_SYNC_FLUSH,
    chunkSize,
    readableHighWaterMark: 2 * chunkSize,
    ...(dictionary.length === 0 ? {} : { dictionary }),
  };
  const stream = zlib.createDeflateRaw(options);
  const compressed = await new Promise<Uint8Array>((resolve, reject) => {
    stream.on('error', reject);
    stream.write(block, () => {
      const result = stream.read() as Uint8Array | null;
      if (result !== null) resolve(result);
    });
  });
  stream.destroy();
  return compressed;
}
