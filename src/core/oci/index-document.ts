// Index documents: images of several platforms under one digest (OCI image-spec, image-index.md).

import { blobOf } from './blob.ts';
import type { Blob } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import { encodeJson } from './json.ts';
import type { Index } from './manifest.ts';
import { mediaTypes } from './media-types.ts';

/** The index of these manifests, in their order; each must have its platform. The same parts give the same bytes. */
export function encodeIndex(
  manifests: readonly Descriptor[],
  annotations: Readonly<Record<string, string>> = {},
): Blob {
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return blobOf(mediaTypes.index, encodeJson(index));
}
