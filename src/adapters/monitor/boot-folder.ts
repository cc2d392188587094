// The monitor's files, in a folder that is removed when the guest has ended.

import { link, mkdir, rename, writeFile } from 'node:fs/promises';
import { appendFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BimaError } from '../../core/errors.ts';
import type { Entry, FileEntry } from '../../core/files/entry.ts';
import { comparePaths } from '../../core/files/entry.ts';
import { modeOf } from '../../core/files/inodes.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { ReadableFile } from '../../core/unikernel/file-ranges.ts';
import { outputErrors } from '../filesystem/temporary.ts';

/** Moves or copies a file of the image to its name there. @returns its path */
export function placeFile(
  folder: string,
  name: string,
  file: ReadableFile & { readonly path?: string },
): Promise<string> {
  return writeInto(folder, name, (path) =>
    file.path === undefined ? writeFile(path, file.open()) : rename(file.path, path),
  );
}

/** @returns its path */
export function placeBytes(folder: string, name: string, bytes: ByteStream | string): Promise<string> {
  return writeInto(folder, name, (path) => writeFile(path, bytes));
}

/** Adds bytes to the end of a file that is there. */
export async function appendBytes(path: string, bytes: ByteStream): Promise<void> {
  await outputErrors(path, () => appendFile(path, bytes));
}

async function writeInto(
  folder: string,
  name: string,
  write: (path: string) => Promise<void>,
): Promise<string> {
  const path = join(folder, name);
  await outputErrors(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await write(path);
  });
  return path;
}

const metadata = '.virtfs_metadata';

/**
 * Writes a root file system as QEMU's 9p server keeps it with "mapped-file": contents as plain files, and owner, mode and
 * device of each in a file of the same name in a folder beside it (QEMU, hw/9pfs/9p-local.c). So nothing of the image
 * becomes a link or a device of this machine, and no owner takes root to be set.
 * @returns the path of its root
 */
export async function placeTree(folder: string, name: string, entries: Iterable<Entry>): Promise<string> {
  const root = join(folder, name);
  await outputErrors(root, async () => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await writeFile(join(root, `${metadata}_root`), attributes({ uid: 0, gid: 0, mode: 0o040755 }));
    const written = new Map<string, string>();
    const made = new Set<string>();
    for (const entry of [...entries].sort((one, other) => comparePaths(one.path, other.path))) {
      const path = join(root, entry.path);
      await makeParent(path, made);
      await writeEntry(entry, path, written);
      const own = join(dirname(path), metadata);
      if (!made.has(own)) await mkdir(own, { recursive: true, mode: 0o700 });
      made.add(own);
      await writeFile(join(own, path.slice(dirname(path).length + 1)), attributesOf(entry));
    }
  });
  return root;
}

/** Folders without an entry belong to root; their attributes are those on disk. */
async function makeParent(path: string, made: Set<string>): Promise<void> {
  const parent = dirname(path);
  if (made.has(parent)) return;
  await mkdir(parent, { recursive: true, mode: 0o755 });
  made.add(parent);
}

async function writeEntry(entry: Entry, path: string, written: Map<string, string>): Promise<void> {
  if (entry.type === 'directory') {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } else if (entry.type === 'symlink') {
    await writeFile(path, entry.target, { flag: 'wx', mode: 0o600 });
  } else {
    const first = entry.inode === undefined ? undefined : written.get(entry.inode);
    if (first !== undefined) await link(first, path);
    else await writeFile(path, contentOfFile(entry), { flag: 'wx', mode: 0o600 });
    if (entry.inode !== undefined) written.set(entry.inode, path);
  }
}

async function* contentOfFile(entry: FileEntry): AsyncGenerator<Uint8Array> {
  if (entry.special !== undefined) return;
  yield* entry.open();
}

function attributesOf(entry: Entry): string {
  const { uid, gid } = entry;
  const special = entry.type === 'file' ? entry.special : undefined;
  return attributes({ uid, gid, mode: modeOf(entry), device: special });
}

interface Attributes {
  readonly uid: number;
  readonly gid: number;
  /** With the bits of the file type. */
  readonly mode: number;
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
}

function attributes({ uid, gid, mode, device }: Attributes): string {
  const lines = [`uid=${uid}`, `gid=${gid}`, `mode=${mode}`];
  if (device !== undefined) lines.push(`rdev=${deviceNumber(device.major, device.minor)}`);
  return lines.map((line) => `virtfs.${line}\n`).join('');
}

/** As makedev(3) encodes it. */
function deviceNumber(major: number, minor: number): number {
  if (process.platform === 'darwin') return major * 2 ** 24 + minor;
  return (minor & 0xff) + (major & 0xfff) * 2 ** 8 + (minor >>> 8) * 2 ** 20;
}

/** @throws BimaError for names that this machine's disk can't tell apart */
export function checkNames(entries: Iterable<Entry>): void {
  const names = new Map<string, string>();
  for (const { path } of entries) {
    const key = path.normalize('NFC').toLowerCase();
    const other = names.get(key);
    if (other !== undefined)
      throw new BimaError('OUTPUT_FAILED', `"/${other}" and "/${path}" can't both be in a folder here`);
    names.set(key, path);
  }
}
