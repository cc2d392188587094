// What a build is going to make, before a layer is written: the Containerfile read, its labels complete, its files
// found, the platform known. `bima lint` stops here.

import { BimaError, throwProblems } from '../errors.ts';
import type { Position, Problem } from '../errors.ts';
import type { Cmd, Containerfile, Copy, Entrypoint, Instruction } from '../containerfile/instruction.ts';
import { parseContainerfile } from '../containerfile/parser.ts';
import { flattenStage, neededStages } from '../containerfile/stage.ts';
import type { Platform } from '../oci/platform.ts';
import { checkLabels, checkPaths } from '../unikernel/checks.ts';
import { imageArguments } from '../unikernel/image-arguments.ts';
import type { ImageArguments } from '../unikernel/image-arguments.ts';
import { completeLabels } from '../unikernel/labels.ts';
import type { LabelInput } from '../unikernel/labels.ts';
import { uruncJsonPath } from '../unikernel/urunc-json.ts';
import type { Labels } from '../unikernel/urunc-json.ts';
import { findPlatform } from './platform.ts';
import { readContainerfile } from './containerfile.ts';
import { openContext } from './context.ts';
import type { Context } from './context.ts';
import type { Entry } from './entry.ts';
import type { Match } from './found.ts';
import { applyCopy, emptyRootfs, has } from './rootfs.ts';
import type { Rootfs } from './rootfs.ts';

export interface PlanOptions {
  /** The build context: a directory. */
  readonly context: string;
  /** The Containerfile; without it the context is searched, then the current directory. */
  readonly file?: string;
  /** Labels that win over those of the Containerfile. */
  readonly labels: readonly LabelInput[];
  /** False: only the labels that urunc itself needs are required. */
  readonly strict: boolean;
  /** For a binary whose header doesn't tell, and for TARGETARCH and its like. */
  readonly platform?: Platform;
  /** The values of `--build-arg`, by name. */
  readonly buildArguments?: ReadonlyMap<string, string>;
}

/** The entries of one COPY's layer. */
export interface LayerPlan {
  readonly copy: Copy;
  readonly entries: readonly Entry[];
}

export interface Plan {
  /** Of the image: those of its stage, after those of the stages that it goes on from. */
  readonly instructions: readonly Instruction[];
  readonly platform: Platform;
  readonly labels: Labels;
  readonly arguments: ImageArguments;
  readonly layers: readonly LayerPlan[];
}

/** What is wrong and what is doubtful, in the order of the file; a plan only if nothing is wrong. */
export interface Findings {
  readonly plan?: Plan;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Plans a build and throws if that is not possible.
 * @throws BimaError with every problem that was found
 */
export async function planBuild(options: PlanOptions, warn: (problem: Problem) => void): Promise<Plan> {
  const { plan, errors, warnings } = await examine(options);
  for (const warning of warnings) warn(warning);
  throwProblems(errors);
  if (plan === undefined) throw new Error('a plan without errors is missing');
  return plan;
}

/** Looks at everything that a build needs, and goes on after an error, so that one run shows them all. */
export async function examine(options: PlanOptions): Promise<Findings> {
  const context = await openContext(options.context);
  const { path, bytes } = await readContainerfile({ ...options, root: context.root });
  const containerfile = parseContainerfile(bytes, path, options);
  const unsupported = checkSources(containerfile);
  const instructions =
    containerfile.stages.length === 0 ? [] : flattenStage(containerfile.stages).instructions;
  const start: Position = { file: path, line: 1, column: 1 };

  const pairs = [...pairsOf(instructions), ...options.labels];
  const given = imageArguments(
    { entrypoint: last<Entrypoint>(instructions, 'entrypoint'), cmd: last<Cmd>(instructions, 'cmd') },
    pairs,
  );
  const completed = completeLabels(pairs, { words: given.words, strict: options.strict, position: start });
  const found = await findFiles(context, instructions);
  const binary = await findPlatform(found.rootfs, pairs, options.platform, start);

  // A file of which nothing could be read isn't one that lacks labels, nor is one whose LABEL is wrong beyond reading.
  const missing = instructions.length === 0 || containerfile.hasLostLabels ? [] : completed.errors;
  // A COPY that can't be read, or finds nothing, may be the one that brings the binary.
  const copyErrors = [...containerfile.errors, ...unsupported.errors, ...found.errors];
  const errors = [...copyErrors, ...missing, ...(copyErrors.length === 0 ? binary.errors : [])];
  const warnings = [
    ...containerfile.warnings,
    ...unsupported.warnings,
    ...given.warnings,
    ...completed.warnings,
    ...checkLabels(pairs),
    ...checkPaths(pairs, (file) => has(found.rootfs, file)),
    ...warnOfReplaced(found.layers),
    ...binary.warnings,
  ];
  const sorted = { errors: inOrder(errors), warnings: inOrder(warnings) };
  if (errors.length > 0 || binary.platform === undefined) return sorted;
  const plan = {
    instructions,
    platform: binary.platform,
    labels: completed.labels,
    arguments: given,
    layers: found.layers,
  };
  return { plan, ...sorted };
}

/** Base images and other sources than the context. */
function checkSources({ stages }: Containerfile): { errors: Problem[]; warnings: Problem[] } {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  for (const number of neededStages(stages)) {
    const { from, instructions } = stages[number] ?? { instructions: [] };
    if (from !== undefined && from.image !== 'scratch' && from.stage === undefined) {
      warnings.push({
        code: 'CONTAINERFILE_UNSUPPORTED',
        message: `the content of the base image "${from.image}" is not part of the image yet`,
        hint: 'Write FROM scratch, and COPY what the unikernel needs.',
        position: from.imagePosition,
      });
    }
    for (const copy of instructions) {
      if (copy.type !== 'copy' || copy.from === undefined) continue;
      errors.push({
        code: 'CONTAINERFILE_UNSUPPORTED',
        message: 'COPY --from is not supported yet',
        hint: 'Put the file into the build context before the build, then COPY it from there.',
        position: copy.from.position,
      });
    }
  }
  return { errors, warnings };
}

function pairsOf(instructions: readonly Instruction[]): LabelInput[] {
  return instructions.flatMap((instruction) => (instruction.type === 'label' ? instruction.pairs : []));
}

function last<T extends Instruction>(instructions: readonly Instruction[], type: T['type']): T | undefined {
  return instructions.findLast((instruction): instruction is T => instruction.type === type);
}

interface Files {
  readonly rootfs: Rootfs;
  readonly layers: readonly LayerPlan[];
  readonly errors: readonly Problem[];
}

async function findFiles(context: Context, instructions: readonly Instruction[]): Promise<Files> {
  let rootfs = emptyRootfs;
  const layers: LayerPlan[] = [];
  const errors: Problem[] = [];
  for (const copy of instructions) {
    if (copy.type !== 'copy' || copy.from !== undefined) continue;
    const before = errors.length;
    const matches: (readonly Match[])[] = [];
    for (const source of copy.sources) {
      await collectProblems(errors, async () => matches.push(await context.match(source)));
    }
    // Without one of its sources, nobody can tell what a COPY would have brought.
    if (errors.length > before) continue;
    await collectProblems(errors, () => {
      const applied = applyCopy(rootfs, copy, matches.flat());
      rootfs = applied.rootfs;
      layers.push({ copy, entries: applied.entries });
    });
  }
  return { rootfs, layers, errors };
}

function warnOfReplaced(layers: readonly LayerPlan[]): Problem[] {
  const replaced = layers.findLast(({ entries }) => entries.some(({ path }) => path === uruncJsonPath));
  if (replaced === undefined) return [];
  return [
    {
      code: 'CONTEXT_PATH',
      message: `"/${uruncJsonPath}" is copied, and then replaced by the one that is made from the labels`,
      hint: 'Leave it out: every label is written to it.',
      position: replaced.copy.position,
    },
  ];
}

async function collectProblems(problems: Problem[], body: () => unknown): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    problems.push(...error.problems);
  }
}

/** Sorted by place; those without one come first. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => {
    return (
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0)
    );
  });
}
