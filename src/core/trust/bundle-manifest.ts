// The manifest by which a sigstore bundle refers to an image: what cosign 3, gh, oras and Kyverno look for
// (github.com/sigstore/cosign, specs/BUNDLE_SPEC.md).

import { blobOf } from '../oci/blob.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { encodeJson } from '../oci/json.ts';
import type { Manifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { readReferrer } from '../oci/referrers.ts';
import { bundleMediaType } from './sigstore-bundle.ts';
import type { StatementManifest } from './statement-manifest.ts';

/** As cosign marks its bundles, and as lists of referrers show it. */
const annotationNames = {
  content: 'dev.sigstore.bundle.content',
  predicateType: 'dev.sigstore.bundle.predicateType',
  created: 'org.opencontainers.image.created',
} as const;

const emptyConfig = blobOf('application/vnd.oci.empty.v1+json', encodeJson({}));

/**
 * @param bundle its bytes. The same bundle gives the same manifest: pushed again, it is there already
 * @param created the date of the image, in seconds since 1970: that of the signature stands in the bundle
 */
export function encodeBundleManifest(
  { mediaType, digest, size }: Descriptor,
  predicateType: string,
  bundle: Uint8Array,
  created: number,
): StatementManifest {
  const payload = blobOf(bundleMediaType, bundle);
  const document: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: bundleMediaType,
    config: emptyConfig.descriptor,
    layers: [payload.descriptor],
    subject: { mediaType, digest, size },
    annotations: {
      [annotationNames.content]: 'dsse-envelope',
      [annotationNames.predicateType]: predicateType,
      [annotationNames.created]: new Date(created * 1000).toISOString().replace('.000Z', 'Z'),
    },
  };
  const bytes = encodeJson(document);
  const manifest = blobOf(mediaTypes.manifest, bytes);
  const { referrer } = readReferrer(manifest.descriptor, bytes);
  return { referrer, blobs: [emptyConfig, payload, manifest] };
}

/** True for what may hold a bundle, of this version or another, by what a list of referrers says of it. */
export function isBundleReferrer({ artifactType = '' }: Pick<Descriptor, 'artifactType'>): boolean {
  return artifactType.startsWith('application/vnd.dev.sigstore.bundle');
}

/** The predicate type that a list of referrers shows; undefined where it shows none. */
export function listedPredicateType({ annotations }: Pick<Descriptor, 'annotations'>): string | undefined {
  return annotations?.[annotationNames.predicateType];
}
