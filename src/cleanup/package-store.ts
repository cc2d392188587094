// A repository of ghcr.io: its manifests are the versions of a package, which GitHub's API lists and deletes. The
// registry itself answers 405 to a DELETE.

import { isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { leastPerPage } from '../github/packages.ts';
import type { ContainerPackage, PackageVersion } from '../github/packages.ts';
import type { Clock } from '../registry/clock.ts';
import type { Repository } from '../registry/repository.ts';
import { runSideBySide } from '../side-by-side.ts';
import { readLinks } from './graph.ts';
import type { ManifestGraph, ManifestLinks, ManifestNode } from './graph.ts';
import { orUnsafe, unsafe } from './store.ts';
import type { ImageStore, Removal } from './store.ts';
import { throwawayFor } from './throwaway.ts';

export interface PackageStoreOptions {
  readonly package: ContainerPackage;
  /** For reading alone: a refusal must not look like something that isn't there. */
  readonly reader: Repository;
  readonly writer: Repository;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

const atOnce = 4;
const maxListings = 5;
/** The API knows of a push a moment later. */
const waits = [0, 1000, 2000, 4000, 8000];

export function createPackageStore(options: PackageStoreOptions): ImageStore {
  const { package: versions, reader, writer, clock, signal } = options;
  const { name } = reader;
  const known = new Map<Digest, ManifestLinks>();
  const ids = new Map<Digest, number>();
  /** By their IDs, with the tags that they had: under another one it is there again. */
  const removed = new Map<number, readonly string[]>();

  /** A version that is deleted while the list is read moves another one over the edge of a page, out of sight. */
  async function listAll(): Promise<readonly PackageVersion[]> {
    let before = await versions.versions();
    for (let count = 1; before.length > leastPerPage; count += 1) {
      const again = await versions.versions();
      const ids = new Set(again.map(({ id }) => id));
      if (before.every(({ id }) => ids.has(id)) && ids.size === before.length) return again;
      if (count === maxListings) throw unsafe(`the list of the versions of ${name} changes all the time`);
      before = again;
    }
    return before;
  }

  async function list(): Promise<Map<Digest, PackageVersion>> {
    const found = new Map<Digest, PackageVersion>();
    for (const version of await listAll()) {
      if (!isDigest(version.name)) throw unsafe(`${name}: the version "${version.name}" is no manifest`);
      const before = removed.get(version.id);
      if (before !== undefined && version.tags.every((tag) => before.includes(tag))) continue;
      found.set(version.name, version);
      ids.set(version.name, version.id);
    }
    return found;
  }

  async function learn(digest: Digest): Promise<boolean> {
    const what = `${name}@${digest}`;
    const document = await orUnsafe(what, () => reader.read(digest));
    if (document === undefined) return false;
    known.set(digest, await orUnsafe(what, () => Promise.resolve(readLinks(document.bytes, what))));
    return true;
  }

  async function read(): Promise<ManifestGraph> {
    for (let isLast = false; ; isLast = true) {
      const found = await list();
      const missing: Digest[] = [];
      const fresh = [...found.keys()].filter((digest) => !known.has(digest));
      const tasks = fresh.map((digest) => async () => {
        if (!(await learn(digest))) missing.push(digest);
      });
      await runSideBySide(tasks, atOnce, signal);
      if (missing.length === 0) return graphOf(found);
      // It may have been deleted between the list and the look at it: then the next list is without it.
      if (isLast)
        throw unsafe(
          `${name}@${missing.join(', ')}: the package lists it, the registry has no such manifest`,
        );
    }
  }

  function graphOf(found: ReadonlyMap<Digest, PackageVersion>): ManifestGraph {
    const nodes = [...found].map(([digest, { tags }]): ManifestNode => {
      return { children: [], ...known.get(digest), digest, tags: [...tags].sort() };
    });
    return new Map(nodes.map((node) => [node.digest, node]));
  }

  async function remove({ digest, tags }: ManifestNode): Promise<Removal> {
    const id = ids.get(digest);
    // The list may be some seconds old, and a tag takes one request.
    const version = id === undefined ? undefined : await versions.version(id);
    if (version === undefined) {
      if (id !== undefined) removed.set(id, tags);
      return { outcome: 'gone' };
    }
    const added = version.tags.filter((tag) => !tags.includes(tag));
    if (added.length > 0)
      return { outcome: 'refused', why: `it got the tag "${added.join('", "')}" meanwhile` };
    const deletion = await versions.deleteVersion(version.id);
    if (deletion.outcome === 'refused') return deletion;
    removed.set(version.id, version.tags);
    return { outcome: deletion.outcome };
  }

  async function untag(tag: string, node: ManifestNode): Promise<Removal> {
    if ((await reader.describe(tag))?.digest !== node.digest) return { outcome: 'gone' };
    const { manifest, content } = throwawayFor(tag);
    const { digest } = manifest.descriptor;
    await writer.put(content);
    await writer.putTagged(manifest, [tag]);
    const before = ids.get(digest);
    if (before !== undefined) removed.delete(before);
    for (const wait of waits) {
      await clock.sleep(wait, signal);
      const version = (await list()).get(digest);
      if (version?.tags.includes(tag) === true) return remove({ digest, tags: [tag], children: [] });
    }
    return {
      outcome: 'refused',
      why: `its throw-away manifest ${digest} does not show up in the package; run the job again`,
    };
  }

  return { name, read, remove, untag };
}
