// The manifests of a repository as a graph: who has which tags, and who points at whom.

import { readDescriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseJsonObject } from '../oci/json.ts';
import { BimaError } from '../errors.ts';

/** What a manifest or an index points at, other than blobs. */
export interface ManifestLinks {
  /** The manifests that an index lists. */
  readonly children: readonly Digest[];
  /** What a signature or another referrer belongs to. */
  readonly subject?: Digest;
}

/** One manifest or index. */
export interface ManifestNode extends ManifestLinks {
  readonly digest: Digest;
  readonly tags: readonly string[];
}

/** Everything that is known to be there; digests that are pointed at and aren't in it are not there. */
export type ManifestGraph = ReadonlyMap<Digest, ManifestNode>;

/**
 * Reads the links of a manifest of any kind, also of one that can't be built or copied here.
 * @param what names it in the error
 * @throws BimaError LAYOUT_INVALID for what can't be read with certainty
 */
export function readLinks(bytes: Uint8Array, what: string): ManifestLinks {
  const { manifests, subject } = parseJsonObject(bytes, what);
  if (manifests !== undefined && manifests !== null && !Array.isArray(manifests)) {
    throw new BimaError('LAYOUT_INVALID', `${what}: manifests is not a list`);
  }
  const listed: readonly unknown[] = manifests ?? [];
  const children = listed.map((item, at) => readDescriptor(item, `${what}: manifests[${at}]`).digest);
  return {
    children: [...new Set(children)],
    ...(subject === undefined || subject === null
      ? {}
      : { subject: readDescriptor(subject, `${what}: subject`).digest }),
  };
}

/**
 * The digest that a tag is attached to by its name: `sha256-<hex>` lists the referrers of a manifest
 * (distribution-spec, "Referrers Tag Schema"), and cosign's `sha256-<hex>.sig` and the like are its signatures.
 */
export function subjectOfTag(tag: string): Digest | undefined {
  const [, hex] = /^sha256-([0-9a-f]{64})(?:\.[\w.-]+)?$/.exec(tag) ?? [];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
