// The layout of an ext2 file system: block groups, and the blocks of each file in the order in which they are
// written (Linux, Documentation/filesystems/ext2.rst; Documentation/filesystems/ext4 for the fields). Pure arithmetic.

import { BimaError } from '../errors.ts';

export const inodeSize = 128;
/** The first that isn't reserved. */
export const firstInode = 11;
/** Size of a group descriptor, in bytes. */
export const descriptorSize = 32;
/** Pointers to blocks in an inode, before those to blocks of pointers. */
export const directBlocks = 12;

export interface Ext2Layout {
  readonly blockSize: number;
  /** Blocks of the whole file system, including the one before the first group. */
  readonly blocks: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly groups: readonly Group[];
}

export interface Group {
  readonly number: number;
  /** Its first block. */
  readonly start: number;
  readonly blocks: number;
  /** Blocks before its data: superblock, descriptors, bitmaps, inode table. */
  readonly overhead: number;
  readonly hasSuperblock: boolean;
  /** Number of data blocks in the groups before it. */
  readonly firstData: number;
}

export interface Needs {
  /** Blocks of content, and those that point to them. */
  readonly data: number;
  /** Files, without the reserved inodes. */
  readonly inodes: number;
}

/**
 * The smallest layout that holds this much.
 * @throws BimaError INPUT_INVALID for more than 2^32 blocks
 */
export function planLayout({ data, inodes }: Needs, blockSize: number): Ext2Layout {
  const blocksPerGroup = 8 * blockSize;
  // The superblock is at byte 1024.
  const firstDataBlock = blockSize === 1024 ? 1 : 0;
  const inodesPerBlock = blockSize / inodeSize;
  const needed = inodes + firstInode - 1;
  for (let count = Math.ceil(data / blocksPerGroup) || 1; ; count++) {
    const perGroup = Math.ceil(needed / count / inodesPerBlock) * inodesPerBlock;
    if (perGroup > blocksPerGroup) continue;
    const groups: Group[] = [];
    let firstData = 0;
    for (let number = 0; number < count; number++) {
      const hasSuperblock = hasBackup(number);
      const tables = hasSuperblock ? 1 + Math.ceil((count * descriptorSize) / blockSize) : 0;
      const overhead = tables + 2 + (perGroup * inodeSize) / blockSize;
      const start = firstDataBlock + number * blocksPerGroup;
      // Only the last group may be smaller.
      const blocks = number < count - 1 ? blocksPerGroup : overhead + Math.max(data - firstData, 0);
      groups.push({ number, start, blocks, overhead, hasSuperblock, firstData });
      firstData += blocks - overhead;
    }
    if ((groups.at(-1)?.blocks ?? 0) <= blocksPerGroup) return finish(groups, perGroup);
  }

  function finish(groups: readonly Group[], inodesPerGroup: number): Ext2Layout {
    const last = groups.at(-1);
    const blocks = (last?.start ?? 0) + (last?.blocks ?? 0);
    if (blocks > 0xffff_ffff) {
      const message = `expected a root file system of less than 2^32 blocks, got ${blocks}`;
      throw new BimaError('INPUT_INVALID', message, { hint: 'Leave out what the guest has no use for.' });
    }
    return { blockSize, blocks, firstDataBlock, blocksPerGroup, inodesPerGroup, groups };
  }
}

/** Group 0, 1, and those whose number is a power of 3, 5 or 7 (the feature "sparse_super"). */
function hasBackup(group: number): boolean {
  if (group <= 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

/** The number of the block that holds the n-th data block, counted through all groups. */
export function blockAt({ groups, blocksPerGroup, blockSize }: Ext2Layout, data: number): number {
  // A good first guess, since all groups have about as many.
  let index = Math.min(Math.floor(data / blocksPerGroup), groups.length - 1);
  while ((groups[index + 1]?.firstData ?? Infinity) <= data) index += 1;
  const group = groups[index];
  if (group === undefined) throw new RangeError(`no block of ${blockSize} bytes at ${data}`);
  return group.start + group.overhead + data - group.firstData;
}

/** How many indirect blocks a file of that many blocks needs. */
export function countPointers(blocks: number, perBlock: number): number {
  let left = blocks - directBlocks;
  if (left <= 0) return 0;
  let count = 1;
  left -= perBlock;
  if (left <= 0) return count;
  count += 1 + Math.ceil(Math.min(left, perBlock ** 2) / perBlock);
  left -= perBlock ** 2;
  if (left <= 0) return count;
  return count + 1 + Math.ceil(left / perBlock ** 2) + Math.ceil(left / perBlock);
}

/** What stands in the blocks of a file: `data` so many blocks of content, or one block with pointers. */
export type Run =
  | { readonly data: number }
  /** Blocks that it points to, counted from the file's first. */
  | { readonly pointers: readonly number[] };

/**
 * The blocks of a file in their order: each block of pointers stands right before what it points to.
 * @param perBlock pointers in a block
 */
export function* runsOf(blocks: number, perBlock: number): Generator<Run> {
  const direct = Math.min(blocks, directBlocks);
  if (direct > 0) yield { data: direct };
  let left = blocks - direct;
  let at = direct;
  for (let depth = 1; left > 0; depth++) {
    const covered = Math.min(left, perBlock ** depth);
    yield* subtree(depth, covered);
    left -= covered;
  }

  /** A block of pointers and what it leads to. */
  function* subtree(depth: number, covered: number): Generator<Run> {
    const start = at + 1;
    at = start;
    if (depth === 1) {
      yield { pointers: Array.from({ length: covered }, (_, index) => start + index) };
      yield { data: covered };
      at += covered;
      return;
    }
    const below = perBlock ** (depth - 1);
    const count = Math.ceil(covered / below);
    const whole = sizeOfSubtree(depth - 1, below, perBlock);
    yield { pointers: Array.from({ length: count }, (_, index) => start + index * whole) };
    for (let index = 0; index < count; index++)
      yield* subtree(depth - 1, Math.min(below, covered - index * below));
  }
}

/** Blocks of content, and those of pointers above them. */
function sizeOfSubtree(depth: number, covered: number, perBlock: number): number {
  let size = covered;
  for (let level = 1; level <= depth; level++) size += Math.ceil(covered / perBlock ** level);
  return size;
}

/** The fifteen pointers of an inode, counted from the file's first block; undefined where there is none. */
export function inodePointers(blocks: number, perBlock: number): readonly (number | undefined)[] {
  const pointers: (number | undefined)[] = Array.from({ length: directBlocks }, (_, index) =>
    index < blocks ? index : undefined,
  );
  let at = directBlocks;
  let left = blocks - directBlocks;
  for (let depth = 1; depth <= 3; depth++) {
    pointers.push(left > 0 ? at : undefined);
    const covered = Math.min(Math.max(left, 0), perBlock ** depth);
    at += sizeOfSubtree(depth, covered, perBlock);
    left -= covered;
  }
  return pointers;
}
