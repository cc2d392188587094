// The context's directory on disk: names, kinds and links, by paths relative to its root.
// What can't be read or stored faithfully is refused here.

import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { BimaError, isSystemError, throwProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import { comparePaths } from '../../core/files/entry.ts';
import { replaced, withFolders } from './folders.ts';
import type { Folders } from './folders.ts';

/** A directory on disk, and where in the Containerfile it is asked for. */
export interface Place {
  /** Absolute. */
  readonly root: string;
  /** Position of the source in the Containerfile; errors carry it. */
  readonly position?: Position;
}

/** A place that is being examined. */
export interface OpenPlace extends Place {
  readonly folders: Folders;
  readonly listings: Listings;
  /** Where the root came from, if its path means nothing to the user. */
  readonly origin?: string | undefined;
  /** Called with each doubtful thing that a source brings. */
  readonly warn?: ((problem: Problem) => void) | undefined;
}

/** Contents of the folders that a build has listed, by their paths. */
export type Listings = Map<string, Listing>;

export interface Listing {
  /** Sorted bytewise. */
  readonly names: ReadonlySet<string>;
  /** Names that are not UTF-8. */
  readonly undecodable: readonly Uint8Array[];
}

/** Runs `body` while the place is open. */
export function withPlace<T>(
  place: Place & Pick<OpenPlace, 'warn' | 'origin'>,
  listings: Listings,
  body: (place: OpenPlace) => T | Promise<T>,
): Promise<T> {
  return withFolders(place.root, async (folders) => body({ ...place, folders, listings }));
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

/** What the file system is to be asked for, to get what is at the path, a link not followed. It holds until the next call. */
export function locate({ folders }: OpenPlace, path: string): string {
  const slash = path.lastIndexOf('/');
  return `${folders.enter(path.slice(0, Math.max(slash, 0)))}/${path.slice(slash + 1)}`;
}

/** What is at the path, without following a link; undefined when there is nothing. */
export function readStats(place: OpenPlace, path: string): Stats | undefined {
  try {
    // No bigints: they are a KB for each file. Not by way of the thread pool, nor are listings and links: that takes ten times as long, for each of maybe thousands of files.
    return lstatSync(locate(place, path));
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL'].some((code) => isSystemError(cause, code)))
      return undefined;
    throw unreadable(place, path, cause);
  }
}

/**
 * Whether the listing of a directory has exactly this name. A file system may know what is there by other names as well:
 * in another case or Unicode form, by its short name, with a stream, dots or a whole path in the name.
 */
export function hasName(place: OpenPlace, folder: string, name: string): boolean {
  return listingOf(place, folder).names.has(name);
}

/**
 * The names in a directory, sorted bytewise.
 * @throws BimaError CONTEXT_PATH with every name that is not UTF-8
 */
export function readNames(place: OpenPlace, path: string): ReadonlySet<string> {
  const { names, undecodable } = listingOf(place, path);
  const what = `a name in "${shown(path)}"`;
  throwProblems(undecodable.flatMap((name) => notUtf8(place, name, what).problems));
  return names;
}

function listingOf(place: OpenPlace, folder: string): Listing {
  const known = place.listings.get(folder);
  if (known !== undefined) return known;
  let found: Buffer[];
  try {
    found = readdirSync(place.folders.enter(folder), { encoding: 'buffer' });
  } catch (cause) {
    throw unreadable(place, folder, cause);
  }
  const names: string[] = [];
  const undecodable: Buffer[] = [];
  for (const name of found) {
    const text = decode(name);
    if (text === undefined) undecodable.push(name);
    else names.push(text);
  }
  const listing = { names: new Set(names.sort(comparePaths)), undecodable };
  place.listings.set(folder, listing);
  return listing;
}

/** Where a symbolic link points to, as it is stored, with `/` as separator. */
export function readTarget(place: OpenPlace, path: string): string {
  let target: Buffer;
  try {
    target = readlinkSync(locate(place, path), { encoding: 'buffer' });
  } catch (cause) {
    // What Linux answers for anything but a link: it was one before.
    if (isSystemError(cause, 'EINVAL') || isSystemError(cause, 'ENOENT')) throw replaced(path, cause);
    throw unreadable(place, path, cause);
  }
  const text = decode(target);
  if (text === undefined) throw notUtf8(place, target, `the target of the symbolic link "${path}"`);
  return text.replaceAll(sep, '/');
}

/** Anything but a file, a directory or a symbolic link has no place in an image. */
export function specialKind(stats: Stats): string | undefined {
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  if (stats.isBlockDevice()) return 'a block device';
  if (stats.isCharacterDevice()) return 'a character device';
  return undefined;
}

// One decoder for thousands of names.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function notUtf8(place: Place, bytes: Uint8Array, what: string): BimaError {
  const written = Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
  return refusal(place, `expected ${what} to be valid UTF-8, got "${written}"`, {
    hint: 'Rename it: other tools read the names in a layer as UTF-8.',
  });
}

/** The error for a path that exists and can't be read. */
export function unreadable(place: Place, path: string, cause: unknown): BimaError {
  if (cause instanceof BimaError) return cause;
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

/** The path as shown in messages. */
export function shown(path: string): string {
  return path === '' ? '.' : path;
}
