// Layers that needn't be made again: what the images that are there already say of their layers, and whether a layer of
// this build is one of them, or was kept by an earlier build. It is taken over only if making it would give the same
// bytes.

import { BimaError, isSystemError } from '../../core/errors.ts';
import { verified } from '../../core/oci/blob.ts';
import type { Blob, ByteStream } from '../../core/oci/blob.ts';
import { isMarked, markLayer } from '../../core/oci/compressor-mark.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import type { ListedManifest } from '../../core/oci/image-tree.ts';
import type { KeptLayers } from '../../core/oci/kept-layers.ts';
import type { Source } from '../../core/oci/target.ts';
import type { Reporter } from '../../core/reporter.ts';
import { compress, layerMediaType } from './compression.ts';
import type { Compression } from './compression.ts';
import { nameCompressor } from './fingerprint.ts';
import { contentSizeOf } from '../../core/files/entry.ts';
import type { Entry } from '../../core/files/entry.ts';
import { packLayer } from './layer.ts';
import type { Layer, PackOptions } from './layer.ts';

/** Images where the new one will be, or at the tags that it will have. */
export interface PreviousImages {
  readonly source: Source;
  readonly roots: readonly Descriptor[];
  /** True when the source holds its blobs on this machine. */
  readonly isLocal: boolean;
}

export interface KnownLayer {
  readonly descriptor: Descriptor;
  /** Its bytes, if they are on this machine. */
  readonly blob?: Blob;
}

/** By their diff IDs. */
export type KnownLayers = ReadonlyMap<Digest, KnownLayer>;

/**
 * The layers of images that this compressor made. What can't be opened or read is left out: then a layer is made that
 * could have been taken over, and no harm is done.
 * @param open gives undefined when there is nothing
 */
export async function findKnownLayers(
  open: () => Promise<PreviousImages | undefined>,
  compression: Compression,
  reporter: Reporter,
): Promise<KnownLayers> {
  const known = new Map<Digest, KnownLayer>();
  await tolerate(reporter, async () => {
    // The compressor tries its sample while the answer is on its way.
    const [previous, compressor] = await Promise.all([open(), nameCompressor(compression)]);
    if (previous !== undefined) await collectLayers(known, previous, { compression, compressor }, reporter);
  });
  return known;
}

async function collectLayers(
  known: Map<Digest, KnownLayer>,
  { source, roots, isLocal }: PreviousImages,
  { compression, compressor }: { readonly compression: Compression; readonly compressor: string | undefined },
  reporter: Reporter,
): Promise<void> {
  const mediaType = layerMediaType(compression);
  const add = async ({ read }: ListedManifest): Promise<void> => {
    for (const { descriptor, diffId } of (await read())?.layers ?? []) {
      if (descriptor.mediaType !== mediaType || !isMarked(descriptor, compressor)) continue;
      if (compressor === undefined && descriptor.digest !== diffId) continue;
      const blob = isLocal ? { blob: source.open(descriptor) } : {};
      known.set(diffId, { descriptor: markLayer(descriptor, compressor), ...blob });
    }
  };
  for (const root of roots) {
    await tolerate(reporter, async () => {
      for await (const image of imagesOf(source, root)) await tolerate(reporter, () => add(image));
    });
  }
}

async function tolerate(reporter: Reporter, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    // What is wrong with the options will be wrong later, too.
    const isFatal = !(error instanceof BimaError) || /^(?:INTERRUPTED|INPUT_INVALID)$/.test(error.code);
    if (isFatal) throw error;
    reporter.debug(`no layer is taken over from what is there: ${error.message}`);
  }
}

export interface ReuseOptions extends PackOptions {
  readonly compression: Compression;
  readonly known: KnownLayers;
  readonly kept?: KeptLayers | undefined;
  readonly reporter: Reporter;
  /** Its reason is thrown when it fires. */
  readonly signal?: AbortSignal | undefined;
}

export interface ReusedLayer {
  readonly layer: Layer;
  /** Read from where it is, or else made again by whoever opens it. */
  readonly blob: Blob;
  /** True for one that an earlier build kept, and no image that is there has. */
  readonly isKept: boolean;
}

/**
 * The known or kept layer of these entries, which are read for that if there may be one. Undefined when it has to be made.
 * @throws BimaError CONTEXT_CHANGED when a file is no longer what its entry says
 */
export async function reuseLayer(
  entries: readonly Entry[],
  options: ReuseOptions,
): Promise<ReusedLayer | undefined> {
  const { known, kept, signal } = options;
  const contentSize = contentSizeOf(entries);
  const mayBeKept = (await kept?.mayHave(contentSize)) ?? false;
  if (known.size === 0 && !mayBeKept) return undefined;
  const digester = createDigester();
  for await (const chunk of packLayer(entries, options)) {
    signal?.throwIfAborted();
    digester.update(chunk);
  }
  const diffId = digester.digest();
  const parts = { diffId, tarSize: digester.size };
  const found = known.get(diffId);
  if (found !== undefined) {
    const blob = await openKnown(entries, found, options);
    if (blob !== undefined) return { layer: { ...parts, descriptor: found.descriptor }, blob, isKept: false };
  }
  const blob = mayBeKept ? await kept?.find({ diffId, contentSize }) : undefined;
  if (blob === undefined) return undefined;
  const descriptor = markLayer(blob.descriptor, await nameCompressor(options.compression));
  const open = (release?: boolean) =>
    readKept(blob.open(release), () => makeAgain(entries, descriptor, options));
  return { layer: { ...parts, descriptor }, blob: { descriptor, open }, isKept: true };
}

async function openKnown(
  entries: readonly Entry[],
  { descriptor, blob }: KnownLayer,
  options: ReuseOptions,
): Promise<Blob | undefined> {
  if (blob === undefined) return { descriptor, open: () => makeAgain(entries, descriptor, options) };
  return (await isWhole(blob, options)) ? blob : undefined;
}

/** What is kept, or the layer made again when another process has removed it meanwhile. */
async function* readKept(content: ByteStream, make: () => ByteStream): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
    return;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
  yield* make();
}

/** The bytes that were found elsewhere, for a place that lacks them. */
async function* makeAgain(
  entries: readonly Entry[],
  descriptor: Descriptor,
  { mtime, compression }: ReuseOptions,
): AsyncGenerator<Uint8Array> {
  const tar = packLayer(entries, { mtime });
  // Its pieces use their memory again, which whoever sends them may still be reading.
  const layer =
    compression.method === 'none'
      ? copied(tar)
      : compress(tar, compression, { size: contentSizeOf(entries) });
  try {
    yield* verified(layer, descriptor, 'a layer that is there already');
  } catch (cause) {
    if (!(cause instanceof BimaError) || cause.code !== 'DIGEST_MISMATCH') throw cause;
    throw new BimaError('DIGEST_MISMATCH', cause.message, {
      hint: 'The image or the cache that has it says something wrong of it: build with --no-reuse, or reuse: false in a workflow.',
      cause,
    });
  }
}

async function* copied(stream: ByteStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield Uint8Array.from(chunk);
}

/** What is on disk can have been damaged since, and would stay so. */
async function isWhole(blob: Blob, { reporter, signal }: ReuseOptions): Promise<boolean> {
  let isRead = false;
  await tolerate(reporter, async () => {
    for await (const chunk of blob.open()) if (chunk.length > 0) signal?.throwIfAborted();
    isRead = true;
  });
  return isRead;
}
