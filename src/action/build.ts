// Building the image of a context, as the inputs say.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseImages } from '../usecases/plan/base-images.ts';
import type { BuildOptions } from '../usecases/build.ts';
import { buildPlatforms } from '../usecases/build-platforms.ts';
import type { BuiltPlatforms } from '../usecases/build-platforms.ts';
import { planPlatforms } from '../usecases/plan/platforms.ts';
import type { Plan } from '../usecases/plan/plan.ts';
import { parseSourceDate } from '../core/source-date.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Inputs } from './inputs.ts';
import type { Environment } from './runner.ts';

/**
 * Everything that is wrong with the Containerfile and its files comes out here.
 * @param world.folder the run's own, which can be in the context, as the outputs can
 * @throws BimaError
 */
export async function planForInputs(
  inputs: Inputs,
  images: BaseImages,
  world: { readonly environment: Environment; readonly reporter: Reporter; readonly folder: string },
): Promise<readonly Plan[]> {
  const { environment, reporter, folder } = world;
  const {
    context,
    file,
    labels,
    strict,
    platforms,
    buildArguments,
    target,
    tar = folder,
    ociLayout = folder,
  } = inputs;
  const options = {
    context,
    labels,
    strict,
    platforms,
    buildArguments,
    ...(target === undefined ? {} : { target }),
    images,
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
    outputs: [tar, ociLayout, folder],
    ...(file === undefined ? {} : { file: await findFile(context, file) }),
  };
  return planPlatforms(options, reporter);
}

/** Writes the planned images. The root has the annotations that its descriptor shall have. */
export async function buildForInputs(
  plans: readonly Plan[],
  layout: Layout,
  inputs: Inputs,
  layers: Pick<BuildOptions, 'known' | 'kept' | 'finished'>,
  world: { readonly environment: Environment; readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<BuiltPlatforms> {
  const { environment, reporter, signal } = world;
  const options = {
    compression: inputs.compression,
    annotations: inputs.annotations,
    annotationEncoding: 'plain',
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
    ...layers,
    signal,
  } as const;
  return buildPlatforms(plans, layout, options, reporter);
}

/** From the workspace, or else from the context. */
async function findFile(context: string, file: string): Promise<string> {
  const inContext = join(context, file);
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );
  return !(await isThere(file)) && (await isThere(inContext)) ? inContext : file;
}
