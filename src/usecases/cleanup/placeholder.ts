// A placeholder manifest: pushed under a tag only to be deleted with it, which detaches the tag from its image.

import { blobOf } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import { encodeJson } from '../../core/oci/json.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';

export interface Placeholder {
  readonly manifest: Blob;
  /** Config and layer in one, to be pushed before. */
  readonly content: Blob;
}

/** An artifact without content (OCI image-spec, manifest.md, "Guidelines for Artifact Usage"); no other tag has the same. */
export function placeholderFor(tag: string): Placeholder {
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
