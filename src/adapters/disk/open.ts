// Images on disk, whatever form they have: a layout or an archive.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Source } from '../../core/oci/target.ts';
import { openArchive } from './archive.ts';
import { openLayout } from './layout.ts';

export interface LocalImages {
  readonly source: Source;
  /** What its index lists, in its order. */
  readonly roots: readonly Descriptor[];
}

/** Opens a layout or an archive; undefined when the path doesn't exist. @throws BimaError LAYOUT_INVALID */
export async function openLocalImages(path: string): Promise<LocalImages | undefined> {
  const found = await stat(path).catch((cause: unknown) => {
    if (isSystemError(cause, 'ENOENT') || isSystemError(cause, 'ENOTDIR')) return undefined;
    throw new BimaError('LAYOUT_INVALID', `can't read "${path}"`, { cause });
  });
  if (found === undefined) return undefined;
  const source = await (found.isDirectory() ? openLayout(path) : openArchive(path));
  return { source, roots: (await source.readIndex()).manifests };
}

/** Whether a path is a layout or a file, which may be an archive, something else, or nothing at all. */
export async function kindOfImages(path: string): Promise<'images' | 'other' | 'missing'> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'missing';
  const file = found.isDirectory() ? await stat(join(path, 'oci-layout')).catch(() => undefined) : found;
  return file?.isFile() === true ? 'images' : 'other';
}

/** @throws BimaError LAYOUT_INVALID, also when the path doesn't exist */
export async function mustOpenLocalImages(path: string): Promise<LocalImages> {
  const images = await openLocalImages(path);
  if (images === undefined) throw new BimaError('LAYOUT_INVALID', `"${path}" does not exist`);
  return images;
}
