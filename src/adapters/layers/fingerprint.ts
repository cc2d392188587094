// Which compressor made a layer, as an annotation of its descriptor tells it: a layer is reused only if a build would
// make the very same bytes. Ours is named by the version of its encoder; zstd, which is Node's, by what it does: versions
// of the library that write the same bytes are the same compressor.

import { streamOf } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester, hexOf } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { compress, layerMediaType } from './compression.ts';
import type { Compression } from './compression.ts';
import { encoderVersion } from './deflater.ts';
import { isFramed } from './zstd.ts';

const compressorAnnotation = 'com.nubificus.bima.compressor';

/** The descriptor of a layer with the mark of its compressor, and no other annotation; without one for no compression. */
export async function markLayer(
  { mediaType, digest, size }: Descriptor,
  compression: Compression,
): Promise<Descriptor> {
  const layer = { mediaType, digest, size };
  const compressor = await nameCompressor(compression);
  if (compressor === undefined) return layer;
  // The digest is part of it: a tool that compresses the layer anew and keeps the annotation makes it void.
  const mark = `${compressor} ${hexOf(digest).slice(0, 16)}`;
  return { ...layer, annotations: { [compressorAnnotation]: mark } };
}

/** The method and the level of the compressor that the layer names, such as `gzip:9`; undefined for another's layer. */
export function markedCompression({ annotations = {} }: Descriptor): string | undefined {
  return /^[a-z]+:\d+(?=\/)/.exec(annotations[compressorAnnotation] ?? '')?.[0];
}

/** What the mark of a layer says of its compressor, such as `gzip:2/bima-2`; undefined without one that holds for it. */
export function compressorOf({ digest, annotations }: Descriptor): string | undefined {
  const mark = annotations?.[compressorAnnotation] ?? '';
  const end = ` ${hexOf(digest).slice(0, 16)}`;
  return mark.endsWith(end) ? mark.slice(0, -end.length) : undefined;
}

/** Whether the layer says that it is what this compression, by this program, makes of the tar with the diff ID. */
export async function isMadeBy(
  compression: Compression,
  layer: Descriptor,
  diffId: Digest,
): Promise<boolean> {
  if (layer.mediaType !== layerMediaType(compression)) return false;
  if (compression.method === 'none') return layer.digest === diffId;
  const { annotations = {} } = await markLayer(layer, compression);
  return layer.annotations?.[compressorAnnotation] === annotations[compressorAnnotation];
}

const zstdNames = new Map<number, Promise<string>>();

/**
 * The name of a compressor: its method, its level, and `bima-2` or, for zstd, the digest of what it makes of a fixed
 * sample: `zstd:3/frames-0123456789abcdef`, or `zstd:19/0123456789abcdef` where it makes one frame of everything.
 * Undefined for no compression.
 */
export async function nameCompressor({ method, level }: Compression): Promise<string | undefined> {
  switch (method) {
    case 'none':
      return undefined;
    case 'gzip':
      return `gzip:${level}/bima-${encoderVersion}`;
    case 'zstd': {
      const known = zstdNames.get(level) ?? nameZstd(level);
      zstdNames.set(level, known);
      return known;
    }
  }
}

async function nameZstd(level: number): Promise<string> {
  const digester = createDigester();
  const sample = streamOf(mixture(sampleSize));
  for await (const chunk of compress(sample, { method: 'zstd', level })) digester.update(chunk);
  const frames = isFramed(level) ? 'frames-' : '';
  return `zstd:${level}/${frames}${hexOf(digester.digest()).slice(0, 16)}`;
}

/** More than one of zstd's blocks, and no more: the high levels are slow. */
const sampleSize = 192 * 1024;

/** Noise, near and far repetitions, and runs of zeros: everything that a compressor decides on. */
function mixture(size: number): Uint8Array {
  let state = 1;
  const random = (limit: number): number => {
    // Numerical Recipes' generator; its low bits repeat soon.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const noise = Uint8Array.from({ length: 20_000 }, () => random(256));
  const bytes = new Uint8Array(size);
  for (let offset = 0; offset < size;) {
    const length = Math.min(4 + random(60), size - offset);
    const kind = random(8);
    if (kind > 4 && offset > 0) {
      const from = kind === 5 ? random(offset) : Math.max(0, offset - 1 - random(20_000));
      bytes.copyWithin(offset, from, Math.min(from + length, offset));
    } else if (kind > 0) {
      // Its start comes most often.
      const from = Math.floor(random(noise.length) / (1 + random(16)));
      bytes.set(noise.subarray(from, from + length), offset);
    }
    offset += length;
  }
  return bytes;
}
