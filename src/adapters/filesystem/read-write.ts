// Files read and written piece by piece, without the thread pool: there each piece would wait behind the blocks that
// are being compressed, and small ones cost more than what is done with them. Between two pieces that are written, the
// process has a turn for signals, progress and everything else.

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { openRegular } from './open-regular.ts';
import type { ByteStream } from '../../core/oci/blob.ts';

/** Bytes of one read from disk, for a reader that keeps them: larger pieces leave more behind to be collected. */
const pieceSize = 32 * 1024;

/** Size of the one buffer that a releasing reader reuses, in bytes. */
const releasedSize = 256 * 1024;

/**
 * @param range of the file: all of it by default, and less than named if it is shorter
 * @param release true for a reader that keeps no piece: each is gone when the next one is asked for
 * @param follow true for a path that the user has named, which may be a link
 * @throws BimaError LAYOUT_INVALID for anything but a regular file
 */
// eslint-disable-next-line @typescript-eslint/require-await -- an async iterable of what is read at once
export async function* readFilePieces(
  path: string,
  range: { readonly start: number; readonly size: number } = { start: 0, size: Infinity },
  release = false,
  follow = false,
): AsyncGenerator<Uint8Array> {
  const file = openRegular(path, { code: 'LAYOUT_INVALID', follow });
  try {
    const end = range.start + range.size;
    const memory = release ? new Uint8Array(releasedSize) : undefined;
    for (let position = range.start; position < end;) {
      const piece = memory ?? Buffer.allocUnsafeSlow(Math.min(pieceSize, end - position));
      const bytesRead = readSync(file, piece, 0, Math.min(piece.length, end - position), position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Makes a new file of what arrives.
 * @param each is called with each piece that was written
 */
export async function writeNewFile(
  path: string,
  stream: ByteStream,
  each: (piece: Uint8Array) => void = () => undefined,
): Promise<void> {
  const file = openSync(path, 'wx');
  try {
    for await (const piece of stream) {
      for (let offset = 0; offset < piece.length;) offset += writeSync(file, piece, offset);
      each(piece);
      await turn();
    }
  } finally {
    closeSync(file);
  }
}
