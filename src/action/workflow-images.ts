// The images that a run of the action may open, and the runner's cache of what was fetched or built.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseImages } from '../usecases/plan/base-images.ts';
import { withBaseImages } from '../usecases/plan/base-workspace.ts';
import type { BlobCache } from '../adapters/disk/blob-cache.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import type { Inputs } from './inputs.ts';
import type { Environment } from '../core/environment.ts';
import type { ClientRequest, ClientWorld } from './workflow-push.ts';
import { holdBaseImages } from './workspace.ts';
import type { World } from './world.ts';

/** Created on first use, once for the whole run. */
export type OpenClient = () => Promise<RegistryClient>;

/** What else a build may use of the run. */
export interface Workspace {
  readonly images: BaseImages;
  readonly openClient: OpenClient;
  /** Cache for the layers of this build, if one outlasts the job. */
  readonly blobs: BlobCache | undefined;
}

/** Runs `body` with them, and with the client that it may push with. The credentials are those of a push. */
export async function withWorkflowImages<T>(
  request: ClientRequest & {
    readonly inputs: Pick<Inputs, 'context' | 'buildArguments' | 'urlHosts' | 'buildContexts'>;
  },
  world: ClientWorld & Pick<World, 'folder'>,
  body: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const { environment, folder, reporter, signal } = world;
  let client: Promise<RegistryClient> | undefined;
  const create = async () => (await import('./workflow-push.ts')).createWorkflowClient(request, world);
  const openClient = () => (client ??= create());
  const cache = await cacheOf(environment);
  // The folder of a hosted runner vanishes with the job: a copied layer there would be useless.
  const isHosted = environment.RUNNER_ENVIRONMENT === 'github-hosted';
  const options = {
    client: openClient,
    context: request.inputs.context,
    checkPath: holdBaseImages(request.inputs, environment),
    urlHosts: request.inputs.urlHosts,
    contexts: request.inputs.buildContexts,
    ...(cache === undefined ? {} : { cache }),
    temporary: folder,
    reporter,
    signal,
  };
  try {
    return await withBaseImages(options, (images, blobs) =>
      body({ images, openClient, blobs: isHosted ? undefined : blobs }),
    );
  } finally {
    await (await client?.catch(() => undefined))?.close();
  }
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
