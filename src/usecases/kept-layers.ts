// Where a build keeps the layers that it makes, and finds those of earlier ones: beside the blobs that were fetched.

import { decompress, layerMediaType } from '../adapters/layers/compression.ts';
import type { Compression } from '../adapters/layers/compression.ts';
import { nameCompressor } from '../adapters/layers/fingerprint.ts';
import type { BlobCache } from '../adapters/disk/blob-cache.ts';
import { createLayerCache } from '../adapters/disk/layer-cache.ts';
import type { KeptLayers } from '../core/oci/kept-layers.ts';
import type { Reporter } from '../core/reporter.ts';

export interface KeptLayersOptions {
  readonly compression: Compression;
  /** False for a build that makes every layer anew; it keeps them nevertheless. */
  readonly reuse: boolean;
  readonly reporter: Reporter;
}

/** Undefined without a cache, and for layers that aren't compressed: those are made as fast as they are found. */
export function openKeptLayers(
  blobs: BlobCache | undefined,
  { compression, reuse, reporter }: KeptLayersOptions,
): KeptLayers | undefined {
  if (blobs === undefined || compression.method === 'none') return undefined;
  const compressor = async () => (await nameCompressor(compression)) ?? compression.method;
  return createLayerCache({
    blobs,
    decompress: (layer, type) => decompress(layer, type, 'a kept layer'),
    compressor,
    mediaType: layerMediaType(compression),
    reuse,
    reporter,
  });
}
