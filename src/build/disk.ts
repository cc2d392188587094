// The context's directory on disk: names, kinds and links, by paths relative to its root.
// What can't be read or stored faithfully is refused here.

import { lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { BimaError, isSystemError } from '../errors.ts';
import type { Position } from '../errors.ts';
import { comparePaths } from './entry.ts';

/** A directory on disk, and where in the Containerfile it is asked for. */
export interface Place {
  /** Absolute. */
  readonly root: string;
  /** Of the source that is looked for; errors carry it. */
  readonly position?: Position;
}

/** An error about the context at this place. */
export function refusal(
  place: Place,
  message: string,
  options: { hint?: string; cause?: unknown } = {},
): BimaError {
  const { position } = place;
  return new BimaError('CONTEXT_PATH', message, {
    ...options,
    ...(position === undefined ? {} : { position }),
  });
}

/** Paths of the context have `/` as separator on every system; the empty path is the root. */
export function absolutePath(place: Place, path: string): string {
  return join(place.root, path);
}

export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What is at the path, a link not followed; undefined when there is nothing. */
export function readStats(place: Place, path: string): BigIntStats | undefined {
  try {
    // Not by way of the thread pool: that takes ten times as long, for each of maybe thousands of files.
    return lstatSync(absolutePath(place, path), { bigint: true });
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL'].some((code) => isSystemError(cause, code)))
      return undefined;
    throw unreadable(place, path, cause);
  }
}

/** The names in a directory, sorted bytewise. */
export async function readNames(place: Place, path: string): Promise<string[]> {
  let names: Buffer[];
  try {
    names = await readdir(absolutePath(place, path), { encoding: 'buffer' });
  } catch (cause) {
    throw unreadable(place, path, cause);
  }
  const what = `a name in "${shown(path)}"`;
  return names.map((name) => decode(place, name, what)).sort(comparePaths);
}

/** Where a symbolic link points to, as it is stored, with `/` as separator. */
export async function readTarget(place: Place, path: string): Promise<string> {
  let target: Buffer;
  try {
    target = await readlink(absolutePath(place, path), { encoding: 'buffer' });
  } catch (cause) {
    throw unreadable(place, path, cause);
  }
  return decode(place, target, `the target of the symbolic link "${path}"`).replaceAll(sep, '/');
}

/** Anything but a file, a directory or a symbolic link has no place in an image. */
export function specialKind(stats: BigIntStats): string | undefined {
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  if (stats.isBlockDevice()) return 'a block device';
  if (stats.isCharacterDevice()) return 'a character device';
  return undefined;
}

// One for thousands of names.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(place: Place, bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const shown = Buffer.from(bytes)
      .toString('latin1')
      .replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
    throw refusal(place, `expected ${what} to be valid UTF-8, got "${shown}"`, {
      hint: 'Rename it: other tools read the names in a layer as UTF-8.',
      cause,
    });
  }
}

/** The error for a path that is there and can't be read. */
export function unreadable(place: Place, path: string, cause: unknown): BimaError {
  const denied = isSystemError(cause, 'EACCES') || isSystemError(cause, 'EPERM');
  const reason = denied
    ? 'permission denied'
    : isSystemError(cause, 'EBUSY')
      ? 'it is in use by another program'
      : isSystemError(cause)
        ? cause.code
        : String(cause);
  return refusal(place, `"${shown(path)}" can't be read: ${reason}`, { cause });
}

/** The path as messages have it. */
export function shown(path: string): string {
  return path === '' ? '.' : path;
}
