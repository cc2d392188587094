// What the outputs, the summary and the comment say about an image, read from the image itself.

import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import { readImage } from '../core/oci/image.ts';
import { readTree } from '../core/oci/image-tree.ts';
import { isIndexType } from '../core/oci/media-types.ts';
import type { Platform } from '../core/oci/platform.ts';
import type { Source } from '../core/oci/target.ts';

export interface PlatformFacts {
  readonly platform: Platform;
  readonly config: Digest;
  readonly labels: Readonly<Record<string, string>>;
  /** Size of its compressed layers in bytes. */
  readonly layerSize: number;
}

export interface ImageFacts {
  /** Descriptor of the manifest or the index. */
  readonly root: Descriptor;
  readonly isIndex: boolean;
  /** One for each image; attestations are left out. */
  readonly images: readonly PlatformFacts[];
  /** Total size of the image, in bytes. */
  readonly size: number;
}

/** @throws BimaError LAYOUT_INVALID or DIGEST_MISMATCH for documents that can't be read */
export async function readFacts(source: Source, root: Descriptor): Promise<ImageFacts> {
  const { blobs, manifests, indexes, images: found } = await readTree(source, root);
  const images: PlatformFacts[] = [];
  for (const { descriptor, manifest } of found) {
    const { config, layers } = await readImage(source, descriptor, manifest);
    images.push({
      platform: config.platform,
      config: manifest.config.digest,
      labels: config.labels,
      layerSize: layers.reduce((sum, { descriptor: { size } }) => sum + size, 0),
    });
  }
  const size = [...blobs, ...manifests, ...indexes].reduce((sum, descriptor) => sum + descriptor.size, 0);
  return { root, isIndex: isIndexType(root.mediaType), images, size };
}
