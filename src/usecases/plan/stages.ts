// The stages of a Containerfile or a bunnyfile with the images that they are built on. The environment of those images takes part in
// the reading of the file.

import type { Containerfile, Stage } from '../../core/containerfile/instruction.ts';
import { flattenStage } from '../../core/containerfile/stage.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import { lastPairs } from '../../core/unikernel/labels.ts';
import type { LabelInput } from '../../core/unikernel/labels.ts';
import type { Context } from '../../adapters/context/context.ts';
import { detectAt } from './binary-platform.ts';
import { openBuildFile } from './build-file.ts';
import { environmentsOf, openBases } from './bases.ts';
import type { StageBases } from './bases.ts';
import { createPlanFiles } from './files.ts';
import type { PlanFiles } from './files.ts';
import type { PlanOptions } from './plan.ts';

export interface PlannedStages {
  readonly containerfile: Containerfile;
  readonly bases: StageBases;
  readonly files: PlanFiles;
}

/** What is wrong with the file or its images is listed, not thrown. @param path of the Containerfile */
export async function openStages(
  bytes: Uint8Array,
  path: string,
  context: Context,
  options: PlanOptions,
): Promise<PlannedStages> {
  const read = await openBuildFile(bytes, path);
  const first = read(options);
  const { stages } = first;
  const pairs = lastPairs([...labelsOf(stages), ...options.labels]);
  const hypervisor = pairs.get(uruncKeys.hypervisor)?.value;

  /** That of the binary, if it is one of the files of the context. */
  async function findArchitecture(): Promise<Platform | undefined> {
    const nowhere = {
      byStage: new Map(),
      errors: [],
      warnings: [],
      open: () => Promise.reject(new Error('no images')),
    };
    const rootfs = await createPlanFiles(first, context, nowhere).ofContext(stages.length - 1);
    return detectAt(rootfs, pairs.get(uruncKeys.binary)?.value ?? '');
  }

  const target = options.platform ?? first.platform?.platform;
  const bases = await openBases(stages, options.images, {
    ...(target === undefined ? {} : { target }),
    ...(hypervisor === undefined ? {} : { hypervisor }),
    findArchitecture,
  });
  const environments = environmentsOf(bases);
  const containerfile = environments === undefined ? first : read({ ...options, environments });
  const { images, created } = options;
  return {
    containerfile,
    bases,
    files: createPlanFiles(containerfile, context, bases, images, created),
  };
}

/** Those of the image, in their order. */
export function labelsOf(stages: readonly Stage[]): readonly LabelInput[] {
  if (stages.length === 0) return [];
  const { instructions } = flattenStage(stages);
  return instructions.flatMap((instruction) => (instruction.type === 'label' ? instruction.pairs : []));
}
