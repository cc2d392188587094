// The files of an image as a container sees them, with their checksums: each layer is read once, nothing is kept of it.

import { createHash } from 'node:crypto';
import type { ListedEntry } from './build/list-layer.ts';
import { readLayer } from './build/read-layer.ts';
import type { ReadImage } from './oci/image.ts';
import type { Source } from './oci/target.ts';

export interface PackedFile {
  /** From the root of the image, without a leading slash. */
  readonly path: string;
  /** Hexadecimal, as is `sha256`. */
  readonly sha1: string;
  readonly sha256: string;
}

type Checksums = Omit<PackedFile, 'path'>;

/** A file of this name takes away what lower layers have (OCI image-spec, layer.md, "Whiteouts"). */
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/**
 * The regular files, sorted by path: those of upper layers hide those below, and hard links count as files.
 * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID
 */
export async function readFiles(
  source: Source,
  { layers }: ReadImage,
  signal?: AbortSignal,
): Promise<PackedFile[]> {
  const files = new Map<string, Checksums>();
  for (const layer of layers) {
    const added = new Map<string, Checksums | undefined>();
    const folders = foldersOf(files.keys());
    const sums = new Map<string, () => Checksums>();
    const entries = readLayer(source, layer, ({ path }) => {
      const [sha1, sha256] = [createHash('sha1'), createHash('sha256')];
      sums.set(path, () => ({ sha1: sha1.digest('hex'), sha256: sha256.digest('hex') }));
      return (chunk) => {
        sha1.update(chunk);
        sha256.update(chunk);
      };
    });
    for await (const entry of entries) {
      signal?.throwIfAborted();
      if (removeHidden(files, folders, entry)) continue;
      added.set(
        entry.path,
        checksumsOf(entry, sums, (path) => added.get(path) ?? files.get(path)),
      );
      sums.delete(entry.path);
    }
    for (const [path, checksums] of added) {
      if (checksums === undefined) files.delete(path);
      else files.set(path, checksums);
    }
  }
  return [...files].map(([path, checksums]) => ({ path, ...checksums })).sort(byPath);
}

function checksumsOf(
  { type, path, target = '' }: ListedEntry,
  sums: ReadonlyMap<string, () => Checksums>,
  linked: (path: string) => Checksums | undefined,
): Checksums | undefined {
  if (type === 'file') return sums.get(path)?.();
  return type === 'hardlink' ? linked(target) : undefined;
}

/** Takes away what an entry of an upper layer hides; true for an entry that is a whiteout itself. */
function removeHidden(
  files: Map<string, Checksums>,
  folders: ReadonlySet<string>,
  { path, type }: ListedEntry,
): boolean {
  const slash = path.lastIndexOf('/') + 1;
  const [folder, name] = [path.slice(0, slash), path.slice(slash)];
  if (name === opaque) {
    removeBelow(files, folder);
    return true;
  }
  const isWhiteout = name.startsWith(whiteout);
  const hidden = isWhiteout ? folder + name.slice(whiteout.length) : path;
  if (isWhiteout) files.delete(hidden);
  if (type !== 'directory' && folders.has(hidden)) removeBelow(files, `${hidden}/`);
  return isWhiteout;
}

/** Every folder that has a file below it: looking through all files is for those alone. */
function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}

function removeBelow(files: Map<string, Checksums>, prefix: string): void {
  for (const path of files.keys()) if (path.startsWith(prefix)) files.delete(path);
}

/** By UTF-16 code units, so that the order depends on no language. */
function byPath({ path: one }: PackedFile, { path: other }: PackedFile): number {
  return one < other ? -1 : Number(one > other);
}
