// The image of a pull request's base branch, for its size.

import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Reporter } from '../core/reporter.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import { openRemoteImage } from '../adapters/registry/remote-image.ts';
import { readFacts } from './image-facts.ts';
import type { PlatformFacts } from './image-facts.ts';
import { createWorkflowClient } from './workflow-push.ts';
import type { ClientRequest, ClientWorld } from './workflow-push.ts';

export interface BranchImage {
  readonly reference: Reference;
  readonly images: readonly PlatformFacts[];
}

/** How long a comparison may take; it is worth no more waiting. */
const patience = 30_000;

/**
 * Reads the image's documents, not its layers.
 * @returns undefined for whatever goes wrong, after a debug line
 */
export async function readBranchImage(
  { reference, ...request }: ClientRequest & { readonly reference: Reference },
  world: ClientWorld,
): Promise<BranchImage | undefined> {
  const signal = AbortSignal.any([world.signal, AbortSignal.timeout(patience)]);
  const debug = (message: string) => {
    world.reporter.debug(message);
  };
  const reporter: Reporter = {
    ...world.reporter,
    info: debug,
    warning: ({ message }) => {
      debug(message);
    },
  };
  let client: RegistryClient | undefined;
  try {
    client = createWorkflowClient(request, { ...world, reporter, signal });
    const { source, root } = await openRemoteImage(client, reference);
    return { reference, images: (await readFacts(source, root)).images };
  } catch (error) {
    debug(`no change in size: can't read ${formatReference(reference)}: ${String(error)}`);
    return undefined;
  } finally {
    await client?.close();
  }
}
