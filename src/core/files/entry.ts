// The entries of a layer: files, directories and symbolic links with all their metadata.

import type { ByteStream, OpenRange } from '../oci/blob.ts';

/** The kind of a device, a FIFO or a socket. */
export interface Special {
  readonly kind: 'character' | 'block' | 'fifo' | 'socket';
  /** Device numbers; 0 for the others. */
  readonly major: number;
  readonly minor: number;
}

/** Extended attributes by their whole names, such as `security.capability`. */
export type Xattrs = ReadonlyMap<string, Uint8Array>;

interface EntryBase {
  /** Relative to the root of the rootfs, with `/` as separator, no leading or trailing slash, and no `.` or `..`. */
  readonly path: string;
  /** Permission bits only. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Only for entries read from an image: no layer that is written here holds them. */
  readonly xattrs?: Xattrs;
}

/** Stands for the bytes of a file that nobody reads. */
export interface FileStamp {
  /** Two equal ones mean the same bytes, unless the file changed just before it was made. */
  readonly text: string;
  /** When the file was last changed, in milliseconds since 1970. */
  readonly changed: number;
}

export interface FileEntry extends EntryBase {
  readonly type: 'file';
  /** In bytes. */
  readonly size: number;
  /** Equal for the names of one file, which are hard links of each other; absent where there is only one. */
  readonly inode?: string;
  /** What it is when it is no file at all: `size` is 0 then, and `open` fails. */
  readonly special?: Special;
  /** Gives equal texts for files that bring the same bytes; absent where that isn't known. */
  readonly identify?: () => string;
  /** Made anew with each call; absent, or undefined, where only the bytes tell. */
  readonly stamp?: () => FileStamp | undefined;
  /**
   * A fresh stream of exactly `size` bytes; it fails when the file is no longer the one that was listed. A piece holds
   * until the next one is asked for: its memory is used again.
   */
  readonly open: () => ByteStream;
  /** Some of the bytes, in the same way, where they can be had without those before them. */
  readonly openRange?: OpenRange;
  /** True for a mode that is neither that of a file nor written in the COPY. */
  readonly isGuessed?: boolean;
  /** Announces that it will be opened, where reading many files at once is cheaper. */
  expect?(): void;
}

export interface DirectoryEntry extends EntryBase {
  readonly type: 'directory';
}

export interface SymlinkEntry extends EntryBase {
  readonly type: 'symlink';
  /** Target as stored, never resolved. */
  readonly target: string;
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry;

/** The order of entries in a layer: bytewise, as UTF-8, so that a directory comes before what it holds. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** In UTF-8, what takes two units of UTF-16 comes after everything that takes one. */
function rank(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit < 0xe000;
  return isSurrogate ? unit + 0x10000 : unit;
}

/** Total size of all files, in bytes. */
export function contentSizeOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
}
