// Builds a context with the use cases themselves, into a layout that is verified.

import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createBaseImages } from '../../src/usecases/plan/base-images.ts';
import type { BaseImages } from '../../src/usecases/plan/base-images.ts';
import { buildImage } from '../../src/usecases/build.ts';
import type { BuildOptions, BuiltImage } from '../../src/usecases/build.ts';
import { parseCompression } from '../../src/adapters/layers/compression.ts';
import { planBuild } from '../../src/usecases/plan/plan.ts';
import type { PlanOptions } from '../../src/usecases/plan/plan.ts';
import type { Problem } from '../../src/core/errors.ts';
import { BlobCache } from '../../src/adapters/disk/blob-cache.ts';
import { Downloads } from '../../src/adapters/download/downloads.ts';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import { putBlobs } from '../../src/adapters/disk/put-blobs.ts';
import { publishLayout } from '../../src/adapters/disk/publish.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { createFastClock } from './fast-clock.ts';
import { temporaryFolder } from './folder.ts';
import { verifyLayout } from './verify-layout.ts';
import type { VerifiedImage } from './verify-layout.ts';

/** Opens layouts and archives; asking for a registry fails the test. */
export function localImages(
  test: TestContext,
  context: string,
  privateHosts: readonly string[] = [],
  contexts?: ReadonlyMap<string, string>,
): BaseImages {
  const folder = temporaryFolder(test);
  const downloads = new Downloads({
    folder: join(folder, 'files'),
    privateHosts,
    proxy: {},
    clock: createFastClock(),
  });
  test.after(() => downloads.close());
  return createBaseImages({
    client: (registry) => Promise.reject(new Error(`no registry is there, not even ${registry}`)),
    cache: new BlobCache({ directory: join(folder, 'cache'), reporter: silentReporter }),
    directory: context,
    folder: join(folder, 'files'),
    downloads,
    ...(contexts === undefined ? {} : { contexts }),
  });
}

export interface BuiltContext {
  readonly image: VerifiedImage;
  readonly warnings: readonly Problem[];
  /** The images that its files are from. */
  readonly origins: BuiltImage['origins'];
  /** The folder of the layout. */
  readonly layout: string;
}

/** @param context the folder to build */
export async function buildContext(
  test: TestContext,
  context: string,
  options: Partial<PlanOptions & BuildOptions> = {},
): Promise<BuiltContext> {
  const warnings: Problem[] = [];
  const images = localImages(test, context);
  const plan = await planBuild({ context, labels: [], strict: true, images, ...options }, (problem) =>
    warnings.push(problem),
  );
  const folder = temporaryFolder(test);
  const target = join(folder, 'layout');
  const layout = await createLayout(join(folder, 'temporary'));
  const built = await buildImage(
    plan,
    layout,
    {
      compression: parseCompression('gzip'),
      annotations: {},
      annotationEncoding: 'plain',
      created: 0,
      ...options,
    },
    silentReporter,
  );
  await putBlobs(layout, built.external);
  await publishLayout(layout, built.manifest, [], target);
  const [image] = verifyLayout(target);
  if (image === undefined) throw new Error('the layout has no image');
  return { image, warnings, origins: built.origins, layout: target };
}
