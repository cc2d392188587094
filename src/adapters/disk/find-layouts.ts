// Finds the layouts and archives in folders, as downloads of artifacts leave them.

import { closeSync, readSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { isDesktopFile } from '../../core/file-names.ts';
import { compressionOf } from '../filesystem/decompress.ts';
import { openRegular } from '../filesystem/open-regular.ts';
import { isImageFolder } from './image-folder.ts';

/** A folder without a layout or an archive, which is acceptable among several. */
class NothingFound extends BimaError {}

/**
 * The layouts and archives at these paths, or below them. A folder that is no layout is one of downloads:
 * actions/download-artifact makes a folder for each artifact.
 * @throws BimaError LAYOUT_INVALID for a folder without any, and for an empty one, which is a download that failed
 */
export async function findLayouts(paths: readonly string[], depth = 2): Promise<string[]> {
  const all: string[] = [];
  for (const path of paths) {
    const names = (await readdir(path).catch(() => ['oci-layout'])).sort();
    // A layout without its marker has lost a part: opening it says so.
    if (
      names.includes('oci-layout') ||
      isImageFolder(names) ||
      (names.includes('index.json') && names.includes('blobs'))
    ) {
      all.push(path);
      continue;
    }
    const inner: string[] = [];
    for (const name of names) {
      const child = join(path, name);
      const isFolder = (await readdir(child).catch(() => undefined)) !== undefined;
      if (isFolder) await checkNotEmpty(child);
      if (!isFolder && isArchive(child)) inner.push(child);
      else if (isFolder && depth > 0)
        inner.push(...(await findLayouts([child], depth - 1).catch(ignoreEmpty)));
    }
    if (inner.length === 0) {
      throw new NothingFound('LAYOUT_INVALID', `"${path}" holds no OCI image layout and no archive of one`, {
        hint: 'Name the folder that the input "oci-layout" was set to, or the "path" of actions/download-artifact.',
      });
    }
    all.push(...inner);
  }
  return all;
}

/** A failed download leaves such a folder, or an empty artifact. */
async function checkNotEmpty(path: string): Promise<void> {
  const names = await readdir(path, { recursive: true }).catch(() => undefined);
  for (const name of names ?? []) {
    if (isDesktopFile(basename(name))) continue;
    const found = await stat(join(path, name)).catch(() => undefined);
    if (found?.isDirectory() !== true && found?.size !== 0) return;
  }
  if (names === undefined) return;
  throw new BimaError('LAYOUT_INVALID', `"${path}" is empty, where a layout or an archive was expected`, {
    hint: 'The download of that artifact failed, or it holds nothing: an image would be missing. Remove the folder if that is meant.',
  });
}

/**
 * Told by its content (POSIX ustar, "magic"): an artifact that is one file has any name. Of what is compressed, only the
 * name says whether it may be an archive.
 */
function isArchive(path: string): boolean {
  const head = Buffer.alloc(512);
  try {
    const file = openRegular(path, { code: 'LAYOUT_INVALID', follow: true });
    try {
      readSync(file, head, 0, head.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // No file, such as a FIFO, or none that may be read.
    if (error instanceof BimaError || isSystemError(error)) return false;
    throw error;
  }
  if (head.toString('latin1', 257, 262) === 'ustar') return true;
  return compressionOf(head) !== undefined && /\.(?:tgz|tar\.(?:gz|zst|zstd))$/i.test(path);
}

function ignoreEmpty(error: unknown): string[] {
  if (error instanceof NothingFound) return [];
  throw error;
}
