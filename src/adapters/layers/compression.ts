// How layers are compressed, and how those of any image are decompressed.

import { BimaError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import { layerCompression, mediaTypes } from '../../core/oci/media-types.ts';
import { decompressed, requireZstd } from '../filesystem/decompress.ts';
import { compressGzip } from './gzip.ts';
import { compressZstd } from './zstd.ts';

export interface Compression {
  readonly method: 'gzip' | 'zstd' | 'none';
  /** 0 for `none`. */
  readonly level: number;
}

const methods = {
  // As fast as level 1 and smaller; level 4 takes twice the time for the next 3 %. See docs/performance.md.
  gzip: { mediaType: mediaTypes.layerGzip, defaultLevel: 2, maxLevel: 9 },
  // Its own default: smaller than gzip's level 9 on kernels, and twice as fast as gzip's level 1.
  zstd: { mediaType: mediaTypes.layerZstd, defaultLevel: 3, maxLevel: 19 },
  none: { mediaType: mediaTypes.layerTar, defaultLevel: 0, maxLevel: 0 },
} as const;

/**
 * Reads `gzip`, `zstd` or `none`, with a level after a colon where there are levels.
 * @throws BimaError INPUT_INVALID, or COMPRESSION_UNSUPPORTED for zstd on a Node that doesn't have it
 */
export function parseCompression(text: string): Compression {
  const [, method, levelText] = /^(gzip|zstd|none)(?::(\d+))?$/.exec(text) ?? [];
  if (method !== 'gzip' && method !== 'zstd' && method !== 'none') {
    throw new BimaError(
      'INPUT_INVALID',
      `expected "gzip", "zstd" or "none" as the compression, got "${text}"`,
      {
        hint: 'gzip and zstd take a level after a colon, such as "gzip:9".',
      },
    );
  }
  const { defaultLevel, maxLevel } = methods[method];
  const level = levelText === undefined ? defaultLevel : Number(levelText);
  if (levelText !== undefined && (level < 1 || level > maxLevel)) {
    const expected =
      maxLevel === 0 ? `no level for "${method}"` : `a level of ${method} from 1 to ${maxLevel}`;
    throw new BimaError('INPUT_INVALID', `expected ${expected}, got "${text}"`);
  }
  if (method === 'zstd') requireZstd();
  return { method, level };
}

/** As `parseCompression` reads it, with its level. */
export function formatCompression({ method, level }: Compression): string {
  return method === 'none' ? method : `${method}:${level}`;
}

/** The media type of a layer with this compression. */
export function layerMediaType(compression: Compression): string {
  return methods[compression.method].mediaType;
}

export interface CompressOptions {
  /** True for a reader that keeps no chunk of the result: less memory is in use then. */
  readonly release?: boolean;
  /** Approximate size of the input, in bytes: affects speed alone, never the bytes. */
  readonly size?: number;
}

/**
 * The compressed bytes. They depend on the input, and on what fingerprint.ts tells apart. A chunk of the stream
 * needs to be valid only until the next is asked for.
 */
export function compress(
  stream: ByteStream,
  compression: Compression,
  options: CompressOptions = {},
): ByteStream {
  const { method, level } = compression;
  switch (method) {
    case 'gzip':
      return compressGzip(stream, { level, ...options });
    case 'zstd':
      return compressZstd(stream, { level, ...options });
    case 'none':
      return stream;
  }
}

/**
 * The tar in a layer.
 * @param what names the layer in the error
 * @throws BimaError LAYOUT_INVALID for damaged bytes and for a media type that is no layer's, COMPRESSION_UNSUPPORTED
 */
export async function* decompress(
  stream: ByteStream,
  mediaType: string,
  what: string,
): AsyncGenerator<Uint8Array> {
  const method = layerCompression(mediaType);
  if (method === undefined) {
    throw new BimaError('LAYOUT_INVALID', `${what}: expected the media type of a layer, got "${mediaType}"`);
  }
  if (method === 'none') {
    yield* stream;
    return;
  }
  yield* decompressed(stream, method, what);
}
