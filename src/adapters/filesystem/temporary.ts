// Temporary files and folders beside their final place, so that a rename is all that is left to do at the end. Their
// names say whose they are; what a killed process left is removed by the next one that comes to the same place.

import { mkdirSync, readdirSync } from 'node:fs';
import { lstat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { lifeOf, nameOwner } from './process-owner.ts';
import { cleanUp, move } from './patience.ts';

/** Milliseconds after which nobody is believed to work on what a process of another machine has made. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/**
 * Runs `body` with a fresh folder, and removes what is left of it afterwards, whether `body` succeeded or not. What can't
 * be removed stays, and changes nothing of what `body` did.
 * @param parent holds the fresh folder, and is made if it isn't there: the folder of `path` unless it is named
 */
export async function withTemporaryFolder<T>(
  path: string,
  body: (folder: string) => Promise<T>,
  parent = dirname(path),
): Promise<T> {
  for (const place of new Set([parent, dirname(path)])) await sweep(place);
  // Names have at most 255 bytes.
  const name = Buffer.byteLength(basename(path)) > 150 ? 'output' : basename(path);
  const folder = join(parent, `.${name}.bima-${await nameOwner()}`);
  await outputErrors(path, () => {
    mkdirSync(parent, { recursive: true });
    mkdirSync(folder, { mode: 0o700 });
    return Promise.resolve();
  });
  try {
    return await body(folder);
  } finally {
    await cleanUp(folder);
  }
}

/** Writes a small file, which gets its name when it is whole. @throws BimaError OUTPUT_FAILED */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await outputErrors(path, () =>
    withTemporaryFolder(path, async (folder) => {
      const temporary = join(folder, 'file');
      await writeFile(temporary, bytes);
      await move(temporary, path);
    }),
  );
}

/** A name for a file that is there until it is renamed. */
export async function temporaryName(): Promise<string> {
  return `.bima-${await nameOwner()}`;
}

/** Whether a file of this name is such a file or folder, or a lock. */
export function isTemporaryName(name: string): boolean {
  return /^\.(?:.+\.)?bima-[^.]+$/.test(name);
}

/** Removes what processes that don't run any more left in a folder. Never fails: what can't be removed stays. */
export async function sweep(directory: string): Promise<void> {
  for (const name of namesOf(directory)) {
    if (isTemporaryName(name) && (await isAbandoned(directory, name))) await cleanUp(join(directory, name));
  }
}

function namesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/**
 * True for a leftover of a dead process of this user. Anybody can write such a name into a shared folder, so other
 * users' files never count.
 */
async function isAbandoned(directory: string, name: string): Promise<boolean> {
  const life = await lifeOf(name);
  if (life === undefined || life === 'running') return false;
  const found = await lstat(join(directory, name)).catch(() => undefined);
  if (found === undefined || (process.getuid !== undefined && found.uid !== process.getuid())) return false;
  return life === 'gone' || Date.now() - found.mtimeMs > abandonedAfter;
}

/** Turns what the file system answers while `path` is written into an error with a remedy. */
export async function outputErrors<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    throw outputError(`write "${path}"`, cause);
  }
}

/** The same for one error, which comes back as it is if it isn't the file system's. @param what such as `write "x"` */
export function outputError(what: string, cause: unknown): unknown {
  if (!isSystemError(cause) || cause instanceof BimaError) return cause;
  const remedy = remedies.get(cause.code ?? '');
  return new BimaError('OUTPUT_FAILED', `can't ${what}: ${remedy?.reason ?? cause.message}`, {
    cause,
    ...(remedy === undefined ? {} : { hint: remedy.hint }),
  });
}

/** For a shell, whose user can do more about a full disk than whoever would get the report of an internal error. */
export function nameSystemError(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const { syscall = 'use', path } = error;
  return outputError(path === undefined ? syscall : `${syscall} "${path}"`, error);
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
  ['ENXIO', { reason: 'it is a FIFO that nobody reads', hint: 'Start its reader, or name a file.' }],
  ['EPIPE', { reason: 'its reader has gone', hint: 'See why the program that reads it has stopped.' }],
  ['ELOOP', { reason: 'its symbolic links lead in a circle', hint: 'Choose another place.' }],
  ['EACCES', { reason: 'permission denied', hint: 'Choose a place that you may write to.' }],
  ['EPERM', { reason: 'not permitted', hint: 'Choose a place that you may write to.' }],
  ['EBUSY', { reason: 'it is in use', hint: 'Close the program that has it open, or choose another place.' }],
  ['EROFS', { reason: 'the file system is read-only', hint: 'Choose a place that you may write to.' }],
  [
    'ENOENT',
    { reason: 'there is no such file or folder', hint: 'Make the folder, or choose another place.' },
  ],
  ['ENOTDIR', { reason: 'a part of the path is a file', hint: 'Choose another place.' }],
  ['EEXIST', { reason: 'a file is in the way', hint: 'Choose another place.' }],
  ['EISDIR', { reason: 'it is a directory', hint: 'Choose another name.' }],
]);
