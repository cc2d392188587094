// What is recorded of a build: what it was told, and how many layers each image has from its base.

import { resolveContext } from '../../adapters/context/context.ts';
import { findOutputs } from '../../adapters/context/own-outputs.ts';
import { formatCompression } from '../../adapters/layers/compression.ts';
import { formatAnnotation } from '../../core/oci/annotations.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import { recordArguments, recordContexts } from '../../core/trust/build-record.ts';
import type { BuildRecord } from '../../core/trust/build-record.ts';
import type { BuildPlatformsOptions } from '../build-platforms.ts';
import type { Plan, PlannedRecipe } from '../plan/plan.ts';
import type { PlatformsOptions } from '../plan/platforms.ts';

export interface FinishedBuild {
  readonly plan: PlatformsOptions;
  /** What names stood for in FROM and COPY --from. */
  readonly contexts: ReadonlyMap<string, string>;
  readonly build: Pick<
    BuildPlatformsOptions,
    'annotations' | 'annotationEncoding' | 'compression' | 'created'
  >;
  /** At least one. */
  readonly plans: readonly Plan[];
}

export async function recordBuild({ plan, contexts, build, plans }: FinishedBuild): Promise<BuildRecord> {
  const [first] = plans;
  const recipe = first?.recipe;
  if (recipe === undefined) throw new RangeError('nothing was built from a Containerfile');
  const { path, digest } = recipe;
  return {
    containerfile: { ...(path === undefined ? {} : { path }), digest },
    ...(plan.target === undefined ? {} : { target: plan.target }),
    platforms: plan.platforms.map(formatPlatform),
    labels: plan.labels.map(({ key, value }) => ({ key, value })),
    annotations: build.annotations.map(formatAnnotation),
    annotationEncoding: build.annotationEncoding,
    ...recordArguments(usedArguments(plan, recipe)),
    buildContexts: recordContexts(contexts),
    strict: plan.strict,
    fill: plan.fill ?? true,
    ...(plan.container === true ? { container: true } : {}),
    compression: formatCompression(build.compression),
    sourceDate: build.created,
    leftOut: await outputsIn(plan),
  };
}

/** What the build writes into its own context, whether or not it was there before. */
async function outputsIn({ context, outputs = [] }: PlatformsOptions): Promise<readonly string[]> {
  return (await findOutputs(await resolveContext(context), outputs)).paths;
}

/** Those that the Containerfile can see: others may hold anything, and change nothing. */
function usedArguments(
  { buildArguments = new Map<string, string>() }: PlatformsOptions,
  { argumentNames }: PlannedRecipe,
): ReadonlyMap<string, string> {
  const isSeen = (name: string) => argumentNames.includes(name) || /^(?:BUILD|TARGET)[A-Z]+$/.test(name);
  return new Map([...buildArguments].filter(([name]) => isSeen(name)));
}

/** How many layers of each image are its base's, by the platform. */
export function countBaseLayers(plans: readonly Plan[]): ReadonlyMap<string, number> {
  return new Map(plans.map(({ platform, base }) => [formatPlatform(platform), base?.layers.length ?? 0]));
}
