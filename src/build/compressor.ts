// What a compressor is called: by what it does. Versions of zlib that write the same bytes are the same compressor, so
// that an image keeps its digest from one Node to the next; one that finds its matches in another way is another, as
// are builds of Node with another library, and processors for which a library takes other ways.

import { createDigester, hexOf } from '../oci/digest.ts';
import { compress } from './compression.ts';
import type { Compression } from './compression.ts';

const names = new Map<string, Promise<string>>();

/**
 * The name of a compressor, such as `gzip:4/0123456789abcdef`: its method, its level, and the digest of what it makes of
 * a fixed sample. Undefined for no compression.
 */
export function nameCompressor(compression: Compression): Promise<string | undefined> {
  const { method, level } = compression;
  if (method === 'none') return Promise.resolve(undefined);
  const known = names.get(`${method}:${level}`) ?? name(compression);
  names.set(`${method}:${level}`, known);
  return known;
}

async function name(compression: Compression): Promise<string> {
  const { method, level } = compression;
  const digester = createDigester();
  for await (const chunk of compress(sample(), compression)) digester.update(chunk);
  return `${method}:${level}/${hexOf(digester.digest()).slice(0, 16)}`;
}

const pieceSize = 64 * 1024;
/** More than one block of gzip's, and several of its windows. */
const pieces = 10;

/** Words that come again near and far, runs, and noise: what makes a compressor decide. */
async function* sample(): AsyncGenerator<Uint8Array> {
  let state = 1;
  const random = (limit: number): number => {
    // Numerical Recipes' generator; its low bits repeat soon.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const words = Array.from({ length: 600 }, () =>
    Uint8Array.from({ length: 2 + random(24) }, () => random(256)),
  );
  for (let count = 0; count < pieces; count += 1) {
    const piece = new Uint8Array(pieceSize);
    for (let offset = 0; offset < pieceSize;) {
      const kind = random(16);
      // The first words come most often.
      const word = words[Math.floor(random(words.length) / (1 + random(8)))] ?? new Uint8Array(1);
      const bytes = kind === 0 ? new Uint8Array(random(300)) : kind < 4 ? Uint8Array.of(random(256)) : word;
      piece.set(bytes.subarray(0, pieceSize - offset), offset);
      offset += bytes.length;
    }
    yield await Promise.resolve(piece);
  }
}
