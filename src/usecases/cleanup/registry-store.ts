// A repository of a registry that deletes by its own API (distribution-spec, end-9).

import { blobOf } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Clock } from '../../core/clock.ts';
import { isUndeletable } from '../../adapters/registry/manifest-delete.ts';
import { RegistryError } from '../../adapters/registry/registry-error.ts';
import type { Repository } from '../../adapters/registry/repository.ts';
import { runSideBySide } from '../../core/concurrent.ts';
import { readLinks, subjectOfTag } from './graph.ts';
import type { ManifestGraph, ManifestLinks, ManifestNode } from './graph.ts';
import { looks, orUnsafe, stillTagged, stillThere, unsafe } from './store.ts';
import type { ImageStore, Removal } from './store.ts';
import { placeholderFor } from './placeholder.ts';

export interface RegistryStoreOptions {
  /** Client for reading alone: a refusal must not look like something that isn't there. */
  readonly reader: Repository;
  readonly writer: Repository;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

const atOnce = 4;

const listHint =
  'Nothing is deleted while not every tag is known, since any of them may need it: run the job again, and if it stays ' +
  'so, ask those who run the registry.';

/**
 * Each tag is asked for once, and each manifest. Later reads look at the list of tags, and ask for those that are new
 * in it and for those that belong to what is removed.
 * Manifests without a tag are found where a tag leads to them, or the referrers API does; others can't be seen, and
 * are left alone.
 */
export class RegistryStore implements ImageStore {
  readonly name: string;
  readonly #options: RegistryStoreOptions;
  /** Links by digest; undefined for what is listed somewhere and isn't there. */
  readonly #known = new Map<Digest, ManifestLinks | undefined>();
  readonly #tags = new Map<string, Digest>();
  /** Manifests that the tags to be removed lead to. */
  readonly #near = new Set<Digest>();
  /** Tags of removed manifests: one that shows up with another tag was pushed anew. */
  readonly #removed = new Map<Digest, readonly string[]>();
  /** Removed tags, which the registry may list a little longer. */
  readonly #untagged = new Set<string>();
  readonly #asked = new Set<Digest>();
  #keepsReferrers = true;
  #isStarted = false;
  /** True when all tags were asked for, and not only those that lead to what is removed. */
  #isWhole = false;

  constructor(options: RegistryStoreOptions) {
    this.#options = options;
    this.name = options.reader.name;
  }

  async read(tags: ReadonlySet<string>, wanted: (node: ManifestNode) => boolean): Promise<ManifestGraph> {
    for (let isLast = false; ; isLast = true) {
      const missing = await this.#readOnce(tags, wanted);
      if (missing.length === 0) return this.#graph();
      // It may have been deleted between the list and the look at it: then the next list is without it.
      if (isLast) {
        throw unsafe(`${this.name} lists the tag "${missing.join('", "')}" and has nothing behind it`);
      }
    }
  }

  /** @returns the tags that are listed and stand for nothing */
  async #readOnce(
    tags: ReadonlySet<string>,
    wanted: (node: ManifestNode) => boolean,
  ): Promise<readonly string[]> {
    const listed = await this.#listTags(tags);
    for (const tag of this.#tags.keys()) if (!listed.has(tag)) this.#tags.delete(tag);
    const missing = await this.#readNear(tags, listed);
    this.#isWhole ||= [...this.#graph().values()].some((node) => this.#near.has(node.digest) && wanted(node));
    if (this.#isWhole) {
      const others = [...listed].filter((tag) => !this.#tags.has(tag));
      for (const tag of await this.#resolve(others)) missing.push(tag);
      await this.#follow(new Set([...this.#tags.values(), ...this.#near]));
    }
    for (const digest of this.#tags.values()) this.#removed.delete(digest);
    return missing;
  }

  async #listTags(tags: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const { reader } = this.#options;
    const list = async () =>
      new Set(await orUnsafe(`the list of tags of ${this.name}`, () => reader.tags(), listHint));
    let listed = await list();
    // A registry that serves a tag and doesn't list it may not list others either.
    for (const tag of this.#isStarted ? [] : tags) {
      if (listed.has(tag) || !(await this.#isShown(tag))) continue;
      listed = await list();
      if (!listed.has(tag))
        throw unsafe(`${this.name} has the tag "${tag}", and its list lacks it`, listHint);
    }
    this.#isStarted = true;
    return listed;
  }

  /** @param digest what the tag has to lead to; anything by default */
  async #isShown(tag: string, digest?: Digest): Promise<boolean> {
    try {
      const found = await this.#find(tag);
      return found !== undefined && (digest === undefined || found === digest);
    } catch (error) {
      // Artifactory answers so for a tag that isn't there.
      if (error instanceof RegistryError && error.status === 403) return false;
      throw error;
    }
  }

  /** Reads what the tags lead to, always anew: a push of the pull request may be under way. */
  async #readNear(tags: ReadonlySet<string>, listed: ReadonlySet<string>): Promise<string[]> {
    const attached = new Map<Digest, string[]>();
    for (const tag of listed) {
      const owner = subjectOfTag(tag);
      if (owner !== undefined) attached.set(owner, [...(attached.get(owner) ?? []), tag]);
    }
    const missing: string[] = [];
    const asked = new Set<string>();
    let next = [...tags].filter((tag) => listed.has(tag));
    while (next.length > 0) {
      for (const tag of next) asked.add(tag);
      for (const tag of await this.#resolve(next)) missing.push(tag);
      const roots = new Set(next.flatMap((tag) => this.#tags.get(tag) ?? []));
      for (const digest of await this.#follow(new Set([...roots, ...this.#near]), { withReferrers: true })) {
        this.#near.add(digest);
      }
      next = [...this.#near].flatMap((digest) => attached.get(digest) ?? []).filter((tag) => !asked.has(tag));
    }
    return missing;
  }

  /** Asks what the tags stand for. @returns those that stand for nothing */
  async #resolve(tags: readonly string[]): Promise<string[]> {
    const { signal } = this.#options;
    const missing: string[] = [];
    const tasks = tags.map((tag) => async () => {
      const document = await this.#document(tag);
      const digest = document?.descriptor.digest;
      this.#tags.delete(tag);
      if (document === undefined || digest === undefined) {
        if (!this.#untagged.has(tag)) missing.push(tag);
      } else if (this.#removed.get(digest)?.includes(tag) !== true) {
        this.#tags.set(tag, digest);
        await this.#remember(document);
      }
    });
    await runSideBySide(tasks, atOnce, signal);
    return missing;
  }

  async #document(reference: string): ReturnType<Repository['read']> {
    const { reader } = this.#options;
    return orUnsafe(`${this.name} ${reference}`, () => reader.read(reference));
  }

  async #remember(document: { readonly descriptor: Descriptor; readonly bytes: Uint8Array }): Promise<void> {
    const { digest, mediaType } = document.descriptor;
    if (this.#known.get(digest) !== undefined) return;
    const what = `${this.name}@${digest}`;
    const links = await orUnsafe(what, () => Promise.resolve(readLinks(document.bytes, mediaType, what)));
    this.#known.set(digest, links);
  }

  /** Reads what the manifests lead to. @returns all of it, with them */
  async #follow(start: ReadonlySet<Digest>, { withReferrers = false } = {}): Promise<ReadonlySet<Digest>> {
    const visited = new Set<Digest>(start);
    let waiting: readonly Digest[] = [...start];
    while (waiting.length > 0) {
      const found: Digest[] = [];
      const tasks = waiting.map((digest) => async () => {
        const links = await this.#learn(digest);
        if (links === undefined) return;
        // No spread: an index can list more than a call takes arguments.
        for (const child of links.children) found.push(child);
        const others = withReferrers ? await this.#referrersOf(digest) : [];
        for (const referrer of others) found.push(referrer);
        if (!withReferrers && links.subject !== undefined) found.push(links.subject);
      });
      await runSideBySide(tasks, atOnce, this.#options.signal);
      waiting = [...new Set(found)].filter((digest) => !visited.has(digest)).sort();
      for (const digest of waiting) visited.add(digest);
    }
    return visited;
  }

  async #learn(digest: Digest): Promise<ManifestLinks | undefined> {
    if (!this.#known.has(digest)) {
      const document = await this.#document(digest);
      if (document === undefined) this.#known.set(digest, undefined);
      else await this.#remember(document);
    }
    return this.#known.get(digest);
  }

  async #referrersOf(digest: Digest): Promise<readonly Digest[]> {
    if (!this.#keepsReferrers || this.#asked.has(digest)) return [];
    const { reader } = this.#options;
    const listed = await orUnsafe(`the referrers of ${this.name}@${digest}`, () => reader.referrers(digest));
    this.#asked.add(digest);
    if (listed === undefined) this.#keepsReferrers = false;
    return (listed ?? []).map((referrer) => referrer.digest);
  }

  #graph(): ManifestGraph {
    const tagsOf = new Map<Digest, string[]>();
    for (const [tag, digest] of this.#tags) {
      const tags = tagsOf.get(digest);
      if (tags === undefined) tagsOf.set(digest, [tag]);
      else tags.push(tag);
    }
    const nodes: ManifestNode[] = [];
    for (const [digest, links] of this.#known) {
      const tags = (tagsOf.get(digest) ?? []).sort();
      const isGone = this.#removed.has(digest) && tags.length === 0;
      if (links !== undefined && !isGone) nodes.push({ ...links, digest, tags });
    }
    // Answers come in any order, and what is done with them doesn't depend on it.
    const place = ({ tags, digest }: ManifestNode) => `${tags[0] ?? ''} ${digest}`;
    nodes.sort((one, other) => (place(one) < place(other) ? -1 : 1));
    return new Map(nodes.map((node) => [node.digest, node]));
  }

  async remove({ digest, tags }: ManifestNode): Promise<Removal> {
    const isDeleted = await this.#removeDigest(digest, tags);
    if (isDeleted && !(await this.#isSeen(async () => (await this.#find(digest)) === undefined))) {
      return { outcome: 'refused', why: stillThere };
    }
    const { isTaken, left } = await this.#takeTags(digest, tags);
    if (left.length > 0) return { outcome: 'refused', why: stillTagged(left) };
    this.#removed.set(digest, tags);
    for (const tag of tags) {
      this.#tags.delete(tag);
      this.#untagged.add(tag);
    }
    return { outcome: isDeleted || isTaken ? 'deleted' : 'gone' };
  }

  /**
   * Some registries keep the tags of what is deleted by its digest, and serve it by them: those are deleted by name.
   * @returns whether there were any, and those that are still there
   */
  async #takeTags(
    digest: Digest,
    tags: readonly string[],
  ): Promise<{ readonly isTaken: boolean; readonly left: readonly string[] }> {
    const find = async () => {
      const found: string[] = [];
      for (const tag of tags) if (await this.#isShown(tag, digest)) found.push(tag);
      return found;
    };
    let left = await find();
    const isTaken = left.length > 0;
    for (const tag of left) await this.#takeTag(tag);
    if (isTaken) await this.#isSeen(async () => (left = await find()).length === 0);
    return { isTaken, left };
  }

  /** Whether it went is looked at afterwards: not every registry deletes by tag. */
  async #takeTag(tag: string): Promise<void> {
    try {
      await this.#options.writer.remove(tag);
    } catch (error) {
      const refusals = [400, 403, 405, 409, 412, 501];
      if (!(error instanceof RegistryError) || !refusals.includes(error.status ?? 0)) throw error;
    }
  }

  async #removeDigest(digest: Digest, tags: readonly string[]): Promise<boolean> {
    const { writer } = this.#options;
    try {
      return await writer.remove(digest);
    } catch (error) {
      const isRefusal = error instanceof RegistryError && [400, 409, 412].includes(error.status ?? 0);
      if (!isRefusal || isUndeletable(error) || tags.length === 0) throw error;
      // Google's registries delete no manifest that still has a tag.
      for (const tag of tags) if ((await this.#find(tag)) === digest) await writer.remove(tag);
      return await writer.remove(digest);
    }
  }

  /**
   * A DELETE of the tag takes the manifest away with it on some registries, and with that all of its other tags. So the
   * tag is moved to something of its own first.
   */
  async untag(tag: string, { digest }: ManifestNode): Promise<Removal> {
    const { writer } = this.#options;
    if ((await this.#find(tag)) !== digest) return { outcome: 'gone' };
    const document = await this.#document(digest);
    if (document === undefined) throw unsafe(`${this.name}:${tag} has nothing behind it`);
    const { manifest, content } = placeholderFor(tag);
    await writer.put(content);
    await writer.putTagged(manifest, [tag]);
    try {
      await this.#removeDigest(manifest.descriptor.digest, [tag]);
    } catch (error) {
      // Restores it: an image is better than nothing.
      await writer.putTagged(blobOf(document.descriptor.mediaType, document.bytes), [tag]);
      throw error;
    }
    this.#tags.delete(tag);
    this.#untagged.add(tag);
    const { left } = await this.#takeTags(manifest.descriptor.digest, [tag]);
    return left.length === 0 ? { outcome: 'deleted' } : { outcome: 'refused', why: stillTagged(left) };
  }

  async #find(reference: string): Promise<Digest | undefined> {
    return (await this.#options.reader.describe(reference))?.digest;
  }

  /** Some registries show what they have done a moment later. */
  async #isSeen(look: () => Promise<boolean>): Promise<boolean> {
    const { clock, signal } = this.#options;
    for (const wait of looks) {
      if (wait > 0) await clock.sleep(wait, signal);
      if (await look()) return true;
    }
    return false;
  }
}
