// Unpacks an archive into the rootfs as ADD does (moby, pkg/archive: Unpack, with the destination as its root): modes,
// owners and links are those of the archive, and what it brings takes the place of what is there. Pure.

import { quote } from '../text.ts';
import type { Ids } from '../containerfile/owner.ts';
import { BimaError } from '../errors.ts';
import type { Position } from '../errors.ts';
import { comparePaths } from './entry.ts';
import type { DirectoryEntry, Entry, FileEntry } from './entry.ts';
import type { ListedEntry } from './list-layer.ts';
import { joinPath, lastPart } from './file-tree.ts';
import { checkPath, followPath, makeFolder } from './rootfs.ts';
import type { Rootfs } from './rootfs.ts';

/** An entry of an archive, and of a file also its bytes. */
export interface ArchivedEntry {
  readonly entry: ListedEntry;
  readonly content?: Required<Pick<FileEntry, 'identify' | 'open' | 'expect'>>;
}

export interface Unpacking {
  readonly entries: readonly ArchivedEntry[];
  /** Absolute; it is a folder, whether it ends with a slash or not. */
  readonly destination: string;
  /** Owner that --chown gives to everything in it, and to the folders that the destination needs. */
  readonly chown: Ids | undefined;
  /** The archive as the Containerfile names it. */
  readonly source: string;
  readonly position: Position;
}

export interface Unpacked {
  /** The entries of the layer, sorted, with all directories above them. */
  readonly entries: readonly Entry[];
  /** Devices, FIFOs and the like, which an image made here can't hold. */
  readonly leftOut: readonly string[];
}

const root = { uid: 0, gid: 0 };

/**
 * Adds what an archive holds to the rootfs.
 * @throws BimaError CONTEXT_PATH for a destination that is no folder, a hard link to nothing and names that an image
 *   can't hold
 */
export function applyArchive(rootfs: Rootfs, archive: Unpacking): Unpacked {
  const { source, position, chown } = archive;
  const brought = new Map<string, Entry>();
  const leftOut: string[] = [];
  /** Made for the first directory that something else replaces, which is rare. */
  let children: Children | undefined;
  const fail = (path: string, why: string) =>
    new BimaError('CONTEXT_PATH', `${quote(source)} can't be unpacked: ${quote(path)} ${why}`, { position });

  const add = (entry: Entry): void => {
    checkPath(entry.path, { path: source, position });
    const before = rootfs.entries.get(entry.path);
    if (before?.type === 'directory' && entry.type !== 'directory') {
      for (const path of (children ??= childrenOf(rootfs)).take(entry.path)) {
        rootfs.entries.delete(path);
        brought.delete(path);
      }
    }
    rootfs.entries.set(entry.path, entry);
    brought.set(entry.path, entry);
    children?.add(entry.path);
  };
  /** A layer without the directories above would have an unpacker make up their modes. */
  const addParents = (path: string): void => {
    const parts = path.split('/').slice(0, -1);
    for (let count = 1; count <= parts.length; count++) {
      const parent = parts.slice(0, count).join('/');
      const there = rootfs.entries.get(parent);
      if (there !== undefined && there.type !== 'directory')
        throw fail(path, `lies behind "/${parent}", which is no folder`);
      if (!brought.has(parent)) add(there ?? folder(parent));
    }
  };

  for (const made of makeFolder(rootfs, archive.destination, chown ?? root, position))
    brought.set(made.path, made);
  const top = followPath(rootfs, archive.destination) ?? '';
  if (top !== '') addParents(`${top}/x`);
  for (const { entry, content } of archive.entries) {
    const path = placeOf(rootfs, top, entry.path);
    if (path === undefined) throw fail(entry.path, 'lies behind links that lead in a circle');
    const { mode, size } = entry;
    const { uid, gid } = chown ?? entry;
    if (entry.type === 'other') {
      leftOut.push(entry.path);
      continue;
    }
    addParents(path);
    if (entry.type === 'directory') add({ type: 'directory', path, mode, uid, gid });
    else if (entry.type === 'symlink')
      add({ type: 'symlink', path, mode: 0o777, uid, gid, target: entry.target ?? '' });
    else if (entry.type === 'file' && content !== undefined)
      add({ type: 'file', path, mode, uid, gid, size, ...content });
    else if (entry.type === 'hardlink') {
      const target = placeOf(rootfs, top, entry.target ?? '');
      const linked = target === undefined ? undefined : rootfs.entries.get(target);
      if (linked === undefined || linked.type === 'directory')
        throw fail(entry.path, `is a hard link to ${quote(entry.target ?? '')}, which is no file there`);
      // Of a file that is the same under two names, each name gets the bytes.
      if (target !== path) add({ ...linked, path });
    }
  }
  const entries = [...brought.values()].sort((one, other) => comparePaths(one.path, other.path));
  return { entries, leftOut };
}

interface Children {
  add(path: string): void;
  /** Forgets all that is below a path, and tells it. */
  take(path: string): string[];
}

function childrenOf({ entries }: Rootfs): Children {
  const below = new Map<string, Set<string>>();
  const add = (path: string): void => {
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const known = below.get(parent) ?? new Set();
    below.set(parent, known.add(path));
  };
  for (const path of entries.keys()) add(path);
  return {
    add,
    take(path) {
      const taken: string[] = [];
      for (const pending = [path]; pending.length > 0;) {
        const next = pending.pop() ?? '';
        for (const child of below.get(next) ?? []) {
          taken.push(child);
          pending.push(child);
        }
        below.delete(next);
      }
      return taken;
    },
  };
}

function folder(path: string): DirectoryEntry {
  return { type: 'directory', path, mode: 0o755, ...root };
}

/**
 * Where an entry goes: links on the way to it are followed, with the destination as the root, so that none leads out of
 * it. Undefined when they lead in a circle.
 */
function placeOf(rootfs: Rootfs, top: string, path: string): string | undefined {
  const folder = followPath(rootfs, path.slice(0, Math.max(path.lastIndexOf('/'), 0)), top);
  return folder === undefined ? undefined : joinPath(folder, lastPart(path));
}
