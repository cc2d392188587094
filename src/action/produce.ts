// The image of a run, from a context or from layouts, in a layout under all of its names.

import type { BaseImages } from '../usecases/plan/base-images.ts';
import type { BuiltPlatforms } from '../usecases/build-platforms.ts';
import { PreviousLayers } from '../adapters/layers/previous-layers.ts';
import type { PreviousImages } from '../adapters/layers/previous-layers.ts';
import type { EarlyPush } from '../usecases/push/early-push.ts';
import type { BlobCache } from '../adapters/disk/blob-cache.ts';
import { openLayout, referrersIn } from '../adapters/disk/layout.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { publishLayout, withTemporaryLayout } from '../adapters/disk/publish.ts';
import { putMissingBlobs } from '../adapters/disk/put-blobs.ts';
import { mergeLayouts } from '../usecases/merge.ts';
import type { Blob } from '../core/oci/blob.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { openImagesAt, openLayerCache, openTaggedImage } from '../usecases/layer-sources.ts';
import { needsWholeLayout } from './base-images.ts';
import type { OpenClient } from './base-images.ts';
import { buildForInputs, planForInputs } from './build.ts';
import type { Inputs } from './inputs.ts';
import type { World } from './run.ts';

export interface ProduceOrder {
  readonly inputs: Inputs;
  readonly references: readonly Reference[];
  readonly images: BaseImages;
  readonly openClient: OpenClient;
  readonly early: Pick<EarlyPush, 'start' | 'settle'>;
  /** Holds the layers of earlier builds, and gets those of this one, if there is such a cache. */
  readonly blobs: BlobCache | undefined;
  /** Of the layout. */
  readonly path: string;
  readonly isPushed: boolean;
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
}

/** @throws BimaError for whatever is wrong with the context, the layouts or the base images */
export async function produceImage(order: ProduceOrder, world: World): Promise<Produced> {
  const { inputs, references, early, path, isPushed } = order;
  const { reporter, signal } = world;
  const { annotations, fromLayout, platforms } = inputs;
  const isBuild = fromLayout.length === 0;
  const make = async (layout: Layout): Promise<{ root: Descriptor; external: readonly Blob[] }> => {
    if (isBuild) return build(order, layout, world);
    const options = { annotations, platforms, reporter, signal };
    return { root: await mergeLayouts(fromLayout, layout, options), external: [] };
  };
  const title = isBuild ? `Build ${inputs.context}` : `Read ${fromLayout.join(', ')}`;
  return reporter.group(title, async () => {
    const made = await withTemporaryLayout(path, async (layout) => {
      const { root, external } = await make(layout);
      // Not what happened to be reused decides: an output that is there on some days only would surprise.
      const isWhole = !isBuild || needsWholeLayout(inputs, isPushed);
      if (isWhole) await putMissingBlobs(layout, external, path, signal);
      // Windows moves no folder in which a file is open.
      await early.settle();
      signal.throwIfAborted();
      const referrers = await referrersIn(layout, root);
      await publishLayout(layout, root, references, path, signal);
      const onDisk = { image: root, referrers };
      return { root, referrers, onDisk, isWhole, external: isWhole ? [] : external };
    });
    const { external, ...produced } = made;
    const { root, isWhole } = produced;
    if (isWhole) reporter.info(`the layout with ${root.digest} is ${path}`);
    else reporter.info('the image is only pushed: set oci-layout to have it as a layout, too');
    return { source: withBlobs(await openLayout(path), external), ...produced };
  });
}

/** The image of the context; what is there of it already is looked for while the context is read. */
async function build(order: ProduceOrder, layout: Layout, world: World): Promise<BuiltPlatforms> {
  const { inputs, images, blobs, early } = order;
  const { reporter, signal } = world;
  const { compression, reuse } = inputs;
  const previous = new PreviousLayers({ compression, reporter, signal });
  const [plans] = await Promise.all([
    planForInputs(inputs, images, world),
    previous.read(() => openPrevious(order)),
  ]);
  const cache = openLayerCache(blobs, { compression, reuse, reporter });
  return buildForInputs(plans, layout, inputs, { previous, cache, finished: early.start }, world);
}

/** An image in the layout that this one is for, or else at the tags that are pushed alone. */
async function openPrevious(order: ProduceOrder): Promise<PreviousImages | undefined> {
  const { inputs, references, openClient, path, isPushed } = order;
  if (!inputs.reuse) return undefined;
  if (inputs.ociLayout !== undefined) return openImagesAt(path);
  if (needsWholeLayout(inputs, isPushed)) return undefined;
  return openTaggedImage(await openClient(), references);
}
