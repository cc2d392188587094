// The manifest by which a statement refers to an image (OCI image-spec, manifest.md, "Guidelines for Artifact Usage").

import { blobOf } from '../oci/blob.ts';
import type { Blob } from '../oci/blob.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { encodeJson } from '../oci/json.ts';
import type { Manifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { readReferrer } from '../oci/referrers.ts';
import { statementMediaType } from './statement.ts';

/** As BuildKit marks the layers of its attestations, and as lists of referrers show it. */
export const predicateTypeAnnotation = 'in-toto.io/predicate-type';

const emptyConfig = blobOf('application/vnd.oci.empty.v1+json', encodeJson({}));

export interface StatementManifest {
  /** As lists of referrers show it. */
  readonly referrer: Descriptor;
  /** The manifest last. */
  readonly blobs: readonly Blob[];
}

/** @param statement its bytes. The same statement gives the same manifest: pushed again, it is there already. */
export function encodeStatementManifest(
  { mediaType, digest, size }: Descriptor,
  predicateType: string,
  statement: Uint8Array,
): StatementManifest {
  const annotations = { [predicateTypeAnnotation]: predicateType };
  const payload = blobOf(statementMediaType, statement);
  const document: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: statementMediaType,
    config: emptyConfig.descriptor,
    layers: [{ ...payload.descriptor, annotations }],
    subject: { mediaType, digest, size },
    annotations,
  };
  const bytes = encodeJson(document);
  const manifest = blobOf(mediaTypes.manifest, bytes);
  const { referrer } = readReferrer(manifest.descriptor, bytes);
  return { referrer, blobs: [emptyConfig, payload, manifest] };
}
