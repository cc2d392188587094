// The content of a directory in ext2: names one after the other, none across the end of a block (Linux,
// Documentation/filesystems/ext4/directory.rst, "Linear (Classic) Directories"). Pure.

import type { InodeKind } from './inodes.ts';

/** A name in a directory. */
export interface Name {
  readonly name: string;
  /** Number of the inode. */
  readonly number: number;
  readonly kind: InodeKind;
}

/** The byte for the type of an entry, which saves reading its inode. */
const fileTypes: Readonly<Record<InodeKind, number>> = {
  file: 1,
  directory: 2,
  character: 3,
  block: 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
};

const headerSize = 8;

export function directoryBlocks(names: readonly Name[], blockSize: number): number {
  let blocks = 1;
  let left = blockSize;
  for (const { name } of names) {
    const size = sizeOf(name);
    if (size > left) {
      blocks += 1;
      left = blockSize;
    }
    left -= size;
  }
  return blocks;
}

/** The blocks of the directory, one after the other. */
export function* encodeDirectory(names: readonly Name[], blockSize: number): Generator<Uint8Array> {
  let block = Buffer.alloc(blockSize);
  let at = 0;
  let last = 0;
  // The last record of a block reaches to its end.
  const finish = () => {
    block.writeUInt16LE(blockSize - last, last + 4);
    return block;
  };
  for (const { name, number, kind } of names) {
    const size = sizeOf(name);
    if (at + size > blockSize) {
      yield finish();
      block = Buffer.alloc(blockSize);
      at = 0;
    }
    block.writeUInt32LE(number, at);
    block.writeUInt16LE(size, at + 4);
    block.writeUInt8(Buffer.byteLength(name), at + 6);
    block.writeUInt8(fileTypes[kind], at + 7);
    block.write(name, at + headerSize);
    last = at;
    at += size;
  }
  yield finish();
}

function sizeOf(name: string): number {
  return Math.ceil((headerSize + Buffer.byteLength(name)) / 4) * 4;
}
