// Unpacks what is inside a packed kernel: gzip, LZ4, and zstd where Node has it.

import { Readable, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { ByteStream } from '../../core/oci/blob.ts';
import { unpackLz4 } from '../../core/unikernel/lz4.ts';

/** Undefined for a method that isn't known here. The stream fails on damage. */
export function unpackPayload(method: string, packed: ByteStream): ByteStream | undefined {
  if (method === 'lz4') return unpackLz4(packed);
  const transform = transformFor(method);
  return transform === undefined ? undefined : through(packed, transform);
}

function transformFor(method: string): Transform | undefined {
  if (method === 'gzip') return zlib.createGunzip();
  return method === 'zstd' && 'createZstdDecompress' in zlib ? zlib.createZstdDecompress() : undefined;
}

async function* through(packed: ByteStream, transform: Transform): AsyncGenerator<Uint8Array> {
  // What fails destroys the transform with the error, which ends the loop; leaving it early ends the source.
  pipeline(Readable.from(copied(packed), { objectMode: false }), transform, () => undefined);
  yield* transform;
}

/** `Readable` reads ahead, and a piece of a file holds only until the next one. */
async function* copied(stream: ByteStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield Uint8Array.from(chunk);
}
