// A source of which some blobs are external: known by their digest, and fetched only if somebody opens them.

import type { Blob } from './blob.ts';
import type { Digest } from './digest.ts';
import type { Source } from './target.ts';

/** The same source, with these blobs besides its own; they win over its own. */
export function withBlobs(source: Source, blobs: Iterable<Blob>): Source {
  const external = new Map<Digest, Blob>([...blobs].map((blob) => [blob.descriptor.digest, blob]));
  return {
    name: source.name,
    open: (descriptor) => external.get(descriptor.digest) ?? source.open(descriptor),
  };
}
