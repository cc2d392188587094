// What the outputs, the summary and the comment say of an image, read from the image itself.

import { readDocument } from '../oci/blob.ts';
import { parseConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { readTree } from '../oci/image-tree.ts';
import { isImageManifest, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../oci/platform.ts';
import type { Source } from '../oci/target.ts';

export interface PlatformFacts {
  readonly platform: Platform;
  readonly config: Digest;
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes of its layers as they are transferred: compressed. */
  readonly layerSize: number;
}

export interface ImageFacts {
  /** Of the manifest or the index. */
  readonly root: Descriptor;
  readonly isIndex: boolean;
  /** One for each image; attestations are left out. */
  readonly images: readonly PlatformFacts[];
  /** Bytes of everything that the image consists of. */
  readonly size: number;
}

/** @throws BimaError LAYOUT_INVALID or DIGEST_MISMATCH for documents that can't be read */
export async function readFacts(source: Source, root: Descriptor): Promise<ImageFacts> {
  const { blobs, manifests, indexes } = await readTree(source, root);
  const images: PlatformFacts[] = [];
  for (const descriptor of manifests) {
    const bytes = await readDocument(source.open(descriptor), source.name);
    const manifest = parseManifest(bytes, descriptor.digest);
    if (!isImageManifest(manifest)) continue;
    const { config, layers } = manifest;
    const document = parseConfig(await readDocument(source.open(config), source.name), config.digest);
    images.push({
      platform: document.platform,
      config: config.digest,
      labels: document.labels,
      layerSize: layers.reduce((sum, { size }) => sum + size, 0),
    });
  }
  const size = [...blobs, ...manifests, ...indexes].reduce((sum, descriptor) => sum + descriptor.size, 0);
  return { root, isIndex: isIndexType(root.mediaType), images, size };
}
