// Blobs: a descriptor and a way to open its bytes afresh, so that a retry needs no special case.

import { BimaError } from '../errors.ts';
import { limits } from '../limits.ts';
import { describeBytes } from './descriptor.ts';
import type { Descriptor } from './descriptor.ts';
import { createDigester } from './digest.ts';
import type { Digest } from './digest.ts';

/** Bytes that arrive in chunks. Leaving the loop early releases the resources behind them. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** The bytes from `start`, which is less than `end`, up to `end`, which is at most the size of what is read. */
export type OpenRange = (start: number, end: number) => ByteStream;

export interface Blob {
  readonly descriptor: Descriptor;
  /**
   * A fresh stream of all bytes, each time it is called.
   * @param release true for a reader that keeps no piece: each may be gone when the next one is asked for
   */
  readonly open: (release?: boolean) => ByteStream;
  /** A repository that has it: another one of the same registry can take it over from there. */
  readonly heldBy?: { readonly registry: string; readonly repository: string };
}

export function blobOf(mediaType: string, bytes: Uint8Array): Blob {
  return { descriptor: describeBytes(mediaType, bytes), open: () => streamOf(bytes) };
}

// eslint-disable-next-line @typescript-eslint/require-await -- an async iterable of what is at hand
export async function* streamOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** All bytes of a stream in memory, for content that is known to be small. */
export async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  // The memory of a file's chunk is reused for the next one.
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/**
 * @param where the content was read from, for the error
 * @throws BimaError DIGEST_MISMATCH unless digest and size are those of the descriptor
 */
export function checkContent(descriptor: Descriptor, digest: Digest, size: number, where: string): void {
  if (digest === descriptor.digest && size === descriptor.size) return;
  const expected = `${descriptor.size} bytes with ${descriptor.digest}`;
  throw new BimaError('DIGEST_MISMATCH', `${where}: expected ${expected}, got ${size} bytes with ${digest}`, {
    hint: 'The content was changed or damaged; make or fetch it again.',
  });
}

/**
 * Passes the bytes through, and fails at their end unless they are those that the descriptor names.
 * No more bytes than the descriptor's size are passed on.
 * @throws BimaError DIGEST_MISMATCH
 */
export async function* verified(
  stream: ByteStream,
  descriptor: Descriptor,
  where: string,
): AsyncGenerator<Uint8Array> {
  const digester = createDigester();
  for await (const chunk of stream) {
    digester.update(chunk);
    if (digester.size > descriptor.size) break;
    yield chunk;
  }
  checkContent(descriptor, digester.digest(), digester.size, where);
}

/** In bytes. */
export const maxDocumentSize = limits.document;

/**
 * The whole blob in memory, verified: for manifests and configs, never for layers.
 * @throws BimaError DIGEST_MISMATCH, or LAYOUT_INVALID for a document over 16 MiB
 */
export async function readDocument(blob: Blob, where: string): Promise<Uint8Array> {
  const { descriptor } = blob;
  if (descriptor.size > maxDocumentSize) {
    throw new BimaError(
      'LAYOUT_INVALID',
      `${where}: expected a document of at most ${maxDocumentSize} bytes, got ${descriptor.size} for ${descriptor.digest}`,
    );
  }
  return readAll(verified(blob.open(), descriptor, where));
}
