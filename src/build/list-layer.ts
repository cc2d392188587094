// Lists what a layer holds, also one that other tools made.

import { pipeline, Readable } from 'node:stream';
import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';
import { BimaError } from '../errors.ts';
import type { ByteStream } from '../oci/blob.ts';
import { isStringMap } from '../oci/json.ts';

export interface ListedEntry {
  /** Without a leading `./` or `/`, and without a trailing slash. */
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
  /** Of the one file whose content was asked for. */
  readonly content?: Uint8Array;
}

/** A file that is larger isn't one of which the content is asked for. */
const maxContent = 1024 * 1024;

/**
 * The entries of a tar, in its order, without that of the root.
 * @param tar not compressed
 * @param what names the layer in the error
 * @param wanted the path of a small file of which the content is read as well
 * @throws BimaError LAYOUT_INVALID for anything but a whole tar; what `tar` throws
 */
export async function* listLayer(
  tar: ByteStream,
  what: string,
  wanted?: string,
): AsyncGenerator<ListedEntry> {
  let sourceError: unknown;
  const reader = extract();
  pipeline(Readable.from(watched()), reader, () => undefined);
  try {
    for await (const entry of reader) {
      const listed = describe(entry.header);
      if (listed.type === 'file' && listed.path === wanted && listed.size <= maxContent) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of entry) chunks.push(chunk as Uint8Array);
        yield { ...listed, content: Buffer.concat(chunks) };
        continue;
      }
      if (listed.path !== '') yield listed;
      entry.resume();
    }
  } catch (cause) {
    if (cause === sourceError) throw cause;
    throw new BimaError('LAYOUT_INVALID', `${what} is no valid tar: ${String(cause)}`, { cause });
  }

  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* tar;
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

function cleanPath(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
