// Where a build can reuse layers from: the image at its tags, what is at its destination, and the cache.

import { openLocalImages } from '../adapters/disk/open.ts';
import type { BlobCache } from '../adapters/disk/blob-cache.ts';
import { LayerCache } from '../adapters/disk/layer-cache.ts';
import type { OwnRecords } from '../adapters/disk/own-records.ts';
import { decompress, layerMediaType } from '../adapters/layers/compression.ts';
import type { Compression } from '../adapters/layers/compression.ts';
import { nameCompressor } from '../adapters/layers/fingerprint.ts';
import type { PreviousImages } from '../adapters/layers/previous-layers.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import { RegistryError } from '../adapters/registry/registry-error.ts';
import { streamOf } from '../core/oci/blob.ts';
import { withDefaultTag } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import type { Reporter } from '../core/reporter.ts';

/**
 * What the first of these references that is there stands for. Nothing is tried twice for it: a registry that can't be
 * reached now is known to be down, and the push that follows has its own patience.
 * @throws BimaError as reading a manifest does
 */
export async function openTaggedImage(
  client: RegistryClient,
  references: readonly Reference[],
): Promise<PreviousImages | undefined> {
  for (const reference of references.map(withDefaultTag)) {
    if (reference.tag === undefined) continue;
    const repository = client.repository(reference, { access: 'push', attempts: 1 });
    const document = await repository.read(reference.tag).catch((error: unknown) => {
      if (error instanceof RegistryError && error.failure !== undefined) client.down.add(reference.registry);
      throw error;
    });
    if (document === undefined) continue;
    const { descriptor, bytes } = document;
    const source = withBlobs(repository, [{ descriptor, open: () => streamOf(bytes) }]);
    return { source, roots: [descriptor], isLocal: false };
  }
  return undefined;
}

/** Those of a layout or an archive; undefined when the path doesn't exist. @throws BimaError LAYOUT_INVALID */
export async function openImagesAt(path: string): Promise<PreviousImages | undefined> {
  const images = await openLocalImages(path);
  return images === undefined ? undefined : { ...images, isLocal: true };
}

export interface LayerCacheRequest {
  readonly compression: Compression;
  /** False for a build that makes every layer anew; the cache gets them nevertheless. */
  readonly reuse: boolean;
  /** What this user knows of layers already. */
  readonly records?: OwnRecords | undefined;
  readonly reporter: Reporter;
}

/** Undefined without a cache, and for layers that aren't compressed: those are made as fast as they are found. */
export function openLayerCache(
  blobs: BlobCache | undefined,
  { compression, reuse, records, reporter }: LayerCacheRequest,
): LayerCache | undefined {
  if (blobs === undefined || compression.method === 'none') return undefined;
  return new LayerCache({
    blobs,
    records,
    decompress: (layer, type) => decompress(layer, type, 'a layer of the cache'),
    compressor: async () => (await nameCompressor(compression)) ?? compression.method,
    mediaType: layerMediaType(compression),
    reuse,
    reporter,
  });
}
