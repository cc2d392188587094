// The metadata of an ext2 file system: superblock, group descriptors, bitmaps (Linux,
// Documentation/filesystems/ext4/super.rst and group_descr.rst). Pure.

import { descriptorSize, firstInode, inodeSize } from './ext2-layout.ts';
import type { Group } from './ext2-layout.ts';
import type { Ext2Plan } from './ext2-plan.ts';

const magic = 0xef53;
/** ext_attr. */
const compatible = 0x8;
/** filetype. */
const incompatible = 0x2;
/** sparse_super and large_file. */
const readOnlyCompatible = 0x1 | 0x2;

/** How much of a group is in use. */
interface Usage {
  /** Blocks, its overhead included: always its first ones. */
  readonly blocks: number;
  /** Inodes: always its first ones. */
  readonly inodes: number;
  readonly directories: number;
}

/** Usage of each block group. */
export function usageOf({ layout, inodes, used }: Ext2Plan): readonly Usage[] {
  const { groups, inodesPerGroup } = layout;
  const directories = groups.map(() => 0);
  for (const { number, inode } of inodes) {
    const group = Math.floor((number - 1) / inodesPerGroup);
    if (inode.entry.type === 'directory') directories[group] = (directories[group] ?? 0) + 1;
  }
  // The root is among the reserved ones.
  const usedInodes = firstInode - 1 + inodes.length - 1;
  return groups.map(({ number, blocks, overhead, firstData }) => ({
    blocks: overhead + clamp(used - firstData, blocks - overhead),
    inodes: clamp(usedInodes - number * inodesPerGroup, inodesPerGroup),
    directories: directories[number] ?? 0,
  }));
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}

/** 1024 bytes. @param group in which this copy is */
export function encodeSuperblock(plan: Ext2Plan, usage: readonly Usage[], group: number): Uint8Array {
  const { layout, mtime, identifier } = plan;
  const { blockSize, blocks, blocksPerGroup, inodesPerGroup, firstDataBlock, groups } = layout;
  const inodes = inodesPerGroup * groups.length;
  const block = Buffer.alloc(1024);
  const put = (offset: number, value: number) => block.writeUInt32LE(value, offset);
  put(0, inodes);
  put(4, blocks);
  put(
    12,
    groups.reduce((sum, { number, blocks: all }) => sum + all - (usage[number]?.blocks ?? 0), 0),
  );
  put(
    16,
    usage.reduce((left, { inodes: some }) => left - some, inodes),
  );
  put(20, firstDataBlock);
  const logarithm = Math.log2(blockSize / 1024);
  put(24, logarithm);
  put(28, logarithm);
  put(32, blocksPerGroup);
  put(36, blocksPerGroup);
  put(40, inodesPerGroup);
  put(48, mtime);
  // No check is ever due after a number of mounts.
  block.writeInt16LE(-1, 54);
  block.writeUInt16LE(magic, 56);
  // Clean; what is wrong later is only noted.
  block.writeUInt16LE(1, 58);
  block.writeUInt16LE(1, 60);
  put(64, mtime);
  put(76, 1);
  put(84, firstInode);
  block.writeUInt16LE(inodeSize, 88);
  block.writeUInt16LE(group, 90);
  put(92, compatible);
  put(96, incompatible);
  put(100, readOnlyCompatible);
  block.set(identifier, 104);
  // The seed and the kind (half MD4) of hashes, which a guest needs that turns a large directory into a tree.
  block.set(identifier, 236);
  block.writeUInt8(1, 252);
  put(264, mtime);
  return block;
}

/** The descriptors of all groups, in whole blocks. */
export function encodeDescriptors({ layout }: Ext2Plan, usage: readonly Usage[]): Uint8Array {
  const { blockSize, groups, inodesPerGroup } = layout;
  const size = Math.ceil((groups.length * descriptorSize) / blockSize) * blockSize;
  const table = Buffer.alloc(size);
  for (const group of groups) {
    const at = group.number * descriptorSize;
    const { blocks = 0, inodes = 0, directories = 0 } = usage[group.number] ?? {};
    const bitmap = bitmapBlock(group, size / blockSize);
    table.writeUInt32LE(bitmap, at);
    table.writeUInt32LE(bitmap + 1, at + 4);
    table.writeUInt32LE(bitmap + 2, at + 8);
    table.writeUInt16LE(group.blocks - blocks, at + 12);
    table.writeUInt16LE(inodesPerGroup - inodes, at + 14);
    table.writeUInt16LE(directories, at + 16);
  }
  return table;
}

function bitmapBlock({ start, hasSuperblock }: Group, descriptorBlocks: number): number {
  return start + (hasSuperblock ? 1 + descriptorBlocks : 0);
}

/** One block: the first `used` bits are set, and those after the first `count`, which stand for nothing. */
export function encodeBitmap(used: number, count: number, blockSize: number): Uint8Array {
  const bitmap = Buffer.alloc(blockSize);
  fillBits(bitmap, 0, used);
  fillBits(bitmap, count, blockSize * 8);
  return bitmap;
}

function fillBits(bitmap: Buffer, from: number, to: number): void {
  const whole = Math.ceil(from / 8) * 8;
  for (let bit = from; bit < Math.min(whole, to); bit++) setBit(bitmap, bit);
  const last = Math.max(Math.floor(to / 8) * 8, whole);
  if (last > whole) bitmap.fill(0xff, whole / 8, last / 8);
  for (let bit = last; bit < to; bit++) setBit(bitmap, bit);
}

function setBit(bitmap: Buffer, bit: number): void {
  bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7));
}
