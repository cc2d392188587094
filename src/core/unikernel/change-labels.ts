// Labels of an image that is there, changed in each place that has them, with what follows from another label. Pure.

import type { Problem } from '../errors.ts';
import { checkLabels } from './checks.ts';
import { imageArguments, keptArguments, warnOfInherited } from './image-arguments.ts';
import type { InheritedArguments } from './image-arguments.ts';
import { labelsOfBase } from './inherited-labels.ts';
import { completeLabels, labelProblem } from './labels.ts';
import type { LabelInput } from './labels.ts';
import { uruncKeys, uruncNames } from './urunc-annotations.ts';
import { compareBytes, encodeAnnotations } from './urunc-json.ts';
import type { Labels } from './urunc-json.ts';

/** What to change; no key is in both. */
export interface LabelChange {
  readonly set: ReadonlyMap<string, string>;
  readonly removed: ReadonlySet<string>;
}

/** What an image says of itself, in the three places where urunc looks. */
export interface StatedLabels {
  /** Of the config. */
  readonly labels: Labels;
  /** Of the manifest, as they are. */
  readonly annotations: Labels;
  /** What `/urunc.json` holds, decoded; undefined where there is no such file. */
  readonly uruncJson: Labels | undefined;
  readonly arguments: InheritedArguments;
}

export interface ChangedLabels extends StatedLabels {
  readonly uruncJson: Labels;
  /** What the change makes wrong or doubtful: nothing that was so before. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * The version keeps the same value under both its names. Entrypoint and Cmd follow the cmdline label where they are
 * only its words, as bima makes them. Annotations stay in base64 where they are.
 */
export function changeLabels(before: StatedLabels, asked: LabelChange): ChangedLabels {
  const change = withVersions(asked);
  const labels = applyChange(before.labels, change);
  const encoded = encodingOf(before);
  const set = new Map(Object.entries(encodeAnnotations(Object.fromEntries(change.set), encoded)));
  const annotations = applyChange(before.annotations, { ...change, set });
  const uruncJson = applyChange(before.uruncJson ?? Object.fromEntries(pairsOf(before)), change);
  const own = [...change.set].map(toPair);
  const [pairsBefore, pairsAfter] = [before, { labels, annotations }].map((one) =>
    [...pairsOf(one)].map(toPair),
  );
  const kept = keptArguments(before.arguments, pairsBefore ?? [], own);
  const { entrypoint, cmd, words } = imageArguments({}, pairsAfter ?? [], kept);
  const missing = (pairs: readonly LabelInput[] = []) =>
    completeLabels(pairs, { words, strict: false }).errors.map(({ code, message }): Problem => {
      return { code, message, hint: 'Without it urunc does not run the image: give it a value.' };
    });
  return {
    labels,
    annotations,
    uruncJson,
    arguments: {
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(cmd === undefined ? {} : { cmd }),
    },
    errors: without(missing(pairsAfter), missing(pairsBefore)),
    warnings: [
      ...without(checkLabels(pairsAfter ?? []), checkLabels(pairsBefore ?? [])),
      ...warnOfInherited(kept, own),
      ...warnOfShortNames(own, before.labels),
    ],
  };
}

/** On a command line they are soon written so, and change nothing that urunc reads. */
function warnOfShortNames(own: readonly LabelInput[], before: Labels): Problem[] {
  return own.flatMap((pair) => {
    const name = uruncNames.find((known) => known === pair.key);
    if (name === undefined || pair.key in before) return [];
    const message = `expected a label that urunc knows, got "${pair.key}"`;
    return [labelProblem(pair, { message, hint: `Write "${uruncKeys[name]}" if that is meant.` })];
  });
}

/** True when nothing of it is another than before. */
export function isUnchanged(before: StatedLabels, after: ChangedLabels): boolean {
  const outline = ({ labels, annotations, uruncJson, arguments: given }: StatedLabels) =>
    JSON.stringify([
      ...[labels, annotations, uruncJson ?? {}].map((map) => sortedEntries(map)),
      [given.entrypoint ?? null, given.cmd ?? null],
    ]);
  return before.uruncJson !== undefined && outline(before) === outline(after);
}

function withVersions({ set, removed }: LabelChange): LabelChange {
  const names: readonly string[] = [uruncKeys.version, uruncKeys.unikernelVersion];
  const isOpen = names.filter((name) => !set.has(name) && !removed.has(name));
  const value = names.flatMap((name) => set.get(name) ?? [])[0];
  if (isOpen.length !== 1) return { set, removed };
  return value === undefined
    ? { set, removed: new Set([...removed, ...names]) }
    : { set: new Map([...set, ...names.map((name) => [name, value] as const)]), removed };
}

function applyChange(before: Labels, { set, removed }: LabelChange): Labels {
  const all = new Map([...Object.entries(before), ...set]);
  for (const key of removed) all.delete(key);
  return Object.fromEntries(sortedEntries(Object.fromEntries(all)));
}

function sortedEntries(labels: Labels): [key: string, value: string][] {
  return Object.entries(labels).sort(([a], [b]) => compareBytes(a, b));
}

/** As bima in Go did it, where an annotation is a label's value in base64. */
function encodingOf({ labels, annotations, uruncJson = {} }: StatedLabels): 'plain' | 'base64' {
  const plain = { ...uruncJson, ...labels };
  const encoded = encodeAnnotations(plain, 'base64');
  const names = [uruncKeys.binary, uruncKeys.hypervisor, uruncKeys.unikernelType];
  const isEncoded = names.some(
    (name) => annotations[name] !== undefined && annotations[name] === encoded[name],
  );
  return isEncoded ? 'base64' : 'plain';
}

/** Those that count, where `/urunc.json` is missing. */
function pairsOf({ labels, annotations }: Pick<StatedLabels, 'labels' | 'annotations'>) {
  return labelsOfBase(labels, annotations);
}

function toPair([key, value]: readonly [key: string, value: string]): LabelInput {
  return { key, value };
}

function without(problems: readonly Problem[], known: readonly Problem[]): readonly Problem[] {
  const texts = new Set(known.map((problem) => JSON.stringify(problem)));
  return problems.filter((problem) => !texts.has(JSON.stringify(problem)));
}
