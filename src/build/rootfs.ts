// The rootfs that the COPY instructions build up, one after the other, by Docker's rules
// (https://docs.docker.com/reference/dockerfile/#copy). Pure: what is copied was found before.

import { posix } from 'node:path';
import type { Copy } from '../containerfile/instruction.ts';
import { changeMode } from '../containerfile/mode.ts';
import type { Ids } from '../containerfile/owner.ts';
import { BimaError } from '../errors.ts';
import type { Position } from '../errors.ts';
import { comparePaths } from './entry.ts';
import type { Entry, FileEntry } from './entry.ts';
import type { Found, Match } from './found.ts';

/** Never changed: each COPY gives a new one. */
export interface Rootfs {
  /** By their path. The root itself has no entry. */
  readonly entries: ReadonlyMap<string, Entry>;
}

export const emptyRootfs: Rootfs = { entries: new Map() };

/** A COPY whose owner has numbers. */
export interface PlacedCopy extends Omit<Copy, 'chown'> {
  readonly chown?: Ids;
}

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * The rootfs after a COPY, and the entries of that COPY's layer: what it brings and all parent directories, sorted.
 * @param matches of all its sources, in their order
 * @throws BimaError CONTEXT_PATH, with the position of the source, when a file would take the place of a directory
 *   or a directory that of a file
 */
export function applyCopy(
  rootfs: Rootfs,
  copy: PlacedCopy,
  matches: readonly Match[],
): { readonly rootfs: Rootfs; readonly entries: readonly Entry[] } {
  const entries = new Map(rootfs.entries);
  const touched = new Set<string>();
  const { uid, gid } = copy.chown ?? { uid: 0, gid: 0 };

  const target = followLinks({ entries }, copy.destination);
  if (target === undefined) {
    throw new BimaError(
      'CONTEXT_PATH',
      `the symbolic links on the way to "${copy.destination}" lead in a circle`,
      { position: copy.position },
    );
  }
  const isNamedFolder = matches.length > 1 || /(?:^|\/)\.?$/.test(copy.destination);
  const intoDirectory = isNamedFolder || isDirectory(entries, target);

  for (const match of matches) {
    const { found } = match;
    const path = found.type === 'file' && intoDirectory ? join(target, found.name) : target;
    // A folder that the destination itself names is made as those above it, whatever the source is like.
    makeParents(isNamedFolder && target !== '' ? join(target, found.name) : path, match);
    put(path, found, match, false);
  }

  const layer = [...touched].sort(comparePaths).map((path) => entries.get(path));
  return { rootfs: { entries }, entries: layer.filter((entry) => entry !== undefined) };

  function makeParents(path: string, match: Match): void {
    for (const parent of parentsOf(path)) {
      const existing = entries.get(parent);
      if (existing !== undefined && existing.type !== 'directory')
        throw conflict(match, existing, 'a directory');
      add(existing ?? { type: 'directory', path: parent, mode: 0o755, uid, gid }, match);
    }
  }

  /** @param overwrite whether a directory that is there gets the mode and the owner of this one */
  function put(path: string, found: Found, match: Match, overwrite: boolean): void {
    const existing = entries.get(path);
    if (found.type === 'directory') {
      if (existing !== undefined && existing.type !== 'directory')
        throw conflict(match, existing, 'a directory');
      const kept = overwrite ? undefined : existing;
      const mode = modeOf(found.mode ?? 0o755, true);
      if (path !== '') add(kept ?? { type: 'directory', path, mode, uid, gid }, match);
      for (const child of found.children) put(join(path, child.name), child, match, true);
      return;
    }
    if (path === '' || existing?.type === 'directory') throw conflict(match, existing, 'a file');
    if (found.type === 'symlink') {
      add({ type: 'symlink', path, mode: 0o777, uid, gid, target: found.target }, match);
      return;
    }
    const mode = modeOf(found.mode ?? (found.executable ? 0o755 : 0o644), false);
    const { size, identify, open } = found;
    const file = { type: 'file', path, mode, uid, gid, size, open } as const;
    add(identify === undefined ? file : { ...file, identify }, match);
  }

  function modeOf(mode: number, isFolder: boolean): number {
    const { chmod = mode } = copy;
    return typeof chmod === 'string' ? changeMode(chmod, mode, isFolder) : chmod;
  }

  function add(entry: Entry, match: Match): void {
    // In a layer, such a name says that another file is gone (OCI image-spec, layer.md, "Whiteouts").
    if (posix.basename(entry.path).startsWith('.wh.') || entry.path.includes('\0')) {
      throw new BimaError('CONTEXT_PATH', `"/${entry.path}" is a name that an image can't hold`, {
        hint: 'In a layer, names that start with ".wh." stand for removed files: rename it.',
        position: match.source.position,
      });
    }
    entries.set(entry.path, entry);
    touched.add(entry.path);
  }
}

/**
 * The rootfs after WORKDIR, and the entries of its layer: the folder and what is missing of those above it, sorted;
 * none when it is there.
 * @param path absolute
 * @throws BimaError CONTEXT_PATH, with the position, when a file is in the way
 */
export function makeFolder(
  rootfs: Rootfs,
  path: string,
  { uid, gid }: Ids,
  position: Position,
): { readonly rootfs: Rootfs; readonly entries: readonly Entry[] } {
  const target = followLinks(rootfs, path);
  const folders = target === undefined || target === '' ? [] : [...parentsOf(target), target];
  const there = folders.map((folder) => rootfs.entries.get(folder));
  const other = there.find((entry) => entry !== undefined && entry.type !== 'directory');
  if (target === undefined || other !== undefined) {
    const what =
      other === undefined
        ? 'the symbolic links on the way to it lead in a circle'
        : `"/${other.path}" is a file`;
    throw new BimaError('CONTEXT_PATH', `"${path}" can't be a folder: ${what}`, { position });
  }
  const missing = folders.filter((_, index) => there[index] === undefined);
  if (missing.length === 0) return { rootfs, entries: [] };
  const made = missing.map((folder): Entry => ({ type: 'directory', path: folder, mode: 0o755, uid, gid }));
  const entries = new Map([...rootfs.entries, ...made.map((entry) => [entry.path, entry] as const)]);
  // A layer without the folders above would have an unpacker make up their modes.
  const layer = folders.map((folder) => entries.get(folder)).filter((entry) => entry !== undefined);
  return { rootfs: { entries }, entries: layer };
}

/** The file that a path leads to, links followed as inside the rootfs; undefined when it leads to none. */
export function resolve(rootfs: Rootfs, path: string): FileEntry | undefined {
  const target = followLinks(rootfs, path);
  const entry = target === undefined ? undefined : rootfs.entries.get(target);
  return entry?.type === 'file' ? entry : undefined;
}

/** Whether a path leads to something, links followed as inside the rootfs. */
export function has(rootfs: Rootfs, path: string): boolean {
  const target = followLinks(rootfs, path);
  return target === '' || (target !== undefined && rootfs.entries.has(target));
}

/**
 * The path of an entry, or of one that could be made, at which no link is left. `..` stops at the root.
 * Undefined when there are too many links.
 */
export function followLinks(rootfs: Rootfs, path: string): string | undefined {
  const ahead = posix.join('/', path).split('/');
  const behind: string[] = [];
  for (let links = 0; ahead.length > 0;) {
    const name = ahead.shift() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      behind.pop();
      continue;
    }
    const entry = rootfs.entries.get([...behind, name].join('/'));
    if (entry?.type !== 'symlink') {
      behind.push(name);
      continue;
    }
    if (++links > maxLinks) return undefined;
    if (entry.target.startsWith('/')) behind.length = 0;
    ahead.unshift(...entry.target.split('/'));
  }
  return behind.join('/');
}

function isDirectory(entries: ReadonlyMap<string, Entry>, path: string): boolean {
  return path === '' || entries.get(path)?.type === 'directory';
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** `a/b/c` has the parents `a` and `a/b`. */
function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function conflict(match: Match, existing: Entry | undefined, wanted: 'a file' | 'a directory'): BimaError {
  const there = { file: 'a file', directory: 'a directory', symlink: 'a symbolic link' };
  const path = `/${existing?.path ?? ''}`;
  return new BimaError(
    'CONTEXT_PATH',
    `"${match.source.path}" needs ${wanted} at "${path}", where ${there[existing?.type ?? 'directory']} is already`,
    { hint: 'Copy it to another place in the image.', position: match.source.position },
  );
}
