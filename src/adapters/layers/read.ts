// Reads a layer of a source in one pass: decompressed, listed, and its diff ID checked at the end.

import { checkContent } from '../../core/oci/blob.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester } from '../../core/oci/digest.ts';
import type { Digest, Digester } from '../../core/oci/digest.ts';
import { layerCompression } from '../../core/oci/media-types.ts';
import type { Source } from '../../core/oci/target.ts';
import { decompress } from './compression.ts';
import { listLayer } from '../../core/files/list-layer.ts';
import type { ContentReader, ListedEntry } from '../../core/files/list-layer.ts';

/**
 * The entries of a layer, in its order; none for a layer of a type that is not known here.
 * @param content as for `listLayer`
 * @throws BimaError DIGEST_MISMATCH unless the layer and its tar are those that were named; LAYOUT_INVALID
 */
export async function* readLayer(
  source: Source,
  layer: { readonly descriptor: Descriptor; readonly diffId: Digest },
  content?: ContentReader,
): AsyncGenerator<ListedEntry> {
  const { descriptor, diffId } = layer;
  const what = `layer ${descriptor.digest}`;
  if (layerCompression(descriptor.mediaType) === undefined) return;
  const digester = createDigester();
  const tar = decompress(source.open(descriptor).open(), descriptor.mediaType, what);
  yield* listLayer(digested(tar, digester), what, content);
  const digest = digester.digest();
  checkContent(
    { ...descriptor, digest: diffId, size: digester.size },
    digest,
    digester.size,
    `${what}, unpacked`,
  );
}

async function* digested(stream: ByteStream, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    digester.update(chunk);
    yield chunk;
  }
}
