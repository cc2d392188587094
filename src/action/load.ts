// Loading the image into the containerd of a self-hosted runner. What that takes is loaded when it is used.

import type { Containerd } from '../adapters/containerd/containerd.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import type { Reporter } from '../core/reporter.ts';
import type { ContainerdInputs } from './inputs.ts';
import type { Environment } from './runner.ts';

/** Fails early, before anything is built, if nothing could be loaded. */
export async function openForInputs(inputs: ContainerdInputs, environment: Environment): Promise<Containerd> {
  const { openContainerd } = await import('../adapters/containerd/containerd.ts');
  return openContainerd({ ...inputs, program: environment.BIMA_CTR, environment });
}

export interface LoadOrder {
  readonly source: Source;
  readonly image: Descriptor;
  readonly references: readonly Reference[];
  readonly referrers?: readonly Descriptor[];
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** Imports the image under all of its names. */
export async function loadForWorkflow(containerd: Containerd, order: LoadOrder): Promise<void> {
  const { source, image, references, referrers, reporter, signal } = order;
  const { loadImage } = await import('../usecases/load.ts');
  await reporter.group(`Load into containerd at ${containerd.address}`, () =>
    loadImage(containerd, source, image, references, reporter, signal, referrers),
  );
}
