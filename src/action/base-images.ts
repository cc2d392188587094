// The images that a build of the action may open, and where the runner keeps what was fetched of them.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseImages } from '../base-images.ts';
import { withBaseImages } from '../base-workspace.ts';
import type { Blob } from '../oci/blob.ts';
import type { RegistryClient } from '../registry/client.ts';
import type { Inputs } from './inputs.ts';
import type { ClientOrder } from './push.ts';
import type { Environment } from './runner.ts';

export interface ImagesOrder extends ClientOrder {
  /** The build context. */
  readonly context: string;
  /** For temporary folders. */
  readonly folder: string;
}

/** Runs `body` with them. The credentials are those of a push. */
export async function withWorkflowImages<T>(
  order: ImagesOrder,
  body: (images: BaseImages) => Promise<T>,
): Promise<T> {
  const { context, environment, folder, reporter, signal } = order;
  let client: Promise<RegistryClient> | undefined;
  const open = async () => (await import('./push.ts')).createWorkflowClient(order);
  const cache = await cacheOf(environment);
  const workspace = {
    client: () => (client ??= open()),
    context,
    ...(cache === undefined ? {} : { cache }),
    temporary: folder,
    reporter,
    signal,
  };
  try {
    return await withBaseImages(workspace, body);
  } finally {
    await (await client?.catch(() => undefined))?.close();
  }
}

/**
 * Whether somebody needs the image whole on this machine. Otherwise the layers of base images may stay where they are
 * until a registry asks for them.
 * @param isPushed false when the layout is all that comes out
 */
export function needsWholeLayout(inputs: Inputs, isPushed: boolean, elsewhere: readonly Blob[]): boolean {
  const { ociLayout, tar, artifact, load, release, sbom } = inputs;
  const isUsed = [ociLayout, tar, artifact, load, release].some((input) => input !== undefined) || sbom;
  return elsewhere.length === 0 || isUsed || !isPushed;
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
