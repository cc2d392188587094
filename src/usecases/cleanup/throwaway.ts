// A manifest that is pushed under a tag only to be deleted with it: so the tag leaves what it stood for before.

import { blobOf } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import { encodeJson } from '../../core/oci/json.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';

export interface Throwaway {
  readonly manifest: Blob;
  /** Config and layer in one, to be pushed before. */
  readonly content: Blob;
}

/** An artifact without content (OCI image-spec, manifest.md, "Guidelines for Artifact Usage"); no other tag has the same. */
export function throwawayFor(tag: string): Throwaway {
  const content = blobOf('application/vnd.oci.empty.v1+json', encodeJson({}));
  const manifest = encodeJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'application/vnd.nubificus.bima.removed-tag.v1',
    config: content.descriptor,
    layers: [content.descriptor],
    annotations: { 'com.nubificus.bima.removed-tag': tag },
  });
  return { manifest: blobOf(mediaTypes.manifest, manifest), content };
}
