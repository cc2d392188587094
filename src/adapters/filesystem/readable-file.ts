// A file on disk that is read from its start, any number of times.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { ReadableFile } from '../../core/unikernel/file-ranges.ts';

/** Undefined for anything but a regular file. */
export async function openReadable(path: string): Promise<ReadableFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return undefined;
  return { size: found.size, open: () => createReadStream(path) as ByteStream };
}
