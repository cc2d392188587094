// What a run needs to build on images: a folder for what is read from them, and the cache of what is fetched.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createBaseImages } from './base-images.ts';
import type { BaseImages } from './base-images.ts';
import { BlobCache } from '../../adapters/disk/blob-cache.ts';
import { Downloads } from '../../adapters/download/downloads.ts';
import { cleanUp } from '../../adapters/filesystem/patience.ts';
import type { RegistryClient } from '../../adapters/registry/client.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Reporter } from '../../core/reporter.ts';

export interface BaseWorkspace {
  /** Called only when an image comes from a registry. */
  readonly client: (registry: string) => Promise<RegistryClient>;
  /** The build context, where the paths of layouts and archives start. */
  readonly context: string;
  /** The folder that keeps blobs for later runs. Without it they are gone with the run. */
  readonly cache?: string;
  /** See {@link createBaseImages}. */
  readonly checkPath?: (path: string) => Promise<void>;
  /** For temporary folders. */
  readonly temporary: string;
  /** Hosts of this machine's own network that ADD may download from. */
  readonly urlHosts?: readonly string[];
  /** As for {@link createBaseImages}. */
  readonly pins?: ReadonlyMap<string, Digest> | undefined;
  /** What names stand for in FROM and COPY --from. */
  readonly contexts?: ReadonlyMap<string, string>;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

/** Bytes that the cache is kept below, apart from what a run itself needs. */
const cacheLimit = 10 * 1000 ** 3;

/**
 * Runs `body` with the images that a build may open and the cache that outlasts it, if there is one, and removes what was
 * left on disk for them afterwards.
 */
export async function withBaseImages<T>(
  {
    client,
    context,
    cache,
    checkPath,
    temporary,
    urlHosts = [],
    pins,
    contexts,
    reporter,
    signal,
  }: BaseWorkspace,
  body: (images: BaseImages, blobs: BlobCache | undefined) => Promise<T>,
): Promise<T> {
  // Made by those who write to it: most builds open no image.
  const folder = join(temporary, `bima-${randomUUID()}`);
  const blobs = new BlobCache({
    directory: cache ?? join(folder, 'fetched'),
    reporter,
    signal,
    limit: cache === undefined ? undefined : cacheLimit,
  });
  const downloads = new Downloads({ folder, privateHosts: urlHosts, signal });
  try {
    const images = createBaseImages({
      client,
      cache: blobs,
      directory: context,
      folder,
      checkPath,
      downloads,
      pins,
      contexts,
    });
    return await body(images, cache === undefined ? undefined : blobs);
  } finally {
    await downloads.close();
    // The work is done, and an image perhaps pushed: leftovers are no reason to fail.
    await cleanUp(folder);
  }
}
