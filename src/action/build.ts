// Building the image of a context, as the inputs say.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../build/build.ts';
import { planBuild } from '../build/plan.ts';
import type { Plan } from '../build/plan.ts';
import { parseSourceDate } from '../build/source-date.ts';
import type { Layout } from '../layout/layout.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reporter } from '../reporter.ts';
import { selectAnnotations } from './annotations.ts';
import { withAnnotations } from './from-layout.ts';
import type { Inputs } from './inputs.ts';
import type { Environment } from './runner.ts';

/** Everything that is wrong with the Containerfile and its files comes out here. @throws BimaError */
export async function planForInputs(inputs: Inputs, reporter: Reporter): Promise<Plan> {
  const { context, file, labels, strict, platform } = inputs;
  const options = {
    context,
    labels,
    strict,
    ...(platform === undefined ? {} : { platform }),
    ...(file === undefined ? {} : { file: await findFile(context, file) }),
  };
  return planBuild(options, (problem) => {
    reporter.warning(problem);
  });
}

/** Writes the planned image. @returns its manifest, with the annotations that its descriptor shall have */
export async function buildForInputs(
  plan: Plan,
  layout: Layout,
  inputs: Inputs,
  world: { readonly environment: Environment; readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const { environment, reporter, signal } = world;
  const of = (level: 'manifest' | 'manifest-descriptor') =>
    selectAnnotations(inputs.annotations, level, plan.platform);
  const options = {
    compression: inputs.compression,
    annotations: of('manifest'),
    annotationEncoding: 'plain',
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
    signal,
  } as const;
  const { manifest } = await buildImage(plan, layout, options, reporter);
  return withAnnotations(manifest, of('manifest-descriptor'));
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
