// Loading the image into the containerd of a self-hosted runner. What that takes is loaded when it is used.

import type { Containerd } from '../adapters/containerd/containerd.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import type { ContainerdInputs } from './inputs.ts';
import type { World } from './world.ts';

/** Fails early, before anything is built, if nothing could be loaded. */
export async function openForInputs(
  inputs: ContainerdInputs,
  { environment }: Pick<World, 'environment'>,
): Promise<Containerd> {
  const { openContainerd } = await import('../adapters/containerd/containerd.ts');
  return openContainerd({ ...inputs, program: environment.BIMA_CTR, environment });
}

export interface LoadRequest {
  readonly load: ContainerdInputs;
  readonly source: Source;
  readonly root: Descriptor;
  readonly references: readonly Reference[];
  readonly referrers?: readonly Descriptor[];
}

/** Imports the image under all of its names. */
export async function loadForWorkflow(
  { load, source, root, references, referrers }: LoadRequest,
  world: Pick<World, 'environment' | 'reporter' | 'signal'>,
): Promise<void> {
  const { reporter, signal } = world;
  const containerd = await openForInputs(load, world);
  const { loadImage } = await import('../usecases/load.ts');
  await reporter.group(`Load into containerd at ${containerd.address}`, () =>
    loadImage(containerd, source, root, references, reporter, signal, referrers),
  );
}
