// The files of a root file system as its inodes: each once, with all its names, the root first. What initrd.ts and
// ext2.ts write.

import { BimaError } from '../errors.ts';
import type { ByteStream } from '../oci/blob.ts';
import { comparePaths } from './entry.ts';
import type { Entry, FileEntry, Xattrs } from './entry.ts';
import type { Found, Match } from './match.ts';

export interface Inode {
  /** The entry, under the path of its first name; `` for the root. */
  readonly entry: Entry;
  /** In the order of paths; more than one for a file with hard links. */
  readonly names: readonly string[];
}

/** Permission bits, owner and attributes of the root. */
export type RootAttributes = Pick<Entry, 'mode' | 'uid' | 'gid'> & { readonly xattrs?: Xattrs };

const plainRoot: RootAttributes = { mode: 0o755, uid: 0, gid: 0 };

/**
 * In the order of their first names, so that a directory comes before what it holds. Directories that no entry stands
 * for belong to root and have the mode 0755.
 */
export function inodesOf(entries: Iterable<Entry>, root: RootAttributes = plainRoot): readonly Inode[] {
  const byPath = new Map<string, Entry>([['', { type: 'directory', path: '', ...root }]]);
  for (const entry of entries) byPath.set(entry.path, entry);
  for (const path of [...byPath.keys()]) {
    for (let folder = folderOf(path); !byPath.has(folder); folder = folderOf(folder))
      byPath.set(folder, { type: 'directory', path: folder, ...plainRoot });
  }
  const sorted = [...byPath.values()].sort((one, other) => comparePaths(one.path, other.path));
  const inodes: (Inode & { readonly names: string[] })[] = [];
  const linked = new Map<string, string[]>();
  for (const entry of sorted) {
    const inode = entry.type === 'file' ? entry.inode : undefined;
    const others = inode === undefined ? undefined : linked.get(inode);
    if (others !== undefined) {
      others.push(entry.path);
      continue;
    }
    const names = [entry.path];
    if (inode !== undefined) linked.set(inode, names);
    inodes.push({ entry, names });
  }
  return inodes;
}

/** The path without its last part. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

/** What a COPY names, as the root of a file system: the contents of folders, and files by their names. */
export interface FoundTree {
  /** Entries by path; a later source replaces what an earlier one brings. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly root: RootAttributes;
}

/**
 * What is found in another rootfs stays as it is there, with its owners, devices, hard links and attributes; what is
 * found in the context belongs to root.
 * @throws BimaError CONTEXT_PATH when a file would take the place of a directory, or a directory that of a file
 */
export function treeOf(matches: readonly Match[]): FoundTree {
  const entries = new Map<string, Entry>();
  let root = plainRoot;
  for (const match of matches) {
    const isFolder = match.found.type === 'directory';
    const origin = isFolder ? match.found.origin : undefined;
    if (origin !== undefined) root = { ...plainRoot, ...attributesOf(origin) };
    // A loop: what others made may be too deep for the stack.
    const pending = [{ path: isFolder ? '' : match.found.name, found: match.found }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { path, found } = next;
      if (path !== '') put(entries, entryOf(found, path), match);
      if (found.type !== 'directory') continue;
      for (const child of found.children)
        pending.push({ path: path === '' ? child.name : `${path}/${child.name}`, found: child });
    }
  }
  return { entries, root };
}

function put(entries: Map<string, Entry>, entry: Entry, { source }: Match): void {
  const existing = entries.get(entry.path);
  if (existing !== undefined && (existing.type === 'directory') !== (entry.type === 'directory')) {
    const [wanted, there] =
      entry.type === 'directory' ? ['a directory', 'a file'] : ['a file', 'a directory'];
    throw new BimaError(
      'CONTEXT_PATH',
      `"${source.path}" needs ${wanted} at "/${entry.path}" of the root file system, where ${there} is already`,
      { hint: 'Name sources that fit into one tree.', position: source.position },
    );
  }
  entries.set(entry.path, entry);
}

function attributesOf({ uid, gid, mode, xattrs }: Entry): RootAttributes {
  return { uid, gid, mode, ...(xattrs === undefined ? {} : { xattrs }) };
}

function entryOf(found: Found, path: string): Entry {
  if (found.origin !== undefined) return { ...found.origin, path };
  const owner = { path, uid: 0, gid: 0 };
  switch (found.type) {
    case 'directory':
      return { type: 'directory', ...owner, mode: found.mode ?? 0o755 };
    case 'symlink':
      return { type: 'symlink', ...owner, mode: 0o777, target: found.target };
    case 'file': {
      const { size, open, inode } = found;
      const mode = found.mode ?? (found.executable ? 0o755 : 0o644);
      return { type: 'file', ...owner, mode, size, open, ...(inode === undefined ? {} : { inode }) };
    }
  }
}

/**
 * The bytes of a file, exactly as many as its entry says: one more or less would make everything after it unreadable.
 * @throws BimaError CONTEXT_CHANGED when there are more or fewer
 */
export async function* contentOf(entry: FileEntry): AsyncGenerator<Uint8Array> {
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

/** Type bits of a mode, as POSIX systems have them in `st_mode`. */
export function modeOf(entry: Entry): number {
  return fileTypes[kindOf(entry)] | entry.mode;
}

const fileTypes = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

export type InodeKind = keyof typeof fileTypes;

/** @returns `file` too for what is of a kind that nobody knows: it is empty */
export function kindOf(entry: Entry): InodeKind {
  return (entry.type === 'file' ? entry.special?.kind : undefined) ?? entry.type;
}

/** A root file system of an exact size, whose bytes are the same each time. */
export interface FileSystem {
  /** In bytes. */
  readonly size: number;
  /**
   * A chunk holds until the next one is asked for.
   * @throws BimaError CONTEXT_CHANGED when a file is no longer what its entry says
   */
  readonly open: () => ByteStream;
}
