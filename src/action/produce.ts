// The image of a run, from a context or from layouts, in a layout under all of its names.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPlatforms } from '../usecases/build-platforms.ts';
import type { BuiltPlatforms } from '../usecases/build-platforms.ts';
import { PreviousLayers } from '../adapters/layers/previous-layers.ts';
import type { PreviousImages } from '../adapters/layers/previous-layers.ts';
import type { Plan } from '../usecases/plan/plan.ts';
import { planPlatforms } from '../usecases/plan/platforms.ts';
import type { EarlyPush } from '../usecases/push/early-push.ts';
import { openLayout, referrersIn } from '../adapters/disk/layout.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { publishLayout, withTemporaryLayout } from '../adapters/disk/publish.ts';
import { putMissingBlobs } from '../adapters/disk/put-blobs.ts';
import { mergeLayouts } from '../usecases/merge.ts';
import type { AnnotationInput } from '../core/oci/annotations.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { ImageOrigin } from '../core/oci/image-origin.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { openImagesAt, openLayerCache, openTaggedImage } from '../usecases/layer-sources.ts';
import { parseSourceDate } from '../core/source-date.ts';
import type { Release } from '../adapters/github/release.ts';
import type { Workspace } from './workflow-images.ts';
import type { Inputs } from './inputs.ts';
import type { World } from './world.ts';

/** What the inputs and the event ask for. */
export interface ImageRequest {
  readonly inputs: Inputs;
  /** All names of the image: at least one. */
  readonly references: readonly Reference[];
  /** Path of the layout that is written. */
  readonly layoutPath: string;
  /** Why nothing is pushed, if that is so. */
  readonly skipped: string | undefined;
  /** What the archive is attached to, if it is. */
  readonly release: Release | undefined;
}

export interface ProduceWorld extends World, Workspace {
  readonly early: Pick<EarlyPush, 'start' | 'settle'>;
}

export interface Produced {
  /** Has everything of the image; layers that a registry has are perhaps fetched or made only when they are opened. */
  readonly source: Source;
  readonly root: Descriptor;
  /** What refers to the image, in the same source. */
  readonly referrers: readonly Descriptor[];
  /** What the images are made of, by the digests of their configs; empty for what was not built here. */
  readonly origins: ReadonlyMap<Digest, readonly ImageOrigin[]>;
  /** The same two as they are in the layout on disk. */
  readonly onDisk: { readonly image: Descriptor; readonly referrers: readonly Descriptor[] };
  /** False when the layout may lack such layers. */
  readonly isWhole: boolean;
}

/** @throws BimaError for whatever is wrong with the context, the layouts or the base images */
export async function produceImage(request: ImageRequest, world: ProduceWorld): Promise<Produced> {
  const { inputs, references, layoutPath: path } = request;
  const { early, reporter, signal } = world;
  const { annotations, conversion, fromLayout, platforms } = inputs;
  const isBuild = fromLayout.length === 0;
  const make = async (layout: Layout): Promise<Pick<BuiltPlatforms, 'root' | 'images' | 'external'>> => {
    if (isBuild) return build(request, layout, world);
    const options = { annotations, platforms, reporter, signal };
    return { root: await mergeLayouts(fromLayout, layout, options), images: [], external: [] };
  };
  const built = conversion === undefined ? `Build ${inputs.context}` : `Convert ${conversion.image}`;
  const title = isBuild ? built : `Read ${fromLayout.join(', ')}`;
  return reporter.group(title, async () => {
    const made = await withTemporaryLayout(path, async (layout) => {
      const { root, images, external } = await make(layout);
      const origins = new Map(images.map(({ config, origins: own }) => [config.digest, own]));
      // Not what happened to be reused decides: an output that is there on some days only would surprise.
      const isWhole = !isBuild || needsWholeLayout(request);
      if (isWhole) await putMissingBlobs(layout, external, path, signal);
      // Windows moves no folder in which a file is open.
      await early.settle();
      signal.throwIfAborted();
      const referrers = await referrersIn(layout, root);
      await publishLayout(layout, root, references, path, signal);
      const onDisk = { image: root, referrers };
      return { root, referrers, origins, onDisk, isWhole, external: isWhole ? [] : external };
    });
    const { external, ...produced } = made;
    const { root, isWhole } = produced;
    if (isWhole) reporter.info(`the layout with ${root.digest} is ${path}`);
    else reporter.info('the image is only pushed: set oci-layout to have it as a layout, too');
    return { source: withBlobs(await openLayout(path), external), ...produced };
  });
}

async function build(request: ImageRequest, layout: Layout, world: ProduceWorld): Promise<BuiltPlatforms> {
  return withPlans(request.inputs, world, (makePlans, annotations) => {
    const inputs = { ...request.inputs, annotations: [...annotations, ...request.inputs.annotations] };
    return buildPlans({ ...request, inputs }, layout, world, makePlans);
  });
}

/**
 * Runs `body` with what plans the image, of the context or of a container image, and with annotations of its manifests
 * that follow from it. Files of the plans are in reach only meanwhile.
 */
export async function withPlans<T>(
  inputs: Inputs,
  world: World & Pick<Workspace, 'images'>,
  body: (makePlans: () => Promise<readonly Plan[]>, annotations: readonly AnnotationInput[]) => Promise<T>,
): Promise<T> {
  const { conversion, labels, platforms, failOn } = inputs;
  if (conversion === undefined) return body(() => planImages(inputs, world), []);
  const [{ withConversion }, { nameOfImage }] = await Promise.all([
    import('../usecases/convert/convert.ts'),
    import('../usecases/convert/named-image.ts'),
  ]);
  const { environment, images, reporter, folder: temporary } = world;
  const created = parseSourceDate(environment.SOURCE_DATE_EPOCH);
  const image = await nameOfImage(conversion.image);
  const flags = { kernel: 'kernel', init: 'init', platform: 'platforms' } as const;
  return withConversion(
    { ...conversion, image, labels, platforms, failOn, created },
    { images, reporter, temporary, flag: (name) => `the input "${flags[name]}"` },
    ({ plans, annotations }) => body(() => Promise.resolve(plans), annotations),
  );
}

/** What is there of the image already is looked for while it is planned. */
async function buildPlans(
  request: ImageRequest,
  layout: Layout,
  world: ProduceWorld,
  makePlans: () => Promise<readonly Plan[]>,
): Promise<BuiltPlatforms> {
  const { blobs, early, environment, reporter, signal } = world;
  const { annotations, compression, reuse } = request.inputs;
  const previous = new PreviousLayers({ compression, reporter, signal });
  const [plans] = await Promise.all([makePlans(), previous.read(() => openPrevious(request, world))]);
  const cache = openLayerCache(blobs, { compression, reuse, reporter });
  const options = {
    compression,
    annotations,
    annotationEncoding: 'plain',
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
    previous,
    cache,
    finished: early.start,
    signal,
  } as const;
  return buildPlatforms(plans, layout, options, reporter);
}

/** Everything that is wrong with the Containerfile and its files comes out here. */
async function planImages(
  inputs: Inputs,
  { environment, images, reporter, folder }: World & Pick<Workspace, 'images'>,
): Promise<readonly Plan[]> {
  const { context, file, labels, strict, fill, failOn, platforms, buildArguments, target } = inputs;
  const options = {
    context,
    labels,
    strict,
    fill,
    failOn,
    platforms,
    buildArguments,
    ...(target === undefined ? {} : { target }),
    images,
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
    // The run's own folder can be in the context, as the outputs can.
    outputs: [inputs.tar ?? folder, inputs.ociLayout ?? folder, folder],
    ...(file === undefined ? {} : { file: await findFile(context, file) }),
  };
  return planPlatforms(options, reporter);
}

/** Looks in the workspace first, then in the context. */
async function findFile(context: string, file: string): Promise<string> {
  const inContext = join(context, file);
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );
  return !(await isThere(file)) && (await isThere(inContext)) ? inContext : file;
}

/** An image in the layout that this one is for, or else at the tags that are pushed alone. */
async function openPrevious(
  request: ImageRequest,
  { openClient }: ProduceWorld,
): Promise<PreviousImages | undefined> {
  const { inputs, references, layoutPath } = request;
  if (!inputs.reuse) return undefined;
  if (inputs.ociLayout !== undefined) return openImagesAt(layoutPath);
  if (needsWholeLayout(request)) return undefined;
  return openTaggedImage(await openClient(), references);
}

/**
 * Whether somebody needs the image whole on this machine. Otherwise layers of base images and of the image that the
 * tags have may stay where they are until a registry asks for them.
 */
function needsWholeLayout({ inputs, skipped }: ImageRequest): boolean {
  const { ociLayout, tar, artifact, load, release, sbom } = inputs;
  const isWanted = [ociLayout, tar, artifact, load, release].some((input) => input !== undefined);
  // Without a push the layout is all that comes out.
  return isWanted || sbom || skipped !== undefined;
}
