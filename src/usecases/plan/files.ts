// The files of each stage: what its COPY, ADD and WORKDIR instructions bring, on top of its base.

import { posix } from 'node:path';
import type { BaseImage } from './base-image.ts';
import type { BaseImages } from './base-images.ts';
import type {
  Containerfile,
  Copy,
  CopySource,
  Stage,
  Workdir,
} from '../../core/containerfile/instruction.ts';
import { isNumeric, parseOwner } from '../../core/containerfile/owner.ts';
import type { Ids } from '../../core/containerfile/owner.ts';
import { flattenStage, rootStage } from '../../core/containerfile/stage.ts';
import { BimaError, collectProblems, throwProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import { resolveWorkdir } from '../../core/oci/config-fields.ts';
import { applyArchive } from '../../core/files/unpack.ts';
import type { Context } from '../../adapters/context/context.ts';
import { absoluteDestination } from '../../core/files/destination.ts';
import { comparePaths } from '../../core/files/entry.ts';
import type { Entry } from '../../core/files/entry.ts';
import { findOwner } from '../../core/files/owners.ts';
import type { StageBases } from './bases.ts';
import { CopySources, findAll } from './copy-sources.ts';
import type { Brought } from './copy-sources.ts';
import { applyCopy, emptyRootfs, has, landsInside, makeFolder } from '../../core/files/rootfs.ts';
import type { PlacedCopy, Rootfs } from '../../core/files/rootfs.ts';

/** The entries of one instruction's layer. */
export interface LayerPlan {
  readonly instruction: Copy | Workdir;
  readonly entries: readonly Entry[];
}

export interface StageFiles {
  readonly rootfs: Rootfs;
  /** Whether the files of the base image are in the rootfs. */
  readonly hasBase: boolean;
  readonly layers: readonly LayerPlan[];
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface PlanFiles {
  /**
   * @param look `always` lists the base image in any case; otherwise only for a COPY that depends on what is there,
   *   since its layers have to be fetched for that
   */
  ofStage(number: number, look: 'always' | 'for COPY'): Promise<StageFiles>;
  /** What the COPY instructions of a stage bring from the context alone. */
  ofContext(number: number): Promise<Rootfs>;
}

/** @param created the date of what is in root file systems, in seconds since 1970 */
export function createPlanFiles(
  { stages, unbuilt }: Pick<Containerfile, 'stages' | 'unbuilt'>,
  context: Context,
  bases: Omit<StageBases, 'opened'>,
  images?: Pick<BaseImages, 'files' | 'downloads' | 'folderOf'>,
  created = 0,
): PlanFiles {
  const sources = new CopySources({
    containerfile: { stages, unbuilt },
    context,
    bases,
    images,
    created,
    async rootfsOf(stage) {
      const { rootfs, errors } = await ofStage(stage, 'always');
      throwProblems(errors);
      return rootfs;
    },
  });
  return { ofStage, ofContext: (number) => filesOfContext(stages, context, number) };

  async function ofStage(number: number, look: 'always' | 'for COPY'): Promise<StageFiles> {
    const base = bases.byStage.get(rootStage(stages, number));
    const errors: Problem[] = [];
    const warnings: Problem[] = [];
    const steps = await stepsOf(number, base, errors, warnings);
    const hasBase = base !== undefined && (look === 'always' || steps.some(dependsOnBase));
    let rootfs = emptyRootfs();
    if (hasBase) {
      await collectProblems(errors, async () => {
        rootfs = await base.rootfs();
      });
    }
    const layers: LayerPlan[] = [];
    for (const step of steps) {
      await collectProblems(errors, async () => {
        const entries = await applyStep(rootfs, step, base === undefined || hasBase ? warnings : []);
        if (step.instruction.type === 'copy' || entries.length > 0)
          layers.push({ instruction: step.instruction, entries });
      });
    }
    return { rootfs, hasBase, layers, errors, warnings };
  }

  /** What changes the rootfs, each with the working directory and the user of its place. */
  async function stepsOf(
    number: number,
    base: BaseImage | undefined,
    errors: Problem[],
    warnings: Problem[],
  ): Promise<Step[]> {
    let workingDir = base?.values.workingDir ?? '/';
    let user = { name: base?.values.user ?? '', position: undefined as Position | undefined };
    const steps: Step[] = [];
    for (const instruction of flattenStage(stages, number).instructions) {
      if (instruction.type === 'user') user = { name: instruction.user, position: instruction.position };
      if (instruction.type === 'workdir') {
        workingDir = resolveWorkdir(workingDir, instruction.path);
        steps.push({ instruction, workingDir, user, matches: [] });
      }
      if (instruction.type !== 'copy') continue;
      const matches = await sources.bring(instruction, errors, warnings);
      if (matches !== undefined) steps.push({ instruction, workingDir, user, matches });
    }
    return steps;
  }
}

/** A COPY of which something is wrong, or that needs more than the context, brings nothing here. */
async function filesOfContext(stages: readonly Stage[], context: Context, number: number): Promise<Rootfs> {
  const rootfs = emptyRootfs();
  let workingDir = '/';
  for (const instruction of flattenStage(stages, number).instructions) {
    if (instruction.type === 'workdir') workingDir = resolveWorkdir(workingDir, instruction.path);
    if (instruction.type !== 'copy' || instruction.from !== undefined) continue;
    if (instruction.rootfs !== undefined) continue;
    const errors: Problem[] = [];
    const matches = await findAll(instruction, errors, (source) =>
      source.isUrl === true ? Promise.resolve([]) : context.match(source, instruction),
    );
    if (errors.length > 0) continue;
    const destination = absoluteDestination(workingDir, instruction.destination);
    await collectProblems([], () => applyCopy(rootfs, { ...instruction, chown: root, destination }, matches));
  }
  return rootfs;
}

interface Step {
  readonly instruction: Copy | Workdir;
  /** After a WORKDIR. */
  readonly workingDir: string;
  readonly user: { readonly name: string; readonly position: Position | undefined };
  readonly matches: readonly Brought[];
}

async function applyStep(
  rootfs: Rootfs,
  { instruction, workingDir, user, matches }: Step,
  warnings: Problem[],
): Promise<readonly Entry[]> {
  const { position } = instruction;
  if (instruction.type === 'workdir') {
    if (has(rootfs, workingDir)) return makeFolder(rootfs, workingDir, root, position);
    return makeFolder(rootfs, workingDir, await idsOfUser(rootfs, user, warnings), position);
  }
  const { chown, ...copy } = instruction;
  const destination = absoluteDestination(workingDir, copy.destination);
  warnings.push(...warnOfLanding(rootfs, { ...copy, destination }, matches));
  if (chown === undefined) return applyMatches(rootfs, { ...copy, destination }, matches, warnings);
  const ids = await findOwner(rootfs, chown);
  if ('missing' in ids) {
    const message = `expected a user or a group of the image in --chown, got "${ids.missing}"`;
    throw new BimaError('CONTEXT_PATH', message, {
      hint: 'Write numbers, or copy /etc/passwd and /etc/group with such a name before.',
      position,
    });
  }
  return applyMatches(rootfs, { ...copy, destination, chown: ids }, matches, warnings);
}

/** One after the other where there are archives, since each may replace what is there. */
function applyMatches(
  rootfs: Rootfs,
  copy: PlacedCopy,
  matches: readonly Brought[],
  warnings: Problem[],
): readonly Entry[] {
  if (matches.every(({ archive }) => archive === undefined)) return applyCopy(rootfs, copy, matches);
  const parts: (readonly Entry[])[] = [];
  for (const match of matches) {
    const { archive, source } = match;
    // Several sources go into a folder, whatever is there so far.
    const destination = matches.length > 1 ? copy.destination.replace(/\/?$/, '/') : copy.destination;
    if (archive === undefined) {
      parts.push(applyCopy(rootfs, { ...copy, destination }, [match]));
      continue;
    }
    const { path, position } = source;
    const { chown } = copy;
    const unpacking = { entries: archive, destination, chown, source: path, position };
    const { entries, leftOut } = applyArchive(rootfs, unpacking);
    warnings.push(...warnOfLeftOut(leftOut, source), ...warnOfMode(copy, source));
    parts.push(entries);
  }
  // What a later one has replaced is no longer there.
  const brought = new Map(parts.flat().map((entry) => [entry.path, entry]));
  return [...brought.values()]
    .filter((entry) => rootfs.entries.get(entry.path) === entry)
    .sort((one, other) => comparePaths(one.path, other.path));
}

/** Of a folder for which the file names a place that is there: it goes into that, as bunny has it. */
function warnOfLanding(
  rootfs: Rootfs,
  copy: Pick<Copy, 'isInclude' | 'destination'>,
  matches: readonly Brought[],
): Problem[] {
  // A slash says that just this is meant.
  if (copy.destination.endsWith('/') && copy.destination !== '/') return [];
  return matches.flatMap(({ found, source }): Problem[] => {
    if (found.type !== 'directory' || !landsInside(rootfs, copy, found)) return [];
    const message = `"${source.path}" becomes "${posix.join(copy.destination, found.name)}", since "${copy.destination}" is there already`;
    const hint =
      'Name what is in the folder, each with its destination, if that is not meant; with a "/" at the end of the destination it is.';
    return [{ code: 'CONTEXT_PATH', message, hint, position: source.position }];
  });
}

function warnOfLeftOut([first, ...others]: readonly string[], { path, position }: CopySource): Problem[] {
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const message = `"${path}" has devices, FIFOs or sockets, which are left out: "${first}"${more}`;
  return [
    { code: 'CONTEXT_PATH', message, hint: 'The guest makes those that it needs when it starts.', position },
  ];
}

function warnOfMode({ chmod }: PlacedCopy, { path, position }: CopySource): Problem[] {
  if (chmod === undefined) return [];
  const message = `what "${path}" holds keeps its own modes: --chmod is for what ADD copies as it is`;
  const hint = 'Unpack it in a step before, and COPY it with the flag.';
  return [{ code: 'CONTEXT_PATH', message, hint, position }];
}

const root = { uid: 0, gid: 0 };

/** Root's for a user that nobody knows, as in BuildKit. */
async function idsOfUser(rootfs: Rootfs, user: Step['user'], warnings: Problem[]): Promise<Ids> {
  if (user.name === '') return root;
  const owner = parseOwner(user.name);
  const ids = owner === undefined ? { missing: user.name } : await findOwner(rootfs, owner);
  if (!('missing' in ids)) return ids;
  warnings.push({
    code: 'CONTEXT_PATH',
    message: `expected a user or a group of the image in USER, got "${ids.missing}": what WORKDIR makes is root's`,
    hint: 'Write numbers, or copy /etc/passwd and /etc/group with such a name before.',
    ...(user.position === undefined ? {} : { position: user.position }),
  });
  return root;
}

/** What Linux has at the top of every rootfs: there, a file of that name would take a directory's place. */
const usualDirectories =
  /^\/(?:bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/;

/**
 * A file that gets a name of its own at the root is the same on any base, and the root is there on all. So is one in
 * `/.boot`, which belongs to what boots.
 */
function dependsOnBase({ instruction, matches, workingDir }: Step): boolean {
  if (instruction.type === 'workdir') return workingDir !== '/';
  if (instruction.chown !== undefined && !isNumeric(instruction.chown)) return true;
  const destination = absoluteDestination(workingDir, instruction.destination);
  const [first, ...others] = matches;
  const isPlain = /^\/(?:\.boot\/)?[^/]+$/.test(destination) && !usualDirectories.test(destination);
  const isFile = first?.found.type === 'file' && first.archive === undefined;
  return !isPlain || others.length > 0 || !isFile;
}
