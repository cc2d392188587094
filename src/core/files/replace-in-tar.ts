// One file of a tar with another content, and every other byte of the tar as it is. Pure.

import { BimaError } from '../errors.ts';
import type { ByteStream } from '../oci/blob.ts';
import { cleanPath } from './list-layer.ts';
import { paddingOf, withSize } from './tar-header.ts';
import { readTar } from './tar-reader.ts';

const blockSize = 512;

/** Bytes that are kept at most: far more than anything between two contents has, such as the blocks that end a tar. */
const maxKept = 64 * 1024 ** 2;

/**
 * The tar with the content of each file of that path replaced; its owner, mode and date stay.
 * @param path relative to the root
 * @param what names the tar in errors
 * @throws BimaError LAYOUT_INVALID for anything but a whole tar; what `tar` throws
 */
export async function* replaceInTar(
  tar: ByteStream,
  path: string,
  content: Uint8Array,
  what: string,
): AsyncGenerator<Uint8Array> {
  const tape = new Tape(tar, what);
  for await (const entry of readTar(tape, what)) {
    const end = entry.start + entry.size;
    if (cleanPath(entry.name) !== path || entry.type !== 'file') {
      yield* tape.upTo(entry.start);
      for await (const chunk of entry.content) if (chunk.length > 0) yield* tape.upTo(end);
      continue;
    }
    yield* tape.upTo(entry.start - blockSize);
    const header = Buffer.concat([...tape.upTo(entry.start)]);
    if (header.length !== blockSize)
      throw new BimaError(
        'LAYOUT_INVALID',
        `${what}: "${path}" can't be replaced: its header is not its own`,
      );
    yield withSize(header, content.length);
    yield content;
    yield paddingOf(content.length);
    for await (const chunk of entry.content) if (chunk.length > 0) tape.drop(end);
    tape.drop(end + paddingOf(entry.size).length);
  }
  yield* tape.upTo(Infinity);
}

/** Passes a stream on, and keeps what was read of it until it is taken. */
class Tape {
  readonly #stream: ByteStream;
  readonly #pieces: Buffer[] = [];
  /** Where the first piece begins in the stream. */
  #position = 0;
  #kept = 0;
  #dropped = 0;
  readonly #what: string;

  constructor(stream: ByteStream, what: string) {
    this.#stream = stream;
    this.#what = what;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#stream) {
      // A chunk is valid until the next is asked for.
      const piece = Buffer.from(chunk);
      this.#pieces.push(piece);
      this.#kept += piece.length;
      if (this.#kept > maxKept)
        throw new BimaError(
          'LAYOUT_INVALID',
          `${this.#what} can't be changed: too much of it is between its files`,
        );
      yield piece;
    }
  }

  /** What was read up to there, and was neither taken nor dropped. */
  *upTo(end: number): Generator<Uint8Array> {
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      const first = this.#position;
      const size = Math.min(piece.length, Math.max(0, end - first));
      if (size < piece.length) this.#pieces.unshift(piece.subarray(size));
      this.#position += size;
      this.#kept -= size;
      const kept = piece.subarray(Math.min(size, Math.max(0, this.#dropped - first)), size);
      if (kept.length > 0) yield kept;
      if (size < piece.length) return;
    }
  }

  /** Leaves out everything before, also what is yet to be read. */
  drop(end: number): void {
    this.#dropped = Math.max(this.#dropped, end);
    for (const piece of this.upTo(end))
      if (piece.length > 0) throw new RangeError('dropped bytes were taken');
  }
}
