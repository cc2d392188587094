// Archives that an earlier build left in the context.

import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import type { Problem } from '../../core/errors.ts';
import { locate } from './disk.ts';
import type { OpenPlace } from './disk.ts';
import { encodeHeader } from '../../core/files/tar-header.ts';

const blockSize = 512;

/** Whether a listed file is an archive of this tool. Only files with the size of a tar are opened. */
export function isOldArchive(place: OpenPlace, path: string, stats: Stats): boolean {
  if (stats.size % blockSize !== 0 || stats.size <= 2 * blockSize) return false;
  const header = Buffer.alloc(blockSize);
  try {
    const file = openSync(locate(place, path), flags);
    try {
      if (readSync(file, header, 0, blockSize, 0) < blockSize) return false;
    } finally {
      closeSync(file);
    }
  } catch {
    // Packing it will report what is wrong.
    return false;
  }
  return beginsArchive(header);
}

const flags =
  process.platform === 'win32'
    ? constants.O_RDONLY
    : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** True for the header of a first blob, to the byte as it is written here. */
function beginsArchive(header: Buffer): boolean {
  const [path] = header.toString('latin1', 0, 100).split('\0');
  const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
  if (path === undefined || !/^blobs\/sha256\/[0-9a-f]{64}$/.test(path) || !(size >= 0)) return false;
  const expected = encodeHeader({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, size }, 0);
  return header.equals(expected);
}

/** The warning about an archive that goes into an image. */
export function warnOfArchive({ position }: OpenPlace, path: string): Problem {
  return {
    code: 'CONTEXT_PATH',
    message: `"${path}" is an archive that an earlier build wrote, and is packed into this image`,
    hint: 'Remove it, name it in the ignore file, or write archives outside of the context.',
    ...(position === undefined ? {} : { position }),
  };
}
