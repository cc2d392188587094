// Graphs of manifests by short names, and random ones.

import fc from 'fast-check';
import type { Previews } from '../../../src/usecases/cleanup/brought.ts';
import type { ManifestGraph, ManifestNode } from '../../../src/usecases/cleanup/graph.ts';
import type { CleanupPlan } from '../../../src/usecases/cleanup/cleanup-plan.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';

export interface NodeText {
  readonly tags?: readonly string[];
  readonly children?: readonly string[];
  readonly subject?: string;
  /** The pull request whose preview it is; `mine`, which is cleaned up, by default. */
  readonly mark?: string;
  readonly isArtifact?: boolean;
  readonly isTypedList?: boolean;
  readonly pushed?: number;
}

/** The pull request that is closed, and when it was opened. */
export const mine = 'https://github.com/owner/app/pull/5';
export const opened = 100;
export const previews: Previews = new Map([[mine, opened]]);
/** Of nobody, of another one, and with more weight of this one. */
const marks = ['', 'https://github.com/owner/app/pull/6', mine, mine, mine, mine];

/** The digest of a node's short name. */
export function named(name: string): Digest {
  return digestOf(Buffer.from(name));
}

/** `{name}` in a tag becomes the hexadecimal part of that node's digest. */
export function graphOf(nodes: Readonly<Record<string, NodeText>>): ManifestGraph {
  const list = Object.entries(nodes).map(([name, node]): ManifestNode => {
    const { tags = [], children = [], subject, mark = mine, ...more } = node;
    return {
      ...more,
      digest: named(name),
      ...(mark === '' ? {} : { mark }),
      tags: tags.map(tagOf),
      children: children.map(named),
      ...(subject === undefined ? {} : { subject: named(subject) }),
    };
  });
  return new Map(list.map((node) => [node.digest, node]));
}

export function tagOf(text: string): string {
  return text.replace(/\{(\w+)\}/, (_, name: string) => named(name).slice('sha256:'.length));
}

/** One step of a plan, done. */
export type Step = (graph: ManifestGraph) => ManifestGraph;

export function stepsOf(plan: CleanupPlan): Step[] {
  return [
    ...plan.untag.map(({ tag, digest }): Step => {
      return (graph) =>
        mapNodes(graph, (node) =>
          node.digest === digest ? { ...node, tags: node.tags.filter((other) => other !== tag) } : node,
        );
    }),
    ...plan.delete.map(({ digest }): Step => {
      return (graph) => mapNodes(graph, (node) => (node.digest === digest ? undefined : node));
    }),
  ];
}

function mapNodes(
  graph: ManifestGraph,
  change: (node: ManifestNode) => ManifestNode | undefined,
): ManifestGraph {
  const nodes = [...graph.values()].flatMap((node) => change(node) ?? []);
  return new Map(nodes.map((node) => [node.digest, node]));
}

export interface Scene {
  readonly graph: ManifestGraph;
  /** The closed pull request's. */
  readonly tags: ReadonlySet<string>;
}

/** Tags that somebody gave by hand or a workflow. */
const tagPool = ['latest', 'v1', 'main', 'pr-1', 'pr-1-arm64', 'pr-2', 'pr-3'];

/**
 * Indexes list what was there before them, and subjects were there before their referrers, as digests force it; some
 * point at what isn't there. Tags attach anything to anything, in circles too.
 */
export const scenes: fc.Arbitrary<Scene> = fc
  .array(
    fc.record({
      children: fc.array(fc.nat(), { maxLength: 3 }),
      subject: fc.option(fc.nat(), { freq: 2 }),
      attachTo: fc.option(fc.record({ owner: fc.nat(), suffix: fc.constantFrom('', '.sig', '.att') }), {
        freq: 2,
      }),
      isGone: fc.boolean(),
      mark: fc.constantFrom(...marks),
      isArtifact: fc.boolean(),
      isTypedList: fc.constantFrom(true, true, false),
      pushed: fc.constantFrom(undefined, undefined, opened - 1, opened, opened + 1),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .chain((drafts) =>
    fc.record({
      drafts: fc.constant(drafts),
      owners: fc.array(fc.nat({ max: drafts.length - 1 }), {
        minLength: tagPool.length,
        maxLength: tagPool.length,
      }),
      used: fc.subarray(tagPool),
      closed: fc.subarray(['pr-1', 'pr-1-arm64', 'pr-2'], { minLength: 1 }),
    }),
  )
  .map(({ drafts, owners, used, closed }) => {
    const name = (at: number) => `n${at}`;
    const attached = new Map<string, number>();
    drafts.forEach(({ attachTo }, at) => {
      if (attachTo === null) return;
      const owner = attachTo.owner % drafts.length;
      attached.set(`sha256-{${name(owner)}}${attachTo.suffix}`, at);
    });
    const nodes = drafts.map(
      ({ children, subject, isGone, mark, isArtifact, isTypedList, pushed }, at): [string, NodeText] => [
        name(at),
        {
          mark,
          isArtifact,
          isTypedList,
          ...(pushed === undefined ? {} : { pushed }),
          tags: [
            ...used.filter((tag) => owners[tagPool.indexOf(tag)] === at),
            ...[...attached].flatMap(([tag, holder]) => (holder === at ? [tag] : [])),
          ],
          children: at === 0 ? [] : [...new Set(children.map((child) => name(child % at)))],
          ...(subject === null || at === 0 ? {} : { subject: isGone ? 'gone' : name(subject % at) }),
        },
      ],
    );
    return { graph: graphOf(Object.fromEntries(nodes)), tags: new Set(closed) };
  });
