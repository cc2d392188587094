// An inode of ext2 (Linux, Documentation/filesystems/ext4/inodes.rst). Pure.

import type { Special } from './entry.ts';
import { blockAt, countPointers, inodePointers, inodeSize } from './ext2-layout.ts';
import type { Ext2Layout } from './ext2-layout.ts';
import type { PlacedInode } from './ext2-plan.ts';
import { modeOf } from './inodes.ts';

/** Offset of its block pointers. */
const pointersOffset = 40;

/** Writes it into a block of the inode table, which is zero there. @param mtime fits 31 bits */
export function encodeInode(
  { inode, size, links, blocks, firstData, xattrData }: PlacedInode,
  layout: Ext2Layout,
  mtime: number,
  table: Buffer,
  at: number,
): void {
  const { entry } = inode;
  const { blockSize } = layout;
  const perBlock = blockSize / 4;
  const bytes = table.subarray(at, at + inodeSize);
  bytes.writeUInt16LE(modeOf(entry), 0);
  bytes.writeUInt16LE(entry.uid & 0xffff, 2);
  bytes.writeUInt32LE(size % 2 ** 32, 4);
  for (const offset of [8, 12, 16]) bytes.writeUInt32LE(mtime, offset);
  bytes.writeUInt16LE(entry.gid & 0xffff, 24);
  bytes.writeUInt16LE(links, 26);
  const all = blocks + countPointers(blocks, perBlock) + (xattrData === undefined ? 0 : 1);
  bytes.writeUInt32LE((all * blockSize) / 512, 28);
  if (xattrData !== undefined) bytes.writeUInt32LE(blockAt(layout, xattrData), 104);
  if (entry.type === 'file') bytes.writeUInt32LE(Math.floor(size / 2 ** 32), 108);
  bytes.writeUInt16LE(entry.uid >>> 16, 120);
  bytes.writeUInt16LE(entry.gid >>> 16, 122);

  if (entry.type === 'file' && entry.special !== undefined) writeDevice(bytes, entry.special);
  else if (entry.type === 'symlink' && blocks === 0) bytes.write(entry.target, pointersOffset);
  else {
    for (const [index, pointer] of inodePointers(blocks, perBlock).entries()) {
      if (pointer === undefined) continue;
      bytes.writeUInt32LE(blockAt(layout, firstData + pointer), pointersOffset + 4 * index);
    }
  }
}

/** Small numbers in the old form, which all systems read, others in the new one (Linux, linux/kdev_t.h). */
function writeDevice(bytes: Buffer, { major, minor }: Special): void {
  if (major < 256 && minor < 256) bytes.writeUInt32LE((major << 8) | minor, pointersOffset);
  else {
    const device = (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12);
    bytes.writeUInt32LE(device >>> 0, pointersOffset + 4);
  }
}
