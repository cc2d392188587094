// The plan of an ext2 file system: its inodes with their numbers and blocks. Pure.

import { createHash } from 'node:crypto';
import { BimaError } from '../errors.ts';
import type { Entry } from './entry.ts';
import { directoryBlocks } from './ext2-directory.ts';
import type { Name } from './ext2-directory.ts';
import { countPointers, firstInode, planLayout } from './ext2-layout.ts';
import type { Ext2Layout } from './ext2-layout.ts';
import { encodeXattrs } from './ext2-xattrs.ts';
import { folderOf, inodesOf, kindOf, modeOf } from './inodes.ts';
import type { Inode, RootAttributes } from './inodes.ts';

export interface Ext2Options {
  /** Date of everything, in whole seconds since 1970, capped at 2038-01-19, the last that ext2 can hold. */
  readonly mtime: number;
  /** Bytes that the guest can write, and with them room for a new file for every 16 KiB. */
  readonly free: number;
  readonly root?: RootAttributes;
  /** In bytes: 1024, 2048 or 4096, which is the default. */
  readonly blockSize?: number;
}

/** An inode and its place. */
export interface PlacedInode {
  readonly inode: Inode;
  readonly number: number;
  readonly links: number;
  /** Bytes of its content. */
  readonly size: number;
  /** Blocks of its content, without those that point to them. */
  readonly blocks: number;
  /** Its first block of content, counted through the data of all groups. */
  readonly firstData: number;
  /** The block with its extended attributes, counted so; undefined without any. */
  readonly xattrData?: number;
  /** Names in a directory. */
  readonly children: readonly Name[];
}

export interface Ext2Plan {
  readonly layout: Ext2Layout;
  readonly inodes: readonly PlacedInode[];
  /** Blocks of data that are in use: the first so many. */
  readonly used: number;
  readonly identifier: Uint8Array;
  readonly mtime: number;
}

/** Links to a file, and folders in one. */
const maxLinks = 32_000;
/** An inode counts units of 512 bytes, which limits it to less than 2 TiB. */
const maxFile = 2 ** 41 - 2 ** 33;

/**
 * Everything that is written, in the smallest layout that holds it and the free space.
 * @throws BimaError INPUT_INVALID for what ext2 can't hold
 */
export function planExt2(entries: Iterable<Entry>, options: Ext2Options): Ext2Plan {
  const { blockSize = 4096, free, root } = options;
  const inodes = inodesOf(entries, root);
  const { placed, used } = place(inodes, blockSize);
  const freeInodes = Math.max(32, Math.ceil(free / (16 * 1024)));
  const needs = { data: used + Math.ceil(free / blockSize), inodes: inodes.length + freeInodes };
  const layout = planLayout(needs, blockSize);
  const mtime = Math.min(options.mtime, 0x7fff_ffff);
  return { layout, inodes: placed, used, identifier: identifierOf(inodes), mtime };
}

/** Sixteen bytes by which the file system is known: the same for the same files (RFC 9562, version 8). */
function identifierOf(inodes: readonly Inode[]): Uint8Array {
  const hash = createHash('sha256');
  for (const { entry, names } of inodes) {
    const { uid, gid } = entry;
    const size = entry.type === 'file' ? entry.size : 0;
    hash.update(JSON.stringify([names, modeOf(entry), uid, gid, size]));
  }
  const identifier = hash.digest().subarray(0, 16);
  identifier[6] = 0x80 | ((identifier[6] ?? 0) & 0x0f);
  identifier[8] = 0x80 | ((identifier[8] ?? 0) & 0x3f);
  return identifier;
}

/** The root is the first, and has a number of its own. */
export const rootInode = 2;

function place(
  inodes: readonly Inode[],
  blockSize: number,
): { readonly placed: readonly PlacedInode[]; readonly used: number } {
  const numbers = new Map<Inode, number>();
  for (const [index, inode] of inodes.entries())
    numbers.set(inode, index === 0 ? rootInode : firstInode + index - 1);
  const children = childrenOf(inodes, numbers);
  const perBlock = blockSize / 4;
  let used = 0;
  const placed = inodes.map((inode): PlacedInode => {
    const { entry, names } = inode;
    const own = entry.type === 'directory' ? (children.get(entry.path) ?? []) : [];
    // A folder is also named by itself and by those in it; its `..` counts for the folder above.
    const folders = own.filter(({ kind }) => kind === 'directory').length;
    const links = entry.type === 'directory' ? folders : names.length;
    if (links > maxLinks)
      throw tooLarge(entry.path, `at most ${maxLinks} links to a file and folders in a folder`, `${links}`);
    const size = sizeOf(inode, own, blockSize);
    const xattrs = encodeXattrs(entry, blockSize);
    const xattrData = xattrs === undefined ? {} : { xattrData: used++ };
    const isInline = entry.type === 'symlink' && size < inlineTarget;
    const blocks = isInline ? 0 : Math.ceil(size / blockSize);
    const firstData = used;
    used += blocks + countPointers(blocks, perBlock);
    const number = numbers.get(inode) ?? 0;
    return { inode, number, links, size, blocks, firstData, ...xattrData, children: own };
  });
  return { placed, used };
}

/** A target of fewer bytes stands in the inode itself. */
export const inlineTarget = 60;

function sizeOf({ entry }: Inode, children: readonly Name[], blockSize: number): number {
  if (entry.type === 'directory') return directoryBlocks(children, blockSize) * blockSize;
  if (entry.type === 'symlink') {
    const size = Buffer.byteLength(entry.target);
    if (size >= blockSize) throw tooLarge(entry.path, `a target of under ${blockSize} bytes`, `${size}`);
    return size;
  }
  if (entry.size > maxFile) throw tooLarge(entry.path, `at most ${maxFile} bytes`, `${entry.size}`);
  return entry.size;
}

function tooLarge(path: string, expected: string, got: string): BimaError {
  return new BimaError('INPUT_INVALID', `expected ${expected} in a block image, got ${got} for "/${path}"`, {
    hint: 'Leave it out: ext2 holds no more.',
  });
}

/** The children of each directory, by its path. */
function childrenOf(
  inodes: readonly Inode[],
  numbers: ReadonlyMap<Inode, number>,
): ReadonlyMap<string, readonly Name[]> {
  const directories = new Map<string, { readonly number: number; readonly children: Name[] }>();
  for (const inode of inodes) {
    const { entry } = inode;
    if (entry.type !== 'directory') continue;
    const number = numbers.get(inode) ?? 0;
    const above = directories.get(folderOf(entry.path))?.number ?? rootInode;
    const kind = 'directory';
    const own = [
      { name: '.', number, kind },
      { name: '..', number: above, kind },
    ] as const;
    directories.set(entry.path, { number, children: [...own] });
  }
  for (const inode of inodes) {
    const [number, kind] = [numbers.get(inode) ?? 0, kindOf(inode.entry)];
    for (const path of inode.names) {
      if (path === '') continue;
      const folder = folderOf(path);
      const name = path.slice(folder === '' ? 0 : folder.length + 1);
      if (Buffer.byteLength(name) > 255) throw tooLarge(path, 'names of at most 255 bytes', 'more');
      directories.get(folder)?.children.push({ name, number, kind });
    }
  }
  return new Map([...directories].map(([path, { children }]) => [path, children]));
}
