// A repository of ghcr.io: its manifests are the versions of a package, which GitHub's API lists and deletes. The
// registry itself answers 405 to a DELETE.

import { isDigest } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { leastPerPage } from '../../adapters/github/packages.ts';
import type { ContainerPackage, PackageVersion } from '../../adapters/github/packages.ts';
import type { Clock } from '../../core/clock.ts';
import type { Repository } from '../../adapters/registry/repository.ts';
import { runSideBySide } from '../../core/concurrent.ts';
import { readLinks } from './graph.ts';
import type { ManifestGraph, ManifestLinks, ManifestNode } from './graph.ts';
import { looks, orUnsafe, stillThere, unsafe } from './store.ts';
import type { ImageStore, Removal } from './store.ts';
import { placeholderFor } from './placeholder.ts';

export interface PackageStoreOptions {
  readonly package: ContainerPackage;
  /** Client for reading alone: a refusal must not look like something that isn't there. */
  readonly reader: Repository;
  readonly writer: Repository;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

const atOnce = 4;
const maxListings = 5;
/** Milliseconds; the API shows a push a moment later. */
const waits = [0, 1000, 2000, 4000, 8000];

export class PackageStore implements ImageStore {
  readonly name: string;
  readonly #options: PackageStoreOptions;
  readonly #known = new Map<Digest, ManifestLinks>();
  readonly #ids = new Map<Digest, number>();
  /** Tags of removed versions by ID: a version that shows up with another tag was pushed anew. */
  readonly #removed = new Map<number, readonly string[]>();

  constructor(options: PackageStoreOptions) {
    this.#options = options;
    this.name = options.reader.name;
  }

  async read(tags: ReadonlySet<string>): Promise<ManifestGraph> {
    for (let isLast = false; ; isLast = true) {
      const found = await this.#list();
      // Nothing has been read yet, so nothing can be half done.
      const isNeeded =
        this.#known.size > 0 ||
        [...found.values()].some((version) => version.tags.some((tag) => tags.has(tag)));
      const missing = isNeeded ? await this.#learnAll(found.keys()) : [];
      if (missing.length === 0) return isNeeded ? this.#graphOf(found) : new Map();
      // It may have been deleted between the list and the look at it: then the next list is without it.
      if (isLast) {
        const what = `${this.name}@${missing.join(', ')}`;
        throw unsafe(`${what}: the package lists it, the registry has no such manifest`);
      }
    }
  }

  async #list(): Promise<Map<Digest, PackageVersion>> {
    const found = new Map<Digest, PackageVersion>();
    for (const version of await this.#listAll()) {
      if (!isDigest(version.name)) throw unsafe(`${this.name}: the version "${version.name}" is no manifest`);
      const before = this.#removed.get(version.id);
      if (before !== undefined && version.tags.every((tag) => before.includes(tag))) continue;
      found.set(version.name, version);
      this.#ids.set(version.name, version.id);
    }
    return found;
  }

  /** A version that is deleted while the list is read moves another one over the edge of a page, out of sight. */
  async #listAll(): Promise<readonly PackageVersion[]> {
    const { package: versions } = this.#options;
    let before = await versions.versions();
    for (let count = 1; before.length > leastPerPage; count += 1) {
      const again = await versions.versions();
      const ids = new Set(again.map(({ id }) => id));
      if (before.every(({ id }) => ids.has(id)) && ids.size === before.length) return again;
      if (count === maxListings)
        throw unsafe(`the list of the versions of ${this.name} changes all the time`);
      before = again;
    }
    return before;
  }

  /** @returns those that the registry doesn't have */
  async #learnAll(digests: Iterable<Digest>): Promise<readonly Digest[]> {
    const { reader, signal } = this.#options;
    const missing: Digest[] = [];
    const fresh = [...digests].filter((digest) => !this.#known.has(digest));
    const tasks = fresh.map((digest) => async () => {
      const what = `${this.name}@${digest}`;
      const document = await orUnsafe(what, () => reader.read(digest));
      if (document === undefined) {
        missing.push(digest);
        return;
      }
      const { bytes, descriptor } = document;
      const links = () => Promise.resolve(readLinks(bytes, descriptor.mediaType, what));
      this.#known.set(digest, await orUnsafe(what, links));
    });
    await runSideBySide(tasks, atOnce, signal);
    return missing;
  }

  #graphOf(found: ReadonlyMap<Digest, PackageVersion>): ManifestGraph {
    const nodes = [...found].map(([digest, { tags, pushed }]): ManifestNode => {
      return { children: [], ...this.#known.get(digest), digest, tags: [...tags].sort(), pushed };
    });
    return new Map(nodes.map((node) => [node.digest, node]));
  }

  async remove({ digest, tags }: Pick<ManifestNode, 'digest' | 'tags'>): Promise<Removal> {
    const { package: versions } = this.#options;
    const id = this.#ids.get(digest);
    // The list may be some seconds old, and a tag takes one request.
    const version = id === undefined ? undefined : await versions.version(id);
    if (version === undefined) {
      if (id !== undefined) this.#removed.set(id, tags);
      return { outcome: 'gone' };
    }
    const added = version.tags.filter((tag) => !tags.includes(tag));
    if (added.length > 0) {
      return { outcome: 'refused', why: `it got the tag "${added.join('", "')}" meanwhile` };
    }
    const deletion = await versions.deleteVersion(version.id);
    if (deletion.outcome === 'refused') return deletion;
    if (deletion.outcome === 'deleted' && !(await this.#isGone(version.id))) {
      return { outcome: 'refused', why: stillThere };
    }
    this.#removed.set(version.id, version.tags);
    return { outcome: deletion.outcome };
  }

  async #isGone(id: number): Promise<boolean> {
    const { package: versions, clock, signal } = this.#options;
    for (const wait of looks) {
      if (wait > 0) await clock.sleep(wait, signal);
      if ((await versions.version(id)) === undefined) return true;
    }
    return false;
  }

  async untag(tag: string, node: ManifestNode): Promise<Removal> {
    const { reader, writer, clock, signal } = this.#options;
    if ((await reader.describe(tag))?.digest !== node.digest) return { outcome: 'gone' };
    const { manifest, content } = placeholderFor(tag);
    const { digest } = manifest.descriptor;
    await writer.put(content);
    await writer.putTagged(manifest, [tag]);
    const before = this.#ids.get(digest);
    if (before !== undefined) this.#removed.delete(before);
    for (const wait of waits) {
      await clock.sleep(wait, signal);
      const version = (await this.#list()).get(digest);
      if (version?.tags.includes(tag) === true) return this.remove({ digest, tags: [tag] });
    }
    return {
      outcome: 'refused',
      why: `its throw-away manifest ${digest} does not show up in the package; run the job again`,
    };
  }
}
