// Lists what a layer holds, also one that other tools made.

import { posix } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';
import { BimaError } from '../errors.ts';
import type { ByteStream } from '../oci/blob.ts';
import { isStringMap } from '../oci/json.ts';

export interface ListedEntry {
  /** Without a leading `./` or `/`, without a trailing slash, and with no part that is `..`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** In bytes; 0 for anything but a file. */
  readonly size: number;
  /** Permission bits only. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a symbolic link as it is stored, of a hard link the path. */
  readonly target?: string;
}

const blockSize = 512;

/** Is asked for each file; what it returns gets the file's bytes, piece by piece, before the entry is listed. */
export type ContentReader = (file: ListedEntry) => ((chunk: Uint8Array) => void) | undefined;

/**
 * The entries of a tar, in its order, without that of the root.
 * @param tar not compressed
 * @param what names the layer in the error
 * @param content chooses the files whose content is wanted as well
 * @throws BimaError LAYOUT_INVALID for anything but a whole tar; what `tar` throws
 */
export async function* listLayer(
  tar: ByteStream,
  what: string,
  content?: ContentReader,
): AsyncGenerator<ListedEntry> {
  let sourceError: unknown;
  let size = 0;
  /** Where the content of the last entry ends. */
  let end = 0;
  const reader = extract();
  pipeline(Readable.from(watched()), reader, () => undefined);
  try {
    for await (const entry of reader) {
      end = entry.offset + blockSize + entry.header.size;
      const listed = describe(entry.header);
      const read = listed.type === 'file' ? content?.(listed) : undefined;
      if (read === undefined) entry.resume();
      else for await (const chunk of entry) read(chunk as Uint8Array);
      if (listed.path !== '') yield listed;
    }
  } catch (cause) {
    if (cause === sourceError) throw cause;
    // `umoci insert` ends a layer with the last byte of its last file. Go, and so every runtime, reads that.
    if (end > 0 && size >= end && size <= Math.ceil(end / blockSize) * blockSize) return;
    throw new BimaError('LAYOUT_INVALID', `${what} is no valid tar: ${String(cause)}`, { cause });
  }

  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of tar) {
        size += chunk.length;
        yield chunk;
      }
    } catch (error) {
      sourceError = error;
      throw error;
    }
  }
}

function describe(header: Header): ListedEntry {
  const { type: kind, name, linkname } = header;
  const type = kind === 'link' ? 'hardlink' : kind === 'contiguous-file' ? 'file' : kind;
  // tar-stream takes path, target and size from a pax header, and leaves the rest to the caller.
  const pax = isStringMap(header.pax) ? header.pax : {};
  const entry = {
    path: cleanPath(name),
    size: type === 'file' ? header.size : 0,
    mode: header.mode & 0o7777,
    uid: Number(pax.uid ?? header.uid),
    gid: Number(pax.gid ?? header.gid),
  };
  if (type === 'file' || type === 'directory') return { ...entry, type };
  if (type === 'symlink') return { ...entry, type, target: linkname };
  if (type === 'hardlink') return { ...entry, type, target: cleanPath(linkname) };
  return { ...entry, type: 'other' };
}

/** By its text alone, with no way above the root, as containerd and Docker unpack it: of `a/..` only the root is left. */
function cleanPath(name: string): string {
  return posix.join('/', name).replace(/^\/|\/$/g, '');
}
