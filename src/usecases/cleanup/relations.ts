// The relations between manifests: parents, referrers, and tags that attach one to another.

import type { Digest } from '../../core/oci/digest.ts';
import { subjectOfTag } from './graph.ts';
import type { ManifestGraph, ManifestNode } from './graph.ts';

/** A tag whose name attaches what it stands for to another manifest. */
export interface AttachedTag {
  readonly tag: string;
  readonly digest: Digest;
}

export interface Relations {
  /** The manifests whose subject it is. */
  readonly referrers: (digest: Digest) => readonly Digest[];
  readonly attachedTags: (digest: Digest) => readonly AttachedTag[];
  /** The indexes that list it. */
  readonly parents: (digest: Digest) => readonly Digest[];
}

export function relationsOf(graph: ManifestGraph): Relations {
  const referrers = new Map<Digest, Digest[]>();
  const attached = new Map<Digest, AttachedTag[]>();
  const parents = new Map<Digest, Digest[]>();
  for (const { digest, tags, children, subject } of graph.values()) {
    if (subject !== undefined) add(referrers, subject, digest);
    for (const child of children) add(parents, child, digest);
    for (const tag of tags) {
      const owner = subjectOfTag(tag);
      if (owner !== undefined) add(attached, owner, { tag, digest });
    }
  }
  return {
    referrers: (digest) => referrers.get(digest) ?? [],
    attachedTags: (digest) => attached.get(digest) ?? [],
    parents: (digest) => parents.get(digest) ?? [],
  };
}

/**
 * True for a list of referrers that are all among the given manifests. It has the tag that is named after their
 * subject; or it has no tag, as a list is left behind when its tag moves on to a longer one, and then its form tells
 * it from an index that somebody made of such manifests.
 */
export function isReferrerList(
  node: ManifestNode,
  graph: ManifestGraph,
  among: { readonly has: (digest: Digest) => boolean },
): boolean {
  if (!mayListReferrers(node, graph, among)) return false;
  const subjects = new Set(node.children.flatMap((child) => graph.get(child)?.subject ?? []));
  return node.tags.length > 0 || (node.isTypedList === true && subjects.size === 1);
}

/** As {@link isReferrerList}, whatever the form: enough to keep it, and not enough to delete it. */
export function mayListReferrers(
  { tags, subject, mark, children }: ManifestNode,
  graph: ManifestGraph,
  among: { readonly has: (digest: Digest) => boolean },
): boolean {
  if (subject !== undefined || mark !== undefined) return false;
  if (!tags.every((tag) => subjectOfTag(tag) !== undefined)) return false;
  const listed = children.flatMap((child) => graph.get(child) ?? []);
  return listed.length > 0 && listed.every((node) => node.subject !== undefined && among.has(node.digest));
}

function add<T>(lists: Map<Digest, T[]>, key: Digest, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
