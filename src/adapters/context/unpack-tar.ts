// Unpacks the tar of a context into a folder of its own. Whoever made the tar may mean harm: nothing is written outside
// of the folder, and a link that the tar has brought is never followed.

import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { readTar } from '../../core/files/tar-reader.ts';
import type { TarEntry } from '../../core/files/tar-reader.ts';
import { limits } from '../../core/limits.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import { quote } from '../../core/text.ts';
import { writeNewFile } from '../filesystem/read-write.ts';

/** Characters that Windows doesn't take for a part of a name. */
const notOnWindows = /[\\:]|[. ]$/;

/**
 * Unpacks files, folders and links with their permissions; devices, FIFOs and the like are left out.
 * @param tar not compressed
 * @param folder absolute; it is empty
 * @param what names the tar in errors
 * @returns the paths of what was left out: no more of them than a reader wants
 * @throws BimaError LAYOUT_INVALID for anything but a whole tar; CONTEXT_PATH for an entry that would leave the folder
 *   or that can't be made there; what `tar` throws
 */
export async function unpackTar(tar: ByteStream, folder: string, what: string): Promise<readonly string[]> {
  const leftOut: string[] = [];
  let count = 0;
  let size = 0;
  for await (const entry of readTar(tar, what)) {
    if (++count > limits.layerEntries)
      throw new BimaError(
        'LAYOUT_INVALID',
        `${what}: expected at most ${limits.layerEntries} entries, got more`,
      );
    size += entry.size;
    if (size > limits.unpacked)
      throw new BimaError('LAYOUT_INVALID', `${what}: expected at most ${limits.unpacked} bytes, got more`, {
        hint: 'Name a folder as the context: nothing of it is copied for the build.',
      });
    const parts = partsOf(entry.name, what);
    if (parts.length === 0) continue;
    if (entry.type !== 'other') await make(entry, { folder, parts, what });
    else if (leftOut.length < limits.problems) leftOut.push(parts.join('/'));
  }
  return leftOut;
}

interface Spot {
  readonly folder: string;
  readonly parts: readonly string[];
  readonly what: string;
}

/** The parts of a name, from the root of the tar; none for the root itself. */
function partsOf(name: string, what: string): readonly string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const why =
    parts.includes('..') || (sep === '\\' && parts.some((part) => notOnWindows.test(part)))
      ? 'has a name that may lead out of the context'
      : name.includes('\ufffd')
        ? 'has a name that is not UTF-8, as other tools read the names in a layer'
        : name.includes('\0') || parts.length > limits.pathParts
          ? 'has a name that no file can have'
          : undefined;
  if (why !== undefined) throw refused(what, name, why);
  return parts;
}

async function make(entry: TarEntry, spot: Spot): Promise<void> {
  try {
    await makeEntry(entry, spot);
  } catch (cause) {
    if (!isSystemError(cause, 'ENAMETOOLONG')) throw cause;
    throw refused(spot.what, entry.name, 'has a name that is too long for this machine');
  }
}

async function makeEntry(entry: TarEntry, spot: Spot): Promise<void> {
  const path = join(spot.folder, ...spot.parts);
  makeFolders(spot, spot.parts.slice(0, -1), true);
  const before = look(path);
  if (entry.type === 'directory' && before?.isDirectory() === true) return;
  if (before?.isDirectory() === true) throw refused(spot.what, entry.name, 'takes the place of a folder');
  // Resolved before anything is removed: a hard link to itself must not lose the file.
  const linked = entry.type === 'hardlink' ? findLinked(entry, spot) : '';
  if (linked === path) return;
  if (entry.type === 'symlink' && (entry.target === '' || entry.target.includes('\0')))
    throw refused(spot.what, entry.name, 'is a link without a target');
  if (before !== undefined) unlinkSync(path);
  if (entry.type === 'directory') mkdirSync(path);
  else if (entry.type === 'symlink') symlinkSync(entry.target, path);
  else if (entry.type === 'hardlink') linkSync(linked, path);
  else await makeFile(entry, path);
}

/** Its owner may read it whatever the tar says: otherwise nobody could pack it. */
async function makeFile({ content, mode }: TarEntry, path: string): Promise<void> {
  await writeNewFile(path, content);
  chmodSync(path, (mode & 0o777) | 0o600);
}

/** The file that a hard link names, which the tar must have brought before. */
function findLinked({ name, target }: TarEntry, spot: Spot): string {
  const parts = partsOf(target, spot.what);
  makeFolders(spot, parts.slice(0, -1), false);
  const path = join(spot.folder, ...parts);
  const found = look(path);
  if (found === undefined || found.isDirectory())
    throw refused(spot.what, name, `is a hard link to ${quote(target)}, which is no file there`);
  return path;
}

/** Looks at each folder on the way, so that none of them is a link. What is missing is made, or else left to the caller. */
function makeFolders({ folder, what, parts: all }: Spot, parts: readonly string[], isMade: boolean): void {
  let path = folder;
  for (const part of parts) {
    path = join(path, part);
    const found = look(path);
    if (found?.isDirectory() === true) continue;
    if (found !== undefined) {
      const kind = found.isSymbolicLink() ? 'a symbolic link' : 'a file';
      throw refused(what, all.join('/'), `leads through ${quote(part)}, which is ${kind}`);
    }
    if (!isMade) return;
    mkdirSync(path);
  }
}

function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function refused(what: string, name: string, why: string): BimaError {
  return new BimaError('CONTEXT_PATH', `${what} can't be unpacked: ${quote(name)} ${why}`);
}
