// Temporary files and folders beside their final place, so that a rename is all that is left to do at the end.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BimaError, isSystemError } from '../errors.ts';

/**
 * Runs `body` with a fresh folder, and removes what is left of it afterwards, whether `body` succeeded or not.
 * @param parent holds the fresh folder, and is made if it isn't there: the folder of `path` unless it is named
 */
export async function withTemporaryFolder<T>(
  path: string,
  body: (folder: string) => Promise<T>,
  parent = dirname(path),
): Promise<T> {
  const folder = await outputErrors(path, async () => {
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, `.${basename(path)}.bima-`));
  });
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a file of this name is such a folder. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.bima-[^.]+$/.test(name);
}

/** Turns what the file system answers while `path` is written into an error with a remedy. */
export async function outputErrors<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (!isSystemError(cause) || cause instanceof BimaError) throw cause;
    const remedy = remedies.get(cause.code ?? '');
    throw new BimaError('OUTPUT_FAILED', `can't write "${path}": ${remedy?.reason ?? cause.message}`, {
      cause,
      ...(remedy === undefined ? {} : { hint: remedy.hint }),
    });
  }
}

const remedies = new Map([
  [
    'ENOSPC',
    {
      reason: 'the disk is full',
      hint: 'Free some space or write to another disk; nothing was left behind.',
    },
  ],
  [
    'EDQUOT',
    {
      reason: 'the disk quota is used up',
      hint: 'Free some space or write to another disk; nothing was left behind.',
    },
  ],
  ['EPIPE', { reason: 'its reader has gone', hint: 'See why the program that reads it has stopped.' }],
  ['ELOOP', { reason: 'its symbolic links lead in a circle', hint: 'Choose another place.' }],
  ['EACCES', { reason: 'permission denied', hint: 'Choose a place that you may write to.' }],
  ['EPERM', { reason: 'not permitted', hint: 'Choose a place that you may write to.' }],
  ['EROFS', { reason: 'the file system is read-only', hint: 'Choose a place that you may write to.' }],
  ['ENOTDIR', { reason: 'a part of the path is a file', hint: 'Choose another place.' }],
  ['EISDIR', { reason: 'it is a directory', hint: 'Choose another name.' }],
]);
