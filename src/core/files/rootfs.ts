// The rootfs that the COPY instructions build up, one after the other, by Docker's rules
// (https://docs.docker.com/reference/dockerfile/#copy). Pure: what is copied was found before.

import { posix } from 'node:path';
import type { Copy, CopySource } from '../containerfile/instruction.ts';
import { changeMode } from '../containerfile/mode.ts';
import type { Ids } from '../containerfile/owner.ts';
import { BimaError } from '../errors.ts';
import type { Position } from '../errors.ts';
import { limits } from '../limits.ts';
import { comparePaths } from './entry.ts';
import type { Entry, FileEntry } from './entry.ts';
import { followLinks, joinPath } from './file-tree.ts';
import type { TreeItem } from './file-tree.ts';
import type { Found, FoundDirectory, FoundFile, Match } from './match.ts';

export interface Rootfs {
  /** Entries by path. The root itself has none. */
  readonly entries: Map<string, Entry>;
}

export function emptyRootfs(): Rootfs {
  return { entries: new Map() };
}

/** A COPY whose owner has numbers. */
export interface PlacedCopy extends Omit<Copy, 'chown'> {
  readonly chown?: Ids;
}

/**
 * Adds what a COPY brings to the rootfs. When that fails, nothing of it is added.
 * @returns the entries of that COPY's layer: what it brings and all parent directories, sorted
 * @param matches of all its sources, in their order
 * @throws BimaError CONTEXT_PATH, with the position of the source, when a file would take the place of a directory
 *   or a directory that of a file
 */
export function applyCopy(rootfs: Rootfs, copy: PlacedCopy, matches: readonly Match[]): readonly Entry[] {
  const layer = new CopyLayer(rootfs, copy);
  const target = followPath(rootfs, copy.destination);
  if (target === undefined) {
    const message = `the symbolic links on the way to "${copy.destination}" lead in a circle`;
    throw new BimaError('CONTEXT_PATH', message, { position: copy.position });
  }
  const isNamedFolder = matches.length > 1 || /(?:^|\/)\.?$/.test(copy.destination);
  const intoDirectory = isNamedFolder || isDirectory(rootfs.entries, target);

  for (const match of matches) {
    const { found } = match;
    const isInside = found.type === 'directory' ? landsInside(rootfs, copy, found) : intoDirectory;
    const path = isInside ? joinPath(target, found.name) : target;
    // A folder that the destination itself names is made as those above it, whatever the source is like.
    layer.makeParents(isNamedFolder && target !== '' ? joinPath(target, found.name) : path, match);
    // A loop: what others made may be too deep for the stack.
    const pending: { readonly path: string; readonly found: Found; readonly isTop: boolean }[] = [
      { path, found, isTop: true },
    ];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      layer.put(next.path, next.found, match, next.isTop);
      if (next.found.type !== 'directory') continue;
      for (const child of [...next.found.children].reverse())
        pending.push({ path: joinPath(next.path, child.name), found: child, isTop: false });
    }
  }
  return layer.close();
}

/**
 * Whether a folder goes into its destination under its own name, in place of what it holds: only an include does that,
 * where the destination is there, or ends with a slash (github.com/tonistiigi/fsutil, copy/copy.go, prepareTargetDir).
 */
export function landsInside(
  rootfs: Rootfs,
  { isInclude, destination }: Pick<PlacedCopy, 'isInclude' | 'destination'>,
  { name }: Pick<FoundDirectory, 'name'>,
): boolean {
  if (isInclude !== true || name === '') return false;
  const target = followPath(rootfs, destination);
  return destination.endsWith('/') || (target !== undefined && isDirectory(rootfs.entries, target));
}

/** The entries of one COPY, before they take effect. */
class CopyLayer {
  readonly #rootfs: Rootfs;
  readonly #copy: PlacedCopy;
  readonly #brought = new Map<string, Entry>();

  constructor(rootfs: Rootfs, copy: PlacedCopy) {
    this.#rootfs = rootfs;
    this.#copy = copy;
  }

  /** The folders above a path, those that are there as they are. */
  makeParents(path: string, match: Match): void {
    for (const parent of parentsOf(path)) {
      const existing = this.#entryAt(parent);
      if (existing !== undefined && existing.type !== 'directory')
        throw conflict(match, existing, 'a directory');
      this.#add(existing ?? { type: 'directory', path: parent, mode: 0o755, ...this.#ownerOf() }, match);
    }
  }

  /**
   * Without what a directory holds.
   * @param isTop whether the source names it: of such a directory only what it holds is copied
   */
  put(path: string, found: Found, match: Match, isTop: boolean): void {
    const existing = this.#entryAt(path);
    if (found.type === 'directory') {
      if (existing !== undefined && existing.type !== 'directory')
        throw conflict(match, existing, 'a directory');
      const kept = isTop || found.isOnTheWay === true ? existing : undefined;
      const mode = this.#modeOf((isTop ? undefined : found.mode) ?? 0o755, true);
      const owner = this.#ownerOf(isTop ? undefined : found);
      if (path !== '') this.#add(kept ?? { type: 'directory', path, mode, ...owner }, match);
      return;
    }
    if (path === '' || existing?.type === 'directory') throw conflict(match, existing, 'a file');
    if (found.type === 'symlink')
      this.#add({ type: 'symlink', path, mode: 0o777, ...this.#ownerOf(found), target: found.target }, match);
    else this.#add(this.#fileAt(path, found), match);
  }

  /** Puts all of it into the rootfs. */
  close(): readonly Entry[] {
    for (const [path, entry] of this.#brought) this.#rootfs.entries.set(path, entry);
    return [...this.#brought.values()].sort((one, other) => comparePaths(one.path, other.path));
  }

  /** That of --chown, or the one that it has in its image or stage. What is in the context is root's. */
  #ownerOf(found?: Found): Ids {
    const { uid, gid } = this.#copy.chown ?? found?.origin ?? { uid: 0, gid: 0 };
    return { uid, gid };
  }

  #entryAt(path: string): Entry | undefined {
    return this.#brought.get(path) ?? this.#rootfs.entries.get(path);
  }

  #fileAt(path: string, found: FoundFile): FileEntry {
    const { size, identify, stamp, open, openRange, executable, mode = executable ? 0o755 : 0o644 } = found;
    const isGuessed = found.isGuessed === true && this.#copy.chmod === undefined && found.mode === undefined;
    return {
      type: 'file',
      path,
      mode: this.#modeOf(mode, false),
      ...this.#ownerOf(found),
      size,
      open,
      ...(openRange === undefined ? {} : { openRange }),
      ...(isGuessed ? { isGuessed } : {}),
      ...(identify === undefined ? {} : { identify }),
      ...(stamp === undefined ? {} : { stamp }),
    };
  }

  #modeOf(mode: number, isFolder: boolean): number {
    const { chmod = mode } = this.#copy;
    return typeof chmod === 'string' ? changeMode(chmod, mode, isFolder) : chmod;
  }

  #add(entry: Entry, match: Match): void {
    checkPath(entry.path, match.source);
    this.#brought.set(entry.path, entry);
  }
}

/** @throws BimaError CONTEXT_PATH for what can't be in an image */
export function checkPath(path: string, source: CopySource): void {
  if (Buffer.byteLength(path) > limits.path) {
    throw new BimaError(
      'CONTEXT_PATH',
      `expected a path of at most ${limits.path} bytes in the image, got more`,
      {
        hint: 'Linux takes no longer ones: copy it to another place, or less of it.',
        position: source.position,
      },
    );
  }
  // In a layer, such a name says that another file is gone (OCI image-spec, layer.md, "Whiteouts").
  if (posix.basename(path).startsWith('.wh.') || path.includes('\0')) {
    throw new BimaError('CONTEXT_PATH', `"/${path}" is a name that an image can't hold`, {
      hint: 'In a layer, names that start with ".wh." stand for removed files: rename it.',
      position: source.position,
    });
  }
}

/**
 * Adds the folder of a WORKDIR to the rootfs, and what is missing of those above it.
 * @param path absolute
 * @returns the entries of its layer, sorted; none when the folder is there
 * @throws BimaError CONTEXT_PATH, with the position, when a file is in the way
 */
export function makeFolder(
  rootfs: Rootfs,
  path: string,
  { uid, gid }: Ids,
  position: Position,
): readonly Entry[] {
  const target = followPath(rootfs, path);
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
  if (there.every((entry) => entry !== undefined)) return [];
  // A layer without the folders above would have an unpacker make up their modes.
  return folders.map((folder) => {
    const entry = rootfs.entries.get(folder) ?? { type: 'directory', path: folder, mode: 0o755, uid, gid };
    rootfs.entries.set(folder, entry);
    return entry;
  });
}

/** The file that a path leads to, links followed as inside the rootfs; undefined when it leads to none. */
export function resolve(rootfs: Rootfs, path: string): FileEntry | undefined {
  const target = followPath(rootfs, path);
  const entry = target === undefined ? undefined : rootfs.entries.get(target);
  return entry?.type === 'file' ? entry : undefined;
}

/** Whether a path leads to something, links followed as inside the rootfs. */
export function has(rootfs: Rootfs, path: string): boolean {
  const target = followPath(rootfs, path);
  return target === '' || (target !== undefined && rootfs.entries.has(target));
}

/**
 * The path of an entry, or of one that could be made, at which no link is left; undefined when there are too many links.
 * @param top the folder that the path starts in, and that links don't lead out of
 */
export function followPath({ entries }: Rootfs, path: string, top = ''): string | undefined {
  // Linux follows no longer one.
  if (Buffer.byteLength(path) > limits.path) return undefined;
  const lookUp = (folder: Place, name: string): Place => {
    const at = joinPath(folder.path, name);
    const entry = entries.get(at);
    return entry?.type === 'symlink'
      ? { type: 'symlink', path: at, target: entry.target }
      : { type: 'any', path: at };
  };
  const root: Place = { type: 'any', path: top };
  const followed = followLinks({ root, lookUp }, posix.join('/', path).split('/'));
  return followed.type === 'found' ? followed.item.path : undefined;
}

/** Where something is, or could be. */
interface Place extends TreeItem {
  readonly path: string;
}

function isDirectory(entries: ReadonlyMap<string, Entry>, path: string): boolean {
  return path === '' || entries.get(path)?.type === 'directory';
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
