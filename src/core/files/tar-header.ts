// The headers of a tar, that of a layer or an archive, in the form of POSIX.1-2001 (ustar, and pax where that is too small).
// Written here rather than by a library, because a diff ID must not change with the version of one.

import type { DirectoryEntry, FileEntry, SymlinkEntry } from './entry.ts';

/** What a header says of an entry. */
export type HeaderEntry = Omit<FileEntry, 'open' | 'identify' | 'stamp'> | DirectoryEntry | SymlinkEntry;

const blockSize = 512;

/** What the header's fields of eight and of twelve bytes can hold. */
const maxId = 0o7777777;
const maxNumber = 0o77777777777;

const typeflags = { file: '0', symlink: '2', directory: '5' } as const;

/** Two empty blocks end a tar. */
export const endOfTar: Uint8Array = new Uint8Array(2 * blockSize);

/** What fills the last block of a file's content. */
export function paddingOf(size: number): Uint8Array {
  return endOfTar.subarray(0, (blockSize - (size % blockSize)) % blockSize);
}

/**
 * The header of an entry: one block, after those of a pax header for what that block can't hold.
 * @param mtime in whole seconds since 1970
 */
export function encodeHeader(entry: HeaderEntry, mtime: number): Uint8Array {
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const target = entry.type === 'symlink' ? entry.target : '';
  const size = entry.type === 'file' ? entry.size : 0;
  const { mode, uid, gid } = entry;
  const header = encodeBlock({ name, mode, uid, gid, size, mtime, typeflag: typeflags[entry.type], target });

  // In the order in which they are written.
  const records = [
    ...(gid > maxId ? [record('gid', gid)] : []),
    ...(fitsText(target) ? [] : [record('linkpath', target)]),
    ...(mtime > maxNumber ? [record('mtime', mtime)] : []),
    ...(fitsText(name) ? [] : [record('path', name)]),
    ...(size > maxNumber ? [record('size', size)] : []),
    ...(uid > maxId ? [record('uid', uid)] : []),
  ];
  if (records.length === 0) return header;

  const body = Buffer.concat(records);
  const paxHeader = encodeBlock({
    name: 'PaxHeader',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
    typeflag: 'x',
    target: '',
  });
  return Buffer.concat([paxHeader, body, paddingOf(body.length), header]);
}

interface Fields {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly typeflag: string;
  readonly target: string;
}

function encodeBlock(fields: Fields): Buffer {
  // Not Buffer.alloc, which takes memory from the system for each of thousands of headers.
  const block = Buffer.allocUnsafe(blockSize).fill(0);
  // What is too long is cut here, and whole in the pax header.
  block.write(fields.name, 0, 100);
  block.write(octal(fields.mode, 7), 100);
  block.write(octal(fields.uid, 7), 108);
  block.write(octal(fields.gid, 7), 116);
  block.write(octal(fields.size, 11), 124);
  block.write(octal(fields.mtime, 11), 136);
  block.write('        ', 148);
  block.write(fields.typeflag, 156);
  block.write(fields.target, 157, 100);
  block.write('ustar\x0000', 257);
  block.write(octal(0, 7), 329);
  block.write(octal(0, 7), 337);
  let checksum = 0;
  for (const byte of block) checksum += byte;
  block.write(`${octal(checksum, 6)}\0 `, 148);
  return block;
}

/** Zero for a number that needs more digits: the pax header has it. */
function octal(value: number, digits: number): string {
  const text = value.toString(8);
  return (text.length > digits ? '' : text).padStart(digits, '0');
}

/** ustar's fields hold ASCII. */
function fitsText(text: string): boolean {
  return text.length <= 100 && /^[\x20-\x7e]*$/.test(text);
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function record(key: string, value: string | number): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

/** The block of a header with another size, and every other field as it is. */
export function withSize(header: Uint8Array, size: number): Uint8Array {
  const block = Buffer.from(header);
  writeOctal(block, { offset: 124, digits: 11, end: '\0' }, size);
  const ends = block.subarray(154, 156).toString('latin1');
  block.fill(' ', 148, 156);
  let checksum = 0;
  for (const byte of block) checksum += byte;
  block.write(ends, 154, 'latin1');
  writeOctal(block, { offset: 148, digits: 6, end: '\0 ' }, checksum);
  return block;
}

/** What ends the number stays where it ends one, as some write a space and others a NUL. */
function writeOctal(
  block: Buffer,
  { offset, digits, end }: { readonly offset: number; readonly digits: number; readonly end: string },
  value: number,
): void {
  const place = offset + digits;
  const isEnd = block.subarray(place, place + end.length).every((byte) => byte === 0 || byte === 0x20);
  if (!isEnd) block.write(end, place, 'latin1');
  block.write(octal(value, digits), offset, 'latin1');
}
