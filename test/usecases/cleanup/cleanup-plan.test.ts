// What is deleted, what is untagged, what stays: by examples, and for any graph.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { subjectOfTag } from '../../../src/usecases/cleanup/graph.ts';
import type { ManifestGraph, ManifestNode } from '../../../src/usecases/cleanup/graph.ts';
import { planCleanup } from '../../../src/usecases/cleanup/cleanup-plan.ts';
import type { CleanupPlan } from '../../../src/usecases/cleanup/cleanup-plan.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { graphOf, mine, named, opened, previews, scenes, stepsOf, tagOf } from './arbitrary-graph.ts';
import type { NodeText } from './arbitrary-graph.ts';

interface Row {
  readonly name: string;
  readonly nodes: Readonly<Record<string, NodeText>>;
  /** `pr-5` by default. */
  readonly tags?: readonly string[];
  /** In their order. */
  readonly deleted: readonly string[];
  readonly untagged?: readonly string[];
  /** Each with a part of the reason. */
  readonly kept?: Readonly<Record<string, string>>;
}

const rows: readonly Row[] = [
  {
    name: 'an image of its own',
    nodes: { a: { tags: ['pr-5'] }, b: { tags: ['latest'] } },
    deleted: ['a'],
  },
  {
    name: 'nothing for a tag that is not there',
    nodes: { a: { tags: ['latest'] }, b: {} },
    deleted: [],
  },
  {
    name: 'the tag alone where another tag has the same digest',
    nodes: { a: { tags: ['pr-5', 'pr-6'] } },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'tag "pr-6"' },
  },
  {
    name: 'an index before its manifests',
    nodes: { a: {}, b: {}, index: { tags: ['pr-5'], children: ['a', 'b'] } },
    deleted: ['index', 'a', 'b'],
  },
  {
    name: 'all but the manifest that another index lists',
    nodes: {
      a: {},
      b: {},
      index: { tags: ['pr-5'], children: ['a', 'b'] },
      other: { tags: ['latest'], children: ['b'] },
    },
    deleted: ['index', 'a'],
    kept: { b: 'tag "latest"' },
  },
  {
    name: 'all but what an index without a tag lists',
    nodes: { a: {}, index: { tags: ['pr-5'], children: ['a'] }, other: { children: ['a'] } },
    deleted: ['index'],
    kept: { a: 'which has no tag' },
  },
  {
    name: 'no untagged manifest that nothing connects',
    nodes: { a: { tags: ['pr-5'] }, b: {} },
    deleted: ['a'],
  },
  {
    name: 'indexes of indexes from the top',
    nodes: { a: {}, inner: { children: ['a'] }, outer: { tags: ['pr-5'], children: ['inner'] } },
    deleted: ['outer', 'inner', 'a'],
  },
  {
    name: 'an image with its referrers, after it',
    nodes: {
      a: { tags: ['pr-5'] },
      sbom: { mark: '', subject: 'a' },
      signature: { mark: '', subject: 'sbom' },
    },
    deleted: ['a', 'sbom', 'signature'],
  },
  {
    name: 'the list of referrers before what it lists',
    nodes: {
      a: { tags: ['pr-5'] },
      sbom: { mark: '', subject: 'a' },
      list: { mark: '', tags: ['sha256-{a}'], children: ['sbom'] },
    },
    deleted: ['a', 'list', 'sbom'],
  },
  {
    name: 'the lists that were there before a referrer was added',
    nodes: {
      a: { tags: ['pr-5'] },
      sbom: { mark: '', subject: 'a' },
      proof: { mark: '', subject: 'a' },
      old: { mark: '', children: ['sbom'], isTypedList: true },
      list: { mark: '', tags: ['sha256-{a}'], children: ['sbom', 'proof'] },
    },
    deleted: ['a', 'old', 'list', 'sbom', 'proof'],
  },
  {
    name: 'no index without a tag that lists its referrers and is in no form of a list of them',
    nodes: {
      a: { tags: ['pr-5'] },
      sbom: { mark: '', subject: 'a' },
      index: { mark: '', children: ['sbom'] },
    },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'which has no tag', sbom: 'which has no tag' },
  },
  {
    name: 'no list without a tag of what describes several manifests, which no client writes',
    nodes: {
      a: { tags: ['pr-5'] },
      sbom: { mark: '', subject: 'a' },
      signature: { mark: '', subject: 'sbom' },
      index: { mark: '', children: ['sbom', 'signature'], isTypedList: true },
    },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'which has no tag', sbom: 'which has no tag', signature: 'which has no tag' },
  },
  {
    name: 'no old list of an image that stays',
    nodes: {
      a: { tags: ['pr-5', 'latest'] },
      sbom: { mark: '', subject: 'a' },
      old: { mark: '', children: ['sbom'], isTypedList: true },
    },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'tag "latest"', sbom: 'tag "latest"', old: 'tag "latest"' },
  },
  {
    name: 'the signatures of cosign with their image',
    nodes: {
      a: { tags: ['pr-5'] },
      signature: { mark: '', isArtifact: true, tags: ['sha256-{a}.sig'] },
      proof: { mark: '', isArtifact: true, tags: ['sha256-{a}.att'] },
    },
    deleted: ['a', 'signature', 'proof'],
  },
  {
    name: 'no signature of an image that stays',
    nodes: {
      a: { tags: ['pr-5', 'v1.2.3'] },
      signature: { mark: '', isArtifact: true, tags: ['sha256-{a}.sig'] },
    },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'tag "v1.2.3"', signature: 'tag "v1.2.3"' },
  },
  {
    name: 'the tag of a signature that somebody tagged too',
    nodes: {
      a: { tags: ['pr-5'] },
      signature: { mark: '', isArtifact: true, tags: ['sha256-{a}.sig', 'mine'] },
    },
    deleted: ['a'],
    untagged: ['sha256-{a}.sig'],
    kept: { signature: 'tag "mine"' },
  },
  {
    name: 'no subject of a referrer with a tag of its own',
    nodes: { a: { tags: ['pr-5'] }, sbom: { subject: 'a', tags: ['sbom-of-pr-5'] } },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'tag "sbom-of-pr-5"', sbom: 'tag "sbom-of-pr-5"' },
  },
  {
    name: 'no tag that is attached to what is not there',
    nodes: { a: { tags: ['pr-5'] }, list: { tags: ['sha256-{gone}'], children: ['a'] } },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'tag "sha256-' },
  },
  {
    name: 'several tags at once, and what they share',
    tags: ['pr-5', 'pr-5-arm64'],
    nodes: {
      a: { tags: ['pr-5-arm64'] },
      b: {},
      index: { tags: ['pr-5'], children: ['a', 'b'] },
    },
    deleted: ['index', 'a', 'b'],
  },
  {
    name: 'the tag of an image that an index with another tag lists',
    nodes: { a: { tags: ['pr-5'] }, index: { tags: ['latest'], children: ['a'] } },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'tag "latest"' },
  },
  {
    name: 'the tag alone from an older build of main that the pull request reproduces',
    nodes: { a: { mark: '', tags: ['pr-5'] }, b: { mark: '', tags: ['main'] } },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'nothing shows' },
  },
  {
    name: 'an index that lists an older build of main, and not that',
    nodes: { a: { mark: '' }, b: {}, index: { tags: ['pr-5'], children: ['a', 'b'] } },
    deleted: ['index', 'b'],
    kept: { a: 'nothing shows' },
  },
  {
    name: 'nothing that a kept index without a mark lists',
    nodes: { a: {}, index: { mark: '', tags: ['pr-5'], children: ['a'] } },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'nothing shows', index: 'nothing shows' },
  },
  {
    name: 'the tag alone from the preview of another pull request',
    nodes: { a: { mark: 'https://github.com/owner/app/pull/6', tags: ['pr-5'] } },
    deleted: [],
    untagged: ['pr-5'],
    kept: { a: 'nothing shows' },
  },
  {
    name: 'the tag alone from what is older than the pull request, whatever its mark says',
    nodes: { a: { pushed: opened - 1, tags: ['pr-5'] }, b: { pushed: opened, tags: ['pr-5-arm64'] } },
    tags: ['pr-5', 'pr-5-arm64'],
    deleted: ['b'],
    untagged: ['pr-5'],
    kept: { a: 'older than the pull request' },
  },
  {
    name: 'what the pull request attached to the image of somebody else, with the list of it',
    nodes: {
      main: { mark: '', tags: ['main'] },
      sbom: { subject: 'main' },
      index: { tags: ['pr-5'], children: ['sbom'] },
      list: { mark: '', tags: ['sha256-{main}'], children: ['sbom'] },
    },
    deleted: ['index', 'list', 'sbom'],
  },
  {
    name: 'nothing that a list names that lists more than the pull request brought',
    nodes: {
      main: { mark: '', tags: ['main'] },
      proof: { mark: '', subject: 'main' },
      sbom: { subject: 'main' },
      index: { tags: ['pr-5'], children: ['sbom'] },
      list: { mark: '', tags: ['sha256-{main}'], children: ['sbom', 'proof'] },
    },
    deleted: ['index'],
    kept: { sbom: 'tag "main"' },
  },
  {
    name: 'the tag alone from an image that is named after one of the pull request',
    nodes: { a: { tags: ['pr-5'] }, b: { mark: '', tags: ['sha256-{a}.sig'] } },
    deleted: ['a'],
    untagged: ['sha256-{a}.sig'],
    kept: { b: 'nothing shows' },
  },
];

describe('the plan of a cleanup', () => {
  for (const { name, nodes, tags = ['pr-5'], deleted, untagged = [], kept = {} } of rows) {
    it(`deletes ${name}`, () => {
      const plan = planCleanup(graphOf(nodes), { tags: new Set(tags), previews });
      const nameOf = (digest: Digest) => Object.keys(nodes).find((node) => named(node) === digest);
      assert.deepEqual(
        plan.delete.map(({ digest }) => nameOf(digest)),
        deleted,
      );
      assert.deepEqual(
        plan.untag.map(({ tag }) => tag),
        untagged.map(tagOf),
      );
      assert.deepEqual(plan.keep.map(({ digest }) => nameOf(digest)).sort(), Object.keys(kept).sort());
      for (const { digest, why } of plan.keep) {
        const part = kept[nameOf(digest) ?? ''] ?? '?';
        assert.ok(why.includes(part), `${why} does not hold ${part}`);
      }
    });
  }

  it('keeps what a manifest needs that could not be deleted', () => {
    const graph = graphOf({
      a: {},
      b: { tags: ['pr-5-b'] },
      sbom: { subject: 'index' },
      index: { tags: ['pr-5'], children: ['a'] },
    });
    const tags = new Set(['pr-5', 'pr-5-b']);
    const earlier = planCleanup(graph, { tags, previews });
    const pinned = new Map([[named('index'), 'GitHub refused']]);
    const plan = planCleanup(graph, { tags, previews, earlier, pinned });
    assert.deepEqual(
      plan.delete.map(({ digest }) => digest),
      [named('b')],
    );
    assert.deepEqual(
      plan.keep.map(({ digest, why }) => [digest, why]),
      ['a', 'sbom', 'index'].map((name) => [named(name), 'GitHub refused']),
    );
    assert.deepEqual(plan.untag, []);
  });

  it('leaves alone what got the tag meanwhile, with what it lists', () => {
    const before = graphOf({ a: {}, index: { tags: ['pr-5'], children: ['a'] } });
    const tags = new Set(['pr-5']);
    const earlier = planCleanup(before, { tags, previews });
    const after = graphOf({ a: {}, index: { children: ['a'] }, fresh: { tags: ['pr-5'], children: ['a'] } });
    const plan = planCleanup(after, { tags, previews, earlier });
    assert.deepEqual(plan.untag, []);
    assert.deepEqual(
      plan.delete.map(({ digest }) => digest),
      [named('index')],
    );
  });
});

function isListOf(
  { tags, subject, mark, children, isTypedList }: ManifestNode,
  graph: ManifestGraph,
  among: ReadonlySet<Digest>,
): boolean {
  if (subject !== undefined || mark !== undefined || tags.some((tag) => subjectOfTag(tag) === undefined))
    return false;
  const listed = children.flatMap((child) => graph.get(child) ?? []);
  const isOfOne = listed.every((child) => child.subject === listed[0]?.subject);
  if (tags.length === 0 && (isTypedList !== true || !isOfOne)) return false;
  return listed.length > 0 && listed.every((child) => child.subject !== undefined && among.has(child.digest));
}

/**
 * What the pull request has brought, found the slow way: what bears its mark and isn't too old, and what can't
 * be there without that.
 */
function broughtOf(graph: ManifestGraph): Set<Digest> {
  const brought = new Set<Digest>();
  const isBrought = (node: ManifestNode): boolean => {
    const { mark, tags, subject, isArtifact } = node;
    const owners = tags.map((tag) => subjectOfTag(tag));
    const isSignature =
      isArtifact === true && owners.length > 0 && owners.every((owner) => owner && brought.has(owner));
    const isList = isListOf(node, graph, brought);
    if (mark !== undefined) return mark === mine;
    return (subject !== undefined && brought.has(subject)) || isSignature || isList;
  };
  for (let size = -1; size !== brought.size;) {
    size = brought.size;
    for (const node of graph.values()) {
      const { digest, pushed = Infinity } = node;
      if (pushed >= opened && isBrought(node)) brought.add(digest);
    }
  }
  return brought;
}

/**
 * Everything that one manifest needs, itself included, found the slow way: until nothing is added any more. Nobody
 * needs what a pull request has attached to the image of somebody else.
 */
function reachOf(
  graph: ManifestGraph,
  start: Digest,
  closed: ReadonlySet<string>,
  brought: ReadonlySet<Digest>,
): Set<Digest> {
  const reached = new Set([start]);
  const isNext = (candidate: ManifestNode) => {
    const { digest, tags, subject } = candidate;
    const isOwn = (owner: Digest) => brought.has(owner) || !brought.has(digest);
    const attached = tags.flatMap((tag) => (closed.has(tag) ? [] : (subjectOfTag(tag) ?? [])));
    const isList = isListOf(candidate, graph, brought);
    return (
      (subject !== undefined && reached.has(subject) && isOwn(subject)) ||
      attached.some((owner) => reached.has(owner) && (isOwn(owner) || !isList)) ||
      [...reached].some((other) => {
        const node = graph.get(other);
        return node?.subject === digest || node?.children.includes(digest) === true;
      })
    );
  };
  for (let size = 0; size !== reached.size;) {
    size = reached.size;
    for (const node of graph.values()) {
      const isReached = reached.has(node.digest);
      if (!isReached && isNext(node)) reached.add(node.digest);
    }
  }
  return reached;
}

/** The tags that mean their manifest itself, less those that are to go. */
function ownTags(graph: ManifestGraph, closed: ReadonlySet<string>): [string, Digest][] {
  return [...graph.values()].flatMap(({ digest, tags }) =>
    tags
      .filter((tag) => !closed.has(tag) && !graph.has(subjectOfTag(tag) ?? 'sha256:'))
      .map((tag): [string, Digest] => [tag, digest]),
  );
}

function isWhole(graph: ManifestGraph, first: ManifestGraph, digest: Digest): boolean {
  const children = graph.get(digest)?.children;
  return children?.every((child) => !first.has(child) || isWhole(graph, first, child)) ?? false;
}

function run(graph: ManifestGraph, plan: CleanupPlan): ManifestGraph {
  return stepsOf(plan).reduce((state, step) => step(state), graph);
}

const options = { numRuns: 2000 };

describe('the plan for any graph', () => {
  it('removes nothing that a tag reaches that stays, and no such tag', () => {
    fc.assert(
      fc.property(scenes, ({ graph, tags }) => {
        const plan = planCleanup(graph, { tags, previews });
        const after = run(graph, plan);
        const brought = broughtOf(graph);
        for (const [tag, digest] of ownTags(graph, tags)) {
          assert.ok(after.get(digest)?.tags.includes(tag), `${tag} is gone`);
          for (const needed of reachOf(graph, digest, tags, brought))
            assert.ok(after.has(needed), `${tag} needs ${needed}`);
        }
      }),
      options,
    );
  });

  it('removes nothing that other manifests list or belong to', () => {
    fc.assert(
      fc.property(scenes, ({ graph, tags }) => {
        const after = run(graph, planCleanup(graph, { tags, previews }));
        for (const { digest, children, subject } of after.values()) {
          for (const other of [...children, ...(subject === undefined ? [] : [subject])])
            assert.equal(after.has(other), graph.has(other), `${digest} needs ${other}`);
        }
      }),
      options,
    );
  });

  it('leaves no tag of the pull request, and nothing that belongs to it alone', () => {
    fc.assert(
      fc.property(scenes, ({ graph, tags }) => {
        const plan = planCleanup(graph, { tags, previews });
        const after = run(graph, plan);
        for (const node of after.values())
          assert.ok(!node.tags.some((tag) => tags.has(tag)), 'a tag is left');
        const brought = broughtOf(graph);
        const roots = [
          ...ownTags(graph, tags).map(([, digest]) => digest),
          ...[...graph.keys()].filter((digest) => !brought.has(digest) || !plan.candidates.has(digest)),
        ];
        const needed = new Set<Digest>();
        // A list of referrers stays with the referrers.
        const isReferrer = (digest: Digest) =>
          !graph.has(digest) || (plan.candidates.has(digest) && graph.get(digest)?.subject !== undefined);
        const isList = ({ tags: own, subject, mark, children }: ManifestNode) =>
          mark === undefined &&
          own.every((tag) => subjectOfTag(tag) !== undefined) &&
          subject === undefined &&
          children.every(isReferrer) &&
          children.some((child) => needed.has(child));
        while (roots.length > 0) {
          for (const root of roots.splice(0))
            for (const digest of reachOf(graph, root, tags, brought)) needed.add(digest);
          const lists = [...graph.values()].filter((node) => isList(node) && !needed.has(node.digest));
          roots.push(...lists.map(({ digest }) => digest));
        }
        for (const digest of plan.candidates) {
          if (after.has(digest)) assert.ok(needed.has(digest), `${digest} is left`);
        }
      }),
      options,
    );
  });

  it('deletes nothing but what the pull request has brought', () => {
    fc.assert(
      fc.property(scenes, ({ graph, tags }) => {
        const plan = planCleanup(graph, { tags, previews });
        const brought = broughtOf(graph);
        assert.deepEqual(plan.brought, brought);
        for (const { digest } of plan.delete) assert.ok(brought.has(digest), `${digest} is not its own`);
      }),
      options,
    );
  });

  it('touches nothing that the tags of the pull request do not lead to', () => {
    fc.assert(
      fc.property(scenes, ({ graph, tags }) => {
        const { candidates, delete: deleted } = planCleanup(graph, { tags, previews });
        const none = planCleanup(graph, { tags: new Set(['pr-99']), previews });
        assert.deepEqual([none.candidates.size, none.delete.length, none.untag.length], [0, 0, 0]);
        for (const { digest } of deleted) assert.ok(candidates.has(digest));
      }),
      options,
    );
  });

  it('can be broken off anywhere: every tag still leads to what is whole, and the rest can follow', () => {
    fc.assert(
      fc.property(scenes, ({ graph, tags }) => {
        const plan = planCleanup(graph, { tags, previews });
        const goal = run(graph, plan);
        let state = graph;
        for (const step of stepsOf(plan)) {
          state = step(state);
          for (const node of state.values()) {
            if (node.tags.length > 0) assert.ok(isWhole(state, graph, node.digest), 'a tag leads to a ruin');
          }
          // The same run goes on from what it finds.
          assert.deepEqual(run(state, planCleanup(state, { tags, previews, earlier: plan })), goal);
          // Another run finds less of it, and is as careful.
          const another = planCleanup(state, { tags, previews });
          const later = run(state, another);
          const brought = broughtOf(graph);
          for (const [, digest] of ownTags(graph, tags)) {
            for (const needed of reachOf(graph, digest, tags, brought)) assert.ok(later.has(needed));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps what lists a referrer that stays, also when its tag has gone already', () => {
    const graph = graphOf({
      old: { pushed: opened - 1, tags: ['pr-5'] },
      image: { subject: 'old' },
      kept: { mark: '', pushed: opened - 1, subject: 'old' },
      list: { mark: '', isArtifact: true, tags: ['sha256-{image}'], children: ['kept'] },
    });
    const tags = new Set(['pr-5']);
    const plan = planCleanup(graph, { tags, previews });
    assert.deepEqual([...plan.untag.map(({ tag }) => tag)], ['pr-5', tagOf('sha256-{image}')]);
    const [, untagged = new Map()] = stepsOf(plan).reduce<ManifestGraph[]>(
      (states, step) => [...states, step(states.at(-1) ?? graph)],
      [],
    );
    const again = planCleanup(untagged, { tags, previews, earlier: plan });
    assert.deepEqual(
      again.delete.map(({ digest }) => digest),
      [named('image')],
    );
  });

  it('has nothing left to do when it is done', () => {
    fc.assert(
      fc.property(scenes, ({ graph, tags }) => {
        const after = run(graph, planCleanup(graph, { tags, previews }));
        const again = planCleanup(after, { tags, previews });
        assert.deepEqual([again.delete, again.untag], [[], []]);
      }),
      options,
    );
  });
});
