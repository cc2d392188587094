// The images that a build on the command line may open.

import { tmpdir } from 'node:os';
import type { BaseImages } from '../usecases/plan/base-images.ts';
import { withBaseImages } from '../usecases/plan/base-workspace.ts';
import type { BlobCache } from '../adapters/disk/blob-cache.ts';
import { parseBuildContexts } from '../core/containerfile/build-contexts.ts';
import { findFolderTarget } from '../adapters/filesystem/output-path.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Options } from './args.ts';
import type { LazyClient } from './registry-options.ts';
import type { Terminal } from './terminal.ts';

export interface ImagesContext {
  readonly options: Options;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly client: LazyClient;
  /** The build context. */
  readonly context: string;
  /** What names stand for, in place of --build-context. */
  readonly contexts?: ReadonlyMap<string, string>;
  /** Digests that base images must have, by their names. */
  readonly pins?: ReadonlyMap<string, Digest>;
}

/**
 * Runs `body` with them, and with the cache in the folder of `--cache`: only there, something is kept.
 * @throws BimaError OUTPUT_FAILED for a cache that is no folder
 */
export async function withCommandImages<T>(
  { options, terminal, reporter, client, context, contexts, pins }: ImagesContext,
  body: (images: BaseImages, blobs: BlobCache | undefined) => Promise<T>,
): Promise<T> {
  const cache = options.string('cache') ?? '';
  if (cache !== '') await findFolderTarget(cache);
  return withBaseImages(
    {
      client: (registry) => client.open(registry),
      context,
      urlHosts: options.strings('url-host'),
      contexts: contexts ?? parseBuildContexts(options.strings('build-context'), '--build-context'),
      pins,
      ...(cache === '' ? {} : { cache }),
      temporary: tmpdir(),
      reporter,
      signal: terminal.signal,
    },
    body,
  );
}
