// The image of a run, from a context or from layouts, in a layout under all of its names.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPlatforms } from '../usecases/build-platforms.ts';
import type { BuiltPlatforms } from '../usecases/build-platforms.ts';
import { PreviousLayers } from '../adapters/layers/previous-layers.ts';
import type { PreviousImages } from '../adapters/layers/previous-layers.ts';
import type { Plan } from '../usecases/plan/plan.ts';
import { planPlatforms } from '../usecases/plan/platforms.ts';
import type { PlatformsOptions } from '../usecases/plan/platforms.ts';
import type { Attestations } from '../usecases/attest/attest.ts';
import type { PreparedSigning } from '../usecases/attest/prepare-signing.ts';
import { addReferrers } from '../adapters/disk/add-referrers.ts';
import { prepareAttestations } from './attestations.ts';
import type { BuildOfWorkflow } from './attestations.ts';
import type { MakeAttestations } from './attestations.ts';
import type { EarlyPush } from '../usecases/push/early-push.ts';
import { openLayout, referrersIn } from '../adapters/disk/layout.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { publishLayout, withTemporaryLayout } from '../adapters/disk/publish.ts';
import { putMissingBlobs } from '../adapters/disk/put-blobs.ts';
import { mergeLayouts } from '../usecases/merge.ts';
import type { AnnotationInput } from '../core/oci/annotations.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
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
  /** Whether the image will be signed; undefined when nobody asks for it. */
  readonly signing: PreparedSigning | undefined;
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
  /** The same two as they are in the layout on disk. */
  readonly onDisk: { readonly image: Descriptor; readonly referrers: readonly Descriptor[] };
  /** False when the layout may lack such layers. */
  readonly isWhole: boolean;
  /** What this run itself says of the image, besides what came with it. */
  readonly attested?: Attested | undefined;
}

/** Statements of this run, as the layout on disk has them, and how they are made for an image of another digest. */
export interface Attested extends Attestations {
  readonly again: MakeAttestations;
}

/** @throws BimaError for whatever is wrong with the context, the layouts or the base images */
export async function produceImage(request: ImageRequest, world: ProduceWorld): Promise<Produced> {
  const { inputs, references, layoutPath: path } = request;
  const { early, reporter, signal } = world;
  const { annotations, conversion, fromLayout, platforms } = inputs;
  const isBuild = fromLayout.length === 0;
  const make = async (layout: Layout): Promise<Made> => {
    if (isBuild) return build(request, layout, world);
    const options = { annotations, platforms, reporter, signal };
    const attest = await prepareAttestations(request, undefined, world);
    return { root: await mergeLayouts(fromLayout, layout, options), external: [], attest };
  };
  const built = conversion === undefined ? `Build ${inputs.context}` : `Convert ${conversion.image}`;
  const title = isBuild ? built : `Read ${fromLayout.join(', ')}`;
  return reporter.group(title, async () => {
    const made = await withTemporaryLayout(path, async (layout) => {
      const { root, external, attest } = await make(layout);
      // Independent of what happened to be reused: an output that exists only sometimes would surprise.
      const isWhole = !isBuild || needsWholeLayout(request);
      if (isWhole) await putMissingBlobs(layout, external, path, signal);
      // Windows moves no folder in which a file is open.
      await early.settle();
      signal.throwIfAborted();
      const before = await referrersIn(layout, root);
      const attested = await attestInto(layout, { root, external, attest });
      const own = new Set(attested?.referrers.map(({ digest }) => digest));
      const referrers = before.filter(({ digest }) => !own.has(digest));
      const onDisk = { image: root, referrers: [...referrers, ...(attested?.referrers ?? [])] };
      await publishLayout(layout, root, references, path, signal);
      return { root, referrers, onDisk, isWhole, attested, external: isWhole ? [] : external };
    });
    const { external, ...produced } = made;
    const { root, isWhole } = produced;
    if (isWhole) reporter.info(`the layout with ${root.digest} is ${path}`);
    else reporter.info('the image is only pushed: set oci-layout to have it as a layout, too');
    return { source: withBlobs(await openLayout(path), external), ...produced };
  });
}

interface Made extends Pick<BuiltPlatforms, 'root' | 'external'> {
  readonly attest: MakeAttestations | undefined;
}

/** Puts the statements of this run beside the image. */
async function attestInto(layout: Layout, { root, external, attest }: Made): Promise<Attested | undefined> {
  if (attest === undefined) return undefined;
  const made = await attest(withBlobs(layout, external), root);
  await addReferrers(layout, made.referrers, made.blobs);
  return { ...made, again: attest };
}

async function build(request: ImageRequest, layout: Layout, world: ProduceWorld): Promise<Made> {
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
): Promise<Made> {
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
  const built = await buildPlatforms(plans, layout, options, reporter);
  const { images } = built;
  const finished = await describeFinished(request.inputs, { plans, build: options, images }, world);
  return { ...built, attest: await prepareAttestations(request, finished, world) };
}

/** What provenance tells of a build; undefined for a conversion, which has no Containerfile. */
async function describeFinished(
  inputs: Inputs,
  { plans, build, images }: Pick<BuildOfWorkflow, 'plans' | 'build'> & Pick<BuiltPlatforms, 'images'>,
  world: ProduceWorld,
): Promise<BuildOfWorkflow | undefined> {
  if (inputs.conversion !== undefined) return undefined;
  const origins = new Map(images.map(({ config, origins: own }) => [config.digest, own]));
  const plan = await planOptions(inputs, world);
  return { plan, contexts: inputs.buildContexts, build, plans, origins };
}

/** Everything that is wrong with the Containerfile and its files comes out here. */
async function planImages(
  inputs: Inputs,
  world: World & Pick<Workspace, 'images'>,
): Promise<readonly Plan[]> {
  return planPlatforms(await planOptions(inputs, world), world.reporter);
}

async function planOptions(
  inputs: Inputs,
  { environment, images, folder }: World & Pick<Workspace, 'images'>,
): Promise<PlatformsOptions> {
  const { context, file, labels, strict, fill, container, failOn, platforms, buildArguments, target } =
    inputs;
  return {
    context,
    labels,
    strict,
    fill,
    container,
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
