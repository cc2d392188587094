// SLSA provenance, version 1 (slsa.dev/spec/v1.0/provenance): where an image came from. docs/verify.md describes the
// build type, field by field.

import { BimaError } from '../errors.ts';
import { hexOf, isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { localName, parseImageName } from '../oci/image-name.ts';
import { isObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { encodeRecord, parseRecord } from './build-record.ts';
import type { BuildRecord } from './build-record.ts';

const documentation = 'https://github.com/nubificus/bima-action/blob/main/docs/verify.md';
export const buildType = `${documentation}#build-type-1`;
/** Where bima ran without a workflow. */
export const commandLineBuilder = `${documentation}#command-line`;

/** Something that a build has fetched: an image under the name that the Containerfile has for it, or a file by its URL. */
export interface Material {
  readonly type: 'image' | 'file';
  readonly name: string;
  readonly digest: Digest;
}

/** The commit that was checked out. */
export interface SourceCommit {
  /** Such as `git+https://github.com/owner/name@refs/heads/main`; absent where only the commit is known. */
  readonly uri?: string | undefined;
  readonly commit: string;
}

export interface ProvenanceFacts {
  readonly record: BuildRecord;
  readonly materials: readonly Material[];
  readonly source?: SourceCommit | undefined;
  readonly builder: {
    readonly id: string;
    /** By the name of the program: bima, Node and the encoder. */
    readonly versions: Readonly<Record<string, string>>;
  };
  /** What the workflow says of itself. */
  readonly workflow?: Readonly<Record<string, string>> | undefined;
}

/** A file of the image's own layers. */
export interface PackedByProduct {
  /** Of the image, where there are several. */
  readonly platform?: string | undefined;
  /** From the root of the image, without a leading slash. */
  readonly path: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * The predicate. It has no time and no number of a run: the same build of the same commit says the same, so that a
 * re-run adds nothing.
 */
export function encodeProvenance(
  { record, materials, source, builder, workflow }: ProvenanceFacts,
  packed: readonly PackedByProduct[],
): JsonObject {
  return {
    buildDefinition: {
      buildType,
      externalParameters: encodeRecord(record),
      internalParameters: workflow === undefined ? {} : { workflow },
      resolvedDependencies: [
        ...(source === undefined ? [] : [describeSource(source)]),
        ...materials.map(describeMaterial),
      ],
    },
    runDetails: {
      builder: { id: builder.id, version: builder.versions },
      byproducts: packed.map(({ platform, path, sha256 }) => ({
        name: `/${path}`,
        digest: { sha256 },
        ...(platform === undefined ? {} : { annotations: { platform } }),
      })),
    },
  };
}

function describeSource({ uri, commit }: SourceCommit): JsonObject {
  return { name: 'source', ...(uri === undefined ? {} : { uri }), digest: { gitCommit: commit } };
}

function describeMaterial({ type, name, digest }: Material): JsonObject {
  const uri = type === 'file' ? name : imageUrl(name, digest);
  return {
    // A name is what FROM and COPY --from have, and nothing else.
    ...(type === 'file' ? {} : { name }),
    ...(uri === undefined ? {} : { uri }),
    digest: { sha256: hexOf(digest) },
  };
}

/** github.com/package-url/purl-spec, type oci; undefined for an image on disk. */
function imageUrl(name: string, digest: Digest): string | undefined {
  if (localName(name) !== undefined) return undefined;
  let reference;
  try {
    reference = parseImageName(name);
  } catch (error) {
    if (error instanceof BimaError) return undefined;
    throw error;
  }
  const { registry, repository, tag } = reference;
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  const place = encodeURIComponent(`${registry}/${repository}`).replaceAll('%2F', '/');
  const version = tag === undefined ? '' : `&tag=${encodeURIComponent(tag)}`;
  return `pkg:oci/${last}@${encodeURIComponent(digest)}?repository_url=${place}${version}`;
}

/** What a rebuild takes from a provenance. */
export interface RecordedBuild {
  readonly record: BuildRecord;
  /** Digests of the images that it was built on, by the names that the Containerfile has for them. */
  readonly images: ReadonlyMap<string, Digest>;
  readonly builder: string;
  readonly commit?: string;
  /** Who signed it, where that was verified. */
  readonly signer?: string;
}

/**
 * Undefined for the provenance of another builder.
 * @param what names the document, for the error
 * @throws BimaError LAYOUT_INVALID for one of this build type that can't be read
 */
export function parseProvenance(predicate: JsonObject, what: string): RecordedBuild | undefined {
  const { buildDefinition: definition, runDetails: details } = predicate;
  if (!isObject(definition) || definition.buildType !== buildType) return undefined;
  const record = parseRecord(definition.externalParameters, what);
  const images = new Map<string, Digest>();
  let commit: string | undefined;
  const dependencies: readonly unknown[] = Array.isArray(definition.resolvedDependencies)
    ? definition.resolvedDependencies
    : [];
  for (const dependency of dependencies) {
    if (!isObject(dependency) || typeof dependency.name !== 'string') continue;
    const digests = isObject(dependency.digest) ? dependency.digest : {};
    const digest = `sha256:${String(digests.sha256)}`;
    if (typeof digests.gitCommit === 'string') commit ??= digests.gitCommit;
    else if (isDigest(digest)) images.set(dependency.name, digest);
  }
  const builder = isObject(details) && isObject(details.builder) ? details.builder.id : undefined;
  return {
    record,
    images,
    builder: typeof builder === 'string' ? builder : 'unknown',
    ...(commit === undefined ? {} : { commit }),
  };
}
