// Opens files at paths that others have chosen. A FIFO or a device there could be read for ever, and a link could lead
// anywhere.

import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { BimaError, isSystemError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';

export interface OpenOptions {
  /** Code of the error for what is no regular file. */
  readonly code: ErrorCode;
  /** Code of the error for a file that is too large; `code` by default. */
  readonly tooLarge?: ErrorCode;
  /** True for a path that the user has named: its last part may be a link. */
  readonly follow?: boolean;
}

/**
 * Opens a regular file for reading, without waiting for anything.
 * @returns its descriptor, which the caller has to close
 * @throws BimaError with `code` for anything but a regular file; what the system says for what can't be opened
 */
export function openRegular(path: string, options: OpenOptions): number {
  const { follow = false } = options;
  // Windows has neither flag, and no FIFO that has a path.
  const isWindows = process.platform === 'win32';
  if (isWindows && !follow && lstatSync(path).isSymbolicLink())
    throw refusal(path, 'a symbolic link', options);
  const flags = isWindows ? 0 : constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | flags);
  } catch (cause) {
    // What O_NOFOLLOW gives for a link on Linux and macOS, and on FreeBSD; a link that is followed may lead to itself.
    const isLink = !follow && (isSystemError(cause, 'ELOOP') || isSystemError(cause, 'EMLINK'));
    if (isLink) throw refusal(path, 'a symbolic link', options, cause);
    // What Linux gives for a socket.
    if (isSystemError(cause, 'ENXIO')) throw refusal(path, 'a socket', options, cause);
    throw cause;
  }
  const kind = specialKind(fstatSync(file));
  if (kind === undefined) return file;
  closeSync(file);
  throw refusal(path, kind, options);
}

/**
 * All bytes of a regular file that is known to be small.
 * @param limit in bytes
 * @throws BimaError for a file with more bytes, and as `openRegular` does
 */
export async function readRegular(path: string, limit: number, options: OpenOptions): Promise<Uint8Array> {
  const file = openRegular(path, options);
  try {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const piece = Buffer.allocUnsafeSlow(64 * 1024);
      const bytesRead = readSync(file, piece, 0, piece.length, null);
      if (bytesRead === 0) return Buffer.concat(pieces);
      size += bytesRead;
      if (size > limit) {
        const { code, tooLarge = code } = options;
        throw new BimaError(tooLarge, `expected at most ${limit} bytes in "${path}", got more`);
      }
      pieces.push(piece.subarray(0, bytesRead));
      await turn();
    }
  } finally {
    closeSync(file);
  }
}

/** The same at once, for a file of a few bytes. */
export function readRegularNow(path: string, limit: number, options: OpenOptions): Uint8Array {
  const file = openRegular(path, options);
  try {
    const bytes = Buffer.alloc(limit + 1);
    const size = readSync(file, bytes, 0, bytes.length, null);
    if (size > limit) {
      const { code, tooLarge = code } = options;
      throw new BimaError(tooLarge, `expected at most ${limit} bytes in "${path}", got more`);
    }
    return bytes.subarray(0, size);
  } finally {
    closeSync(file);
  }
}

function refusal(path: string, kind: string, { code }: OpenOptions, cause?: unknown): BimaError {
  return new BimaError(code, `expected "${path}" to be a file, got ${kind}`, {
    ...(cause === undefined ? {} : { cause }),
  });
}

function specialKind(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return stats.isBlockDevice() ? 'a block device' : 'a character device';
}
