// From plans to an image in its output: layers that are there already are looked for meanwhile, and others are sent early.

import type { BlobCache } from '../adapters/disk/blob-cache.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { withTemporaryLayout } from '../adapters/disk/publish.ts';
import { PreviousLayers } from '../adapters/layers/previous-layers.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Reporter } from '../core/reporter.ts';
import { buildPlatforms } from '../usecases/build-platforms.ts';
import type { BuildPlatformsOptions, BuiltPlatforms } from '../usecases/build-platforms.ts';
import { openLayerCache } from '../usecases/layer-sources.ts';
import type { Plan } from '../usecases/plan/plan.ts';
import { withEarlyPush } from '../usecases/push/early-push.ts';
import { openRecords } from './open-records.ts';
import type { Options } from './args.ts';
import type { Output } from './output.ts';
import type { LazyClient } from './registry-options.ts';
import type { Terminal } from './terminal.ts';

export interface BuildRequest {
  readonly options: Options;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly client: LazyClient;
  readonly output: Output;
  /** Where the image is pushed; empty for no push. */
  readonly pushed: readonly Reference[];
  /** The cache, if there is one. */
  readonly blobs: BlobCache | undefined;
  readonly buildOptions: BuildPlatformsOptions;
}

/** What was built, and how. */
export interface FinishedPlatforms {
  readonly plans: readonly Plan[];
  readonly build: BuildPlatformsOptions;
  readonly built: BuiltPlatforms;
}

/**
 * @param plan runs beside the look at what is there already
 * @param finish is called when the image is in the layout, before it goes to its output
 */
export async function buildInto(
  { options, terminal, reporter, client, output, pushed, blobs, buildOptions }: BuildRequest,
  plan: () => Promise<readonly Plan[]>,
  finish?: (finished: FinishedPlatforms, layout: Layout) => Promise<void>,
): Promise<BuiltPlatforms> {
  const reuse = !options.flag('no-reuse');
  const { compression } = buildOptions;
  const open = async () => (reuse ? output.previous?.() : undefined);
  const previous = new PreviousLayers({ compression, reporter, signal: terminal.signal });
  const [plans] = await Promise.all([plan(), previous.read(open)]);
  const records = openRecords(terminal, { reuse, reporter });
  const cache = openLayerCache(blobs, { compression, reuse, records, reporter });
  const push = { references: pushed, openClient: () => client.open() };
  return withTemporaryLayout(output.workPath, (layout) =>
    withEarlyPush(push, async (early) => {
      const signal = AbortSignal.any([terminal.signal, early.refused]);
      const more = { previous, cache, records, signal, finished: early.start };
      const build = { ...buildOptions, ...more };
      const platforms = await buildPlatforms(plans, layout, build, reporter);
      await finish?.({ plans, build, built: platforms }, layout);
      await output.write(layout, platforms.root, platforms.external, push.openClient);
      return platforms;
    }),
  );
}
