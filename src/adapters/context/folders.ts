// The folders of a context, each opened by its name in the one above it: a folder that is swapped for a link while the
// build walks through it leads nowhere else. O_NOFOLLOW alone guards only the last part of a path.

import { closeSync, constants, existsSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';

/** Paths are relative to the root, with `/`; the empty one is the root. */
export interface Folders {
  /**
   * What the file system is to be asked for, to get the folder at a path of which no part is a link.
   * The answer holds until the next call.
   * @throws BimaError CONTEXT_CHANGED when a part of the path is no folder, or no longer the one that it was
   */
  enter(folder: string): string;
  /** @throws BimaError CONTEXT_CHANGED when a folder on the way to the last one isn't the one that was entered */
  verify(): void;
  close(): void;
}

/**
 * Runs `body` with the folders below a directory.
 * @param isPinned whether they are held open, so that no swap is missed: where the system allows it, by default
 */
export async function withFolders<T>(
  root: string,
  body: (folders: Folders) => Promise<T>,
  isPinned = hasDescriptorPaths,
): Promise<T> {
  const folders = isPinned ? new PinnedFolders(root) : new CheckedFolders(root);
  try {
    const result = await body(folders);
    folders.verify();
    return result;
  } finally {
    folders.close();
  }
}

/** Linux has a path for each open file, also below a folder: what openat(2) is for, which Node doesn't have. */
const descriptors = '/proc/self/fd';
const hasDescriptorPaths = process.platform === 'linux' && existsSync(descriptors);

/** Folders that are kept open at once; a deeper tree has some of them opened again on the way back. */
const maxOpen = 64;

/** Holds every folder open, so that its name no longer matters. */
class PinnedFolders implements Folders {
  readonly #root: string;
  readonly #names: string[] = [];
  /** Handles of the root and of each name below it; undefined for one that was closed to make room. */
  readonly #files: (number | undefined)[] = [];

  #last: { readonly folder: string; readonly path: string } | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  enter(folder: string): string {
    // Thousands of files may be in one folder.
    if (folder !== this.#last?.folder) this.#last = { folder, path: this.#find(folder) };
    return this.#last.path;
  }

  #find(folder: string): string {
    const names = partsOf(folder);
    const shared = sharedLength(this.#names, names);
    const known = shared === names.length ? this.#files[shared] : undefined;
    // The folders below one that is entered again stay open: they usually come next.
    if (known !== undefined) return `${descriptors}/${known}`;
    this.#leave(shared);
    if (this.#files.at(-1) === undefined) this.#leave(0);
    if (this.#files.length === 0) this.#files.push(this.#open(this.#root, ''));
    for (const name of names.slice(this.#names.length)) this.#descend(name);
    return `${descriptors}/${this.#files.at(-1)}`;
  }

  verify(): void {
    // A folder that is open can't be another one.
  }

  close(): void {
    this.#leave(0);
    this.#closeAt(0);
    this.#files.length = 0;
  }

  #descend(name: string): void {
    const file = this.#open(`${descriptors}/${this.#files.at(-1)}/${name}`, [...this.#names, name].join('/'));
    this.#names.push(name);
    this.#files.push(file);
    const last = this.#files.length - 1;
    if (last > maxOpen) this.#closeAt(last - maxOpen);
  }

  #leave(depth: number): void {
    this.#last = undefined;
    while (this.#names.length > depth) {
      this.#closeAt(this.#files.length - 1);
      this.#files.pop();
      this.#names.pop();
    }
  }

  #closeAt(index: number): void {
    const file = this.#files[index];
    if (file === undefined) return;
    this.#files[index] = undefined;
    closeSync(file);
  }

  #open(path: string, shown: string): number {
    try {
      return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (cause) {
      throw isGone(cause) ? replaced(shown, cause) : cause;
    }
  }
}

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** For the other systems: checks each folder when it is entered and when it is left. */
class CheckedFolders implements Folders {
  readonly #root: string;
  readonly #names: string[] = [];
  readonly #identities: Identity[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  enter(folder: string): string {
    const names = partsOf(folder);
    const shared = sharedLength(this.#names, names);
    const below = names.slice(shared);
    if (below.length > 0) this.#leave(shared);
    for (const name of below) {
      this.#identities.push(this.#identify([...this.#names, name].join('/')));
      this.#names.push(name);
    }
    return join(this.#root, folder);
  }

  verify(): void {
    this.#leave(0);
  }

  close(): void {
    this.#names.length = 0;
    this.#identities.length = 0;
  }

  #leave(depth: number): void {
    while (this.#names.length > depth) {
      const path = this.#names.join('/');
      const { dev, ino } = this.#identify(path);
      this.#names.pop();
      const before = this.#identities.pop();
      if (before?.dev !== dev || before.ino !== ino) throw replaced(path);
    }
  }

  #identify(path: string): Identity {
    try {
      const stats = lstatSync(join(this.#root, path), { bigint: true });
      if (stats.isDirectory()) return { dev: stats.dev, ino: stats.ino };
    } catch (cause) {
      throw isGone(cause) ? replaced(path, cause) : cause;
    }
    throw replaced(path);
  }
}

function partsOf(folder: string): string[] {
  return folder === '' ? [] : folder.split('/');
}

/** How many leading names both have in common. */
function sharedLength(one: readonly string[], other: readonly string[]): number {
  const different = one.findIndex((name, index) => name !== other[index]);
  return different === -1 ? one.length : different;
}

function isGone(cause: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EMLINK'].some((code) => isSystemError(cause, code));
}

/** The error for a folder or a link that was replaced. */
export function replaced(folder: string, cause?: unknown): BimaError {
  return new BimaError(
    'CONTEXT_CHANGED',
    `"${folder === '' ? '.' : folder}" was replaced while the context was read`,
    {
      hint: 'Build again when nothing writes to the context.',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
