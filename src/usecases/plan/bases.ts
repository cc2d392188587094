// The images that the stages of a Containerfile build on and copy from.

import { openBaseImage } from './base-image.ts';
import type { BaseImage, BaseWish } from './base-image.ts';
import type { BaseImages } from './base-images.ts';
import type { Stage } from '../../core/containerfile/instruction.ts';
import { neededStages } from '../../core/containerfile/stage.ts';
import { BimaError, collectProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ImageOrigin } from '../../core/oci/image-origin.ts';
import { parsePlatform } from '../../core/oci/platform.ts';

export interface StageBases {
  /** By the number of the stage, for stages whose FROM names an image. */
  readonly byStage: ReadonlyMap<number, BaseImage>;
  /** Opens the image that a COPY --from names. @throws BimaError as `openBaseImage` does */
  open(name: string, position: Position): Promise<BaseImage>;
  /** All that were opened so far, including those of COPY --from; each once. */
  readonly opened: ReadonlySet<BaseImage>;
  /** Errors of the FROM lines whose image could not be opened. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** @param images is missing where nobody can open any */
export async function openBases(
  stages: readonly Stage[],
  images: BaseImages | undefined,
  wish: BaseWish,
): Promise<StageBases> {
  const byStage = new Map<number, BaseImage>();
  const opened = new Set<BaseImage>();
  const errors: Problem[] = [];
  const open = async (name: string, position: Position, platform?: string): Promise<BaseImage> => {
    if (images === undefined)
      throw new BimaError('NOT_AVAILABLE', `"${name}" can't be opened here`, { position });
    const named = platform === undefined ? {} : { named: readPlatform(platform, position) };
    const base = await openBaseImage(images, name, { ...wish, ...named }, position);
    opened.add(base);
    return base;
  };
  const needed = neededStages(stages);
  for (const [number, { from }] of stages.entries()) {
    if (!needed.has(number) || from.image === 'scratch' || from.stage !== undefined) continue;
    await collectProblems(errors, async () => {
      byStage.set(number, await open(from.image, from.imagePosition, from.platform));
    });
  }
  const warnings = stages.flatMap(({ from }, number) =>
    warnOfTriggers(byStage.get(number), from.imagePosition),
  );
  return { byStage, open, opened, errors, warnings };
}

/** What an image is made of: what it is built on, and then what its files were copied from, in the order of their names. */
export function originsOf(
  base: BaseImage | undefined,
  opened: ReadonlySet<BaseImage>,
): readonly ImageOrigin[] {
  const found = new Map<Digest, ImageOrigin>();
  const others = [...opened].sort((one, other) =>
    one.name < other.name ? -1 : Number(one.name > other.name),
  );
  for (const image of base === undefined ? others : [base, ...others]) {
    if (found.has(image.digest)) continue;
    const { name, reference, digest, platform, labels } = image;
    const role = image === base ? 'base' : 'copied';
    found.set(digest, { role, name, reference, digest, platform, labels });
  }
  return [...found.values()];
}

/** For the variables in the instructions of each stage; undefined when no base has any. */
export function environmentsOf({
  byStage,
}: StageBases): ReadonlyMap<number, Readonly<Record<string, string>>> | undefined {
  const environments = [...byStage].map(([number, { values }]) => [number, values.env] as const);
  return environments.every(([, env]) => Object.keys(env).length === 0) ? undefined : new Map(environments);
}

function readPlatform(text: string, position: Position) {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    const { code, message, hint } = error;
    throw new BimaError(code, message, { position, cause: error, ...(hint === undefined ? {} : { hint }) });
  }
}

function warnOfTriggers(base: BaseImage | undefined, position: Position): Problem[] {
  const [first] = base?.values.onBuild ?? [];
  if (base === undefined || first === undefined) return [];
  return [
    {
      code: 'CONTAINERFILE_UNSUPPORTED',
      message: `"${base.name}" has ONBUILD instructions, which are left out: "${first}"`,
      hint: 'Write in the Containerfile what they would do, if the unikernel needs it.',
      position,
    },
  ];
}
