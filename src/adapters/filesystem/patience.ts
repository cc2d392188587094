// Files that another program holds: on Windows, a scanner of viruses or whoever reads a file keeps it from being renamed,
// replaced or removed, mostly for a moment.

import { renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BimaError, isSystemError } from '../../core/errors.ts';

export interface Patience {
  readonly platform?: NodeJS.Platform;
  /** Milliseconds before each further attempt: some six seconds in all by default. */
  readonly waits?: readonly number[];
}

const defaultWaits = [20, 50, 100, 200, 400, 800, 1500, 3000];

/** What Windows answers for a file that is held, and for one that may not be touched: it doesn't tell them apart. */
const heldCodes = ['EPERM', 'EACCES', 'EBUSY', 'ENOTEMPTY'];

/**
 * Runs `body` again while another program keeps it from what it does; anywhere but on Windows, once.
 * @param path what is worked on, for the error
 * @throws BimaError OUTPUT_FAILED for a file that stays in use, and whatever else `body` throws
 */
export async function withPatience<T>(
  path: string,
  body: () => Promise<T>,
  { platform = process.platform, waits = defaultWaits }: Patience = {},
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await body();
    } catch (cause) {
      if (platform !== 'win32' || !heldCodes.some((code) => isSystemError(cause, code))) throw cause;
      const wait = waits[attempt];
      if (wait === undefined) throw inUse(path, cause);
      await sleep(wait);
    }
  }
}

/** True for the error of a file that stays in use. */
export function isInUse(error: unknown): boolean {
  return error instanceof BimaError && error.message.endsWith(said);
}

const said = 'is in use by another program';

function inUse(path: string, cause: unknown): BimaError {
  return new BimaError('OUTPUT_FAILED', `"${path}" ${said}`, {
    hint: 'Close the program that has it open; if there is none, check that you may write there.',
    cause,
  });
}

/** Renames a file or a folder, with patience. */
export async function move(from: string, to: string): Promise<void> {
  // Not by way of the thread pool: a build would wait for it dozens of times.
  await withPatience(to, () => {
    renameSync(from, to);
    return Promise.resolve();
  });
}

/** Removes what is left over, if that can be done: what was achieved before stays so. */
export async function cleanUp(path: string): Promise<void> {
  const options = { recursive: true, force: true };
  // On Windows, only the slower one can remove every name on all versions of Node.
  const remove = () => {
    if (process.platform === 'win32') return rm(path, options);
    rmSync(path, options);
    return Promise.resolve();
  };
  await withPatience(path, remove).catch(() => undefined);
}
