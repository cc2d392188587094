// What the sources of a COPY or an ADD name, wherever they are: in the context, in another folder, an image or a stage,
// or behind a URL. Each place is read once.

import { openContext, resolveContext } from '../../adapters/context/context.ts';
import type { Context } from '../../adapters/context/context.ts';
import type { Containerfile, Copy, CopyFrom, CopySource } from '../../core/containerfile/instruction.ts';
import { lineage } from '../../core/containerfile/stage.ts';
import { BimaError, collectProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import { matchDocuments } from '../../core/files/documents.ts';
import { findSources, NothingMatches } from '../../core/files/find-sources.ts';
import type { SourceFlags } from '../../core/files/find-sources.ts';
import type { Match } from '../../core/files/match.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';
import { rootfsTree } from '../../core/files/rootfs-tree.ts';
import type { RootfsItem } from '../../core/files/rootfs-tree.ts';
import type { SourceTree } from '../../core/files/source-tree.ts';
import type { ArchivedEntry } from '../../core/files/unpack.ts';
import type { BaseImages } from './base-images.ts';
import type { StageBases } from './bases.ts';
import { createRootfsFile } from './rootfs-file.ts';

/** What an instruction brings; of an archive that ADD unpacks, also what it holds. */
export interface Brought extends Match {
  readonly archive?: readonly ArchivedEntry[];
}

/** The places where sources are looked for. */
export interface SourcePlaces {
  readonly containerfile: Pick<Containerfile, 'stages' | 'unbuilt'>;
  readonly context: Context;
  readonly bases: Pick<StageBases, 'open'>;
  readonly images?: Pick<BaseImages, 'files' | 'downloads' | 'folderOf'> | undefined;
  /** Date of everything in a root file system, in whole seconds since 1970. */
  readonly created: number;
  /** Builds up the files of another stage. */
  rootfsOf(stage: number): Promise<Rootfs>;
}

type Finder = (source: CopySource, flags: SourceFlags) => Promise<readonly Match[]>;

interface Found {
  readonly brought: readonly Brought[] | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export class CopySources {
  readonly #places: SourcePlaces;
  readonly #found = new Map<Copy, Promise<Found>>();
  /** By the name of an image, or the number of a stage. */
  readonly #trees = new Map<string | number, Promise<SourceTree<RootfsItem>>>();
  readonly #folders = new Map<string, Promise<Context>>();

  constructor(places: SourcePlaces) {
    this.#places = places;
  }

  /**
   * All that a COPY brings, looked for once, however many stages go on from its own. Undefined, with errors, when a
   * source isn't found: nobody can tell what the COPY would have brought.
   */
  async bring(copy: Copy, errors: Problem[], warnings: Problem[]): Promise<readonly Brought[] | undefined> {
    const known = this.#found.get(copy) ?? this.#find(copy);
    this.#found.set(copy, known);
    const { brought, problems, warnings: doubts } = await known;
    for (const problem of problems) errors.push(problem);
    for (const doubt of doubts) warnings.push(doubt);
    return brought;
  }

  async #find(copy: Copy): Promise<Found> {
    const { stages, unbuilt } = this.#places.containerfile;
    const { stage } = copy.from ?? {};
    // The RUN that would have made the files is an error already.
    if (stage !== undefined && lineage(stages, stage).some((number) => unbuilt.has(number)))
      return { brought: undefined, problems: [], warnings: [] };
    const problems: Problem[] = [];
    const warnings: Problem[] = [];
    let brought: readonly Brought[] = [];
    await collectProblems(problems, async () => {
      const find = await this.#finderOf(copy.from);
      brought = await findAll(copy, problems, async (source) => {
        const found = source.isUrl === true ? await this.#download(copy, source) : await find(source, copy);
        return copy.isAdd === true ? this.#withArchives(copy, found) : found;
      });
    });
    brought = [...brought, ...matchDocuments(copy)];
    const { rootfs } = copy;
    if (rootfs !== undefined && problems.length === 0) {
      await collectProblems(problems, async () => {
        const made = await createRootfsFile({ ...copy, rootfs }, brought, this.#places.created);
        for (const warning of made.warnings) warnings.push(warning);
        brought = [made.match];
      });
    }
    return { brought: problems.length > 0 ? undefined : brought, problems, warnings };
  }

  async #finderOf(from: CopyFrom | undefined): Promise<Finder> {
    const { context, images } = this.#places;
    if (from === undefined) return (source, flags) => context.match(source, flags);
    const folder = images?.folderOf?.(from.value);
    if (folder !== undefined) {
      const opened = await this.#openFolder(folder);
      return (source, flags) => opened.match(source, flags);
    }
    const tree = await this.#openTree(from);
    return (source, flags) => Promise.resolve(findSources(tree, source, flags));
  }

  /** Opens a folder with the rules of its own ignore file. */
  #openFolder(folder: string): Promise<Context> {
    const opened =
      this.#folders.get(folder) ?? resolveContext(folder).then((directory) => openContext(directory));
    this.#folders.set(folder, opened);
    return opened;
  }

  #openTree(from: CopyFrom): Promise<SourceTree<RootfsItem>> {
    const key = from.stage ?? from.value;
    const opened = this.#trees.get(key) ?? this.#readTree(from);
    this.#trees.set(key, opened);
    return opened;
  }

  async #readTree({ value, stage, position }: CopyFrom): Promise<SourceTree<RootfsItem>> {
    const places = this.#places;
    const rootfs =
      stage === undefined
        ? await (await places.bases.open(value, position)).rootfs()
        : await places.rootfsOf(stage);
    return rootfsTree(rootfs, value);
  }

  #download({ checksum }: Copy, source: CopySource): Promise<readonly Match[]> {
    const { path, position } = source;
    return placing(position, async () => {
      const { images } = this.#places;
      if (images === undefined)
        throw new BimaError('NOT_AVAILABLE', `"${path}" can't be downloaded here`, { position });
      return [{ source, found: await images.downloads.fetch(path, checksum) }];
    });
  }

  /** Those that are archives get what they hold. */
  async #withArchives({ unpack }: Copy, matches: readonly Match[]): Promise<readonly Brought[]> {
    const brought: Brought[] = [];
    for (const match of matches) {
      const { source, found } = match;
      const isWanted = found.type === 'file' && (unpack ?? source.isUrl !== true);
      const archive = isWanted
        ? await placing(source.position, async () =>
            this.#places.images?.files.unpack(found, `"${source.path}"`),
          )
        : undefined;
      brought.push(archive === undefined ? match : { ...match, archive });
    }
    return brought;
  }
}

/** What all sources of a COPY bring. A pattern may match nothing, unless no source brings anything. */
export async function findAll<T>(
  { sources, documents = [] }: Copy,
  errors: Problem[],
  find: (source: CopySource) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found: T[] = [];
  const problems: Problem[] = [];
  const nothing: Problem[] = [];
  // One after the other: each holds folders open.
  for (const source of sources) {
    await collectProblems(problems, async () => {
      try {
        for (const one of await find(source)) found.push(one);
      } catch (error) {
        if (!(error instanceof NothingMatches)) throw error;
        for (const problem of error.problems) nothing.push(problem);
      }
    });
  }
  const isEmpty = found.length === 0 && documents.length === 0;
  for (const problem of isEmpty ? [...problems, ...nothing] : problems) errors.push(problem);
  return found;
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
