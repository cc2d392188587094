// The use case: removes tags of a repository, with everything that only they needed.

import type { Digest } from '../../core/oci/digest.ts';
import type { Reporter } from '../../core/reporter.ts';
import { isOfPreviews } from './brought.ts';
import type { Previews } from './brought.ts';
import type { ManifestGraph, ManifestNode } from './graph.ts';
import { planCleanup } from './cleanup-plan.ts';
import type { Kept, CleanupPlan, Untag } from './cleanup-plan.ts';
import type { ImageStore } from './store.ts';

/** What went, and what stayed that belonged to the tags. */
export interface CleanupRecord {
  /** `registry/repository`. */
  readonly name: string;
  /** Undefined for a tag that isn't there. */
  readonly digest?: Digest;
  /** Tags that went with it, or that were to go. */
  readonly tags: readonly string[];
  /** Why it stays, or why only its tag went. */
  readonly why?: string;
}

export interface TagRemovalRequest {
  readonly tags: readonly string[];
  /** Pull requests that the tags belong to: only what they brought is deleted, all else is only untagged. */
  readonly previews: Previews;
  /** Reports what would be done, and does nothing. */
  readonly dryRun: boolean;
}

export interface TagRemovalWorld {
  readonly store: ImageStore;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Called with each thing that went as soon as it has, so that it is known also if the next one fails. */
  readonly deleted: (record: CleanupRecord) => void;
}

/**
 * What may have changed is read anew before each step, so that what somebody pushes or tags meanwhile counts.
 * @returns what stays of what the tags lead to, each with the reason
 * @throws BimaError CLEANUP_UNSAFE, or what the registry or GitHub answers
 */
export async function removeTags(
  request: TagRemovalRequest,
  world: TagRemovalWorld,
): Promise<readonly CleanupRecord[]> {
  const { previews, dryRun } = request;
  const { store } = world;
  const { name } = store;
  const tags = new Set(request.tags);
  const graph = await store.read(tags, (node) => isOfPreviews(node, previews));
  const plan = planCleanup(graph, { tags, previews });
  const there = new Set([...graph.values()].flatMap((node) => node.tags));
  const missing = request.tags.filter((tag) => !there.has(tag));
  const refused: CleanupRecord[] = [];
  let last = plan;
  if (dryRun) {
    const records = [
      ...plan.untag.map((tagged) => untagRecord(name, tagged)),
      ...plan.delete.map((node) => nodeRecord(name, node)),
    ];
    for (const record of records) tell(record, 'would delete', world);
  } else last = await takeSteps({ tags, previews, graph, plan, refused }, world);
  const isRefused = ({ digest }: Kept) => refused.some((record) => record.digest === digest);
  return [
    ...missing.map((tag) => ({ name, tags: [tag], why: 'there is no such tag' })),
    ...refused,
    ...last.keep.filter((kept) => !isRefused(kept)).map((kept) => ({ name, tags: [], ...kept })),
  ];
}

interface Steps {
  readonly tags: ReadonlySet<string>;
  readonly previews: Previews;
  readonly graph: ManifestGraph;
  readonly plan: CleanupPlan;
  /** Collects what could not be deleted. */
  readonly refused: CleanupRecord[];
}

/** @returns the plan when nothing is left of it to do */
async function takeSteps(
  { tags, previews, refused, ...first }: Steps,
  world: TagRemovalWorld,
): Promise<CleanupPlan> {
  const { store, signal, reporter } = world;
  const pinned = new Map<Digest, string>();
  const done = new Set<string>();
  let { graph, plan } = first;
  for (;;) {
    signal.throwIfAborted();
    const tagged = plan.untag.find(({ tag }) => !done.has(tag));
    const node = tagged === undefined ? plan.delete[0] : graph.get(tagged.digest);
    if (node === undefined) return plan;
    const removal = await (tagged === undefined ? store.remove(node) : store.untag(tagged.tag, node));
    const record = tagged === undefined ? nodeRecord(store.name, node) : untagRecord(store.name, tagged);
    if (removal.outcome === 'deleted') tell(record, 'deleted', world);
    if (removal.outcome === 'refused') {
      const { why } = removal;
      refused.push({ ...record, why });
      if (tagged === undefined) pinned.set(node.digest, why);
      const message = `not deleted: ${describeRecord({ ...record, why })}`;
      reporter.warning({ code: 'CLEANUP_SKIPPED', message });
    }
    if (tagged !== undefined) done.add(tagged.tag);
    graph = await store.read(tags, (found) => isOfPreviews(found, previews));
    plan = planCleanup(graph, { tags, previews, earlier: first.plan, pinned });
  }
}

function untagRecord(name: string, { tag, digest, why }: Untag): CleanupRecord {
  return { name, digest, tags: [tag], why: `only the tag: ${why}` };
}

function nodeRecord(name: string, { digest, tags }: ManifestNode): CleanupRecord {
  return { name, digest, tags };
}

function tell(record: CleanupRecord, what: string, { reporter, deleted }: TagRemovalWorld): void {
  reporter.info(`${what} ${describeRecord(record)}`);
  deleted(record);
}

/** One line, such as `ghcr.io/owner/app@sha256:… (pr-5)`. */
export function describeRecord({ name, digest, tags, why }: CleanupRecord): string {
  const what = digest === undefined ? name : `${name}@${digest}`;
  return `${what}${tags.length === 0 ? '' : ` (${tags.join(', ')})`}${why === undefined ? '' : `, ${why}`}`;
}
