// A block image: a file system in the form of ext2, planned from the sizes of its files and then written from its first
// block to its last (Linux, Documentation/filesystems/ext2.rst). Linux mounts it as ext2 and ext4. Pure: the entries
// give their bytes.

import type { ByteStream } from '../oci/blob.ts';
import type { Entry } from './entry.ts';
import { encodeDirectory } from './ext2-directory.ts';
import { encodeInode } from './ext2-inode.ts';
import { blockAt, firstInode, inodeSize, runsOf } from './ext2-layout.ts';
import type { Group } from './ext2-layout.ts';
import { planExt2, rootInode } from './ext2-plan.ts';
import type { Ext2Options, Ext2Plan, PlacedInode } from './ext2-plan.ts';
import { encodeBitmap, encodeDescriptors, encodeSuperblock, usageOf } from './ext2-superblock.ts';
import { encodeXattrs } from './ext2-xattrs.ts';
import { contentOf } from './inodes.ts';
import type { FileSystem } from './inodes.ts';

/**
 * The file system of these entries, of the smallest size that holds them and the free space.
 * @throws BimaError INPUT_INVALID for what ext2 can't hold
 */
export function createBlockImage(entries: Iterable<Entry>, options: Ext2Options): FileSystem {
  const plan = planExt2(entries, options);
  const { blocks, blockSize } = plan.layout;
  return { size: blocks * blockSize, open: () => writeBlocks(plan) };
}

/** Every block in order: the metadata of a group stands before its data. */
async function* writeBlocks(plan: Ext2Plan): AsyncGenerator<Uint8Array> {
  const { layout, inodes, used } = plan;
  const { blockSize, groups, firstDataBlock } = layout;
  const heads = headsOf(plan);
  let data = 0;
  let next = 0;
  /** The heads of the groups whose data begins here. */
  function* reach(): Generator<Uint8Array> {
    for (let group = groups[next]; group !== undefined && group.firstData <= data; group = groups[next]) {
      yield* heads(group);
      next += 1;
    }
  }
  /** Blocks of data up to where another group begins. */
  const room = () => (groups[next]?.firstData ?? Infinity) - data;

  yield new Uint8Array(firstDataBlock * blockSize);
  for (const placed of inodes) {
    const xattrs = placed.xattrData === undefined ? undefined : encodeXattrs(placed.inode.entry, blockSize);
    if (xattrs !== undefined) {
      yield* reach();
      yield xattrs;
      data += 1;
    }
    if (placed.blocks === 0) continue;
    const content = new Content(contentStream(placed, blockSize));
    try {
      for (const run of runsOf(placed.blocks, blockSize / 4)) {
        if ('pointers' in run) {
          yield* reach();
          const pointers = run.pointers.map((pointer) => blockAt(layout, placed.firstData + pointer));
          yield encodePointers(pointers, blockSize);
          data += 1;
          continue;
        }
        for (let left = run.data; left > 0;) {
          yield* reach();
          const step = Math.min(left, room());
          yield* content.take(step * blockSize);
          data += step;
          left -= step;
        }
      }
      await content.finish();
    } finally {
      await content.close();
    }
  }
  // The root always has a block, so some data is always in use.
  const last = groups.at(-1);
  const end = last === undefined ? used : last.firstData + last.blocks - last.overhead;
  while (data < end || next < groups.length) {
    yield* reach();
    const step = Math.min(end, data + room()) - data;
    for (let left = step * blockSize; left > 0; left -= zeroSize)
      yield zeros.subarray(0, Math.min(left, zeroSize));
    data += step;
  }
}

/** Bytes of free space that are given at once. */
const zeroSize = 64 * 1024;
const zeros: Uint8Array = new Uint8Array(zeroSize);

/** The metadata before the data of a group. */
function headsOf(plan: Ext2Plan): (group: Group) => Generator<Uint8Array> {
  const { layout, inodes, mtime } = plan;
  const { blockSize, inodesPerGroup } = layout;
  const usage = usageOf(plan);
  const descriptors = encodeDescriptors(plan, usage);
  const perBlock = blockSize / inodeSize;
  // The root has a reserved number; the others follow one another.
  const inodeOf = (number: number): PlacedInode | undefined =>
    number === rootInode ? inodes[0] : number < firstInode ? undefined : inodes[number - firstInode + 1];

  return function* head({ number, blocks, hasSuperblock }) {
    if (hasSuperblock) {
      const block = new Uint8Array(blockSize);
      // The first of the file system comes after 1024 bytes for a boot loader.
      block.set(encodeSuperblock(plan, usage, number), number === 0 && blockSize > 1024 ? 1024 : 0);
      yield block;
      yield descriptors;
    }
    const { blocks: usedBlocks = 0, inodes: usedInodes = 0 } = usage[number] ?? {};
    yield encodeBitmap(usedBlocks, blocks, blockSize);
    yield encodeBitmap(usedInodes, inodesPerGroup, blockSize);
    for (let first = 0; first < inodesPerGroup; first += perBlock) {
      const table = Buffer.alloc(blockSize);
      for (let index = 0; index < perBlock; index++) {
        const placed = inodeOf(number * inodesPerGroup + first + index + 1);
        if (placed !== undefined) encodeInode(placed, layout, mtime, table, index * inodeSize);
      }
      yield table;
    }
  };
}

function encodePointers(pointers: readonly number[], blockSize: number): Uint8Array {
  const block = Buffer.alloc(blockSize);
  for (const [index, pointer] of pointers.entries()) block.writeUInt32LE(pointer, 4 * index);
  return block;
}

async function* contentStream(
  { inode, children }: PlacedInode,
  blockSize: number,
): AsyncGenerator<Uint8Array> {
  const { entry } = inode;
  if (entry.type === 'directory') yield* encodeDirectory(children, blockSize);
  else if (entry.type === 'symlink') yield Buffer.from(entry.target);
  else yield* contentOf(entry);
}

/** A stream that is taken in parts of any size, with zeros behind its end. */
class Content {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #isDone = false;

  constructor(stream: ByteStream) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  async *take(size: number): AsyncGenerator<Uint8Array> {
    let left = size;
    while (left > 0) {
      if (this.#chunk.length === 0 && !(await this.#advance())) {
        // Only the last block of a file isn't full.
        yield zeros.subarray(0, left);
        return;
      }
      const piece = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Reads up to the end, where the stream says whether it was what it should be. */
  async finish(): Promise<void> {
    while (!this.#isDone) await this.#advance();
  }

  async close(): Promise<void> {
    if (!this.#isDone) await this.#iterator.return?.();
  }

  async #advance(): Promise<boolean> {
    const step = await this.#iterator.next();
    if (step.done === true) this.#isDone = true;
    else this.#chunk = step.value;
    return step.done !== true;
  }
}
