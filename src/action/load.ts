// Loading the image into the containerd of a self-hosted runner.

import { BimaError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reference } from '../oci/reference.ts';
import type { Source } from '../oci/target.ts';
import type { Reporter } from '../reporter.ts';
import type { ContainerdInputs } from './inputs.ts';
import type { Environment } from './runner.ts';

export interface LoadOrder {
  readonly source: Source;
  readonly image: Descriptor;
  readonly references: readonly Reference[];
  readonly containerd: ContainerdInputs;
  readonly environment: Environment;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

export interface Loader {
  /** Fails early, before anything is built, if nothing could be loaded. */
  check(containerd: ContainerdInputs, environment: Environment): Promise<void>;
  load(order: LoadOrder): Promise<void>;
}

/** Stands in until there is a way into containerd. */
export const noLoader: Loader = {
  check: () => Promise.reject(notAvailable()),
  load: () => Promise.reject(notAvailable()),
};

function notAvailable(): BimaError {
  return new BimaError('NOT_AVAILABLE', 'the input "load" is not available yet', {
    hint: 'Set the input "tar", and import the archive with ctr images import in the next step.',
  });
}
