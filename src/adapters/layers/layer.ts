// From entries to a layer: a deterministic tar, compressed, with both of its digests, in one pass (OCI image-spec,
// layer.md). No layer and no file is ever in memory as a whole.

import { BimaError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester } from '../../core/oci/digest.ts';
import type { Digest, Digester } from '../../core/oci/digest.ts';
import { compress, layerMediaType } from './compression.ts';
import type { Compression } from './compression.ts';
import { markLayer } from './fingerprint.ts';
import { contentSizeOf } from '../../core/files/entry.ts';
import type { Entry, FileEntry } from '../../core/files/entry.ts';
import { encodeHeader, endOfTar, paddingOf } from '../../core/files/tar-header.ts';

export interface Layer {
  readonly descriptor: Descriptor;
  /** The digest of the tar before its compression. */
  readonly diffId: Digest;
  /** Size of the tar before its compression, in bytes. */
  readonly tarSize: number;
}

/** Called with the size of each chunk of a file that was packed, in bytes. */
export type ReadReporter = (size: number) => void;

export interface PackOptions {
  /** Time of every entry, in whole seconds since 1970. */
  readonly mtime: number;
  readonly read?: ReadReporter;
}

export interface LayerOptions extends PackOptions {
  readonly compression: Compression;
  /** Its reason is thrown when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Stores the compressed bytes, all of them. A chunk is valid until the next is asked for. */
  write(stream: ByteStream): Promise<{ readonly digest: Digest; readonly size: number }>;
}

/**
 * Packs, compresses and stores a layer.
 * @throws BimaError CONTEXT_CHANGED when a file is no longer what its entry says; what `write` throws
 */
export async function createLayer(entries: readonly Entry[], options: LayerOptions): Promise<Layer> {
  const { compression, signal } = options;
  const digester = createDigester();
  const tar = watched(packLayer(entries, options), digester, signal);
  const { digest, size } = await options.write(
    compress(tar, compression, { release: true, size: contentSizeOf(entries) }),
  );
  const mediaType = layerMediaType(compression);
  const descriptor = await markLayer({ mediaType, digest, size }, compression);
  return { descriptor, diffId: digester.digest(), tarSize: digester.size };
}

async function* watched(
  tar: ByteStream,
  digester: Digester,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of tar) {
    signal?.throwIfAborted();
    digester.update(chunk);
    yield chunk;
  }
}

/** Pieces are put together up to this many bytes: what comes after costs something for each piece. */
const gatherSize = 64 * 1024;

/**
 * The tar of these entries, in their order. The same entries give the same bytes on every system. A piece holds until
 * the next one is asked for: its memory is used again.
 * @throws BimaError CONTEXT_CHANGED when a file hasn't the size that its entry says
 */
export async function* packLayer(
  entries: Iterable<Entry>,
  { mtime, read }: PackOptions,
): AsyncGenerator<Uint8Array> {
  const gathered = new Uint8Array(gatherSize);
  let size = 0;
  function* add(piece: Uint8Array): Generator<Uint8Array> {
    if (size + piece.length > gatherSize) {
      yield gathered.subarray(0, size);
      size = 0;
    }
    if (piece.length > gatherSize) {
      yield piece;
      return;
    }
    gathered.set(piece, size);
    size += piece.length;
  }

  for (const entry of entries) {
    yield* add(encodeHeader(entry, mtime));
    if (entry.type !== 'file') continue;
    for await (const chunk of content(entry)) {
      yield* add(chunk);
      read?.(chunk.length);
    }
    yield* add(paddingOf(entry.size));
  }
  yield* add(endOfTar);
  yield gathered.subarray(0, size);
}

/** A file of another size than its header says would make everything after it unreadable. */
async function* content(entry: FileEntry): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of entry.open()) {
    size += chunk.length;
    if (size > entry.size) break;
    yield chunk;
  }
  if (size !== entry.size) {
    throw new BimaError(
      'CONTEXT_CHANGED',
      `expected ${entry.size} bytes of "${entry.path}", got ${size > entry.size ? 'more' : size}`,
    );
  }
}
