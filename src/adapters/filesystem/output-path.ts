// What is at the path of an output: looked at before anything is read or built, so that nothing of another kind is ever
// replaced. Links are followed.

import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { access, lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { outputErrors } from './temporary.ts';

/** Where an archive goes. */
export interface FileTarget {
  /** A FIFO has no content that could be replaced: the archive is streamed into it. */
  readonly type: 'file' | 'fifo';
  /** That of a file, which needn't be there, has no link at its end. */
  readonly path: string;
}

/** As many links as Linux follows. */
const maxLinks = 40;

/**
 * A file that is there or can be made, or a FIFO.
 * @throws BimaError OUTPUT_FAILED, with the path, for anything else
 */
export async function findFileTarget(path: string): Promise<FileTarget> {
  return outputErrors(path, async () => {
    const stats = await statsOf(path);
    if (stats?.isFIFO() === true) return { type: 'fifo', path };
    if (stats?.isDirectory() === true || /[/\\]$/.test(path)) throw isFolder(path);
    if (stats !== undefined && !stats.isFile()) throw isOfOtherKind('a file', path, stats);
    const target = await followLast(path);
    await checkParent(target);
    return { type: 'file', path: target };
  });
}

/**
 * The path of a folder that is there or can be made, with no link at its end.
 * @throws BimaError OUTPUT_FAILED, with the path, for anything else
 */
export async function findFolderTarget(path: string): Promise<string> {
  return outputErrors(path, async () => {
    const stats = await statsOf(path);
    if (stats !== undefined && !stats.isDirectory()) throw isOfOtherKind('a folder', path, stats);
    const target = await followLast(path);
    if (stats === undefined) await checkParent(target);
    else await access(target, constants.W_OK);
    return target;
  });
}

/** Undefined when nothing is there, also not behind a link. */
async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Follows a link that is the last part of the path, also one to nothing. */
async function followLast(path: string): Promise<string> {
  let current = resolve(path);
  for (let links = 0; links <= maxLinks; links++) {
    const stats = await lstat(current).catch(() => undefined);
    // As it was written, where nothing had to be followed.
    if (stats?.isSymbolicLink() !== true) return links === 0 ? path : current;
    current = resolve(await realpath(dirname(current)), await readlink(current));
  }
  throw new BimaError('OUTPUT_FAILED', `can't write "${path}": the symbolic link leads to itself`);
}

/** The first folder upwards that is there has to be one, and to be open to new files. */
async function checkParent(path: string): Promise<void> {
  const parent = dirname(path);
  const stats = await statsOf(parent);
  if (stats === undefined && parent !== path) return checkParent(parent);
  if (stats?.isDirectory() === false) {
    throw new BimaError('OUTPUT_FAILED', `can't write "${path}": "${parent}" is no folder`, {
      hint: 'Choose another place.',
    });
  }
  await access(parent, constants.W_OK);
}

function isFolder(path: string): BimaError {
  return new BimaError('OUTPUT_FAILED', `expected the name of a file, got the folder "${path}"`, {
    hint: `Name a file in it, such as ${join(path, 'FILE')}.`,
  });
}

function isOfOtherKind(expected: string, path: string, stats: Stats): BimaError {
  const hint = 'It is left as it is: name another path.';
  return new BimaError('OUTPUT_FAILED', `expected ${expected}, got ${kindOf(stats)} at "${path}"`, { hint });
}

function kindOf(stats: Stats): string {
  if (stats.isFile()) return 'a file';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return stats.isBlockDevice() ? 'a block device' : 'a character device';
}
