// Reads a tar: POSIX.1-2001 (ustar and pax) and GNU's, as Go's archive/tar does, since every runtime reads layers with
// that. Pure. What is read is hostile: each size is checked before it is used, and nothing is kept longer than needed.

import { BimaError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { ByteStream } from '../oci/blob.ts';
import type { Special, Xattrs } from './entry.ts';
import { addSparseField, expandSparse, readSparse, sparsePrefix } from './sparse.ts';

export interface TarEntry {
  /** The name as stored. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** Bytes of its content. */
  readonly size: number;
  /** True where the content isn't in the tar as it is, but without what is zeros. */
  readonly isSparse?: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, as the header has it; undefined for what is no number. */
  readonly mtime: number | undefined;
  /** Target of a link, as stored. */
  readonly target: string;
  /** What an `other` is, where known. */
  readonly special?: Special;
  readonly xattrs?: Xattrs;
  /** Where its content begins in the tar. */
  readonly start: number;
  /** The content, to be read before the next entry is asked for; what isn't read is skipped. */
  readonly content: ByteStream;
}

const blockSize = 512;

/** By the byte at 156; anything else is a device, a FIFO or of a kind that nobody knows. */
const types: ReadonlyMap<string, TarEntry['type']> = new Map([
  ['0', 'file'],
  ['\0', 'file'],
  ['7', 'file'],
  ['S', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['5', 'directory'],
]);

const specials: ReadonlyMap<string, Special['kind']> = new Map([
  ['3', 'character'],
  ['4', 'block'],
  ['6', 'fifo'],
]);

/** Before the name of an extended attribute in a pax header, as Go, GNU tar and star write it. */
const xattrPrefix = 'SCHILY.xattr.';

/** Links, devices, directories and FIFOs: without content, whatever their size says. */
const empty = /^[1-6]$/;

/** What the extended headers before an entry say of it. */
interface Extension {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  xattrs?: Map<string, Uint8Array>;
  sparse?: Map<string, string>;
}

/**
 * The entries of a tar that isn't compressed, in its order. The tar is read to its end, also behind the two empty
 * blocks that end it.
 * @param what names the tar in errors
 * @throws BimaError LAYOUT_INVALID for anything but a whole tar; what `tar` throws
 */
export async function* readTar(tar: ByteStream, what: string): AsyncGenerator<TarEntry> {
  const input = new Input(tar, what);
  try {
    let extension: Extension = {};
    let extended = 0;
    let emptyBlocks = 0;
    for (;;) {
      const header = await input.block();
      if (header === undefined) return;
      if (isEmpty(header)) {
        if (++emptyBlocks < 2) continue;
        await input.skipAll();
        return;
      }
      emptyBlocks = 0;
      const fields = readHeader(header, what);
      if (isExtension(fields.kind)) {
        extended += fields.size;
        if (fields.size > limits.tarHeader || extended > limits.tarHeaders)
          throw invalid(what, 'its extended headers are too large');
        const body = await input.take(fields.size);
        await input.skipPadding(fields.size);
        extension = { ...extension, ...readExtension(fields.kind, body, what) };
        continue;
      }
      const entry = entryOf(fields, extension, what);
      const sparse = await readSparse({ header, ...fields, size: entry.size }, extension.sparse, {
        number: (block, offset) => readNumber(block, offset, 12),
        take: (size) => input.take(size),
      });
      if (typeof sparse === 'string') throw invalid(what, sparse);
      extension = {};
      const content = input.content(sparse?.stored ?? entry.size);
      const file =
        sparse === undefined
          ? { ...entry, content }
          : { ...entry, size: sparse.map.size, isSparse: true, content: expandSparse(sparse.map, content) };
      yield { ...file, start: input.position };
      await content.skip();
      await input.skipPadding(entry.size);
    }
  } finally {
    await input.close();
  }
}

function isEmpty(block: Uint8Array): boolean {
  for (let index = 0; index < blockSize; index++) if (block[index] !== 0) return false;
  return true;
}

/** True for the first block of a tar that holds something. @param head at least one block */
export function isTarHeader(head: Uint8Array): boolean {
  return head.length >= blockSize && !isEmpty(head) && hasChecksum(head);
}

function hasChecksum(block: Uint8Array): boolean {
  // The checksum's own eight bytes count as spaces.
  let checksum = 8 * 32;
  for (let index = 0; index < blockSize; index++)
    if (index < 148 || index >= 156) checksum += block[index] ?? 0;
  return checksum === readNumber(block, 148, 8);
}

interface Fields extends Pick<
  TarEntry,
  'name' | 'target' | 'size' | 'mode' | 'uid' | 'gid' | 'mtime' | 'special'
> {
  readonly kind: string;
}

function readHeader(block: Uint8Array, what: string): Fields {
  if (!hasChecksum(block)) throw invalid(what, 'a header has a wrong checksum');
  // GNU's own header and that of before POSIX have other things where ustar has the prefix of a name.
  const isUstar = latin1(block.subarray(257, 263)) === 'ustar\0';
  const number = (offset: number, length: number, name: string): number => {
    const value = readNumber(block, offset, length);
    if (value === undefined) throw invalid(what, `the ${name} in a header is no number that a file can have`);
    return value;
  };
  const kind = String.fromCharCode(block[156] ?? 0);
  const device = specials.get(kind);
  const prefix = isUstar ? readText(block, 345, 155) : '';
  const name = readText(block, 0, 100);
  return {
    kind,
    name: prefix === '' ? name : `${prefix}/${name}`,
    target: readText(block, 157, 100),
    size: number(124, 12, 'size'),
    mode: number(100, 8, 'mode'),
    uid: number(108, 8, 'owner'),
    gid: number(116, 8, 'group'),
    // Nothing depends on it: what is wrong with it makes no tar unreadable.
    mtime: readNumber(block, 136, 12),
    ...(device === undefined ? {} : { special: readSpecial(device, number) }),
  };
}

/** The numbers of what is no device mean nothing. */
function readSpecial(
  kind: Special['kind'],
  number: (offset: number, length: number, name: string) => number,
): Special {
  if (kind === 'fifo') return { kind, major: 0, minor: 0 };
  return { kind, major: number(329, 8, 'device'), minor: number(337, 8, 'device') };
}

/** @throws BimaError LAYOUT_INVALID for names that no file can have */
function entryOf(fields: Fields, extension: Extension, what: string): Omit<TarEntry, 'start' | 'content'> {
  const { kind, mode, special } = fields;
  const { xattrs } = extension;
  const name = extension.sparse?.get('name') ?? extension.path ?? fields.name;
  const target = extension.linkpath ?? fields.target;
  for (const path of [name, target]) {
    const length = Buffer.byteLength(path);
    if (length > limits.path)
      throw invalid(what, `expected paths of at most ${limits.path} bytes, got one of ${length}`);
  }
  // Before POSIX there was no other way to say so.
  const isOldDirectory = kind === '\0' && name.endsWith('/');
  return {
    name,
    type: isOldDirectory ? 'directory' : (types.get(kind) ?? 'other'),
    size: isOldDirectory || empty.test(kind) ? 0 : (extension.size ?? fields.size),
    mode,
    uid: extension.uid ?? fields.uid,
    gid: extension.gid ?? fields.gid,
    mtime: fields.mtime,
    target,
    ...(special === undefined ? {} : { special }),
    ...(xattrs === undefined ? {} : { xattrs }),
  };
}

/** pax headers, of one entry and of all that follow, and GNU's for long names and long targets. */
function isExtension(kind: string): boolean {
  return kind === 'x' || kind === 'g' || kind === 'L' || kind === 'K' || kind === 'N';
}

function readExtension(kind: string, body: Uint8Array, what: string): Extension {
  switch (kind) {
    case 'x':
      return readPax(body, what);
    case 'L':
    case 'N':
      return { path: readText(body, 0, body.length) };
    case 'K':
      return { linkpath: readText(body, 0, body.length) };
    default:
      // As in Go, what is said of all entries counts for none: it holds comments, such as that of git archive.
      return {};
  }
}

/** `<length> <key>=<value>\n`, one after the other (POSIX.1-2017, pax, "pax Extended Header"). */
function readPax(body: Uint8Array, what: string): Extension {
  const extension: Extension = {};
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 || space - at > 10 ? '' : latin1(body.subarray(at, space));
    const end = at + (/^\d+$/.test(digits) ? Number(digits) : 0);
    const equals = body.indexOf(0x3d, space);
    if (end > body.length || equals === -1 || equals >= end || body[end - 1] !== 0x0a)
      throw invalid(what, 'a pax header is damaged');
    const key = latin1(body.subarray(space + 1, equals));
    const value = body.subarray(equals + 1, end - 1);
    at = end;
    if (key.startsWith(xattrPrefix)) {
      const name = utf8(body.subarray(space + 1 + xattrPrefix.length, equals));
      (extension.xattrs ??= new Map()).set(name, Uint8Array.from(value));
    }
    // As in Go: nothing replaces nothing.
    if (value.length === 0) continue;
    if (key.startsWith(sparsePrefix))
      addSparseField((extension.sparse ??= new Map()), key.slice(sparsePrefix.length), utf8(value));
    if (key === 'path' || key === 'linkpath') extension[key] = utf8(value);
    if (key === 'size' || key === 'uid' || key === 'gid') {
      const text = latin1(value.subarray(0, 20));
      const number = /^\d+$/.test(text) ? Number(text) : NaN;
      if (!Number.isSafeInteger(number)) throw invalid(what, `the ${key} in a pax header is no valid number`);
      extension[key] = number;
    }
  }
  return extension;
}

/**
 * Octal digits, or GNU's base 256 where the first bit is set. Undefined for what is no safe integer: all that a header
 * counts is at least 0.
 */
function readNumber(block: Uint8Array, offset: number, length: number): number | undefined {
  const first = block[offset] ?? 0;
  if ((first & 0x80) === 0) {
    const text = latin1(block.subarray(offset, offset + length)).replace(/^[ \0]+/, '');
    const [, digits] = /^([0-7]*)(?:[ \0]|$)/.exec(text) ?? [];
    return digits === undefined ? undefined : digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  // The bit after the first is the sign's.
  if ((first & 0x40) !== 0) return undefined;
  let value = first & 0x3f;
  for (let index = offset + 1; index < offset + length; index++) {
    value = value * 256 + (block[index] ?? 0);
    if (!Number.isSafeInteger(value)) return undefined;
  }
  return value;
}

/** Up to the first NUL. */
function readText(bytes: Uint8Array, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return utf8(end === -1 ? field : field.subarray(0, end));
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes of a tar, taken from its start to its end. */
class Input {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #what: string;
  #chunk: Uint8Array = new Uint8Array();
  /** Bytes taken so far. */
  position = 0;

  constructor(tar: ByteStream, what: string) {
    this.#iterator = tar[Symbol.asyncIterator]();
    this.#what = what;
  }

  /** The next block; undefined at the end. */
  async block(): Promise<Uint8Array | undefined> {
    const block = await this.#gather(blockSize);
    if (block.length === blockSize) return block;
    if (block.length === 0) return undefined;
    throw this.#cutOff();
  }

  /** So many bytes, which must be there. */
  async take(size: number): Promise<Uint8Array> {
    const bytes = await this.#gather(size);
    if (bytes.length < size) throw this.#cutOff();
    return bytes;
  }

  /** So many bytes, piece by piece; `skip` passes over those that weren't read. */
  content(size: number): ByteStream & { skip(): Promise<void> } {
    let left = size;
    const next = async () => {
      const piece = await this.#next(left);
      if (piece.length === 0) throw this.#cutOff();
      left -= piece.length;
      return piece;
    };
    return {
      async *[Symbol.asyncIterator]() {
        while (left > 0) yield await next();
      },
      async skip() {
        while (left > 0) await next();
      },
    };
  }

  /** What fills the last block of so many bytes. It may be missing at the end of the tar, as `umoci insert` leaves it. */
  async skipPadding(size: number): Promise<void> {
    await this.#skip((blockSize - (size % blockSize)) % blockSize);
  }

  async skipAll(): Promise<void> {
    await this.#skip(Infinity);
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** At most so many of the next bytes; none at the end. */
  async #next(most: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const step = await this.#iterator.next();
      if (step.done === true) return this.#chunk;
      this.#chunk = step.value;
    }
    const piece = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(piece.length);
    this.position += piece.length;
    return piece;
  }

  /** So many bytes, or fewer at the end. */
  async #gather(size: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let left = size; left > 0;) {
      // The memory of a piece may be used again for the next one.
      const piece = Buffer.from(await this.#next(left));
      if (piece.length === 0) break;
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async #skip(size: number): Promise<void> {
    for (let left = size; left > 0;) {
      const { length } = await this.#next(left);
      if (length === 0) return;
      left -= length;
    }
  }

  #cutOff(): BimaError {
    return invalid(this.#what, 'it ends too early');
  }
}

function invalid(what: string, why: string): BimaError {
  return new BimaError('LAYOUT_INVALID', `${what} is no valid tar: ${why}`);
}
