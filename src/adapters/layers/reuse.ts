// Reuse: a layer that a source has is neither compressed nor stored. Whoever opens it gets what is on this machine, or
// else the layer made at that moment, and checked.

import { BimaError, isSystemError } from '../../core/errors.ts';
import { contentSizeOf } from '../../core/files/entry.ts';
import type { Entry } from '../../core/files/entry.ts';
import { verified } from '../../core/oci/blob.ts';
import type { Blob, ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester } from '../../core/oci/digest.ts';
import type { FoundLayer, LayerSource } from '../../core/oci/layer-source.ts';
import type { ContentWatch, LayerContent } from './content-watch.ts';
import { compress } from './compression.ts';
import type { Compression } from './compression.ts';
import { markLayer } from './fingerprint.ts';
import { packLayer } from './layer.ts';
import type { Layer, PackOptions } from './layer.ts';

export interface ReuseOptions extends PackOptions {
  readonly compression: Compression;
  /** Watches these entries, if their content may be known without reading them. */
  readonly watch?: ContentWatch | undefined;
  /** Its reason is thrown when it fires. */
  readonly signal?: AbortSignal | undefined;
}

export interface ReusedLayer {
  readonly layer: Layer;
  readonly blob: Blob;
  readonly from: LayerSource['kind'];
}

/**
 * The layer of these entries from the first source that has it. The entries are packed and hashed for that, but only
 * if a source may have a layer of their size, and nothing is known of them. Undefined when the layer has to be made.
 * @throws BimaError CONTEXT_CHANGED when a file is no longer what its entry says
 */
export async function reuseLayer(
  entries: readonly Entry[],
  sources: readonly LayerSource[],
  options: ReuseOptions,
): Promise<ReusedLayer | undefined> {
  const contentSize = contentSizeOf(entries);
  const candidates: LayerSource[] = [];
  for (const source of sources) if (await source.mayHave(contentSize)) candidates.push(source);
  if (candidates.length === 0) return undefined;
  const { diffId, tarSize } = options.watch?.find() ?? (await readContent(entries, options));
  for (const source of candidates) {
    const found = await source.find({ diffId, contentSize });
    if (found === undefined) continue;
    const descriptor = await markLayer(found.descriptor, options.compression);
    const blob = { descriptor, open: opener(found, () => makeAgain(entries, descriptor, options)) };
    return { layer: { descriptor, diffId, tarSize }, blob, from: source.kind };
  }
  return undefined;
}

async function readContent(entries: readonly Entry[], options: ReuseOptions): Promise<LayerContent> {
  const digester = createDigester();
  for await (const chunk of packLayer(entries, options)) {
    options.signal?.throwIfAborted();
    digester.update(chunk);
  }
  const content = { diffId: digester.digest(), tarSize: digester.size };
  options.watch?.note(content);
  return content;
}

function opener({ open }: FoundLayer, make: () => ByteStream): Blob['open'] {
  return open === undefined ? make : (release) => readOrMake(open(release), make);
}

/** What is on disk, or the layer made again if another process has removed it meanwhile. */
async function* readOrMake(content: ByteStream, make: () => ByteStream): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
    return;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
  yield* make();
}

async function* makeAgain(
  entries: readonly Entry[],
  descriptor: Descriptor,
  { mtime, compression }: ReuseOptions,
): AsyncGenerator<Uint8Array> {
  const tar = packLayer(entries, { mtime });
  // Whoever sends a chunk may still be reading it when the next is asked for.
  const layer =
    compression.method === 'none'
      ? copied(tar)
      : compress(tar, compression, { size: contentSizeOf(entries) });
  try {
    yield* verified(layer, descriptor, 'a layer of the previous image or the cache');
  } catch (cause) {
    if (!(cause instanceof BimaError) || cause.code !== 'DIGEST_MISMATCH') throw cause;
    throw new BimaError('DIGEST_MISMATCH', cause.message, {
      hint: 'The previous image or the cache says something wrong about this layer: build with --no-reuse, or with reuse: false in a workflow.',
      cause,
    });
  }
}

async function* copied(stream: ByteStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield Uint8Array.from(chunk);
}
