// What a compressor is called: by what it does. Versions of zlib that write the same bytes are the same compressor, so
// that an image keeps its digest from one Node to the next; one that finds its matches in another way is another, as
// are builds of Node with another library, and processors for which a library takes other ways.

import { streamOf } from '../oci/blob.ts';
import { createDigester, hexOf } from '../oci/digest.ts';
import { compress } from './compression.ts';
import type { Compression } from './compression.ts';
import { gzipBlockSize } from './gzip.ts';

const names = new Map<string, Promise<string>>();

/**
 * The name of a compressor, such as `gzip:4/0123456789abcdef`: its method, its level, and the digest of what it makes of
 * a fixed sample. Undefined for no compression.
 */
export function nameCompressor(compression: Compression): Promise<string | undefined> {
  const { method, level } = compression;
  if (method === 'none') return Promise.resolve(undefined);
  const known = names.get(`${method}:${level}`) ?? name({ method, level });
  names.set(`${method}:${level}`, known);
  return known;
}

async function name({
  method,
  level,
}: Compression & { readonly method: keyof typeof samples }): Promise<string> {
  const digester = createDigester();
  for await (const chunk of compress(streamOf(samples[method]()), { method, level })) digester.update(chunk);
  return `${method}:${level}/${hexOf(digester.digest()).slice(0, 16)}`;
}

const samples = {
  /** A block and the start of another one, with zeros between, which take little time. */
  gzip: (): Uint8Array => {
    const [size, part] = [320 * 1024, 256 * 1024];
    const content = mixture(size);
    const bytes = new Uint8Array(gzipBlockSize + (size - part) / 2);
    bytes.set(content.subarray(0, part));
    bytes.set(content.subarray(part), bytes.length - (size - part));
    return bytes;
  },
  /** More than one of its blocks; the high levels take their time. */
  zstd: (): Uint8Array => mixture(192 * 1024),
} as const;

/** Noise, what comes again near and far, and runs of zeros: what makes a compressor decide. */
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
      // What is at its start comes most often.
      const from = Math.floor(random(noise.length) / (1 + random(16)));
      bytes.set(noise.subarray(from, from + length), offset);
    }
    offset += length;
  }
  return bytes;
}
