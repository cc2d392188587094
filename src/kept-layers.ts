// Where a build keeps the layers that it makes, and finds those of earlier ones: beside the blobs that were fetched.

import { decompress, layerMediaType } from './build/compression.ts';
import type { Compression } from './build/compression.ts';
import { nameCompressor } from './build/compressor.ts';
import type { BlobCache } from './layout/blob-cache.ts';
import { createLayerCache } from './layout/layer-cache.ts';
import type { KeptLayers } from './oci/kept-layers.ts';
import type { Reporter } from './reporter.ts';

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
