// The promise of a cleanup, for any history: nothing but what this pull request brought.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ManifestGraph, ManifestNode } from '../../../src/usecases/cleanup/graph.ts';
import type { ImageStore } from '../../../src/usecases/cleanup/store.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { linksOf } from '../../support/registry-store.ts';
import { histories, markOf, World } from './history.ts';
import type { History } from './history.ts';
import { clean } from './scene.ts';

/** Changes what the planner is told, which is as good as a planner that takes no notice of it. */
type Mutation = (node: ManifestNode, mark: string, opened: number) => ManifestNode;

async function check(history: History, mutation?: Mutation): Promise<void> {
  const { closed, events } = history;
  const world = new World(history);
  for (const event of events) await world.play(event);
  const { registry } = world;
  const before = new Map([...registry.manifests].map(([digest, { bytes }]) => [digest, linksOf(bytes)]));
  const tags = new Map(registry.tags);
  const own = [...tags.keys()].filter((tag) => tag === `pr-${closed}` || tag.startsWith(`pr-${closed}-`));
  const mark = markOf(closed);
  const opened = world.opened.get(closed);
  const store = registry.open();
  await clean(
    mutation === undefined ? store : mutated(store, (node) => mutation(node, mark, opened ?? 0)),
    own,
    {
      previews: new Map([[mark, opened]]),
    },
  );

  // What somebody else does with it can be a reason to leave it, and so can an earlier index of its own.
  const pushes = events.filter((event) => 'number' in event && event.number === closed);
  const isAlone =
    pushes.length === 1 && events.every(({ kind }) => ['main', 'preview', 'fork', 'sign'].includes(kind));
  const roots = own.map((tag) => tags.get(tag));
  for (const [digest, { subject }] of before) {
    const pushers = [...(world.pushers.get(digest) ?? [])];
    const isOwn = pushers.length === 1 && pushers[0] === String(closed);
    const isLeft = registry.manifests.has(digest);
    if (!isOwn) assert.ok(isLeft, `${digest} of ${pushers.join(' and ')} is gone`);
    // The signatures of an image go with it; of cosign's older ones, a second leaves nothing that leads to the first.
    else if (isAlone && (roots.includes(digest) || subject !== undefined))
      assert.ok(!isLeft, `${digest} is left`);
  }
  for (const [tag, digest] of tags) {
    if (own.includes(tag)) assert.ok(!registry.tags.has(tag), `${tag} is left`);
    else if (!tag.startsWith('sha256-')) assert.equal(registry.tags.get(tag), digest, `${tag} has moved`);
  }
  for (const [tag, digest] of registry.tags)
    assert.deepEqual(registry.missingBelow(digest), [], `${tag} is broken`);
  for (const digest of registry.manifests.keys()) assert.ok(before.has(digest), `${digest} was left behind`);
}

function mutated(store: ImageStore, change: (node: ManifestNode) => ManifestNode): ImageStore {
  return {
    name: store.name,
    async read(tags): Promise<ManifestGraph> {
      const graph = await store.read(tags, () => true);
      return new Map([...graph].map(([digest, node]): [Digest, ManifestNode] => [digest, change(node)]));
    },
    remove: (node) => store.remove(node),
    untag: (tag, node) => store.untag(tag, node),
  };
}

const isPreview = (tag: string) => tag.startsWith('pr-') || tag.startsWith('sha256-');
const withoutDates = (node: ManifestNode): ManifestNode => ({ ...node, pushed: Infinity });

const mutations: readonly (readonly [name: string, mutation: Mutation])[] = [
  ['takes everything for its own that its tags lead to', (node, mark) => withoutDates({ ...node, mark })],
  [
    'takes everything for its own that is not older',
    (node, mark, opened) => ((node.pushed ?? opened) >= opened ? withoutDates({ ...node, mark }) : node),
  ],
  [
    'takes the preview of any pull request for its own',
    (node, mark) => (node.mark === undefined ? node : withoutDates({ ...node, mark })),
  ],
  ['sees only the tags of previews', (node) => ({ ...node, tags: node.tags.filter(isPreview) })],
  ['sees nothing in indexes', (node) => ({ ...node, children: [] })],
];

describe('a cleanup after any history', () => {
  it('takes away nothing but what the pull request has brought', async () => {
    await fc.assert(
      fc.asyncProperty(histories, (history) => check(history)),
      { numRuns: 600 },
    );
  });

  it('leaves an index without a tag in which somebody has listed a signature of the pull request', async () => {
    const signed = [
      { kind: 'preview', number: 6, source: 0, legs: false },
      { kind: 'sign', pick: 0, isOld: false },
    ] as const;
    for (const kind of ['package', 'registry', 'registry with referrers'] as const) {
      // Whatever the pick falls on: with one signature and its list there are few manifests.
      for (let pick = 0; pick < 8; pick += 1) {
        const listed = { kind: 'plain', number: 5, source: 0, picks: [pick] } as const;
        const moved = { kind: 'preview', number: 5, source: 0, legs: false } as const;
        await check({ kind, events: [...signed, listed, moved], closed: 6, skew: 0 });
      }
    }
  });

  for (const [name, mutation] of mutations) {
    it(`would be seen to do so if it ${name}`, async () => {
      await assert.rejects(
        fc.assert(
          fc.asyncProperty(histories, (history) => check(history, mutation)),
          { numRuns: 2000, seed: 15, endOnFailure: true },
        ),
        /Property failed/,
      );
    });
  }
});
