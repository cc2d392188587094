// The files of each stage: what its COPY instructions bring, on top of its base.

import type { BaseImage } from '../base-image.ts';
import type { Copy, CopySource, Stage } from '../containerfile/instruction.ts';
import { flattenStage, rootStage } from '../containerfile/stage.ts';
import { collectProblems, throwProblems } from '../errors.ts';
import type { Problem } from '../errors.ts';
import type { Context } from './context.ts';
import { absoluteDestination } from './destination.ts';
import type { Entry } from './entry.ts';
import type { Match } from './found.ts';
import type { StageBases } from './plan-bases.ts';
import { applyCopy, emptyRootfs } from './rootfs.ts';
import type { Rootfs } from './rootfs.ts';
import { rootfsSources } from './rootfs-sources.ts';
import type { RootfsSources } from './rootfs-sources.ts';

/** The entries of one COPY's layer. */
export interface LayerPlan {
  readonly copy: Copy;
  readonly entries: readonly Entry[];
}

export interface StageFiles {
  readonly rootfs: Rootfs;
  /** Whether the files of the base image are in the rootfs. */
  readonly hasBase: boolean;
  readonly layers: readonly LayerPlan[];
  readonly errors: readonly Problem[];
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

export function createPlanFiles(stages: readonly Stage[], context: Context, bases: StageBases): PlanFiles {
  /** By the name of an image, or the number of a stage. */
  const sources = new Map<string | number, Promise<RootfsSources>>();
  return { ofStage, ofContext };

  async function ofStage(number: number, look: 'always' | 'for COPY'): Promise<StageFiles> {
    const base = bases.byStage.get(rootStage(stages, number));
    const errors: Problem[] = [];
    const found: Step[] = [];
    for (const copy of copiesOf(number)) {
      const matches = await matchAll(copy, errors);
      if (matches !== undefined) found.push({ copy, matches });
    }
    const workingDir = base?.values.workingDir ?? '/';
    const hasBase =
      base !== undefined && (look === 'always' || found.some((step) => dependsOnBase(step, workingDir)));
    let rootfs = emptyRootfs();
    if (hasBase) {
      await collectProblems(errors, async () => {
        rootfs = await base.rootfs();
      });
    }
    const layers: LayerPlan[] = [];
    for (const { copy, matches } of found) {
      await collectProblems(errors, () => {
        const destination = absoluteDestination(workingDir, copy.destination);
        layers.push({ copy, entries: applyCopy(rootfs, { ...copy, destination }, matches) });
      });
    }
    return { rootfs, hasBase, layers, errors };
  }

  async function ofContext(number: number): Promise<Rootfs> {
    const rootfs = emptyRootfs();
    for (const copy of copiesOf(number)) {
      if (copy.from !== undefined) continue;
      await collectProblems([], async () => {
        const matches: Match[] = [];
        // One after the other: each holds folders open.
        for (const source of copy.sources)
          for (const match of await context.match(source)) matches.push(match);
        applyCopy(rootfs, copy, matches);
      });
    }
    return rootfs;
  }

  function copiesOf(number: number): readonly Copy[] {
    return flattenStage(stages, number).instructions.filter((instruction) => instruction.type === 'copy');
  }

  /** Undefined, with errors, when a source isn't found: nobody can tell what the COPY would have brought. */
  async function matchAll(copy: Copy, errors: Problem[]): Promise<readonly Match[] | undefined> {
    const before = errors.length;
    const matches: (readonly Match[])[] = [];
    let match: ((source: CopySource) => Promise<readonly Match[]> | readonly Match[]) | undefined;
    await collectProblems(errors, async () => {
      match = await sourcesOf(copy);
    });
    for (const source of match === undefined ? [] : copy.sources) {
      await collectProblems(errors, async () => matches.push((await match?.(source)) ?? []));
    }
    return errors.length > before ? undefined : matches.flat();
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
  readonly copy: Copy;
  readonly matches: readonly Match[];
}

/** What Linux has at the top of every rootfs: there, a file of that name would take a directory's place. */
const usualDirectories =
  /^\/(?:bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/;

/** A file that gets a name of its own at the root is the same on any base. */
function dependsOnBase({ copy, matches }: Step, workingDir: string): boolean {
  const destination = absoluteDestination(workingDir, copy.destination);
  const [first, ...others] = matches;
  const isPlain = /^\/[^/]+$/.test(destination) && !usualDirectories.test(destination);
  return !isPlain || others.length > 0 || first?.found.type !== 'file';
}
