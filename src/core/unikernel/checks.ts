// What urunc v0.8 would refuse or never read, found before the image is built. All of it is warnings.

import { quote } from '../text.ts';
import type { Problem } from '../errors.ts';
import { annotations, readUruncKey, uruncKeys, uruncNames, uruncPrefix } from './urunc-annotations.ts';
import type { UruncName } from './urunc-annotations.ts';
import { labelProblem, lastPairs } from './labels.ts';
import type { Finding, LabelInput } from './labels.ts';
import { findHypervisors, findNewerUrunc, findTypes, hypervisors } from './monitors.ts';
import { rootfsPath } from './label-paths.ts';
import { findSimilar } from './similar.ts';
import { checkLength, checkValue, decodeMistaken, isTrue } from './values.ts';

type Pairs = ReadonlyMap<string, LabelInput>;

/** Looks at each label that counts, and at how they fit together. Takes the same pairs as `completeLabels`. */
export function checkLabels(pairs: readonly LabelInput[]): readonly Problem[] {
  const given = lastPairs(pairs);
  return [
    ...[...given.values()].flatMap((pair) => checkPair(pair, given)),
    ...checkMonitor(given),
    ...checkBlock(given),
    ...checkAccelerator(given),
    ...checkRootfs(given),
  ];
}

/**
 * Looks for the files that labels name. Takes the same pairs as `completeLabels`.
 * @param provides true for a path of the rootfs, without a leading slash, that the image has
 */
export function checkPaths(
  pairs: readonly LabelInput[],
  provides: (path: string) => boolean,
): readonly Problem[] {
  const given = lastPairs(pairs);
  return (['initrd', 'block'] as const).flatMap((name) => {
    const pair = find(given, name);
    if (pair === undefined || provides(rootfsPath(pair.value))) return [];
    const message = `expected a file of the image in "${pair.key}", got ${quote(pair.value)}, which nothing provides`;
    const hint = `Add a COPY with the destination ${quote(pair.value)}, or correct the label.`;
    return [labelProblem(pair, { message, hint })];
  });
}

function checkPair(pair: LabelInput, given: Pairs): Problem[] {
  const name = readUruncKey(pair.key);
  return [
    ...checkLength(pair.key, pair.value, name),
    ...(name === undefined ? checkUnknown(pair.key) : checkKnown(name, pair.value, given)),
  ].map((finding) => labelProblem(pair, finding));
}

function checkKnown(name: UruncName, value: string, given: Pairs): Finding[] {
  const key = uruncKeys[name];
  const decoded = decodeMistaken(name, value);
  if (decoded !== undefined) {
    const message = `expected a plain value in "${key}", got ${quote(value)}, which is base64 for ${quote(decoded)}`;
    return [{ message, hint: `Write ${quote(decoded)}: bima encodes what has to be encoded.` }];
  }
  const { until, successor } = annotations[name];
  // Both together are right for an image that old and new releases run.
  if (until !== undefined && successor !== undefined && !given.has(uruncKeys[successor])) {
    const message = `expected "${uruncKeys[successor]}", got "${key}", which no urunc after v${until} reads`;
    return [{ message, hint: `Write "${uruncKeys[successor]}" instead.` }];
  }
  return checkValue(name, value);
}

function checkUnknown(key: string): Finding[] {
  const similar = findSimilar(key);
  // Labels that have nothing to do with urunc are nobody's mistake.
  if (similar === undefined && !key.startsWith(uruncPrefix)) return [];
  const message = `expected a label that urunc knows, got ${quote(key)}`;
  if (similar !== undefined) return [{ message, hint: `Write "${uruncKeys[similar]}" if that is meant.` }];
  const known = uruncNames.filter((name) => {
    const { until, isOperators } = annotations[name];
    return until === undefined && isOperators !== true;
  });
  return [{ message, hint: `After "${uruncPrefix}" write one of ${listOf(known)}.` }];
}

function checkMonitor(given: Pairs): Problem[] {
  const hypervisor = find(given, 'hypervisor');
  const type = find(given, 'unikernelType');
  if (hypervisor === undefined || type === undefined) return [];
  // Reported already, and the cause of the wrong pair.
  if (decodeMistaken('hypervisor', hypervisor.value) ?? decodeMistaken('unikernelType', type.value))
    return [];

  const types = findTypes(hypervisor.value);
  if (types.includes(type.value)) return [];
  const newer = findNewerUrunc(hypervisor.value, type.value);
  if (newer !== undefined) {
    const message = `expected a hypervisor and a unikernelType that urunc v0.8 runs together, got "${hypervisor.value}" and "${type.value}", which need an urunc ${newer}`;
    return [labelProblem(type, { message, hint: `Run the image with an urunc that is ${newer}.` })];
  }
  const able = findHypervisors(type.value);
  const near = [
    ...(able.length > 0 ? [`"${type.value}" on ${listOf(able)}`] : []),
    ...(types.length > 0 ? [`${listOf(types)} on "${hypervisor.value}"`] : []),
  ];
  const all = hypervisors.map((name) => `${listOf(findTypes(name))} on ${name}`);
  const message = `expected a hypervisor and a unikernelType that urunc v0.8 runs together, got ${quote(hypervisor.value)} and ${quote(type.value)}`;
  const hint = `urunc v0.8 runs ${near.length > 0 ? near.join(', and ') : all.join('; ')}.`;
  return [labelProblem(types.length > 0 && able.length === 0 ? type : hypervisor, { message, hint })];
}

function checkBlock(given: Pairs): Problem[] {
  const block = find(given, 'block');
  if (block === undefined || find(given, 'blkMntPoint') !== undefined) return [];
  const message = `expected "${uruncKeys.blkMntPoint}" beside "${block.key}", got none`;
  const hint = `Add LABEL ${uruncKeys.blkMntPoint}="/", with the place where the guest mounts the block device.`;
  return [labelProblem(block, { message, hint })];
}

/** Whoever runs the image says which accelerator it may reach: urunc v0.8 has it off unless its own settings allow it. */
function checkAccelerator(given: Pairs): Problem[] {
  return uruncNames.flatMap((name) => {
    const pair = find(given, name);
    if (pair === undefined || annotations[name].isOperators !== true) return [];
    const message = `expected "${pair.key}" from the operator of urunc, got it from the image`;
    const hint =
      'Remove the label: annotate the pod or the container with it, on nodes whose urunc allows vAccel.';
    return [labelProblem(pair, { message, hint })];
  });
}

/** Those whose monitor has no way to share the rootfs: urunc refuses to start them with it. */
const withoutRootfs: readonly string[] = ['mirage', 'mewz', 'hermit'];

function checkRootfs(given: Pairs): Problem[] {
  const mount = find(given, 'mountRootfs');
  const type = find(given, 'unikernelType')?.value ?? '';
  if (mount === undefined || !isTrue(mount.value) || !withoutRootfs.includes(type)) return [];
  const message = `expected no "${mount.key}" with the unikernelType "${type}", got ${quote(mount.value)}`;
  const hint = `Remove the label: ${type} can't use the container's rootfs, and urunc from v0.7 on doesn't start it so.`;
  return [labelProblem(mount, { message, hint })];
}

/** A label that is there and says something: to urunc an empty value is none. */
function find(given: Pairs, name: UruncName): LabelInput | undefined {
  const pair = given.get(uruncKeys[name]);
  return pair?.value === '' ? undefined : pair;
}

function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
