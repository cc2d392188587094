// Where the image of `bima run` comes from: a layout, an archive, a registry, or a context that is built first.

import { parseCompression } from '../adapters/layers/compression.ts';
import { rootsOf } from '../adapters/disk/choose-image.ts';
import { withoutReferrers } from '../core/oci/referrers.ts';
import { kindOfImages } from '../adapters/disk/image-kind.ts';
import { mustOpenNamed } from '../adapters/disk/open.ts';
import { withTemporaryLayout } from '../adapters/disk/publish.ts';
import { BimaError } from '../core/errors.ts';
import { localName, parseImageName } from '../core/oci/image-name.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import type { Reporter } from '../core/reporter.ts';
import { parseSourceDate } from '../core/source-date.ts';
import { buildPlatforms } from '../usecases/build-platforms.ts';
import { openLayerCache } from '../usecases/layer-sources.ts';
import { planPlatforms } from '../usecases/plan/platforms.ts';
import { findImages } from '../usecases/run/boot-image.ts';
import type { FoundImage } from '../usecases/run/boot-image.ts';
import type { Options } from './args.ts';
import type { BootRequest } from './boot-options.ts';
import { withCommandImages } from './command-images.ts';
import { readPlanOptions } from './options.ts';
import { lazyRegistryClient } from './registry-options.ts';
import { withGivenContext } from './standard-context.ts';
import type { Terminal } from './terminal.ts';

interface SourceWorld {
  readonly options: Options;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly folder: string;
}

type Body = (images: readonly FoundImage[]) => Promise<number>;

/**
 * Runs `body` with the images that a name stands for.
 * @throws BimaError for a name that stands for nothing, and for everything that is wrong with a context
 */
export async function withBootSource(
  name: string,
  request: BootRequest,
  world: SourceWorld,
  body: Body,
): Promise<number> {
  const kind = localName(name) === undefined ? await kindOfImages(name) : 'images';
  if (kind === 'other' || name === '-') return withBuilt(name, request, world, body);
  if (kind === 'images') {
    const images = await mustOpenNamed(name);
    const roots = await withoutReferrers(images.source, await rootsOf(images));
    const found = await findImages(images.source, roots);
    if (found.length > 0) return body(found);
    throw new BimaError('LAYOUT_INVALID', `"${name}" holds no image`);
  }
  // No reference starts or ends so; it is a path with a mistake.
  if (/^[./~]|\.(?:tar|tgz|gz)$|[/\\]$/.test(name))
    throw new BimaError('LAYOUT_INVALID', `"${name}" does not exist`);
  return withRemote(name, world, body);
}

async function withRemote(
  name: string,
  { options, terminal, reporter }: SourceWorld,
  body: Body,
): Promise<number> {
  const reference = parseImageName(name);
  const { openRemoteImage } = await import('../adapters/registry/remote-image.ts');
  const client = lazyRegistryClient({ options, references: [reference], terminal, reporter });
  try {
    const { source, root } = await openRemoteImage(await client.open(), reference);
    return await body(await findImages(source, [root]));
  } finally {
    await client.close();
  }
}

/** In a layout that is there for this run alone; nothing of it is compressed. */
async function withBuilt(
  context: string,
  request: BootRequest,
  { options, terminal, reporter, folder }: SourceWorld,
  body: Body,
): Promise<number> {
  const client = lazyRegistryClient({ options, references: [], terminal, reporter });
  const { signal } = terminal;
  const compression = parseCompression('none');
  try {
    return await withGivenContext(context, { options, terminal }, async (given) => {
      const planOptions = {
        ...(await readPlanOptions(given, options, terminal)),
        platforms: request.platform === undefined ? [] : [request.platform],
      };
      const where = { options, terminal, reporter, client, context: given.context };
      return withCommandImages(where, async (images, blobs) => {
        const plans = await planPlatforms({ ...planOptions, images, outputs: [folder] }, reporter);
        const cache = openLayerCache(blobs, { compression, reuse: true, reporter });
        return withTemporaryLayout(`${folder}/layout`, async (layout) => {
          const created = parseSourceDate(terminal.environment.SOURCE_DATE_EPOCH);
          const how = {
            compression,
            annotations: [],
            annotationEncoding: 'plain',
            created,
            signal,
            cache,
          } as const;
          const built = await buildPlatforms(plans, layout, how, reporter);
          const source = withBlobs(layout, built.external);
          return body(await findImages(source, [built.root]));
        });
      });
    });
  } finally {
    await client.close();
  }
}
