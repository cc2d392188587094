// What the strict registry holds: blobs, manifests and tags by repository, and whether an image is whole.

import { digestOf, isDigest } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { isObject } from '../../src/core/oci/json.ts';

export interface StoredBlob {
  readonly size: number;
  /** Undefined for a blob that was only hashed and counted, being too large to keep. */
  readonly bytes: Buffer | undefined;
}

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface StoredRepository {
  readonly blobs: Map<Digest, StoredBlob>;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
}

export interface RegistryStore {
  /** The repository of this name, made when it isn't there yet. */
  repository(name: string): StoredRepository;
  addBlob(name: string, bytes: Uint8Array): Digest;
  addManifest(name: string, mediaType: string, bytes: Uint8Array, tag?: string): Digest;
  /** Tag to digest, as a plain object that assertions can compare. */
  tags(name: string): Record<string, Digest>;
  /** Every digest that a tag or digest reaches, itself first. Throws when something is missing or damaged. */
  pull(name: string, reference: string): Digest[];
}

export function createStore(): RegistryStore {
  const repositories = new Map<string, StoredRepository>();

  function repository(name: string): StoredRepository {
    const known = repositories.get(name);
    if (known !== undefined) return known;
    const made: StoredRepository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    repositories.set(name, made);
    return made;
  }

  function pull(name: string, reference: string): Digest[] {
    const { blobs, manifests, tags } = repository(name);
    const digest = isDigest(reference) ? reference : tags.get(reference);
    if (digest === undefined) throw new Error(`${name} has no tag ${reference}`);
    const manifest = manifests.get(digest);
    if (manifest === undefined) throw new Error(`${name} has no manifest ${digest}`);
    if (digestOf(manifest.bytes) !== digest) throw new Error(`manifest ${digest} is damaged`);

    const links = linksOf(manifest.bytes);
    for (const link of links.blobs) {
      const blob = blobs.get(link.digest);
      if (blob === undefined) throw new Error(`${name} has no blob ${link.digest}`);
      if (blob.size !== link.size) throw new Error(`blob ${link.digest} has ${blob.size} bytes`);
      if (blob.bytes !== undefined && digestOf(blob.bytes) !== link.digest) {
        throw new Error(`blob ${link.digest} is damaged`);
      }
    }
    const children = links.manifests.flatMap((link) => pull(name, link.digest));
    return [digest, ...links.blobs.map((link) => link.digest), ...children];
  }

  return {
    repository,
    addBlob(name, bytes) {
      const digest = digestOf(bytes);
      repository(name).blobs.set(digest, { size: bytes.length, bytes: Buffer.from(bytes) });
      return digest;
    },
    addManifest(name, mediaType, bytes, tag) {
      const digest = digestOf(bytes);
      repository(name).manifests.set(digest, { mediaType, bytes: Buffer.from(bytes) });
      if (tag !== undefined) repository(name).tags.set(tag, digest);
      return digest;
    },
    tags: (name) => Object.fromEntries([...repository(name).tags].sort()),
    pull,
  };
}

export interface Link {
  readonly digest: Digest;
  readonly size: number;
}

export interface Links {
  readonly mediaType: string | undefined;
  readonly blobs: readonly Link[];
  readonly manifests: readonly Link[];
  readonly subject: Digest | undefined;
}

/** What a manifest or an index points to. Throws when the bytes are no JSON object. */
export function linksOf(bytes: Uint8Array): Links {
  const document: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (!isObject(document)) throw new Error('no JSON object');
  const config = document.config === undefined ? [] : [linkOf(document.config)];
  return {
    mediaType: typeof document.mediaType === 'string' ? document.mediaType : undefined,
    blobs: [...config, ...listOf(document.layers)],
    manifests: listOf(document.manifests),
    subject: document.subject === undefined ? undefined : linkOf(document.subject).digest,
  };
}

function listOf(value: unknown): Link[] {
  return Array.isArray(value) ? value.map(linkOf) : [];
}

function linkOf(value: unknown): Link {
  const { digest, size } = isObject(value) ? value : {};
  if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number') {
    throw new Error('no descriptor');
  }
  return { digest, size };
}
