// The files of a tar on disk, which may be compressed, read where they are: nothing is unpacked.

import { posix } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { readTar } from '../../core/files/tar-reader.ts';
import type { TarEntry } from '../../core/files/tar-reader.ts';
import { limits } from '../../core/limits.ts';
import { quote } from '../../core/text.ts';
import { readAll } from '../../core/oci/blob.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import { compressionOf, decompressed } from '../filesystem/decompress.ts';
import { isInUse, withPatience } from '../filesystem/patience.ts';
import { readFilePieces } from '../filesystem/read-write.ts';

/** Where a file lies in the tar, in bytes. */
export interface TarRange {
  readonly start: number;
  readonly size: number;
}

export interface TarFiles {
  /** Path of the tar. */
  readonly path: string;
  /** Links are followed, as archives of older dockers have them. */
  find(name: string): TarRange | undefined;
  /** The bytes of a file. A compressed tar is read from its start for them. */
  read(place: TarRange): ByteStream;
  /** @throws BimaError LAYOUT_INVALID for one that isn't there or is too large */
  readDocument(name: string): Promise<Uint8Array>;
  /** Every entry, in the order to be read. */
  entries(): AsyncGenerator<TarEntry>;
}

/** As many links as Linux follows. */
const maxLinks = 40;

/** @throws BimaError LAYOUT_INVALID when the file is no tar */
export async function openTarFiles(path: string): Promise<TarFiles> {
  const files = new Map<string, TarRange>();
  const links = new Map<string, string>();
  const method = await readable(path, async () =>
    compressionOf(await readAll(readFilePieces(path, { start: 0, size: 4 }, false, true))),
  );
  const entries = () => readTar(method === undefined ? allOf(path) : unpacked(path, method), `"${path}"`);

  await readable(path, async () => {
    for await (const { name: stored, type, start, size, target, isSparse } of entries()) {
      if (isSparse === true)
        throw new BimaError('LAYOUT_INVALID', `${quote(stored)} in "${path}" is a sparse file`, {
          hint: 'Make the archive without --sparse.',
        });
      const name = posix.join('/', stored).slice(1);
      // The last entry of a name counts, as when the tar is unpacked.
      files.delete(name);
      links.delete(name);
      if (type === 'file') files.set(name, { start, size });
      else if (type === 'symlink') links.set(name, posix.resolve('/', posix.dirname(name), target).slice(1));
      else if (type === 'hardlink') links.set(name, posix.join('/', target).slice(1));
    }
  });

  const find = (name: string): TarRange | undefined => {
    let at: string | undefined = name;
    for (let count = 0; count <= maxLinks && at !== undefined; count++) {
      const place = files.get(at);
      if (place !== undefined) return place;
      at = links.get(at);
    }
    return undefined;
  };
  const read = (place: TarRange): ByteStream =>
    method === undefined ? readFilePieces(path, place, false, true) : rangeOf(unpacked(path, method), place);

  return {
    path,
    find,
    read,
    entries,
    async readDocument(name) {
      const place = find(name);
      if (place === undefined) {
        throw new BimaError('LAYOUT_INVALID', `"${path}" is no archive of an image: it has no "${name}"`, {
          hint: 'Archives that docker, podman, skopeo, buildah, Nix and bima write are read, also compressed.',
        });
      }
      if (place.size > limits.document) {
        const message = `expected at most ${limits.document} bytes in "${name}" of "${path}", got ${place.size}`;
        throw new BimaError('LAYOUT_INVALID', message);
      }
      return readAll(read(place));
    },
  };
}

async function readable<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    // Windows opens no file that a scanner holds.
    return await withPatience(path, body);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT'))
      throw new BimaError('LAYOUT_INVALID', `"${path}" does not exist`, { cause });
    if (!(cause instanceof BimaError) && !isSystemError(cause)) throw cause;
    if (cause instanceof BimaError && cause.code !== 'LAYOUT_INVALID' && !isInUse(cause)) throw cause;
    const message = isSystemError(cause) ? `can't read "${path}": ${cause.code ?? ''}` : cause.message;
    const hint = isInUse(cause)
      ? 'Close the program that has it open.'
      : 'Name an OCI image layout, an archive of one, or one that docker save wrote.';
    throw new BimaError('LAYOUT_INVALID', message, { cause, hint });
  }
}

/** Reads the whole archive, yielding to signals: it may be large. */
async function* allOf(path: string, release = true): AsyncGenerator<Uint8Array> {
  for await (const piece of readFilePieces(path, undefined, release, true)) {
    yield piece;
    await turn();
  }
}

function unpacked(path: string, method: 'gzip' | 'zstd'): ByteStream {
  return decompressed(allOf(path, false), method, `"${path}"`);
}

async function* rangeOf(stream: ByteStream, { start, size }: TarRange): AsyncGenerator<Uint8Array> {
  let position = 0;
  const end = start + size;
  if (size === 0) return;
  for await (const piece of stream) {
    const part = piece.subarray(Math.max(0, start - position), Math.max(0, end - position));
    position += piece.length;
    if (part.length > 0) yield part;
    if (position >= end) return;
  }
}
