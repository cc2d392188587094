// What urunc v0.8 would refuse or never read, found before the image is built. All of it is warnings.

import { quote } from '../containerfile/excerpt.ts';
import type { Problem } from '../errors.ts';
import { annotations, readUruncKey, uruncKeys, uruncNames, uruncPrefix } from './annotations.ts';
import type { UruncName } from './annotations.ts';
import { labelProblem, lastPairs } from './labels.ts';
import type { Finding, LabelInput } from './labels.ts';
import { findHypervisors, findTypes, hypervisors } from './monitors.ts';
import { rootfsPath } from './paths.ts';
import { findSimilar } from './similar.ts';
import { checkLength, checkValue, decodeMistaken } from './values.ts';

type Pairs = ReadonlyMap<string, LabelInput>;

/** Looks at each label that counts, and at how they fit together. Takes the same pairs as `completeLabels`. */
export function checkLabels(pairs: readonly LabelInput[]): readonly Problem[] {
  const given = lastPairs(pairs);
  return [
    ...[...given.values()].flatMap((pair) => checkPair(pair, given)),
    ...checkMonitor(given),
    ...checkBlock(given),
    ...checkAccelerator(given),
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
  const known = uruncNames.filter((name) => annotations[name].until === undefined);
  return [{ message, hint: `After "${uruncPrefix}" write one of ${listOf(known)}.` }];
}

function checkMonitor(given: Pairs): Problem[] {
  const hypervisor = find(given, 'hypervisor');
  const type = find(given, 'unikernelType');
  if (hypervisor === undefined || type === undefined) return [];
  // Said already, and the pair is wrong because of it.
  if (decodeMistaken('hypervisor', hypervisor.value) ?? decodeMistaken('unikernelType', type.value))
    return [];

  const types = findTypes(hypervisor.value);
  if (types.includes(type.value)) return [];
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

/** The address of a vAccel agent, by the hypervisors that can reach one; the last part is the port. */
const addresses: ReadonlyMap<string, { readonly pattern: RegExp; readonly example: string }> = new Map([
  ['qemu', { pattern: /^vsock:\/\/2:([1-9]\d{0,4})$/, example: 'vsock://2:8888' }],
  [
    'firecracker',
    {
      pattern: /^unix:\/\/(?:\/[\w-]+)+\/vaccel\.sock_([1-9]\d{0,4})$/,
      example: 'unix:///run/vaccel/vaccel.sock_8888',
    },
  ],
]);

function checkAccelerator(given: Pairs): Problem[] {
  const accelerator = find(given, 'vAccel');
  const address = find(given, 'RPCAddress');
  const one = accelerator ?? address;
  if (one === undefined) return [];
  if (accelerator === undefined || address === undefined) {
    const other = uruncKeys[accelerator === undefined ? 'vAccel' : 'RPCAddress'];
    const message = `expected "${other}" beside "${one.key}", got none`;
    return [labelProblem(one, { message, hint: `Add a LABEL ${other}, or remove "${one.key}".` })];
  }
  const hypervisor = find(given, 'hypervisor')?.value;
  if (hypervisor === undefined) return [];
  const form = addresses.get(hypervisor);
  if (form === undefined) {
    const message = `expected a hypervisor that supports vAccel (${listOf([...addresses.keys()])}), got ${quote(hypervisor)}`;
    const hint = `Remove "${accelerator.key}" and "${address.key}", or use such a hypervisor.`;
    return [labelProblem(accelerator, { message, hint })];
  }
  const port = Number(form.pattern.exec(address.value)?.[1] ?? 0);
  if (port > 0 && port <= 65535) return [];
  const message = `expected an address such as "${form.example}" in "${address.key}", got ${quote(address.value)}`;
  const hint = `Write it in the form that urunc v0.8 takes with ${hypervisor}.`;
  return [labelProblem(address, { message, hint })];
}

/** A label that is there and says something: to urunc an empty value is none. */
function find(given: Pairs, name: UruncName): LabelInput | undefined {
  const pair = given.get(uruncKeys[name]);
  return pair?.value === '' ? undefined : pair;
}

function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
