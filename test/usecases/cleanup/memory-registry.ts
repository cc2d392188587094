// A repository in memory for histories of many pushes: who has pushed what, and both ways to clean it up.

import { PackageStore } from '../../../src/usecases/cleanup/package-store.ts';
import { RegistryStore } from '../../../src/usecases/cleanup/registry-store.ts';
import type { ImageStore } from '../../../src/usecases/cleanup/store.ts';
import type { ContainerPackage, PackageVersion } from '../../../src/adapters/github/packages.ts';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { isDigest } from '../../../src/core/oci/digest.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { parseIndex } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { Repository } from '../../../src/adapters/registry/repository.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { linksOf } from '../../support/registry-store.ts';

export interface HeldManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly id: number;
  /** Milliseconds; a second push changes nothing. */
  readonly pushed: number;
}

export type Kind = 'package' | 'registry' | 'registry with referrers';

export class MemoryRegistry {
  readonly manifests = new Map<Digest, HeldManifest>();
  readonly tags = new Map<string, Digest>();
  readonly kind: Kind;
  #lastId = 0;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  /** As of an instant, and without the fallback tag for a subject that this registry may want. */
  put(mediaType: string, bytes: Uint8Array, pushed: number, tag?: string): Descriptor {
    const descriptor = describeBytes(mediaType, bytes);
    const id = (this.#lastId += 1);
    if (!this.manifests.has(descriptor.digest)) {
      this.manifests.set(descriptor.digest, { descriptor, bytes, id, pushed });
    }
    if (tag !== undefined) this.tags.set(tag, descriptor.digest);
    return descriptor;
  }

  /** Lists a referrer under the tag of its subject, where that is how they are found. */
  list(referrer: Descriptor, subject: Digest, pushed: number): Descriptor | undefined {
    if (this.kind === 'registry with referrers') return undefined;
    const tag = `sha256-${subject.slice(7)}`;
    const current = this.manifests.get(this.tags.get(tag) ?? 'sha256:');
    const known = current === undefined ? [] : this.#listed(current.bytes);
    if (known.some(({ digest }) => digest === referrer.digest)) return undefined;
    const typed: Descriptor = { ...referrer, artifactType: 'application/vnd.example.signature' };
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...known, typed] };
    return this.put(mediaTypes.index, encodeJson(index), pushed, tag);
  }

  #listed(bytes: Uint8Array): readonly Descriptor[] {
    return parseIndex(bytes, 'the list of referrers').manifests;
  }

  delete(reference: string): boolean {
    const digest = isDigest(reference) ? reference : this.tags.get(reference);
    if (digest === undefined || !this.manifests.delete(digest)) return false;
    for (const [tag, target] of this.tags) if (target === digest) this.tags.delete(tag);
    return true;
  }

  /** Everything that a tag or a digest needs that is not there. */
  missingBelow(digest: Digest): Digest[] {
    const held = this.manifests.get(digest);
    if (held === undefined) return [digest];
    return linksOf(held.bytes).manifests.flatMap((link) => this.missingBelow(link.digest));
  }

  open(): ImageStore {
    const repository = this.#repository();
    const options = { reader: repository, writer: repository, clock: createFastClock() };
    const { signal } = new AbortController();
    if (this.kind !== 'package') return new RegistryStore({ ...options, signal });
    return new PackageStore({ ...options, package: this.#package(), signal });
  }

  #package(): ContainerPackage {
    const show = ({ id, descriptor: { digest }, pushed }: HeldManifest): PackageVersion => {
      const tags = [...this.tags].filter(([, target]) => target === digest).map(([tag]) => tag);
      return { id, name: digest, tags, pushed };
    };
    const find = (id: number) => [...this.manifests.values()].find((held) => held.id === id);
    return {
      versions: () => Promise.resolve([...this.manifests.values()].map(show).reverse()),
      version: (id) => {
        const held = find(id);
        return Promise.resolve(held && show(held));
      },
      deleteVersion: (id) => {
        const digest = find(id)?.descriptor.digest ?? '';
        return Promise.resolve({ outcome: this.delete(digest) ? 'deleted' : 'gone' });
      },
    };
  }

  #repository(): Repository {
    const find = (reference: string) =>
      this.manifests.get(isDigest(reference) ? reference : (this.tags.get(reference) ?? 'sha256:'));
    return {
      name: 'registry.example/owner/app',
      describe: (reference) => Promise.resolve(find(reference)?.descriptor),
      read: (reference) => Promise.resolve(find(reference)),
      tags: () => Promise.resolve([...this.tags.keys()].sort()),
      referrers: (subject) => {
        if (this.kind !== 'registry with referrers') return Promise.resolve(undefined);
        const all = [...this.manifests.values()];
        const found = all.filter(({ bytes }) => linksOf(bytes).subject === subject);
        return Promise.resolve(found.map(({ descriptor }) => descriptor));
      },
      remove: (reference) => Promise.resolve(this.delete(reference)),
      open: ({ digest, mediaType }) => blobOf(mediaType, find(digest)?.bytes ?? Buffer.alloc(0)),
      put: () => Promise.resolve({ stored: 'pushed', seconds: 0 }),
      putTagged: async (manifest, tags) => {
        const bytes = await readDocument(manifest, 'the manifest');
        for (const tag of tags) this.put(manifest.descriptor.mediaType, bytes, Infinity, tag);
      },
    };
  }
}
