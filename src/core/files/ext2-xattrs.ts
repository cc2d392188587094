// Extended attributes in a block of ext2 (Linux, fs/ext2/xattr.c).

import { BimaError } from '../errors.ts';
import type { Entry, Xattrs } from './entry.ts';

const magic = 0xea02_0000;
const headerSize = 32;
const entrySize = 16;

/** What stands in place of the beginning of a name. Access lists (`system.`) have a form of their own there. */
const prefixes = [
  [1, 'user.'],
  [4, 'trusted.'],
  [6, 'security.'],
] as const;

interface Attribute {
  readonly prefix: number;
  readonly name: Buffer;
  readonly value: Uint8Array;
}

/** The names of the attributes that can't be stored. */
export function unstorable(xattrs: Xattrs): readonly string[] {
  return [...xattrs.keys()].filter((key) => attributeOf(key, new Uint8Array()) === undefined);
}

/**
 * The block of an entry's attributes; undefined when there is nothing that can be stored.
 * @throws BimaError INPUT_INVALID when they are too large for a block
 */
export function encodeXattrs({ xattrs, path }: Entry, blockSize: number): Uint8Array | undefined {
  const attributes = [...(xattrs ?? [])].flatMap(([key, value]) => attributeOf(key, value) ?? []);
  if (attributes.length === 0) return undefined;
  // Linux looks for a name in this order.
  attributes.sort((one, other) => {
    const shorter = one.prefix - other.prefix || one.name.length - other.name.length;
    return shorter || Buffer.compare(one.name, other.name);
  });
  const block = Buffer.alloc(blockSize);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(1, 4);
  block.writeUInt32LE(1, 8);
  let at = headerSize;
  let valueEnd = blockSize;
  let blockHash = 0;
  for (const { prefix, name, value } of attributes) {
    const valueStart = valueEnd - aligned(value.length);
    const next = at + entrySize + aligned(name.length);
    // Four zero bytes end the list.
    if (next + 4 > valueStart) {
      const message = `expected at most ${blockSize} bytes of extended attributes of "/${path}", got more`;
      throw new BimaError('INPUT_INVALID', message, { hint: 'Leave the file out, or its attributes.' });
    }
    if (value.length > 0) {
      valueEnd = valueStart;
      block.set(value, valueStart);
      block.writeUInt16LE(valueStart, at + 2);
    }
    block.writeUInt8(name.length, at);
    block.writeUInt8(prefix, at + 1);
    block.writeUInt32LE(value.length, at + 8);
    const hash = hashOf(name, block.subarray(valueStart, valueStart + aligned(value.length)));
    block.writeUInt32LE(hash, at + 12);
    name.copy(block, at + entrySize);
    blockHash = ((blockHash << 16) ^ (blockHash >>> 16) ^ hash) >>> 0;
    at = next;
  }
  block.writeUInt32LE(blockHash, 12);
  return block;
}

function attributeOf(key: string, value: Uint8Array): Attribute | undefined {
  for (const [prefix, start] of prefixes) {
    const name = Buffer.from(key.slice(start.length));
    if (key.startsWith(start) && name.length > 0 && name.length < 256) return { prefix, name, value };
  }
  return undefined;
}

function hashOf(name: Uint8Array, value: Buffer): number {
  let hash = 0;
  for (const byte of name) hash = (hash << 5) ^ (hash >>> 27) ^ byte;
  for (let at = 0; at < value.length; at += 4) hash = (hash << 16) ^ (hash >>> 16) ^ value.readUInt32LE(at);
  return hash >>> 0;
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}
