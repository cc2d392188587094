// What shows, without reading all of it, that a file of the context has the bytes that it had before: as in git's index,
// the device and the number of its inode, its size, and the times of its last changes.
//
// The system sets the time of a change of the inode (ctime) itself, and nobody can set it back. That holds on the file
// systems below. One that is mounted as it was packed, such as squashfs, brings times and numbers that another one may
// bring as well; and of one that is on another machine or in a program, nothing is known. A disk of theirs can be made
// with all of its times, too: for that, and for what is written through a mapping, some of the bytes are part of it.

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync, statfsSync } from 'node:fs';
import type { FileStamp } from '../../core/files/entry.ts';
import { absolutePath } from './disk.ts';
import type { Place } from './disk.ts';
import { checkSame, openListed } from './read-file.ts';
import type { Listed } from './read-file.ts';

/** As statfs(2) has them on Linux: ext2 to ext4, XFS, Btrfs, F2FS, bcachefs, ZFS and tmpfs. */
const honestTypes = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0xca451a4e, 0x2fc12fc1, 0x01021994]);

const honestDevices = new Map<bigint, boolean>();

/** In bytes. */
const sampleSize = 4096;
/** Samples of a file, but no more than one for so many bytes. */
const samples = 32;
const sampleDistance = 256 * 1024;

/**
 * Undefined where the times of files tell nothing for certain.
 * @throws BimaError CONTEXT_CHANGED when the file isn't the one that was listed, CONTEXT_PATH when it can't be read
 */
export function stampFile(place: Place, path: string, listed: Listed): FileStamp | undefined {
  if (process.platform !== 'linux') return undefined;
  const file = openListed(place, path);
  try {
    checkSame(path, listed, fstatSync(file));
    const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(file, { bigint: true });
    let isHonest = honestDevices.get(dev);
    if (isHonest === undefined) {
      isHonest = honestTypes.has(statfsSync(absolutePath(place, path)).type);
      honestDevices.set(dev, isHonest);
    }
    if (!isHonest) return undefined;
    const changed = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
    const text = [dev, ino, size, mtimeNs, ctimeNs, sampleOf(file, listed.size)].join(':');
    return { text, changed: Number(changed / 1_000_000n) };
  } finally {
    closeSync(file);
  }
}

/** The digest of pieces from the start of the file to its end. */
function sampleOf(file: number, size: number): string {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(sampleSize);
  const distance = Math.max(sampleDistance, Math.ceil(size / samples));
  for (let at = 0; at < size; at += distance)
    hash.update(piece.subarray(0, readSync(file, piece, 0, sampleSize, at)));
  hash.update(piece.subarray(0, readSync(file, piece, 0, sampleSize, Math.max(size - sampleSize, 0))));
  return hash.digest('hex').slice(0, 32);
}
