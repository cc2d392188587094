// A source whose small blobs are fetched once, however often they are read.

import { readDocument } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { Source } from './target.ts';

/** @param largest the size up to which a blob is kept in memory, in bytes: less than that of a document */
export function rememberSmall(source: Source, largest: number): Source {
  const known = new Map<Digest, Promise<Uint8Array>>();
  const read = (descriptor: Descriptor): Promise<Uint8Array> => {
    const bytes = known.get(descriptor.digest) ?? readDocument(source.open(descriptor), source.name);
    known.set(descriptor.digest, bytes);
    return bytes;
  };
  return {
    name: source.name,
    open: (descriptor) => {
      if (descriptor.size > largest) return source.open(descriptor);
      const open = async function* () {
        yield await read(descriptor);
      };
      return { descriptor, open };
    },
  };
}
