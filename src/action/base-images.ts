// The images that a run of the action may open, and where the runner keeps what was fetched of them and what was made.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseImages } from '../usecases/plan/base-images.ts';
import { withBaseImages } from '../usecases/plan/base-workspace.ts';
import type { BlobCache } from '../adapters/disk/blob-cache.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import type { Inputs } from './inputs.ts';
import type { ClientOrder } from './push.ts';
import type { Environment } from './runner.ts';

export interface ImagesOrder extends ClientOrder {
  /** The build context. */
  readonly context: string;
  readonly inputs: ClientOrder['inputs'] & Pick<Inputs, 'urlHosts' | 'buildContexts'>;
  /** For temporary folders. */
  readonly folder: string;
}

/** Made when somebody needs it, once for the whole run. */
export type OpenClient = () => Promise<RegistryClient>;

/** What else a build may use of the run. */
export interface Workspace {
  readonly openClient: OpenClient;
  /** Where the layers of this build are kept, if that is of use. */
  readonly blobs: BlobCache | undefined;
}

/** Runs `body` with them, and with the client that it may push with. The credentials are those of a push. */
export async function withWorkflowImages<T>(
  order: ImagesOrder,
  body: (images: BaseImages, workspace: Workspace) => Promise<T>,
): Promise<T> {
  const { context, environment, folder, reporter, signal } = order;
  let client: Promise<RegistryClient> | undefined;
  const create = async () => (await import('./push.ts')).createWorkflowClient(order);
  const openClient = () => (client ??= create());
  const cache = await cacheOf(environment);
  // The folder of a hosted runner is gone with the job: a copy of a layer there would be for nobody.
  const isHosted = environment.RUNNER_ENVIRONMENT === 'github-hosted';
  const options = {
    client: openClient,
    context,
    urlHosts: order.inputs.urlHosts,
    contexts: order.inputs.buildContexts,
    ...(cache === undefined ? {} : { cache }),
    temporary: folder,
    reporter,
    signal,
  };
  try {
    return await withBaseImages(options, (images, blobs) =>
      body(images, { openClient, blobs: isHosted ? undefined : blobs }),
    );
  } finally {
    await (await client?.catch(() => undefined))?.close();
  }
}

/**
 * Whether somebody needs the image whole on this machine. Otherwise layers of base images and of the image that the
 * tags have may stay where they are until a registry asks for them.
 * @param isPushed false when the layout is all that comes out
 */
export function needsWholeLayout(inputs: Inputs, isPushed: boolean): boolean {
  const { ociLayout, tar, artifact, load, release, sbom } = inputs;
  return [ociLayout, tar, artifact, load, release].some((input) => input !== undefined) || sbom || !isPushed;
}

/** A runner without such a folder, or a job that may not write to it, has no cache. */
async function cacheOf({ RUNNER_TOOL_CACHE: tools = '' }: Environment): Promise<string | undefined> {
  if (tools === '') return undefined;
  const folder = join(tools, 'bima');
  const mayWrite = (path: string) =>
    access(path, constants.W_OK).then(
      () => true,
      () => false,
    );
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  return (await mayWrite(exists ? folder : tools)) ? folder : undefined;
}
