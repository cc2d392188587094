// What a build is going to make, before a layer is written: the Containerfile read, its labels complete, its files
// found, the platform known. `bima lint` stops here.

import type { BaseImage } from './base-image.ts';
import type { BaseImages } from './base-images.ts';
import type { Instruction, Stage, UnnamedRootfs } from '../../core/containerfile/instruction.ts';
import { flattenStage, rootStage } from '../../core/containerfile/stage.ts';
import { limitProblems, throwProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import type { ImageOrigin } from '../../core/oci/image-origin.ts';
import { digestOf } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { formatPlatform, normalPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { checkBoot, withVersion } from '../../core/unikernel/boot-checks.ts';
import type { BootFindings } from '../../core/unikernel/boot-checks.ts';
import { checkLabels, checkPaths } from '../../core/unikernel/checks.ts';
import { describeFilled } from '../../core/unikernel/fill-labels.ts';
import type { ImageArguments } from '../../core/unikernel/image-arguments.ts';
import type { LabelInput } from '../../core/unikernel/labels.ts';
import { uruncJsonPath } from '../../core/unikernel/urunc-json.ts';
import type { Labels } from '../../core/unikernel/urunc-json.ts';
import { readContainerfile } from '../../adapters/context/find-containerfile.ts';
import { openContext, resolveContext } from '../../adapters/context/context.ts';
import type { Context } from '../../adapters/context/context.ts';
import { originsOf } from './bases.ts';
import { findFills, mayFillFromBase } from './fills.ts';
import { warnOfGuesses, withExecutableBinary } from './modes.ts';
import { namedPaths, planLabels } from './plan-labels.ts';
import type { PlannedLabels } from './plan-labels.ts';
import type { LayerPlan, StageFiles } from './files.ts';
import { warnOfSecrets } from './packed-secrets.ts';
import { labelsOf, openStages } from './stages.ts';
import type { PlannedStages } from './stages.ts';
import { examineFiles, findPlatform } from './binary-platform.ts';
import { findContainerPlatform } from './container-platform.ts';
import { recognizeRootfs } from './rootfs-kind.ts';
import { emptyRootfs, has } from '../../core/files/rootfs.ts';

export interface PlanOptions {
  /** The build context: a directory. */
  readonly context: string;
  /** The Containerfile; without it the context is searched, then the current directory. */
  readonly file?: string;
  /** The Containerfile itself, in place of a file: that of standard input. */
  readonly text?: Uint8Array;
  /** What the context was made of, as in a sentence; its own path means nothing to the user then. */
  readonly origin?: string;
  /** What is doubtful of the context already. */
  readonly doubts?: readonly Problem[];
  /** Labels that win over those of the Containerfile. */
  readonly labels: readonly LabelInput[];
  /** False: only the labels that urunc itself needs are required. */
  readonly strict: boolean;
  /** True: an ordinary container image, without labels for urunc and without `/urunc.json`. */
  readonly container?: boolean;
  /** False: labels that the binary or the base image knows stay missing. */
  readonly fill?: boolean;
  /** For a binary whose header doesn't tell, and for TARGETARCH and its like. */
  readonly platform?: Platform;
  /** The values of `--build-arg`, by name. */
  readonly buildArguments?: ReadonlyMap<string, string>;
  /** Opens the images of FROM and COPY --from; without it there are none. */
  readonly images?: BaseImages;
  /** Files and folders that the build writes: its context leaves them out. */
  readonly outputs?: readonly string[] | undefined;
  /** The date of what is in root file systems, in seconds since 1970; 0 by default. */
  readonly created?: number;
  /** The name or the number of the stage that is built; the last one by default. */
  readonly target?: string;
}

export interface Plan {
  /** The image's instructions: those of the stages that it builds on, then those of its own stage. */
  readonly instructions: readonly Instruction[];
  /** What the image is built on; nothing for FROM scratch. */
  readonly base?: BaseImage;
  /** The images that its files are from, the base first. */
  readonly origins: readonly ImageOrigin[];
  readonly platform: Platform;
  readonly labels: Labels;
  readonly arguments: ImageArguments;
  /** What its stage has for builds on it. */
  readonly onBuild: readonly string[];
  readonly layers: readonly LayerPlan[];
  /** True: an ordinary container image, which has no `/urunc.json`. */
  readonly isContainer?: boolean;
  /** True: one layer holds all files, those of `/urunc.json` included. */
  readonly isOneLayer?: boolean;
  /** Absent for an image that no file of instructions describes. */
  readonly recipe?: PlannedRecipe;
}

/** What a rebuild needs to know of the Containerfile. */
export interface PlannedRecipe {
  /** From the folder of the context, with `/`; absent for one outside of it. */
  readonly path?: string;
  readonly digest: Digest;
  /** The names of its ARGs: no other build argument has a meaning, but those of platforms. */
  readonly argumentNames: readonly string[];
}

/** What is wrong and what is doubtful, in the order of the file; a plan only if nothing is wrong. */
export interface PlanFindings {
  readonly plan?: Plan;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** What a reader should know of the context. */
  readonly notes: readonly string[];
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
export async function examine(options: PlanOptions): Promise<PlanFindings> {
  const contextRoot = await resolveContext(options.context);
  const { path, bytes, ...place } = await readOrTake(options, contextRoot);
  const context = await openContext(contextRoot, {
    ...options,
    ...place,
    ...(options.origin === undefined ? {} : { context: '' }),
  });
  const opened = await openStages(bytes, path, context, options);
  const { containerfile, bases } = opened;
  const image = await examineImage(opened, options, { file: path, line: 1, column: 1 });
  const { instructions, base, labels, found, binary, isCopied } = image;

  const errors = inOrder(errorsOf(opened, image));
  const warnings = inOrder([
    ...containerfile.warnings,
    ...bases.warnings,
    ...labels.warnings,
    ...(await warnOfFiles(found, context, options)),
    ...warnOfArchitecture(binary.platform, base, image.basePosition),
    ...(isCopied ? binary.warnings : []),
    ...image.ofFiles.warnings,
    ...image.ofBoot.warnings,
    ...(options.doubts ?? []),
  ]);
  const notes = [...notesOf(context), ...image.filled.map(describeFilled)];
  if (errors.length > 0 || binary.platform === undefined) return { errors, warnings, notes };
  const plan = {
    instructions,
    ...(base === undefined ? {} : { base }),
    origins: originsOf(base, bases.opened),
    platform: binary.platform,
    labels: labels.completed.labels,
    arguments: labels.given,
    onBuild: onBuildOf(containerfile.stages),
    layers: found.layers,
    ...(options.container === true ? { isContainer: true } : {}),
    recipe: {
      ...(place.containerfile?.place.root === contextRoot ? { path: place.containerfile.place.path } : {}),
      digest: digestOf(bytes),
      argumentNames: containerfile.argumentNames ?? [],
    },
  };
  return { plan, errors, warnings, notes };
}

type ExaminedImage = Awaited<ReturnType<typeof examineImage>>;

/**
 * The files, labels and binary of the last stage, with what is wrong with each.
 * @param start the place to blame for a label that has none
 */
async function examineImage(
  { containerfile, bases, files }: PlannedStages,
  options: PlanOptions,
  start: Position,
) {
  const { stages, optionalLabels = [], unnamedRootfs } = containerfile;
  const image = stages.length - 1;
  const instructions = stages.length === 0 ? [] : flattenStage(stages).instructions;
  const root = rootStage(stages, image);
  const base = bases.byStage.get(root);
  const basePosition = stages[root]?.from.imagePosition ?? start;
  const own = [...labelsOf(stages), ...options.labels];
  const sources = { ...options, instructions, own, base, basePosition, start, optionalLabels };
  const first = await planLabels(sources);

  const fill = (options.fill ?? true) && options.container !== true;
  const search = { base, fill, pairs: first.pairs, unnamedRootfs };
  const sought =
    stages.length === 0 ? noFiles : await findFiles(search, (look) => files.ofStage(image, look));
  const recognized = await recognizeRootfs(
    sought.rootfs,
    sought.errors.length > 0 ? undefined : unnamedRootfs,
  );
  const fills = await findFills(sought.rootfs, [...recognized.filled, ...first.pairs], search);
  const filled = [...fills.filled, ...recognized.filled];
  const labels = filled.length === 0 ? first : await planLabels({ ...sources, filled });
  const found = withExecutableBinary(sought, labels.pairs);
  const platforms = { named: options.platform, stated: containerfile.platform };
  const binary =
    options.container === true
      ? await findContainerPlatform(found.rootfs, { base, command: labels.given }, platforms, start)
      : await findPlatform(found.rootfs, labels.pairs, platforms, start);
  const ofFiles = await examineFiles(found.rootfs, labels.pairs, start);

  // A COPY that can't be read, or finds nothing, may be the one that brings the binary.
  const copyErrors = [...containerfile.errors, ...bases.errors, ...labels.errors, ...found.errors];
  const isCopied = copyErrors.length === 0;
  const ofBoot =
    options.container === true
      ? { errors: [], warnings: [] }
      : examineBoot({ base, found, labels, binary, fills, instructions, start, isCopied });
  const facts = { instructions, base, basePosition, labels, found, binary, recognized, filled };
  return { ...facts, ofFiles, ofBoot, copyErrors, isCopied };
}

function errorsOf({ containerfile, bases }: PlannedStages, image: ExaminedImage): readonly Problem[] {
  const { instructions, labels, binary, recognized, ofFiles, ofBoot, copyErrors, isCopied } = image;
  // A file of which nothing could be read isn't one that lacks labels, nor is one whose LABEL is wrong beyond reading;
  // and a base that can't be read may have them.
  const isEmpty = instructions.length === 0 && containerfile.errors.length > 0;
  const isReadable = !isEmpty && !containerfile.hasLostLabels;
  const mayInherit = bases.errors.length + labels.errors.length > 0;
  return [
    ...copyErrors,
    ...(isReadable && !mayInherit ? labels.completed.errors : []),
    ...(isCopied ? binary.errors : []),
    ...recognized.errors,
    ...ofFiles.errors,
    ...ofBoot.errors,
  ];
}

/** What ONBUILD of the last stage leaves for images that are built on this one. */
function onBuildOf(stages: readonly Stage[]): readonly string[] {
  return (stages.at(-1)?.instructions ?? []).flatMap((instruction) =>
    instruction.type === 'onbuild' ? instruction.text : [],
  );
}

interface Search {
  readonly base: BaseImage | undefined;
  readonly fill: boolean;
  readonly unnamedRootfs: UnnamedRootfs | undefined;
  /** The labels that are known before anything is filled in. */
  readonly pairs: PlannedLabels['pairs'];
}

/** Looks into the base only when something may be there that counts. */
async function findFiles(
  { base, fill, pairs, unnamedRootfs }: Search,
  ofStage: (look: 'always' | 'for COPY') => Promise<StageFiles>,
): Promise<StageFiles> {
  const found = await ofStage('for COPY');
  if (base === undefined || found.hasBase) return found;
  const paths = [...namedPaths(pairs), ...(unnamedRootfs === undefined ? [] : [unnamedRootfs.path])];
  const isInBase = !paths.every((file) => has(found.rootfs, file));
  return isInBase || (fill && mayFillFromBase(base, pairs)) ? ofStage('always') : found;
}

async function warnOfFiles(
  found: StageFiles,
  { ignoreFile, warnings }: Context,
  { container }: Pick<PlanOptions, 'container'>,
): Promise<Problem[]> {
  return [
    ...found.warnings,
    ...(container === true ? [] : warnOfReplaced(found.layers)),
    ...(await warnOfSecrets(found.layers, ignoreFile)),
    ...warnOfGuesses(found),
    ...warnings,
  ];
}

interface BootSources {
  readonly base: BaseImage | undefined;
  readonly found: StageFiles;
  readonly labels: PlannedLabels;
  readonly binary: Awaited<ReturnType<typeof findPlatform>>;
  readonly fills: Awaited<ReturnType<typeof findFills>>;
  readonly instructions: readonly Instruction[];
  readonly start: Position;
  /** False: the file that boots may be one that couldn't be copied. */
  readonly isCopied: boolean;
}

function examineBoot(sources: BootSources): BootFindings {
  const { base, found, labels, binary, fills, instructions, start, isCopied } = sources;
  const { pairs, given } = labels;
  const isThere = (file: string) => has(found.rootfs, file);
  const boot = {
    ...fills.files,
    // What is wrong with it is said already.
    ...(binary.errors.length + binary.warnings.length === 0 ? {} : { binary: undefined }),
    labels: withVersion(pairs),
    words: [...(given.entrypoint ?? []), ...(given.cmd ?? [])],
    environment: environmentOf(instructions, base),
    // Of a base that was not looked into, nobody knows.
    provides: (file: string) => isThere(file) || (base !== undefined && !found.hasBase),
  };
  const { errors, warnings } = isCopied ? checkBoot(boot, start) : { errors: [], warnings: [] };
  return { errors, warnings: [...checkLabels(pairs), ...checkPaths(pairs, isThere), ...warnings] };
}

/** `NAME=value`, those of the base first. */
function environmentOf(instructions: readonly Instruction[], base: BaseImage | undefined): readonly string[] {
  const own = instructions.flatMap((instruction) => (instruction.type === 'env' ? instruction.pairs : []));
  const values = new Map([
    ...Object.entries(base?.values.env ?? {}),
    ...own.map(({ key, value }) => [key, value] as const),
  ]);
  return [...values].map(([key, value]) => `${key}=${value}`);
}

async function readOrTake(options: PlanOptions, root: string) {
  if (options.text !== undefined) return { path: '-', bytes: options.text };
  const { path, place, bytes } = await readContainerfile({ ...options, root });
  return { path, bytes, containerfile: { path, place } };
}

function notesOf({ ignoreFile, leftOut }: Context): string[] {
  const outputs = [...leftOut].map((path) => `"${path}" is left out of the context: this build writes it`);
  return ignoreFile === undefined ? outputs : [`the ignore file is "${ignoreFile}"`, ...outputs];
}

const noFiles: StageFiles = { rootfs: emptyRootfs(), hasBase: false, layers: [], errors: [], warnings: [] };

function warnOfArchitecture(
  platform: Platform | undefined,
  base: BaseImage | undefined,
  position: Position,
): Problem[] {
  if (platform === undefined || base === undefined) return [];
  const { architecture } = normalPlatform(base.platform);
  if (architecture === platform.architecture) return [];
  return [
    {
      code: 'ARCHITECTURE_MISMATCH',
      message: `expected a base image for ${formatPlatform(platform)}, got "${base.name}", which is for ${formatPlatform(normalPlatform(base.platform))}`,
      hint: 'Use a base image for the platform of the binary.',
      position,
    },
  ];
}

function warnOfReplaced(layers: readonly LayerPlan[]): Problem[] {
  const replaced = layers.findLast(({ entries }) => entries.some(({ path }) => path === uruncJsonPath));
  if (replaced === undefined) return [];
  return [
    {
      code: 'CONTEXT_PATH',
      message: `"/${uruncJsonPath}" is copied, and then replaced by the one that is made from the labels`,
      hint: 'Leave it out: every label is written to it.',
      position: replaced.instruction.position,
    },
  ];
}

/** Each once, sorted by place; those without one come first. Not more than anybody reads. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const different = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  const ordered = [...different.values()].sort((a, b) => {
    return (
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0)
    );
  });
  return limitProblems(ordered);
}
