// The manifests of a repository as a graph: who has which tags, and who points at whom.

import { readDescriptor } from '../../core/oci/descriptor.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isObject, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { isImageManifest, parseManifest } from '../../core/oci/manifest.ts';
import { isIndexType, isManifestType } from '../../core/oci/media-types.ts';
import { BimaError } from '../../core/errors.ts';
import { markIn } from './preview-mark.ts';

/** What a manifest or an index says about itself: what it points at besides blobs, and whose it is. */
export interface ManifestLinks {
  /** The manifests that an index lists. */
  readonly children: readonly Digest[];
  /** What a signature or another referrer belongs to. */
  readonly subject?: Digest;
  /** The pull request that pushed it as a preview. */
  readonly mark?: string;
  /** True for a signature and whatever else holds no image. */
  readonly isArtifact?: boolean;
  /**
   * True for an index in the form of a list of referrers: each of its descriptors has an artifact type, as the
   * "Referrers Tag Schema" of distribution-spec demands. The descriptors of images have none.
   */
  readonly isTypedList?: boolean;
}

/** One manifest or index. */
export interface ManifestNode extends ManifestLinks {
  readonly digest: Digest;
  readonly tags: readonly string[];
  /** Milliseconds since 1970, where the registry tells when it was pushed first. */
  readonly pushed?: number;
}

/** Everything that is known to be there; digests that are pointed at and aren't in it are not there. */
export type ManifestGraph = ReadonlyMap<Digest, ManifestNode>;

/**
 * Reads the links of a manifest of any kind, also of one that can't be built or copied here. Which fields are links is
 * said by the media type: `manifests` means nothing in an image manifest.
 * @param mediaType the registry's word, for a document without one
 * @param what names it in the error
 * @throws BimaError LAYOUT_INVALID for what can't be read with certainty
 */
export function readLinks(bytes: Uint8Array, mediaType: string, what: string): ManifestLinks {
  const document = parseJsonObject(bytes, what);
  const types = [mediaType, ...(typeof document.mediaType === 'string' ? [document.mediaType] : [])];
  const { subject } = document;
  const mark = markIn(document);
  return {
    children: [...new Set(readChildren(document, types, what))],
    ...(subject === undefined || subject === null
      ? {}
      : { subject: readDescriptor(subject, `${what}: subject`).digest }),
    ...(mark === undefined ? {} : { mark }),
    ...(isArtifact(bytes, types) ? { isArtifact: true } : {}),
    ...(isTypedList(document) ? { isTypedList: true } : {}),
  };
}

function readChildren({ manifests }: JsonObject, types: readonly string[], what: string): readonly Digest[] {
  if (types.some(isIndexType)) {
    const listed: unknown = manifests ?? [];
    if (!Array.isArray(listed)) throw new BimaError('LAYOUT_INVALID', `${what}: manifests is not a list`);
    return listed.map((item, at) => readDescriptor(item, `${what}: manifests[${at}]`).digest);
  }
  if (types.some(isManifestType) || !Array.isArray(manifests)) return [];
  // Of an unknown type: what looks like a link is taken for one.
  return manifests.flatMap((item) => {
    const digest: unknown = isObject(item) ? item.digest : undefined;
    return typeof digest === 'string' && isDigest(digest) ? [digest] : [];
  });
}

function isTypedList({ manifests }: JsonObject): boolean {
  return (
    Array.isArray(manifests) &&
    manifests.length > 0 &&
    manifests.every(
      (item) => isObject(item) && typeof item.artifactType === 'string' && item.artifactType !== '',
    )
  );
}

function isArtifact(bytes: Uint8Array, types: readonly string[]): boolean {
  if (!types.some(isManifestType)) return false;
  try {
    return !isImageManifest(parseManifest(bytes, 'the manifest'));
  } catch {
    return false;
  }
}

/**
 * The digest that a tag is attached to by its name: `sha256-<hex>` lists the referrers of a manifest
 * (distribution-spec, "Referrers Tag Schema"), and cosign's `sha256-<hex>.sig` and the like are its signatures.
 */
export function subjectOfTag(tag: string): Digest | undefined {
  const [, hex] = /^sha256-([0-9a-f]{64})(?:\.[\w.-]+)?$/.exec(tag) ?? [];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
