// A context of a few files, each from a place of its own.

import { constants } from 'node:fs';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError } from '../../core/errors.ts';
import { withTemporaryFolder } from '../filesystem/temporary.ts';

/**
 * Runs `body` with a folder that holds the files under the names that they are to have, and is gone afterwards.
 * @param temporary holds the folder
 * @throws BimaError INPUT_INVALID for what is no regular file
 */
export async function withStagedFiles<T>(
  files: ReadonlyMap<string, string>,
  temporary: string,
  body: (folder: string) => Promise<T>,
): Promise<T> {
  return withTemporaryFolder(join(temporary, 'staged'), async (folder) => {
    const context = join(folder, 'context');
    await mkdir(context, { mode: 0o700 });
    for (const [name, path] of files) {
      if (!(await isFile(path))) throw new BimaError('INPUT_INVALID', `expected a file, got "${path}"`);
      await copyFile(path, join(context, name), constants.COPYFILE_FICLONE);
    }
    return body(context);
  });
}

/** Whether a regular file is at a path, links followed. */
export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}
