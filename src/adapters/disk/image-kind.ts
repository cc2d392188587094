// Whether images are at a path, before anything is loaded that reads them.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether a path is a layout or a file, which may be an archive, something else, or nothing at all. */
export async function kindOfImages(path: string): Promise<'images' | 'other' | 'missing'> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'missing';
  const file = found.isDirectory() ? await stat(join(path, 'oci-layout')).catch(() => undefined) : found;
  return file?.isFile() === true ? 'images' : 'other';
}
