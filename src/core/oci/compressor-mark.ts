// Which compressor made a layer, as an annotation of its descriptor tells it: a later build takes the layer over only
// if it would make the very same bytes.

import type { Descriptor } from './descriptor.ts';
import { hexOf } from './digest.ts';
import { mediaTypes } from './media-types.ts';

const compressorAnnotation = 'com.nubificus.bima.compressor';

/** The descriptor of a layer, with the mark of its compressor; without one for a layer that isn't compressed. */
export function markLayer(
  { mediaType, digest, size }: Descriptor,
  compressor: string | undefined,
): Descriptor {
  const layer = { mediaType, digest, size };
  if (compressor === undefined) return layer;
  // The digest is part of it: a tool that compresses the layer anew and keeps the annotation makes it void.
  const mark = `${compressor} ${hexOf(digest).slice(0, 16)}`;
  return { ...layer, annotations: { [compressorAnnotation]: mark } };
}

/** Whether the layer is what this compressor, or none, makes of a tar of some content. */
export function isMarked(layer: Descriptor, compressor: string | undefined): boolean {
  if (compressor === undefined) return layer.mediaType === mediaTypes.layerTar;
  const { annotations = {} } = markLayer(layer, compressor);
  return layer.annotations?.[compressorAnnotation] === annotations[compressorAnnotation];
}
