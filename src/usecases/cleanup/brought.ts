// What a pull request has brought, and how that is known. Nothing else may be deleted for it.

import type { Digest } from '../../core/oci/digest.ts';
import { subjectOfTag } from './graph.ts';
import type { ManifestGraph, ManifestNode } from './graph.ts';
import { isReferrerList } from './relations.ts';
import type { Relations } from './relations.ts';

/**
 * Pull requests by the marks of their previews, and when each was opened: milliseconds since 1970, undefined where
 * that isn't known.
 */
export type Previews = ReadonlyMap<string, number | undefined>;

/** True for a manifest with the mark of one of these pull requests that isn't older than it. */
export function isOfPreviews(node: ManifestNode, previews: Previews): boolean {
  return node.mark !== undefined && previews.has(node.mark) && !isTooOld(node, previews.get(node.mark));
}

/** A registry that tells no times leaves it at the mark. */
export function isTooOld({ pushed }: ManifestNode, opened: number | undefined): boolean {
  return pushed !== undefined && !(opened !== undefined && pushed >= opened);
}

/**
 * What has a mark, and what can't be there without something that has one: its referrers, the lists of these, and
 * signatures whose tags are all named after such manifests. What bears another mark is another pull request's.
 */
export function findBrought(
  graph: ManifestGraph,
  { referrers, attachedTags, parents }: Relations,
  previews: Previews,
): ReadonlySet<Digest> {
  const found = new Map<Digest, string>();
  const waiting: Digest[] = [];
  const add = (node: ManifestNode | undefined, mark: string) => {
    if (node === undefined || found.has(node.digest) || isTooOld(node, previews.get(mark))) return;
    if (node.mark !== undefined && !previews.has(node.mark)) return;
    found.set(node.digest, mark);
    waiting.push(node.digest);
  };
  for (const node of graph.values()) {
    if (node.mark !== undefined && previews.has(node.mark)) add(node, node.mark);
  }
  const isSignature = ({ isArtifact, tags }: ManifestNode) =>
    isArtifact === true && tags.every((tag) => found.has(subjectOfTag(tag) ?? 'sha256:'));
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    const mark = found.get(digest) ?? '';
    for (const referrer of referrers(digest)) add(graph.get(referrer), mark);
    for (const attached of attachedTags(digest)) {
      const node = graph.get(attached.digest);
      if (node !== undefined && isSignature(node)) add(node, mark);
    }
    for (const parent of parents(digest)) {
      const node = graph.get(parent);
      if (node !== undefined && isReferrerList(node, graph, found)) add(node, mark);
    }
  }
  return new Set(found.keys());
}
