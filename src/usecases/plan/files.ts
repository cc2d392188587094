// The files of each stage: what its COPY, ADD and WORKDIR instructions bring, on top of its base.

import type { BaseImage } from './base-image.ts';
import type { BaseImages } from './base-images.ts';
import type { Containerfile, Copy, CopySource, Workdir } from '../../core/containerfile/instruction.ts';
import { isNumeric, parseOwner } from '../../core/containerfile/owner.ts';
import type { Ids } from '../../core/containerfile/owner.ts';
import { flattenStage, lineage, rootStage } from '../../core/containerfile/stage.ts';
import { BimaError, collectProblems, throwProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import { resolveWorkdir } from '../../core/oci/config-fields.ts';
import { applyArchive } from '../../core/files/unpack.ts';
import type { ArchivedEntry } from '../../core/files/unpack.ts';
import { openContext, resolveContext } from '../../adapters/context/context.ts';
import type { Context } from '../../adapters/context/context.ts';
import { absoluteDestination } from '../../core/files/destination.ts';
import { matchDocuments } from '../../core/files/documents.ts';
import { comparePaths } from '../../core/files/entry.ts';
import type { Entry } from '../../core/files/entry.ts';
import type { Match } from '../../core/files/match.ts';
import { findOwner } from '../../core/files/owners.ts';
import type { StageBases } from './bases.ts';
import { applyCopy, emptyRootfs, has, makeFolder } from '../../core/files/rootfs.ts';
import type { PlacedCopy, Rootfs } from '../../core/files/rootfs.ts';
import { findSources, NothingMatches } from '../../core/files/find-sources.ts';
import type { SourceFlags } from '../../core/files/find-sources.ts';
import { rootfsTree } from '../../core/files/rootfs-tree.ts';
import type { RootfsItem } from '../../core/files/rootfs-tree.ts';
import type { SourceTree } from '../../core/files/source-tree.ts';

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

export function createPlanFiles(
  { stages, unbuilt }: Pick<Containerfile, 'stages' | 'unbuilt'>,
  context: Context,
  bases: StageBases,
  images?: Pick<BaseImages, 'files' | 'downloads' | 'folderOf'>,
): PlanFiles {
  /** By the name of an image, or the number of a stage. */
  const trees = new Map<string | number, Promise<SourceTree<RootfsItem>>>();
  const matched = new Map<Copy, Promise<Matched>>();
  const folders = new Map<string, Promise<Context>>();
  return { ofStage, ofContext };

  async function ofStage(number: number, look: 'always' | 'for COPY'): Promise<StageFiles> {
    const base = bases.byStage.get(rootStage(stages, number));
    const errors: Problem[] = [];
    const warnings: Problem[] = [];
    const steps = await stepsOf(number, base, errors);
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
  async function stepsOf(number: number, base: BaseImage | undefined, errors: Problem[]): Promise<Step[]> {
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
      const matches = await matchAll(instruction, errors);
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
      const copy: PlacedCopy = { ...instruction, chown: root };
      await collectProblems([], async () => {
        const problems: Problem[] = [];
        const matches = await matchSources(copy, (source, flags) => context.match(source, flags), problems);
        throwProblems(problems);
        const destination = absoluteDestination(workingDir, copy.destination);
        applyCopy(rootfs, { ...copy, destination }, matches);
      });
    }
    return rootfs;
  }

  /** Once for each COPY, however many stages go on from its own. */
  async function matchAll(copy: Copy, errors: Problem[]): Promise<readonly Brought[] | undefined> {
    const known = matched.get(copy) ?? match(copy);
    matched.set(copy, known);
    const { matches, problems } = await known;
    for (const problem of problems) errors.push(problem);
    return matches;
  }

  async function match(copy: Copy): Promise<Matched> {
    const problems: Problem[] = [];
    return { matches: await findAll(copy, problems), problems };
  }

  /** Undefined, with errors, when a source isn't found: nobody can tell what the COPY would have brought. */
  async function findAll(copy: Copy, errors: Problem[]): Promise<readonly Brought[] | undefined> {
    const { stage } = copy.from ?? {};
    // The RUN that would have made the files is an error already.
    if (stage !== undefined && lineage(stages, stage).some((number) => unbuilt.has(number))) return undefined;
    const before = errors.length;
    let matches: readonly Brought[] = [];
    await collectProblems(errors, async () => {
      const find = await finderOf(copy);
      const found = await matchSources(copy, find, errors);
      matches = copy.isAdd === true ? await withArchives(copy, found) : found;
    });
    return errors.length > before ? undefined : [...matches, ...matchDocuments(copy)];
  }

  async function download({ checksum }: Copy, source: CopySource): Promise<readonly Match[]> {
    const { path, position } = source;
    return placing(position, async () => {
      if (images === undefined)
        throw new BimaError('NOT_AVAILABLE', `"${path}" can't be downloaded here`, { position });
      return [{ source, found: await images.downloads.fetch(path, checksum) }];
    });
  }

  /** Those that are archives get what they hold. */
  async function withArchives({ unpack }: Copy, matches: readonly Match[]): Promise<readonly Brought[]> {
    const brought: Brought[] = [];
    for (const match of matches) {
      const { source, found } = match;
      const isWanted = found.type === 'file' && (unpack ?? source.isUrl !== true);
      const archive = isWanted
        ? await placing(source.position, async () => images?.files.unpack(found, `"${source.path}"`))
        : undefined;
      brought.push(archive === undefined ? match : { ...match, archive });
    }
    return brought;
  }

  /** Each is listed once, with the rules of its own ignore file. */
  function openFolder(folder: string): Promise<Context> {
    const known = folders.get(folder) ?? resolveContext(folder).then((root) => openContext(root));
    folders.set(folder, known);
    return known;
  }

  async function finderOf(copy: Copy): Promise<SourceFinder> {
    const find = await finderIn(copy);
    return (source, flags) => (source.isUrl === true ? download(copy, source) : find(source, flags));
  }

  async function finderIn({ from }: Copy): Promise<SourceFinder> {
    if (from === undefined) return (source, flags) => context.match(source, flags);
    const { value, stage, position } = from;
    const folder = images?.folderOf?.(value);
    if (folder !== undefined) {
      const opened = openFolder(folder);
      return async (source) => (await opened).match(source);
    }
    const key = stage ?? value;
    const known =
      trees.get(key) ??
      (stage === undefined
        ? bases
            .open(value, position)
            .then(async (image: BaseImage) => rootfsTree(await image.rootfs(), value))
        : ofStage(stage, 'always').then(({ rootfs, errors }) => {
            throwProblems(errors);
            return rootfsTree(rootfs, value);
          }));
    trees.set(key, known);
    const tree = await known;
    return (source, flags) => Promise.resolve(findSources(tree, source, flags));
  }
}

type SourceFinder = (source: CopySource, flags: SourceFlags) => Promise<readonly Match[]>;

/** What all sources of a COPY name. A pattern may match nothing, unless no source brings anything. */
async function matchSources(
  copy: Pick<Copy, 'sources' | 'documents' | 'parents' | 'exclude'>,
  find: SourceFinder,
  errors: Problem[],
): Promise<readonly Match[]> {
  const matches: Match[] = [];
  const problems: Problem[] = [];
  const nothing: Problem[] = [];
  // One after the other: each holds folders open.
  for (const source of copy.sources) {
    await collectProblems(problems, async () => {
      try {
        for (const match of await find(source, copy)) matches.push(match);
      } catch (error) {
        if (!(error instanceof NothingMatches)) throw error;
        for (const problem of error.problems) nothing.push(problem);
      }
    });
  }
  const isEmpty = matches.length === 0 && (copy.documents ?? []).length === 0;
  for (const problem of isEmpty ? [...problems, ...nothing] : problems) errors.push(problem);
  return matches;
}

interface Matched {
  readonly matches: readonly Brought[] | undefined;
  readonly problems: readonly Problem[];
}

interface Step {
  readonly instruction: Copy | Workdir;
  /** After a WORKDIR. */
  readonly workingDir: string;
  readonly user: { readonly name: string; readonly position: Position | undefined };
  readonly matches: readonly Brought[];
}

/** What an instruction brings; of an archive that ADD unpacks, also what it holds. */
interface Brought extends Match {
  readonly archive?: readonly ArchivedEntry[];
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
    const owner = copy.chown ?? root;
    const unpacking = { entries: archive, destination, owner, source: path, position };
    const { entries, leftOut } = applyArchive(rootfs, unpacking);
    warnings.push(...warnOfLeftOut(leftOut, source), ...warnOfFlags(copy, source));
    parts.push(entries);
  }
  // What a later one has replaced is no longer there.
  const brought = new Map(parts.flat().map((entry) => [entry.path, entry]));
  return [...brought.values()]
    .filter((entry) => rootfs.entries.get(entry.path) === entry)
    .sort((one, other) => comparePaths(one.path, other.path));
}

function warnOfLeftOut([first, ...others]: readonly string[], { path, position }: CopySource): Problem[] {
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const message = `"${path}" has devices, FIFOs or sockets, which are left out: "${first}"${more}`;
  return [
    { code: 'CONTEXT_PATH', message, hint: 'The guest makes those that it needs when it starts.', position },
  ];
}

function warnOfFlags({ chown, chmod }: PlacedCopy, { path, position }: CopySource): Problem[] {
  if (chown === undefined && chmod === undefined) return [];
  const flag = chown === undefined ? '--chmod' : '--chown';
  const message = `what "${path}" holds keeps its own owners and modes: ${flag} is for what ADD copies as it is`;
  return [
    {
      code: 'CONTEXT_PATH',
      message,
      hint: 'Unpack it in a step before, and COPY it with the flag.',
      position,
    },
  ];
}

/** Gives errors the place of the source. */
async function placing<T>(position: Position, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof BimaError) || error.position !== undefined) throw error;
    const { code, message, hint } = error;
    throw new BimaError(code, message, { position, cause: error, ...(hint === undefined ? {} : { hint }) });
  }
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

/** A file that gets a name of its own at the root is the same on any base, and the root is there on all. */
function dependsOnBase({ instruction, matches, workingDir }: Step): boolean {
  if (instruction.type === 'workdir') return workingDir !== '/';
  if (instruction.chown !== undefined && !isNumeric(instruction.chown)) return true;
  const destination = absoluteDestination(workingDir, instruction.destination);
  const [first, ...others] = matches;
  const isPlain = /^\/[^/]+$/.test(destination) && !usualDirectories.test(destination);
  const isFile = first?.found.type === 'file' && first.archive === undefined;
  return !isPlain || others.length > 0 || !isFile;
}
