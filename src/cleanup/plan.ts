// What goes with some tags of a repository, and what stays because something else needs it: graph in, plan out.

import type { Digest } from '../oci/digest.ts';
import { subjectOfTag } from './graph.ts';
import type { ManifestGraph, ManifestNode } from './graph.ts';
import { orderDeletions } from './order.ts';
import { isStaleList, relationsOf } from './relations.ts';
import type { Relations } from './relations.ts';

export interface PlanOptions {
  /** The tags that are to go. */
  readonly tags: ReadonlySet<string>;
  /** What an earlier plan for the same tags has found to belong to them: nothing else is touched. */
  readonly candidates?: ReadonlySet<Digest>;
  /** Manifests that can't be deleted, and why: they keep their tags and what they need. */
  readonly pinned?: ReadonlyMap<Digest, string>;
}

/** A tag that goes from a manifest that stays. */
export interface Untag {
  readonly tag: string;
  readonly digest: Digest;
  /** Why the manifest stays. */
  readonly why: string;
}

export interface Kept {
  readonly digest: Digest;
  /** Such as `tag "latest" needs it`. */
  readonly why: string;
}

export interface Plan {
  /** Everything that the tags lead to, whether it goes or stays. */
  readonly candidates: ReadonlySet<Digest>;
  readonly untag: readonly Untag[];
  /** In an order in which they can be deleted one by one: what lists or owns another goes before it. */
  readonly delete: readonly ManifestNode[];
  readonly keep: readonly Kept[];
}

/**
 * Candidates are what the tags stand for, what that lists, and what is attached to any of it: manifests whose subject
 * it is, and tags named after it. Of these, whatever stays needs stays. All that is no candidate stays, untagged
 * manifests too: someone may know them by their digest.
 */
export function planCleanup(graph: ManifestGraph, options: PlanOptions): Plan {
  const { tags, pinned = new Map<Digest, string>() } = options;
  const relations = relationsOf(graph);
  const candidates = options.candidates ?? findCandidates(graph, relations, tags);
  const kept = findKept(graph, relations, { tags, candidates, pinned });
  const found = [...graph.values()].filter(({ digest }) => candidates.has(digest));
  const goes = (tag: string) => {
    const owner = subjectOfTag(tag);
    return tags.has(tag) || (owner !== undefined && candidates.has(owner) && !kept.has(owner));
  };
  const staying = found.filter(({ digest }) => kept.has(digest));
  return {
    candidates,
    untag: staying.flatMap((node) =>
      (pinned.has(node.digest) ? [] : node.tags.filter(goes)).map((tag) => ({
        tag,
        digest: node.digest,
        why: kept.get(node.digest) ?? '',
      })),
    ),
    delete: orderDeletions(
      found.filter(({ digest }) => !kept.has(digest)),
      relations,
    ),
    keep: staying.map(({ digest }) => ({ digest, why: kept.get(digest) ?? '' })),
  };
}

function findCandidates(
  graph: ManifestGraph,
  { referrers, attachedTags }: Relations,
  tags: ReadonlySet<string>,
): ReadonlySet<Digest> {
  const found = new Set<Digest>();
  const visit = (start: readonly Digest[]) => {
    const waiting = [...start];
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      const node = graph.get(digest);
      if (node === undefined || found.has(digest)) continue;
      found.add(digest);
      waiting.push(...node.children, ...referrers(digest));
      waiting.push(...attachedTags(digest).map((attached) => attached.digest));
    }
  };
  visit([...graph.values()].filter((node) => node.tags.some((tag) => tags.has(tag))).map(digestOf));
  for (let size = -1; size !== found.size;) {
    size = found.size;
    visit([...graph.values()].filter((node) => isStaleList(node, graph, found)).map(digestOf));
  }
  return found;
}

/** What stays, each with the reason. */
function findKept(
  graph: ManifestGraph,
  { referrers, attachedTags, parents }: Relations,
  { tags, candidates, pinned }: Required<PlanOptions>,
): ReadonlyMap<Digest, string> {
  const kept = new Map<Digest, string>();
  const waiting: Digest[] = [];
  const keep = (digest: Digest, why: string) => {
    if (kept.has(digest) || !graph.has(digest)) return;
    kept.set(digest, why);
    waiting.push(digest);
  };
  const spread = () => {
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      const node = graph.get(digest);
      const why = kept.get(digest) ?? '';
      if (node === undefined) continue;
      for (const other of [...node.children, ...referrers(digest)]) keep(other, why);
      if (node.subject !== undefined) keep(node.subject, why);
      for (const attached of attachedTags(digest)) if (!tags.has(attached.tag)) keep(attached.digest, why);
      for (const parent of parents(digest)) {
        const list = graph.get(parent);
        if (list !== undefined && isStaleList(list, graph, candidates)) keep(parent, why);
      }
    }
  };
  /** A tag that stays, and that isn't there for another manifest, or for one that has gone already. */
  const ownTag = (node: ManifestNode) =>
    node.tags.find((tag) => {
      const owner = subjectOfTag(tag);
      return !tags.has(tag) && (owner === undefined || !(graph.has(owner) || candidates.has(owner)));
    });
  for (const [digest, why] of pinned) keep(digest, why);
  for (const node of graph.values()) {
    const tag = ownTag(node);
    if (tag !== undefined) keep(node.digest, `tag "${tag}" needs it`);
  }
  spread();
  for (const { digest } of graph.values()) {
    if (!candidates.has(digest)) keep(digest, `${digest}, which has no tag, needs it`);
  }
  spread();
  return kept;
}

function digestOf({ digest }: ManifestNode): Digest {
  return digest;
}
