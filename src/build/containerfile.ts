// Finds and reads the Containerfile of a build.

import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { BimaError, isSystemError } from '../errors.ts';
import { limits } from '../limits.ts';
import { readRegular } from '../open-regular.ts';
import { absolutePath, refusal, specialKind } from './disk.ts';
import { follow } from './links.ts';

/** The names that are looked for, in this order. */
const names = ['Containerfile', 'Dockerfile'];

/**
 * Reads the file that was named, or else the one in the context, or else the one in the current directory.
 * One that lies in the context is held to its rules: links are followed inside the context alone.
 * @param options.root the context, absolute and with its links resolved
 * @returns its path as a user would write it, and its bytes
 * @throws BimaError CONTAINERFILE_MISSING, also for anything but a file; CONTAINERFILE_SYNTAX for one that is far too
 *   large, such as a binary that is named by mistake; CONTEXT_PATH for one that leads out of the context
 */
export async function readContainerfile(options: {
  readonly context: string;
  readonly root: string;
  readonly file?: string;
}): Promise<{ path: string; bytes: Uint8Array }> {
  const { context, root, file } = options;
  const candidates = file === undefined ? [...names.map((name) => join(context, name)), ...names] : [file];
  for (const path of candidates) {
    const inner = relative(resolve(context), resolve(path));
    const parts = inner.split(sep);
    // Absolute when it is on another drive.
    const isOutside = parts[0] === '..' || isAbsolute(inner);
    const place = isOutside ? path : await placeInContext(root, parts);
    const bytes = place === undefined ? undefined : await readIfThere(path, place, !isOutside);
    if (bytes === undefined) continue;
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

/** Where the file really is; undefined when there is none. A FIFO or a device could be read for ever. */
async function placeInContext(root: string, parts: readonly string[]): Promise<string | undefined> {
  const place = { root };
  const followed = await follow(place, parts);
  if (!followed.exists) return undefined;
  const kind = specialKind(followed.stats);
  if (kind !== undefined) throw refusal(place, `expected "${followed.path}" to be a file, got ${kind}`);
  return absolutePath(place, followed.path);
}

async function readIfThere(
  path: string,
  place: string,
  isInContext: boolean,
): Promise<Uint8Array | undefined> {
  try {
    return await readRegular(place, limits.containerfile, {
      code: 'CONTAINERFILE_MISSING',
      tooLarge: 'CONTAINERFILE_SYNTAX',
      follow: !isInContext,
    });
  } catch (cause) {
    if (cause instanceof BimaError) throw cause;
    if (isSystemError(cause, 'ENOENT')) return undefined;
    const reason = cause instanceof Error ? cause.message : '';
    throw new BimaError('CONTAINERFILE_MISSING', `can't read the Containerfile "${path}": ${reason}`, {
      cause,
    });
  }
}
