// The use case: planned images, one for each platform, become one image or one index in a layout.

import type { Layout } from '../adapters/disk/layout.ts';
import { explainUnused, selectAnnotations, withAnnotations } from '../core/oci/annotations.ts';
import type { AnnotationInput } from '../core/oci/annotations.ts';
import type { Blob } from '../core/oci/blob.ts';
import { encodeIndex } from '../core/oci/index-document.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Reporter } from '../core/reporter.ts';
import { buildImage } from './build.ts';
import type { BuildOptions, BuiltImage } from './build.ts';
import { MadeLayers } from '../adapters/layers/made-layers.ts';
import type { Plan } from './plan/plan.ts';

export interface BuildPlatformsOptions extends Omit<BuildOptions, 'annotations' | 'made'> {
  readonly annotations: readonly AnnotationInput[];
}

export interface BuiltPlatforms {
  /** Descriptor of the one manifest, or of the index. */
  readonly root: Descriptor;
  /** In the order of the plans. */
  readonly images: readonly BuiltImage[];
  /** Layers that are not in the layout. */
  readonly external: readonly Blob[];
}

/**
 * Writes the images of all plans into a layout, and above several of them an index in the order of the plans.
 * Layers that are the same are made once. The layout's own index is left alone.
 * @param plans at least one
 */
export async function buildPlatforms(
  plans: readonly Plan[],
  layout: Layout,
  options: BuildPlatformsOptions,
  reporter: Reporter,
): Promise<BuiltPlatforms> {
  const { annotations, ...others } = options;
  const made = plans.length > 1 ? new MadeLayers() : undefined;
  const images: BuiltImage[] = [];
  for (const plan of plans) {
    const own = selectAnnotations(annotations, 'manifest', plan.platform);
    if (plans.length > 1) reporter.info(`building for ${formatPlatform(plan.platform)}`);
    images.push(await buildImage(plan, layout, { ...others, annotations: own, made }, reporter));
  }
  const manifests = images.map(({ manifest, platform }) => {
    return withAnnotations(manifest, selectAnnotations(annotations, 'manifest-descriptor', platform));
  });
  // The same layer may be below several images.
  const external = images.flatMap((image) => image.external);
  const [first] = manifests;
  if (first === undefined) throw new RangeError('there is nothing to build');
  if (manifests.length === 1) {
    for (const line of explainUnused(annotations)) reporter.info(line);
    return { root: first, images, external };
  }
  const index = encodeIndex(manifests, selectAnnotations(annotations, 'index'));
  await layout.put(index);
  reporter.info(`index ${index.descriptor.digest} of ${images.length} images`);
  const root = withAnnotations(index.descriptor, selectAnnotations(annotations, 'index-descriptor'));
  return { root, images, external };
}
