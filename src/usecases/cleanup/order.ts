// The order of deletions: an interruption between any two leaves no tag at something that is no longer whole.

import type { Digest } from '../../core/oci/digest.ts';
import { subjectOfTag } from './graph.ts';
import type { ManifestNode } from './graph.ts';
import type { Relations } from './relations.ts';

/**
 * Indexes go before what they list, always. Where that allows it, manifests go before what is attached to them: if one
 * turns out to stay after all, it still has its signatures.
 */
export function orderDeletions(
  nodes: readonly ManifestNode[],
  relations: Relations,
): readonly ManifestNode[] {
  const left = new Map<Digest, ManifestNode>(nodes.map((node) => [node.digest, node]));
  const isListed = ({ digest }: ManifestNode) => relations.parents(digest).some((parent) => left.has(parent));
  const isAttached = ({ digest, subject, tags }: ManifestNode) => {
    const owners = [subject, ...tags.map(subjectOfTag)];
    return owners.some((owner) => owner !== undefined && owner !== digest && left.has(owner));
  };
  const ordered: ManifestNode[] = [];
  while (left.size > 0) {
    const free = [...left.values()].filter((node) => !isListed(node));
    const first = free.filter((node) => !isAttached(node));
    // Digests can't form a cycle, so something is always free; attachments can.
    const next = first.length > 0 ? first : free.slice(0, 1);
    if (next.length === 0) throw new Error('manifests list each other in a circle');
    for (const node of next) {
      left.delete(node.digest);
      ordered.push(node);
    }
  }
  return ordered;
}
