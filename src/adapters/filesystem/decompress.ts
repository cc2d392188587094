// Decompresses what Node's zlib can: gzip, and zstd where this Node has it.

import { pipeline, Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { BimaError, isSystemError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';

/** Bytes of the output of a compressor or a decompressor at a time. */
export const chunkSize = 256 * 1024;

/**
 * @param stream its pieces hold, since it is read ahead
 * @param what names it in the error
 * @throws BimaError LAYOUT_INVALID for damaged bytes, COMPRESSION_UNSUPPORTED
 */
export async function* decompressed(
  stream: ByteStream,
  method: 'gzip' | 'zstd',
  what: string,
): AsyncGenerator<Uint8Array> {
  const transform =
    method === 'gzip'
      ? zlib.createGunzip({ chunkSize })
      : requireZstd('to read it').createZstdDecompress({ chunkSize });
  try {
    yield* through(stream, transform);
  } catch (error) {
    // Any other error is the stream's own.
    if (!isSystemError(error) || !/^Z(?:STD)?_/.test(error.code ?? '')) throw error;
    throw new BimaError('LAYOUT_INVALID', `${what} is damaged: it can't be decompressed as ${method}`, {
      cause: error,
    });
  }
}

/** How a file is compressed, by the bytes that it begins with. */
export function compressionOf(head: Uint8Array): 'gzip' | 'zstd' | undefined {
  const hex = Buffer.from(head.subarray(0, 4)).toString('hex');
  if (hex.startsWith('1f8b08')) return 'gzip';
  return hex === '28b52ffd' ? 'zstd' : undefined;
}

/** @throws BimaError COMPRESSION_UNSUPPORTED */
export function requireZstd(
  otherwise = 'or choose gzip',
): Pick<typeof zlib, 'createZstdCompress' | 'createZstdDecompress'> {
  if ('createZstdCompress' in zlib) return zlib;
  throw new BimaError('COMPRESSION_UNSUPPORTED', `Node ${process.versions.node} has no zstd`, {
    hint: `Use Node 22.15 or later, or 23.8 or later, ${otherwise}.`,
  });
}

async function* through(stream: ByteStream, transform: Transform): AsyncGenerator<Uint8Array> {
  // Whatever fails destroys the transform with the error, which then ends the loop; leaving the loop early
  // destroys the transform, which then ends the source.
  pipeline(Readable.from(stream, { objectMode: false }), transform, () => undefined);
  yield* transform;
}
