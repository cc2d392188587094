// The files of each stage: what its COPY, ADD and WORKDIR instructions bring, on top of its base.

import type { BaseImage } from './base-image.ts';
import type { Containerfile, Copy, CopySource, Workdir } from '../../core/containerfile/instruction.ts';
import { isNumeric, parseOwner } from '../../core/containerfile/owner.ts';
import type { Ids } from '../../core/containerfile/owner.ts';
import { flattenStage, lineage, rootStage } from '../../core/containerfile/stage.ts';
import { BimaError, collectProblems, throwProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import { isArchive } from '../../core/files/archives.ts';
import { resolveWorkdir } from '../../core/oci/config-fields.ts';
import type { Context } from '../../adapters/context/context.ts';
import { absoluteDestination } from '../../core/files/destination.ts';
import { matchDocuments } from '../../core/files/documents.ts';
import type { Entry } from '../../core/files/entry.ts';
import type { Match } from '../../core/files/match.ts';
import { findOwner } from '../../core/files/owners.ts';
import type { StageBases } from './bases.ts';
import { applyCopy, emptyRootfs, has, makeFolder } from '../../core/files/rootfs.ts';
import type { PlacedCopy, Rootfs } from '../../core/files/rootfs.ts';
import { createRootfsFile } from './rootfs-file.ts';
import { rootfsSources } from '../../core/files/rootfs-sources.ts';
import type { RootfsSources } from '../../core/files/rootfs-sources.ts';

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
  bases: StageBases,
  created = 0,
): PlanFiles {
  /** By the name of an image, or the number of a stage. */
  const sources = new Map<string | number, Promise<RootfsSources>>();
  return { ofStage, ofContext };

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
      const matches = await matchAll(instruction, errors, warnings);
      if (matches !== undefined) steps.push({ instruction, workingDir, user, matches });
    }
    return steps;
  }

  async function ofContext(number: number): Promise<Rootfs> {
    const rootfs = emptyRootfs();
    let workingDir = '/';
    for (const instruction of flattenStage(stages, number).instructions) {
      if (instruction.type === 'workdir') workingDir = resolveWorkdir(workingDir, instruction.path);
      if (instruction.type !== 'copy' || instruction.from !== undefined) continue;
      if (instruction.rootfs !== undefined) continue;
      const copy: PlacedCopy = { ...instruction, chown: root };
      await collectProblems([], async () => {
        const matches: Match[] = [];
        // One after the other: each holds folders open.
        for (const source of copy.sources)
          for (const match of await context.match(source)) matches.push(match);
        const destination = absoluteDestination(workingDir, copy.destination);
        applyCopy(rootfs, { ...copy, destination }, matches);
      });
    }
    return rootfs;
  }

  /** Undefined, with errors, when a source isn't found: nobody can tell what the COPY would have brought. */
  async function matchAll(
    copy: Copy,
    errors: Problem[],
    warnings: Problem[],
  ): Promise<readonly Match[] | undefined> {
    const { stage } = copy.from ?? {};
    // The RUN that would have made the files is an error already.
    if (stage !== undefined && lineage(stages, stage).some((number) => unbuilt.has(number))) return undefined;
    const before = errors.length;
    const matches: (readonly Match[])[] = [];
    let match: ((source: CopySource) => Promise<readonly Match[]> | readonly Match[]) | undefined;
    await collectProblems(errors, async () => {
      match = await sourcesOf(copy);
    });
    for (const source of match === undefined ? [] : copy.sources) {
      await collectProblems(errors, async () => {
        const found = (await match?.(source)) ?? [];
        if (copy.isAdd === true && copy.keepsArchives !== true) await refuseArchives(found);
        matches.push(found);
      });
    }
    if (errors.length > before) return undefined;
    const all = [...matches.flat(), ...matchDocuments(copy)];
    const { rootfs } = copy;
    if (rootfs === undefined) return all;
    let file: Match | undefined;
    await collectProblems(errors, async () => {
      const made = await createRootfsFile({ ...copy, rootfs }, all, created);
      warnings.push(...made.warnings);
      file = made.match;
    });
    return file === undefined ? undefined : [file];
  }

  async function sourcesOf({
    from,
  }: Copy): Promise<(source: CopySource) => Promise<readonly Match[]> | readonly Match[]> {
    if (from === undefined) return (source) => context.match(source);
    const { value, stage, position } = from;
    const key = stage ?? value;
    const known =
      sources.get(key) ??
      (stage === undefined
        ? bases
            .open(value, position)
            .then(async (image: BaseImage) => rootfsSources(await image.rootfs(), value))
        : ofStage(stage, 'always').then(({ rootfs, errors }) => {
            throwProblems(errors);
            return rootfsSources(rootfs, value);
          }));
    sources.set(key, known);
    const found = await known;
    return (source) => found.match(source);
  }
}

interface Step {
  readonly instruction: Copy | Workdir;
  /** After a WORKDIR. */
  readonly workingDir: string;
  readonly user: { readonly name: string; readonly position: Position | undefined };
  readonly matches: readonly Match[];
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
  if (chown === undefined) return applyCopy(rootfs, { ...copy, destination }, matches);
  const ids = await findOwner(rootfs, chown);
  if ('missing' in ids) {
    const message = `expected a user or a group of the image in --chown, got "${ids.missing}"`;
    throw new BimaError('CONTEXT_PATH', message, {
      hint: 'Write numbers, or copy /etc/passwd and /etc/group with such a name before.',
      position,
    });
  }
  return applyCopy(rootfs, { ...copy, destination, chown: ids }, matches);
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

async function refuseArchives(matches: readonly Match[]): Promise<void> {
  for (const { source, found } of matches) {
    if (found.type !== 'file' || !(await isArchive(found))) continue;
    throw new BimaError('CONTAINERFILE_UNSUPPORTED', `ADD would unpack the archive "${source.path}"`, {
      hint: 'Write COPY for the file as it is, or unpack it in a step before and copy what it holds.',
      position: source.position,
    });
  }
}

/** What Linux has at the top of every rootfs: there, a file of that name would take a directory's place. */
const usualDirectories =
  /^\/(?:bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/;

/** A file that gets a name of its own at the root is the same on any base, and the root is there on all. */
function dependsOnBase({ instruction, matches, workingDir }: Step): boolean {
  if (instruction.type === 'workdir') return workingDir !== '/';
  if (instruction.chown !== undefined && !isNumeric(instruction.chown)) return true;
  const destination = absoluteDestination(workingDir, instruction.destination);
  const [first, ...others] = matches;
  const isPlain = /^\/[^/]+$/.test(destination) && !usualDirectories.test(destination);
  return !isPlain || others.length > 0 || first?.found.type !== 'file';
}
