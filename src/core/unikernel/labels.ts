// The final labels of an image: which of several pairs counts, what is derived, and what is missing.

import { quote } from '../text.ts';
import type { Position, Problem } from '../errors.ts';
import { uruncKeys, uruncPrefix } from './urunc-annotations.ts';
import type { UruncName } from './urunc-annotations.ts';
import { findHypervisors, findTypes } from './monitors.ts';
import { compareBytes } from './urunc-json.ts';
import type { Labels } from './urunc-json.ts';

/** A label as it was given: by LABEL with its place, or on the command line. */
export interface LabelInput {
  readonly key: string;
  readonly value: string;
  readonly position?: Position;
}

export interface CompleteOptions {
  /** ENTRYPOINT and CMD of the image as one list; undefined when the Containerfile has neither. */
  readonly words: readonly string[] | undefined;
  /** False: only what urunc itself can't do without is required. */
  readonly strict: boolean;
  /** Keys that may be absent, of those that only `strict` requires. */
  readonly optional?: readonly string[] | undefined;
  /** The place to blame for a label that is not there. */
  readonly position?: Position;
}

export interface CompleteLabels {
  /** In the order of the keys' bytes, except that JavaScript puts whole numbers first. */
  readonly labels: Labels;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const mandatory = ['unikernelType', 'hypervisor', 'binary'] as const satisfies UruncName[];
const expected = ['cmdline', 'version'] as const satisfies UruncName[];
type Required = (typeof mandatory)[number] | (typeof expected)[number];

/** The pairs that count, by key: of several with one key the last one. */
export function lastPairs(pairs: readonly LabelInput[]): ReadonlyMap<string, LabelInput> {
  const last = new Map<string, LabelInput>();
  for (const pair of pairs) {
    // Removed first, so that the order is that of the pairs that count.
    last.delete(pair.key);
    last.set(pair.key, pair);
  }
  return last;
}

/**
 * Makes the labels of the image from those that were given, in order: LABEL first, then the command line's.
 * The version is written under both its names, and cmdline is taken from ENTRYPOINT and CMD when no label has it.
 */
export function completeLabels(pairs: readonly LabelInput[], options: CompleteOptions): CompleteLabels {
  const given = lastPairs(pairs);
  const values = new Map([...given].map(([key, pair]) => [key, pair.value]));
  const version = given.get(uruncKeys.version);
  const unikernelVersion = given.get(uruncKeys.unikernelVersion);
  // urunc reads unikernelVersion only; documents and other tools know the short name.
  if (version === undefined && unikernelVersion !== undefined)
    values.set(uruncKeys.version, unikernelVersion.value);
  if (version !== undefined && unikernelVersion === undefined)
    values.set(uruncKeys.unikernelVersion, version.value);
  if (!values.has(uruncKeys.cmdline) && options.words !== undefined)
    values.set(uruncKeys.cmdline, options.words.join(' '));

  // urunc takes an empty value of these for none.
  const missing: Required[] = mandatory.filter((name) => !values.get(uruncKeys[name]));
  const { optional = [] } = options;
  const absent: Required[] = expected.filter((name) => {
    return !values.has(uruncKeys[name]) && !optional.includes(uruncKeys[name]);
  });
  const report = (names: readonly Required[]) =>
    names.length === 0 ? [] : [missingProblem(names, given, options)];

  return {
    // Not an object literal or an assignment, to which a label named __proto__ would be lost.
    labels: Object.fromEntries([...values].sort(([a], [b]) => compareBytes(a, b))),
    errors: [...namelessLabels(given), ...report(options.strict ? [...missing, ...absent] : missing)],
    warnings: [...(options.strict ? [] : report(absent)), ...compareVersions(version, unikernelVersion)],
  };
}

/** A problem with a label, without its place. */
export interface Finding {
  readonly message: string;
  readonly hint: string;
}

/** The finding as a problem at the label's place. */
export function labelProblem(pair: LabelInput, finding: Finding): Problem {
  const { message, hint } = finding;
  return { code: 'LABEL_INVALID', message, hint, ...(pair.position && { position: pair.position }) };
}

/** An error for a label without a name. @param given by key */
export function namelessLabels(given: ReadonlyMap<string, LabelInput>): readonly Problem[] {
  const pair = given.get('');
  if (pair === undefined) return [];
  const message = `expected a label with a name, got ${quote(`=${pair.value}`)}`;
  return [labelProblem(pair, { message, hint: 'Write the name of the label before the "=".' })];
}

function missingProblem(
  names: readonly Required[],
  given: ReadonlyMap<string, LabelInput>,
  options: CompleteOptions,
): Problem {
  const quoted = names.map((name) => {
    const key = uruncKeys[name];
    return given.has(key) ? `"${key}" (it is empty)` : `"${key}"`;
  });
  const empty = names.map((name) => given.get(uruncKeys[name])?.position);
  // The empty labels' own place, unless there is one to add besides.
  const position = empty.includes(undefined) ? options.position : empty[0];
  const pairs = names.map((name) => `${uruncKeys[name]}="${exampleValue(name, given)}"`);
  const isOther = ![...given.keys()].some((key) => key.startsWith(uruncPrefix));
  return {
    code: 'LABEL_MISSING',
    message: `missing ${names.length === 1 ? 'label' : 'labels'} ${quoted.join(', ')}`,
    hint: `Add LABEL ${pairs.join(' ')} to the Containerfile, with your own values.${
      isOther
        ? ' An ordinary container image needs --container (the input "container") in place of them.'
        : ''
    }`,
    ...(position === undefined ? {} : { position }),
  };
}

/** A value that could be right: one that fits what is given already, where there is a choice. */
function exampleValue(name: Required, given: ReadonlyMap<string, LabelInput>): string {
  switch (name) {
    case 'unikernelType':
      return findTypes(given.get(uruncKeys.hypervisor)?.value)[0] ?? 'unikraft';
    case 'hypervisor':
      return findHypervisors(given.get(uruncKeys.unikernelType)?.value)[0] ?? 'qemu';
    case 'binary':
      return '/unikernel/kernel';
    case 'cmdline':
      return '';
    case 'version':
      return '0.17.0';
  }
}

function compareVersions(
  version: LabelInput | undefined,
  unikernelVersion: LabelInput | undefined,
): Problem[] {
  if (version === undefined || unikernelVersion === undefined) return [];
  if (version.value === unikernelVersion.value) return [];
  const message = `expected "${version.key}" to be the same as "${unikernelVersion.key}", got ${quote(version.value)} and ${quote(unikernelVersion.value)}`;
  const hint = `Remove "${version.key}": urunc reads only the other one, and bima writes both.`;
  return [labelProblem(version, { message, hint })];
}
