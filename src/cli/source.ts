// An argument that names a layout or an archive.

import { stat } from 'node:fs/promises';
import { BimaError } from '../errors.ts';
import { openArchive } from '../layout/archive.ts';
import type { Archive } from '../layout/archive.ts';
import { openLayout } from '../layout/layout.ts';

/** @throws BimaError LAYOUT_INVALID unless there is a layout or an archive of one */
export async function openSource(path: string): Promise<Archive> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new BimaError('LAYOUT_INVALID', `"${path}" does not exist`, { cause });
  });
  return found.isDirectory() ? openLayout(path) : openArchive(path);
}
