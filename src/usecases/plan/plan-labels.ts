// The labels and the arguments of the image, with what its base says of them.

import type { BaseImage } from './base-image.ts';
import type { Cmd, Entrypoint, Instruction, Shell } from '../../core/containerfile/instruction.ts';
import { collectProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import { readAll } from '../../core/oci/blob.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import {
  containerArguments,
  imageArguments,
  keptArguments,
  warnOfInherited,
} from '../../core/unikernel/image-arguments.ts';
import type { ImageArguments } from '../../core/unikernel/image-arguments.ts';
import { keptLabels } from '../../core/unikernel/inherited-labels.ts';
import { completeContainerLabels } from '../../core/unikernel/container-labels.ts';
import { completeLabels } from '../../core/unikernel/labels.ts';
import type { CompleteLabels, LabelInput } from '../../core/unikernel/labels.ts';
import { rootfsPath } from '../../core/unikernel/label-paths.ts';
import { parseUruncJson, uruncJsonPath } from '../../core/unikernel/urunc-json.ts';
import { resolve } from '../../core/files/rootfs.ts';

export interface LabelSources {
  /** The image's instructions, including those that it takes over from earlier stages. */
  readonly instructions: readonly Instruction[];
  /** Its labels, and those of the command line. */
  readonly own: readonly LabelInput[];
  readonly base: BaseImage | undefined;
  /** What counts only where nothing else does. */
  readonly filled?: readonly LabelInput[];
  /** Position of the FROM that names the base. */
  readonly basePosition: Position;
  readonly strict: boolean;
  /** True: the image is an ordinary container image. */
  readonly container?: boolean;
  /** Keys of labels that may be absent. */
  readonly optionalLabels?: readonly string[];
  /** The place to blame for a label that is not there. */
  readonly start: Position;
}

export interface PlannedLabels {
  /** The labels, including those of the base that still hold. */
  readonly pairs: readonly LabelInput[];
  readonly given: ImageArguments;
  readonly completed: CompleteLabels;
  /** Errors met while reading the base. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** The base's `/urunc.json` counts only where a label is missing otherwise: its layers are fetched for that. */
export async function planLabels(sources: LabelSources): Promise<PlannedLabels> {
  const { base } = sources;
  if (sources.container === true) return completeContainer(sources);
  const first = complete(sources, new Map());
  if (base === undefined || first.completed.errors.length === 0) return first;
  const errors: Problem[] = [];
  let inside: ReadonlyMap<string, string> = new Map();
  await collectProblems(errors, async () => {
    inside = await readUruncJson(base);
  });
  return { ...complete(sources, inside), errors };
}

function completeContainer({ instructions, own, base, basePosition }: LabelSources): PlannedLabels {
  const inherited = [...(base?.labels ?? [])].map(([key, value]) => ({ key, value, position: basePosition }));
  const pairs = [...inherited, ...own];
  const entrypoint = last<Entrypoint>(instructions, 'entrypoint');
  const cmd = last<Cmd>(instructions, 'cmd');
  const shellOf = (instruction: Instruction) => shellAt(instructions, instruction) ?? base?.values.shell;
  const given = containerArguments({ entrypoint, cmd, shellOf }, base?.values);
  return { pairs, given, completed: completeContainerLabels(pairs), errors: [], warnings: [] };
}

function complete(sources: LabelSources, inside: ReadonlyMap<string, string>): PlannedLabels {
  const { instructions, own, base, filled = [], basePosition, strict, start, optionalLabels } = sources;
  const [entrypoint, cmd] = [last<Entrypoint>(instructions, 'entrypoint'), last<Cmd>(instructions, 'cmd')];
  const isOwn = entrypoint !== undefined || cmd !== undefined;
  const inherited = [...new Map([...inside, ...(base?.labels ?? [])])].map(([key, value]) => {
    return { key, value, position: basePosition };
  });
  const pairs = [...filled, ...keptLabels(inherited, own, isOwn), ...own];
  const values = isOwn ? base?.values : keptArguments(base?.values ?? {}, inherited, own);
  const shellOf = (instruction: Instruction) => shellAt(instructions, instruction) ?? base?.values.shell;
  const given = imageArguments({ entrypoint, cmd, shellOf }, pairs, values);
  const completed = completeLabels(pairs, {
    words: given.words,
    strict,
    optional: optionalLabels,
    position: start,
  });
  const contradiction = isOwn ? [] : warnOfInherited(values ?? {}, own);
  const warnings = [...given.warnings, ...completed.warnings, ...contradiction];
  return { pairs, given, completed, errors: [], warnings };
}

/** The places in the rootfs that the labels name. */
export function namedPaths(pairs: readonly LabelInput[]): readonly string[] {
  const keys: readonly string[] = [uruncKeys.binary, uruncKeys.initrd, uruncKeys.block];
  const values = new Map(pairs.map(({ key, value }) => [key, value]));
  return keys.flatMap((key) => {
    const value = values.get(key) ?? '';
    return value === '' ? [] : [rootfsPath(value)];
  });
}

async function readUruncJson(base: BaseImage): Promise<ReadonlyMap<string, string>> {
  const file = resolve(await base.rootfs(), uruncJsonPath);
  // Nobody's labels come near this size.
  if (file === undefined || file.size > maxSize) return new Map();
  const labels = parseUruncJson(await readAll(file.open()), `/${uruncJsonPath} of "${base.name}"`);
  return new Map(Object.entries(labels));
}

const maxSize = 4 * 1024 * 1024;

/** That of the last SHELL before an instruction. */
function shellAt(instructions: readonly Instruction[], at: Instruction): readonly string[] | undefined {
  const before = instructions.slice(0, instructions.indexOf(at));
  return last<Shell>(before, 'shell')?.words;
}

function last<T extends Instruction>(instructions: readonly Instruction[], type: T['type']): T | undefined {
  return instructions.findLast((instruction): instruction is T => instruction.type === type);
}
