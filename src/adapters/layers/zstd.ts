// zstd (RFC 8878) by Node's library. Its bytes depend on the version of that.

import { availableParallelism } from 'node:os';
import type { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import type { ByteStream } from '../../core/oci/blob.ts';
import { chunkSize, requireZstd } from '../filesystem/decompress.ts';
import { workInBlocks } from './blocks.ts';

/** Bytes of the input in each frame: four windows of the default level. */
export const frameSize = 8 * 1024 * 1024;

/** The highest level with several frames: above, those of each core would take 30 MB and more. */
const maxFramedLevel = 6;

/** More frames at a time come faster than the main thread hashes and writes. */
const maxFrames = 3;

/**
 * Whether a layer becomes a frame for each {@link frameSize} bytes, which are compressed on all cores. Several frames in
 * a row are one zstd file (RFC 8878, 3).
 */
export function isFramed(level: number): boolean {
  return level <= maxFramedLevel;
}

export interface ZstdOptions {
  readonly level: number;
  /** True for a reader that keeps no chunk: their memory is given back once they are read. */
  readonly release?: boolean | undefined;
}

/**
 * The bytes depend on the input, the level and the library, and not on the number of cores.
 * @throws BimaError COMPRESSION_UNSUPPORTED on a Node without zstd
 */
export async function* compressZstd(
  stream: ByteStream,
  { level, release = false }: ZstdOptions,
): AsyncGenerator<Uint8Array> {
  const { createZstdCompress } = requireZstd();
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: level };
  const open = () => createZstdCompress({ params, chunkSize });
  if (!isFramed(level)) {
    yield* throughOneByOne(stream, open());
    return;
  }
  const limit = 1 + Math.min(availableParallelism(), maxFrames);
  const work = (block: Uint8Array): Promise<Buffer[]> => collect(open().end(block));
  let isEmpty = true;
  for await (const frame of workInBlocks(stream, { size: frameSize, limit, work })) {
    isEmpty = false;
    yield* frame;
    if (release) releaseMemory(frame);
  }
  if (isEmpty) yield* open().end();
}

async function collect(transform: Transform): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  transform.on('data', (chunk: Buffer) => chunks.push(chunk));
  await finished(transform);
  return chunks;
}

/** V8 would let 64 MB of it pile up. Several chunks may share a buffer. */
function releaseMemory(chunks: readonly Buffer[]): void {
  for (const buffer of new Set(chunks.map((chunk) => chunk.buffer))) {
    if (isTransferable(buffer)) buffer.transfer(0);
  }
}

function isTransferable(buffer: object): buffer is { transfer(length: number): unknown } {
  return 'transfer' in buffer;
}

/** For chunks that are valid only until the next is asked for: a `Readable` would read ahead. */
async function* throughOneByOne(stream: ByteStream, transform: Transform): AsyncGenerator<Uint8Array> {
  feed(stream, transform).catch((error: unknown) => {
    transform.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  yield* transform;
}

async function feed(stream: ByteStream, transform: Transform): Promise<void> {
  // One that is destroyed never says that a chunk is written.
  const closed = new Promise<void>((resolve) => transform.once('close', resolve));
  for await (const chunk of stream) {
    const written = new Promise<void>((resolve) => {
      transform.write(chunk, () => {
        resolve();
      });
    });
    await Promise.race([written, closed]);
    if (transform.destroyed) return;
  }
  transform.end();
}
