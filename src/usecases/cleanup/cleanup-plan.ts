// What is removed with some tags of a repository, and what stays because something else needs it: graph in, plan out.

import type { Digest } from '../../core/oci/digest.ts';
import { findBrought } from './brought.ts';
import type { Previews } from './brought.ts';
import { subjectOfTag } from './graph.ts';
import type { ManifestGraph, ManifestNode } from './graph.ts';
import { orderDeletions } from './order.ts';
import { isReferrerList, mayListReferrers, relationsOf } from './relations.ts';
import type { Relations } from './relations.ts';

export interface CleanupPlanOptions {
  /** The tags to remove. */
  readonly tags: ReadonlySet<string>;
  /** Pull requests whose own manifests alone are deleted. */
  readonly previews: Previews;
  /** An earlier plan for the same tags: nothing is touched but what it has found to belong to them. */
  readonly earlier?: Pick<CleanupPlan, 'candidates' | 'brought'>;
  /** Manifests that can't be deleted, and why: they keep their tags and what they need. */
  readonly pinned?: ReadonlyMap<Digest, string>;
}

/** A tag that is removed from a manifest that stays. */
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

export interface CleanupPlan {
  /** Everything that the tags lead to, whether it goes or stays. */
  readonly candidates: ReadonlySet<Digest>;
  /** What the pull requests have brought, candidates or not. */
  readonly brought: ReadonlySet<Digest>;
  readonly untag: readonly Untag[];
  /** Ordered so that they can be deleted one by one: what lists or owns another comes before it. */
  readonly delete: readonly ManifestNode[];
  readonly keep: readonly Kept[];
}

/**
 * Candidates are what the tags stand for, what that lists, and what is attached to any of it: manifests whose subject
 * it is, and tags named after it. Of these only what the pull requests have brought may go, and not what anything
 * needs that stays. All that is no candidate stays, untagged manifests too: someone may know them by their digest.
 */
export function planCleanup(graph: ManifestGraph, options: CleanupPlanOptions): CleanupPlan {
  const { tags, previews, earlier, pinned = new Map<Digest, string>() } = options;
  const relations = relationsOf(graph);
  const candidates = earlier?.candidates ?? findCandidates(graph, relations, tags);
  // A referrer still belongs to the pull request when its subject has gone.
  const brought = earlier?.brought ?? findBrought(graph, relations, previews);
  const kept = findKept(graph, relations, { tags, previews, candidates, brought, pinned });
  const found = [...graph.values()].filter(({ digest }) => candidates.has(digest));
  const goes = (tag: string) => {
    const owner = subjectOfTag(tag);
    return tags.has(tag) || (owner !== undefined && candidates.has(owner) && !kept.has(owner));
  };
  const staying = found.filter(({ digest }) => kept.has(digest));
  return {
    candidates,
    brought,
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
      // No spread: an index can list more than a call takes arguments.
      for (const child of node.children) waiting.push(child);
      for (const referrer of referrers(digest)) waiting.push(referrer);
      for (const attached of attachedTags(digest)) waiting.push(attached.digest);
    }
  };
  visit([...graph.values()].filter((node) => node.tags.some((tag) => tags.has(tag))).map(digestOf));
  for (let size = -1; size !== found.size;) {
    size = found.size;
    visit([...graph.values()].filter((node) => isReferrerList(node, graph, found)).map(digestOf));
  }
  return found;
}

interface KeepOptions extends Required<Omit<CleanupPlanOptions, 'earlier'>> {
  readonly candidates: ReadonlySet<Digest>;
  readonly brought: ReadonlySet<Digest>;
}

/** The manifests that stay, each with the reason. */
function findKept(
  graph: ManifestGraph,
  relations: Relations,
  options: KeepOptions,
): ReadonlyMap<Digest, string> {
  const { tags, previews, candidates, brought, pinned } = options;
  const kept = new Map<Digest, string>();
  /** Marks a manifest and all that it needs. */
  const keep = (first: Digest, why: string) => {
    const waiting = [first];
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      const node = graph.get(digest);
      if (node === undefined || kept.has(digest)) continue;
      kept.set(digest, why);
      for (const needed of needsOf(node, graph, relations, options)) waiting.push(needed);
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
  for (const { digest } of graph.values()) {
    if (!candidates.has(digest)) keep(digest, `${digest}, which has no tag, needs it`);
  }
  for (const node of graph.values()) {
    if (!brought.has(node.digest)) keep(node.digest, whyNotBrought(node, previews));
  }
  return kept;
}

/**
 * What a manifest that stays needs: what it lists, what it belongs to, and what is attached to it. But a pull request
 * can attach what it likes to the image of somebody else, who doesn't need it.
 */
function needsOf(
  { digest, children, subject }: ManifestNode,
  graph: ManifestGraph,
  { referrers, attachedTags, parents }: Relations,
  { tags, candidates, brought }: KeepOptions,
): readonly Digest[] {
  const isOwn = (attached: Digest) => brought.has(digest) || !brought.has(attached);
  const isBroughtList = (list: Digest) => {
    const node = graph.get(list);
    return node !== undefined && isReferrerList(node, graph, brought);
  };
  const attached = attachedTags(digest)
    .filter((other) => !tags.has(other.tag) && (isOwn(other.digest) || !isBroughtList(other.digest)))
    .map((other) => other.digest);
  const lists = parents(digest).filter((parent) => {
    const node = graph.get(parent);
    return node !== undefined && mayListReferrers(node, graph, candidates);
  });
  return [
    ...children,
    ...(subject === undefined ? [] : [subject]),
    ...referrers(digest).filter(isOwn),
    ...attached,
    ...lists,
  ];
}

function whyNotBrought({ mark, pushed = NaN }: ManifestNode, previews: Previews): string {
  if (mark === undefined || !previews.has(mark)) return 'nothing shows that the pull request brought it';
  const opened = previews.get(mark) ?? NaN;
  return pushed < opened
    ? 'it is older than the pull request'
    : 'nobody knows if it is older than the pull request';
}

function digestOf({ digest }: ManifestNode): Digest {
  return digest;
}
