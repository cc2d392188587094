// Finds and reads the file that says what is built: a Containerfile or a bunnyfile.

import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { readAll } from '../../core/oci/blob.ts';
import { readRegular } from '../filesystem/open-regular.ts';
import { absolutePath, refusal, specialKind, withPlace } from './disk.ts';
import { findOnDisk } from './disk-tree.ts';
import { readListed, recognize } from './read-file.ts';

/** The default names, in order of preference. */
export const buildFileNames = ['Containerfile', 'Dockerfile', 'bunnyfile'];

/** A Containerfile that was found. */
export interface FoundContainerfile {
  /** The path as a user would write it. */
  readonly path: string;
  readonly place: FilePlace;
}

/** A folder, absolute and with its links resolved, and a path inside it, with `/`. */
interface FilePlace {
  readonly root: string;
  readonly path: string;
}

/**
 * Reads the file that was named, or else the one in the context, or else the one in the current directory.
 * One that lies in the context is held to its rules: links are followed inside the context alone. The name is, exactly,
 * one that its folder's listing gives.
 * @param options.root the context, absolute and with its links resolved
 * @returns where it is, and its bytes
 * @throws BimaError CONTAINERFILE_MISSING, also for anything but a file; CONTAINERFILE_SYNTAX for one that is far too
 *   large, such as a binary that is named by mistake; CONTEXT_PATH for one that leads out of the context
 */
export async function readContainerfile(options: {
  readonly context: string;
  readonly root: string;
  readonly file?: string;
  /** What the context was made of: the file is then looked for in it alone, and named by its path there. */
  readonly origin?: string;
}): Promise<FoundContainerfile & { readonly bytes: Uint8Array }> {
  const { context, root, file } = options;
  if (options.origin !== undefined) return readInside(root, file, options.origin);
  const candidates =
    file === undefined ? [...buildFileNames.map((name) => join(context, name)), ...buildFileNames] : [file];
  for (const path of candidates) {
    const place = await placeOf(path, context, root);
    const bytes = place.root === root ? await readInContext(place, path) : await readOutside(path);
    if (bytes === undefined) continue;
    return { path, place, bytes };
  }
  if (file !== undefined)
    throw new BimaError('CONTAINERFILE_MISSING', `the Containerfile "${file}" does not exist`);
  throw new BimaError(
    'CONTAINERFILE_MISSING',
    `found no Containerfile, Dockerfile or bunnyfile in "${context}" or the current directory`,
    {
      hint: 'Name the file: with --file, or the input "file" of the action.',
    },
  );
}

/** @throws BimaError CONTAINERFILE_MISSING, and as for a file in a context */
async function readInside(
  root: string,
  file: string | undefined,
  origin: string,
): Promise<FoundContainerfile & { readonly bytes: Uint8Array }> {
  for (const name of file === undefined ? buildFileNames : [file]) {
    const path = innerPath(root, join(root, name));
    if (path === undefined) continue;
    const place = { root, path };
    const bytes = await readInContext(place, name);
    if (bytes !== undefined) return { path, place, bytes };
  }
  const wanted = file === undefined ? 'Containerfile, Dockerfile or bunnyfile' : `"${file}"`;
  throw new BimaError('CONTAINERFILE_MISSING', `found no ${wanted} in ${origin}`, {
    hint: 'Name the file with --file, by its path there.',
  });
}

/** Inside the context, also under another spelling of its folder; otherwise in that folder. */
async function placeOf(path: string, context: string, root: string): Promise<FilePlace> {
  const written = innerPath(resolve(context), resolve(path));
  if (written !== undefined) return { root, path: written };
  const folder = await realpath(dirname(resolve(path))).catch(() => dirname(resolve(path)));
  const inner = innerPath(root, join(folder, basename(path)));
  return inner === undefined ? { root: folder, path: basename(path) } : { root, path: inner };
}

function innerPath(folder: string, path: string): string | undefined {
  const inner = relative(folder, path);
  // Absolute when it is on another drive.
  if (inner.split(sep)[0] === '..' || isAbsolute(inner)) return undefined;
  return inner.replaceAll(sep, '/');
}

/** A FIFO or a device could be read for ever. */
async function readInContext({ root, path }: FilePlace, written: string): Promise<Uint8Array | undefined> {
  return withPlace({ root }, new Map(), async (place) => {
    const item = findOnDisk(place, path);
    if (item === undefined) return undefined;
    const { stats } = item;
    const kind = stats === undefined ? undefined : specialKind(stats);
    if (kind !== undefined) throw refusal(place, `expected "${item.path}" to be a file, got ${kind}`);
    if (stats?.isFile() === true && stats.size <= limits.containerfile)
      return readAll(readListed(place, item.path, recognize(stats)));
    return readIfThere(written, absolutePath(place, item.path), true);
  });
}

async function readOutside(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readIfThere(path, path, false);
  if (bytes === undefined) return undefined;
  const listing = await readdir(dirname(path)).catch(() => undefined);
  return listing?.includes(basename(path)) === false ? undefined : bytes;
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
