// One small file of an image, found in the topmost layer that has it, and that layer with another content of the file.

import { BimaError } from '../../core/errors.ts';
import { replaceInTar } from '../../core/files/replace-in-tar.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ImageLayer } from '../../core/oci/encode-image.ts';
import { layerCompression } from '../../core/oci/media-types.ts';
import type { Source } from '../../core/oci/target.ts';
import { compress, decompress, layerMediaType, parseCompression } from './compression.ts';
import type { Compression } from './compression.ts';
import { markedCompression, markLayer } from './fingerprint.ts';
import { disturbs } from './named-files.ts';
import { readLayer } from './read.ts';

export interface FoundFile {
  readonly bytes: Uint8Array;
  /** Of the layer among the image's, from 0 for the lowest. */
  readonly at: number;
}

/**
 * Reads the layers from the top one down, until one has the file.
 * @param path relative to the root
 * @param limit of the file, in bytes
 * @returns undefined where no layer has it, or where it is a link or was removed
 * @throws BimaError LAYOUT_INVALID for a file that is larger, DIGEST_MISMATCH
 */
export async function findFile(
  source: Source,
  layers: readonly ImageLayer[],
  path: string,
  limit: number,
): Promise<FoundFile | undefined> {
  for (const [at, layer] of [...layers.entries()].reverse()) {
    let chunks: Uint8Array[] | undefined;
    let isHidden = false;
    const content = readLayer(source, layer, (file) => {
      if (file.path !== path) return undefined;
      if (file.size > limit) {
        const message = `layer ${layer.descriptor.digest}: expected at most ${limit} bytes in "/${path}", got ${file.size}`;
        throw new BimaError('LAYOUT_INVALID', message);
      }
      const own: Uint8Array[] = [];
      chunks = own;
      return (chunk) => own.push(Buffer.from(chunk));
    });
    for await (const entry of content) {
      if (!disturbs(entry, path)) continue;
      isHidden = true;
      if (entry.path === path) chunks = undefined;
    }
    if (chunks !== undefined) return { bytes: Buffer.concat(chunks), at };
    if (isHidden) return undefined;
  }
  return undefined;
}

/** Where a layer goes. */
export interface LayerStore extends Source {
  write(stream: ByteStream): Promise<{ readonly digest: Digest; readonly size: number }>;
}

/**
 * The layer with another content of its file, compressed as it was, in the store; all else of its tar is as it was.
 * @throws BimaError LAYOUT_INVALID, DIGEST_MISMATCH, COMPRESSION_UNSUPPORTED
 */
export async function changeFile(
  source: Source,
  { descriptor, diffId }: ImageLayer,
  file: { readonly path: string; readonly bytes: Uint8Array },
  store: LayerStore,
): Promise<ImageLayer> {
  const what = `layer ${descriptor.digest}`;
  const [before, after] = [createDigester(), createDigester()];
  const tar = decompress(source.open(descriptor).open(), descriptor.mediaType, what);
  const changed = replaceInTar(digested(tar, before), file.path, file.bytes, what);
  const compression = compressionOf(descriptor);
  const { digest, size } = await store.write(
    compress(digested(changed, after), compression, { release: true }),
  );
  if (before.digest() !== diffId)
    throw new BimaError('DIGEST_MISMATCH', `${what}, unpacked: expected ${diffId}, got other content`);
  const layer = {
    descriptor: await markLayer({ mediaType: layerMediaType(compression), digest, size }, compression),
    diffId: after.digest(),
  };
  const found = await findFile(store, [layer], file.path, file.bytes.length);
  if (found === undefined || !Buffer.from(found.bytes).equals(file.bytes))
    throw new BimaError('LAYOUT_INVALID', `${what}: "/${file.path}" can't be changed in its tar`);
  return layer;
}

/** That of its compressor where it is named, or else the usual level of its method. */
function compressionOf(descriptor: Descriptor): Compression {
  const method = layerCompression(descriptor.mediaType) ?? 'none';
  const marked = markedCompression(descriptor);
  return parseCompression(marked?.startsWith(`${method}:`) === true ? marked : method);
}

async function* digested(
  stream: ByteStream,
  digester: ReturnType<typeof createDigester>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    digester.update(chunk);
    yield chunk;
  }
}
