// Finds and reads the Containerfile of a build.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError, isSystemError } from '../errors.ts';

/** The names that are looked for, in this order. */
const names = ['Containerfile', 'Dockerfile'];

/** No Containerfile comes near this size; a binary that is named by mistake easily does. */
const maxSize = 1024 * 1024;

/**
 * Reads the file that was named, or else the one in the context, or else the one in the current directory.
 * @returns its path as a user would write it, and its bytes
 * @throws BimaError CONTAINERFILE_MISSING
 */
export async function readContainerfile(options: {
  readonly context: string;
  readonly file?: string;
}): Promise<{ path: string; bytes: Uint8Array }> {
  const { context, file } = options;
  const candidates = file === undefined ? [...names.map((name) => join(context, name)), ...names] : [file];
  for (const path of candidates) {
    const bytes = await readIfThere(path);
    if (bytes === undefined) continue;
    if (bytes.length > maxSize) {
      throw new BimaError(
        'CONTAINERFILE_SYNTAX',
        `expected a Containerfile of at most 1 MiB, got ${bytes.length} bytes in "${path}"`,
      );
    }
    return { path, bytes };
  }
  if (file !== undefined)
    throw new BimaError('CONTAINERFILE_MISSING', `the Containerfile "${file}" does not exist`);
  throw new BimaError(
    'CONTAINERFILE_MISSING',
    `found no Containerfile or Dockerfile in "${context}" or the current directory`,
    {
      hint: 'Name the file: with --file, or the input "file" of the action.',
    },
  );
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) return undefined;
    const reason = isSystemError(cause, 'EISDIR')
      ? 'it is a directory'
      : cause instanceof Error
        ? cause.message
        : '';
    throw new BimaError('CONTAINERFILE_MISSING', `can't read the Containerfile "${path}": ${reason}`, {
      cause,
    });
  }
}
