// An initrd: a cpio archive in the form "newc", as the Linux kernel and Unikraft read it (Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst). Pure: the entries give their bytes.

import { BimaError } from '../errors.ts';
import { limits } from '../limits.ts';
import { comparePaths } from './entry.ts';
import type { Entry } from './entry.ts';
import { contentOf, inodesOf, kindOf, modeOf } from './inodes.ts';
import type { FileSystem, Inode, RootAttributes } from './inodes.ts';

/** The largest number of a header's field. */
const maxField = 0xffff_ffff;

const headerSize = 110;
const trailer = 'TRAILER!!!';

/** The archive is a multiple of this: Linux finds one that is appended to it only there. */
export const initrdAlignment = 4;

export interface InitrdOptions {
  /** Date of everything, in whole seconds since 1970, capped at 2106, the last that the archive can hold. */
  readonly mtime: number;
  readonly root?: RootAttributes;
}

/**
 * The archive of these entries. The content of a file with hard links stands at its last name, as cpio writes it.
 * Extended attributes are left out: there is no place for them.
 * @throws BimaError INPUT_INVALID for a file of 4 GiB or more, and for a path of 4096 bytes or more
 */
export function planInitrd(entries: Iterable<Entry>, options: InitrdOptions): FileSystem {
  const members = membersOf(inodesOf(entries, options.root));
  const last = aligned(headerSize + trailer.length + 1);
  const size = members.reduce((sum, member) => sum + sizeOf(member), last);
  return { size, open: () => writeMembers(members, options.mtime) };
}

/** One name of an inode, with what follows it in the archive. */
interface Member {
  readonly name: string;
  readonly inode: Inode;
  readonly number: number;
  /** Bytes of the content that follow this name. */
  readonly size: number;
}

function membersOf(inodes: readonly Inode[]): readonly Member[] {
  const members = new Map<string, Member>();
  for (const [index, inode] of inodes.entries()) {
    for (const name of inode.names) {
      const size = name === inode.names.at(-1) ? contentSize(inode.entry) : 0;
      members.set(name, { name: storedName(name), inode, number: index + 1, size });
    }
  }
  // In the order of names, so hard links stand apart from their first.
  const order = inodes.some(({ names }) => names.length > 1)
    ? [...members.keys()].sort(comparePaths)
    : [...members.keys()];
  return order.flatMap((name) => members.get(name) ?? []);
}

/** @throws BimaError INPUT_INVALID for a path that Linux would skip without a word */
function storedName(path: string): string {
  if (path === '') return '.';
  // A file of this name would end the archive.
  if (path === trailer) return `./${path}`;
  if (Buffer.byteLength(path) < limits.path) return path;
  const got = `${Buffer.byteLength(path)} of "/${path.slice(0, limits.quoted)}…"`;
  throw new BimaError('INPUT_INVALID', `expected paths under ${limits.path} bytes in an initrd, got ${got}`, {
    hint: 'Linux takes no longer ones: leave it out.',
  });
}

function contentSize(entry: Entry): number {
  if (entry.type === 'symlink') return Buffer.byteLength(entry.target);
  if (entry.type !== 'file') return 0;
  if (entry.size <= maxField) return entry.size;
  throw new BimaError(
    'INPUT_INVALID',
    `expected files under 4 GiB in an initrd, got ${entry.size} bytes of "/${entry.path}"`,
    { hint: 'Leave it out, or make the root file system a block image.' },
  );
}

function sizeOf({ name, size }: Member): number {
  return aligned(headerSize + Buffer.byteLength(name) + 1) + aligned(size);
}

async function* writeMembers(members: readonly Member[], mtime: number): AsyncGenerator<Uint8Array> {
  for (const member of members) {
    const { entry } = member.inode;
    yield encodeMember(member, mtime);
    if (member.size > 0 && entry.type === 'symlink') yield Buffer.from(entry.target);
    if (member.size > 0 && entry.type === 'file') yield* contentOf(entry);
    if (aligned(member.size) > member.size) yield new Uint8Array(aligned(member.size) - member.size);
  }
  yield encodeHeader(trailer, { nlink: 1 });
}

function encodeMember({ name, inode, number, size }: Member, mtime: number): Uint8Array {
  const { entry, names } = inode;
  const special = entry.type === 'file' ? entry.special : undefined;
  return encodeHeader(name, {
    ino: number,
    mode: modeOf(entry),
    uid: entry.uid,
    gid: entry.gid,
    nlink: kindOf(entry) === 'directory' ? 2 : names.length,
    mtime: Math.min(mtime, maxField),
    size,
    rmajor: special?.major ?? 0,
    rminor: special?.minor ?? 0,
  });
}

interface Fields {
  readonly ino?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly nlink: number;
  readonly mtime?: number;
  readonly size?: number;
  readonly rmajor?: number;
  readonly rminor?: number;
}

/** The header, its name, and padding to four bytes. */
function encodeHeader(path: string, fields: Fields): Uint8Array {
  const { ino = 0, mode = 0, uid = 0, gid = 0, nlink, mtime = 0, size = 0, rmajor = 0, rminor = 0 } = fields;
  const name = Buffer.from(path);
  // The device of the file system is 0, and so is the checksum, which "newc" has no use for.
  const numbers = [ino, mode, uid, gid, nlink, mtime, size, 0, 0, rmajor, rminor, name.length + 1, 0];
  const header = Buffer.alloc(aligned(headerSize + name.length + 1));
  header.write(`070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`, 'latin1');
  name.copy(header, headerSize);
  return header;
}

function aligned(size: number): number {
  return Math.ceil(size / initrdAlignment) * initrdAlignment;
}
