// A rootfs and its files as the use cases see them, without a disk behind them.

import { streamOf } from '../../src/core/oci/blob.ts';
import type { Entry, FileEntry } from '../../src/core/files/entry.ts';
import type { Rootfs } from '../../src/core/files/rootfs.ts';

/** A file of root's with the usual mode, whose content arrives in pieces. */
export function fileEntry(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
  more: Partial<FileEntry> = {},
): FileEntry {
  const pieces = isList(content) ? content : [Buffer.from(content)];
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  return { type: 'file', path, mode: 0o644, uid: 0, gid: 0, size, open: () => streamOf(...pieces), ...more };
}

export function rootfsOf(...entries: readonly Entry[]): Rootfs {
  return { entries: new Map(entries.map((entry) => [entry.path, entry])) };
}

function isList(content: string | Uint8Array | readonly Uint8Array[]): content is readonly Uint8Array[] {
  return Array.isArray(content);
}
