// Reads a file of the context, and makes sure that it is still the one that was listed.
// Not by way of the thread pool: there every read would wait behind the blocks that are being compressed, and each of
// thousands of small files would take ten times as long. A read of one chunk from disk stops nothing else for long.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { absolutePath, unreadable } from './disk.ts';
import type { Place } from './disk.ts';

/** What identifies a file. */
export interface Listed {
  readonly dev: number;
  readonly ino: number;
  /** In bytes. */
  readonly size: number;
  readonly mtimeMs: number;
}

/**
 * Numbers rather than the statistics themselves or their bigints, since there may be thousands of files. Those over 2^53
 * lose digits, and then tell fewer files apart.
 */
export function recognize({ dev, ino, size, mtimeMs }: Stats): Listed {
  return { dev, ino, size, mtimeMs };
}

/** Bytes of one read: fewer, larger reads keep hashing and compression busy. */
const chunkSize = 512 * 1024;

/** The buffer of the last finished read, for the next one. */
let spare: Buffer | undefined;

// Without O_NONBLOCK, a FIFO put in the file's place would stop the build for ever. Windows has neither flag.
const flags =
  process.platform === 'win32'
    ? constants.O_RDONLY
    : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The bytes of a file, `listed.size` of them, or those of a part. The file is closed when the reader stops early. A chunk holds until the
 * next one is asked for: its memory is used again.
 * @throws BimaError CONTEXT_CHANGED when the file was replaced, changed, grew or shrank since it was listed;
 *   CONTEXT_PATH when it can't be read
 */
// eslint-disable-next-line @typescript-eslint/require-await -- an async iterable of what is read at once
export async function* readListed(
  place: Place,
  path: string,
  listed: Listed,
  part = { start: 0, end: listed.size },
): AsyncGenerator<Uint8Array> {
  const file = openListed(place, path);
  const buffer = spare ?? Buffer.allocUnsafeSlow(chunkSize);
  spare = undefined;
  try {
    checkSame(path, listed, fstatSync(file));
    for (let at = part.start; at < part.end;) {
      const bytesRead = readSync(file, buffer, 0, Math.min(buffer.length, part.end - at), at);
      if (bytesRead === 0) throw changed(path, 'shrank');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    checkSame(path, listed, fstatSync(file));
  } catch (cause) {
    throw cause instanceof BimaError ? cause : unreadable(place, path, cause);
  } finally {
    closeSync(file);
    spare = buffer;
  }
}

/** For reading. @throws BimaError CONTEXT_CHANGED, CONTEXT_PATH */
export function openListed(place: Place, path: string): number {
  try {
    return openSync(absolutePath(place, path), flags);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT') || isSystemError(cause, 'ENOTDIR'))
      throw changed(path, 'was removed', cause);
    // What O_NOFOLLOW gives for a link on Linux and macOS, and on FreeBSD.
    if (isSystemError(cause, 'ELOOP') || isSystemError(cause, 'EMLINK'))
      throw changed(path, 'was replaced', cause);
    throw unreadable(place, path, cause);
  }
}

/** @throws BimaError CONTEXT_CHANGED unless these are the statistics of the file that was listed */
export function checkSame(path: string, listed: Listed, stats: Stats): void {
  const now = recognize(stats);
  // Windows gives the device in two forms, depending on the call.
  const sameDevice = now.dev === listed.dev || process.platform === 'win32';
  if (!stats.isFile() || !sameDevice || now.ino !== listed.ino) throw changed(path, 'was replaced');
  if (now.size > listed.size) throw changed(path, 'grew');
  if (now.size < listed.size) throw changed(path, 'shrank');
  if (now.mtimeMs !== listed.mtimeMs) throw changed(path, 'was changed');
}

function changed(path: string, how: string, cause?: unknown): BimaError {
  return new BimaError('CONTEXT_CHANGED', `"${path}" ${how} while it was packed`, {
    hint: 'Build again when nothing writes to the context.',
    ...(cause === undefined ? {} : { cause }),
  });
}
