// A file on disk that is read as a whole or in parts, any number of times.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { ReadableFile } from '../../core/unikernel/file-ranges.ts';

/** Undefined for anything but a regular file. */
export async function openReadable(path: string): Promise<ReadableFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? readableFile(path, found.size) : undefined;
}

/** @param size of the file, in bytes */
export function readableFile(path: string, size: number): ReadableFile {
  return {
    size,
    open: () => createReadStream(path) as ByteStream,
    openRange: (start, end) => createReadStream(path, { start, end: end - 1 }) as ByteStream,
  };
}
