// Lists the entries of a layer, including those of other tools.

import { posix } from 'node:path';
import { BimaError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { ByteStream } from '../oci/blob.ts';
import type { Special, Xattrs } from './entry.ts';
import { readTar } from './tar-reader.ts';
import type { TarEntry } from './tar-reader.ts';

export interface ListedEntry {
  /** The path, without a leading `./` or `/`, a trailing slash, or any `..`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** In bytes; 0 for anything but a file. */
  readonly size: number;
  /** Permission bits only. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Target of a symbolic link as stored; for a hard link, the path that it names. */
  readonly target?: string;
  /** What an `other` is, where known. */
  readonly special?: Special;
  readonly xattrs?: Xattrs;
}

const hint = 'Use an image with fewer files, or one whose files are in an archive.';

/** Called for each file; what it returns receives the file's bytes, chunk by chunk, before the entry is listed. */
export type ContentReader = (file: ListedEntry) => ((chunk: Uint8Array) => void) | undefined;

/**
 * The entries of a tar, in its order, without that of the root.
 * @param tar not compressed
 * @param what names the layer in the error
 * @param content chooses the files whose content is wanted as well
 * @param limit of entries
 * @throws BimaError LAYOUT_INVALID for anything but a whole tar, and for more entries than the limit; what `tar` throws
 */
export async function* listLayer(
  tar: ByteStream,
  what: string,
  content?: ContentReader,
  limit: number = limits.layerEntries,
): AsyncGenerator<ListedEntry> {
  let count = 0;
  for await (const entry of readTar(tar, what)) {
    if (++count > limit)
      throw new BimaError('LAYOUT_INVALID', `${what}: expected at most ${limit} entries, got more`, { hint });
    const listed = describe(entry);
    const read = listed.type === 'file' ? content?.(listed) : undefined;
    if (read !== undefined) for await (const chunk of entry.content) read(chunk);
    if (listed.path !== '') yield listed;
  }
}

function describe({ name, type, size, mode, uid, gid, target, special, xattrs }: TarEntry): ListedEntry {
  const entry = {
    path: cleanPath(name),
    size: type === 'file' ? size : 0,
    mode: mode & 0o7777,
    uid,
    gid,
    ...(xattrs === undefined ? {} : { xattrs }),
  };
  if (type === 'symlink') return { ...entry, type, target };
  if (type === 'hardlink') return { ...entry, type, target: cleanPath(target) };
  return { ...entry, type, ...(special === undefined ? {} : { special }) };
}

/** By its text alone, with no way above the root, as containerd and Docker unpack it: of `a/..` only the root is left. */
export function cleanPath(name: string): string {
  return posix.join('/', name).replace(/^\/|\/$/g, '');
}
