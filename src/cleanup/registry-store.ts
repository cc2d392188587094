// A repository of a registry that deletes by its own API (distribution-spec, end-9).

import { blobOf } from '../oci/blob.ts';
import type { Digest } from '../oci/digest.ts';
import { isUndeletable } from '../registry/manifest-delete.ts';
import { RegistryError } from '../registry/registry-error.ts';
import type { Repository } from '../registry/repository.ts';
import { runSideBySide } from '../side-by-side.ts';
import { readLinks } from './graph.ts';
import type { ManifestGraph, ManifestLinks, ManifestNode } from './graph.ts';
import { orUnsafe, unsafe } from './store.ts';
import type { ImageStore, Removal } from './store.ts';
import { throwawayFor } from './throwaway.ts';

export interface RegistryStoreOptions {
  /** For reading alone: a refusal must not look like something that isn't there. */
  readonly reader: Repository;
  readonly writer: Repository;
  readonly signal: AbortSignal;
}

const atOnce = 4;

/**
 * Manifests without a tag are found where a tag leads to them, or the referrers API does; others can't be seen, and
 * are left alone.
 */
export function createRegistryStore({ reader, writer, signal }: RegistryStoreOptions): ImageStore {
  const { name } = reader;
  /** Undefined for what is listed somewhere and isn't there. */
  const known = new Map<Digest, ManifestLinks | undefined>();
  /** With the tags that it had: under another one it is there again. */
  const removed = new Map<Digest, readonly string[]>();
  const untagged = new Set<string>();
  const asked = new Set<Digest>();
  let keepsReferrers = true;

  async function readTags(): Promise<Map<string, Digest>> {
    for (let isLast = false; ; isLast = true) {
      const digests = new Map<string, Digest>();
      const missing: string[] = [];
      const tags = await orUnsafe(`the list of tags of ${name}`, () => reader.tags());
      const tasks = tags.map((tag) => async () => {
        const digest = (await reader.describe(tag))?.digest;
        if (digest !== undefined && removed.get(digest)?.includes(tag) !== true) digests.set(tag, digest);
        else if (digest === undefined && !untagged.has(tag)) missing.push(tag);
      });
      await runSideBySide(tasks, atOnce, signal);
      if (missing.length === 0) {
        for (const digest of digests.values()) removed.delete(digest);
        return digests;
      }
      // It may have been deleted between the list and the look at it: then the next list is without it.
      if (isLast) throw unsafe(`${name} lists the tag "${missing.join('", "')}" and has nothing behind it`);
    }
  }

  async function learn(digest: Digest): Promise<readonly Digest[]> {
    if (!known.has(digest)) {
      const what = `${name}@${digest}`;
      const document = await orUnsafe(what, () => reader.read(digest));
      known.set(
        digest,
        document === undefined
          ? undefined
          : await orUnsafe(what, () => Promise.resolve(readLinks(document.bytes, what))),
      );
    }
    const links = known.get(digest);
    if (links === undefined) return [];
    const subject = links.subject === undefined ? [] : [links.subject];
    return [...links.children, ...subject, ...(await referrersOf(digest))];
  }

  async function referrersOf(digest: Digest): Promise<readonly Digest[]> {
    if (!keepsReferrers || asked.has(digest)) return [];
    const listed = await orUnsafe(`the referrers of ${name}@${digest}`, () => reader.referrers(digest));
    asked.add(digest);
    if (listed === undefined) keepsReferrers = false;
    return (listed ?? []).map((referrer) => referrer.digest);
  }

  async function read(): Promise<ManifestGraph> {
    const tags = await readTags();
    const visited = new Set<Digest>();
    let waiting: readonly Digest[] = [...new Set([...tags.values(), ...known.keys()])];
    while (waiting.length > 0) {
      const found: Digest[] = [];
      for (const digest of waiting) visited.add(digest);
      const tasks = waiting.map((digest) => async () => {
        found.push(...(await learn(digest)));
      });
      await runSideBySide(tasks, atOnce, signal);
      waiting = [...new Set(found)].filter((digest) => !visited.has(digest)).sort();
    }
    for (const [tag, digest] of tags) {
      if (known.get(digest) === undefined) throw unsafe(`${name}:${tag} has nothing behind it`);
    }
    const nodes = [...known].flatMap(([digest, links]): ManifestNode[] => {
      const own = [...tags].flatMap(([tag, target]) => (target === digest ? [tag] : []));
      return links === undefined || removed.has(digest) ? [] : [{ digest, tags: own.sort(), ...links }];
    });
    return new Map(nodes.map((node) => [node.digest, node]));
  }

  async function remove({ digest, tags }: ManifestNode): Promise<Removal> {
    const isDeleted = await removeDigest(digest, tags);
    removed.set(digest, tags);
    return { outcome: isDeleted ? 'deleted' : 'gone' };
  }

  async function removeDigest(digest: Digest, tags: readonly string[]): Promise<boolean> {
    try {
      return await writer.remove(digest);
    } catch (error) {
      const isRefusal = error instanceof RegistryError && [400, 409, 412].includes(error.status ?? 0);
      if (!isRefusal || isUndeletable(error) || tags.length === 0) throw error;
      // Google's registries delete no manifest that still has a tag.
      for (const tag of tags) if ((await reader.describe(tag))?.digest === digest) await writer.remove(tag);
      return await writer.remove(digest);
    }
  }

  async function untag(tag: string, { digest, tags }: ManifestNode): Promise<Removal> {
    if ((await reader.describe(tag))?.digest !== digest) return { outcome: 'gone' };
    const document = await orUnsafe(`${name}@${digest}`, () => reader.read(digest));
    if (document === undefined) throw unsafe(`${name}:${tag} has nothing behind it`);
    const image = blobOf(document.descriptor.mediaType, document.bytes);
    const isGone = await removeTag(tag);
    if (!isGone || (await reader.describe(tag))?.digest === digest) {
      const { manifest, content } = throwawayFor(tag);
      await writer.put(content);
      await writer.putTagged(manifest, [tag]);
      try {
        await writer.remove(manifest.descriptor.digest);
      } catch (error) {
        // As it was: an image is better than nothing.
        await writer.putTagged(image, [tag]);
        throw error;
      }
    }
    untagged.add(tag);
    // Not every registry means the tag alone when it is told to delete one.
    if ((await reader.describe(digest)) === undefined) {
      const lost: string[] = [];
      for (const other of tags)
        if (other !== tag && (await reader.describe(other)) === undefined) lost.push(other);
      await writer.putTagged(image, lost);
    }
    return { outcome: 'deleted' };
  }

  /** False where tags can't be deleted, or not so. */
  async function removeTag(tag: string): Promise<boolean> {
    try {
      await writer.remove(tag);
      return true;
    } catch (error) {
      if (error instanceof RegistryError && (isUndeletable(error) || error.status === 400)) return false;
      throw error;
    }
  }

  return { name, read, remove, untag };
}
