// The archives that ADD unpacks: recognised by their first bytes, as in BuildKit, never by their names.

import { randomUUID } from 'node:crypto';
import { BimaError } from '../../core/errors.ts';
import { listLayer } from '../../core/files/list-layer.ts';
import type { ListedEntry } from '../../core/files/list-layer.ts';
import type { FoundFile } from '../../core/files/match.ts';
import { isTarHeader } from '../../core/files/tar-reader.ts';
import type { ArchivedEntry } from '../../core/files/unpack.ts';
import { limits } from '../../core/limits.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import { quote } from '../../core/text.ts';
import { compressionOf } from '../filesystem/decompress.ts';
import { decompress } from './compression.ts';
import { createLayerReader } from './layer-reader.ts';

const blockSize = 512;

const unreadable = { bzip2: '425a68', xz: 'fd377a585a00' } as const;

/**
 * What an archive holds, in its order; undefined for a file that is none, also for a compressed one.
 * @param what names it in errors
 * @param folder holds the files that are read: it is made for the first, and the caller's to remove
 * @throws BimaError CONTAINERFILE_UNSUPPORTED for a compression that Node can't read, COMPRESSION_UNSUPPORTED for zstd
 *   on a Node without it, LAYOUT_INVALID for an archive that is damaged behind its first entry
 */
export async function openArchiveFile(
  file: FoundFile,
  what: string,
  folder: string,
): Promise<readonly ArchivedEntry[] | undefined> {
  const mediaType = await mediaTypeOf(file, what);
  if (mediaType === undefined) return undefined;
  const read = () => decompress(owned(file.open()), mediaType, what);
  const reader = createLayerReader(
    what,
    (content) => bounded(listLayer(read(), what, content), what),
    folder,
  );
  const { entries, files } = await reader.list();
  const key = file.identify?.() ?? randomUUID();
  return entries.map((entry) => {
    const number = files.get(entry);
    if (number === undefined) return { entry };
    const content = {
      identify: () => `archive ${key} ${number}`,
      expect: () => {
        reader.expect(number);
      },
      open: () => reader.open(number),
    };
    return { entry, content };
  });
}

/**
 * The same entries, until they are too many bytes: each tells its size before its content is read.
 * @throws BimaError LAYOUT_INVALID for more than the limit, CONTEXT_PATH for a name that is not UTF-8
 */
async function* bounded(entries: AsyncIterable<ListedEntry>, what: string): AsyncGenerator<ListedEntry> {
  let size = 0;
  for await (const entry of entries) {
    size += entry.size;
    if (size > limits.unpacked)
      throw new BimaError('LAYOUT_INVALID', `${what}: expected at most ${limits.unpacked} bytes, got more`, {
        hint: 'Unpack it in a step before, and COPY what is needed; ADD --unpack=false copies it as it is.',
      });
    if (entry.path.includes('\ufffd'))
      throw new BimaError('CONTEXT_PATH', `${what}: ${quote(entry.path)} has a name that is not UTF-8`, {
        hint: 'Rename it: other tools read the names in a layer as UTF-8.',
      });
    yield entry;
  }
}

/** The media type of a layer of these bytes; undefined for what is no tar. */
async function mediaTypeOf(file: FoundFile, what: string): Promise<string | undefined> {
  const head = await headOf(file.open());
  const hex = head.subarray(0, 8).toString('hex');
  for (const [name, magic] of Object.entries(unreadable)) {
    if (!hex.startsWith(magic)) continue;
    throw new BimaError(
      'CONTAINERFILE_UNSUPPORTED',
      `${what} is compressed with ${name}, which can't be unpacked here`,
      {
        hint: `Compress it with gzip or zstd in a step before (${name} -dc FILE | gzip > FILE.gz); COPY and ADD --unpack=false take it as it is.`,
      },
    );
  }
  const method = compressionOf(head);
  if (method === undefined) return isTarHeader(head) ? mediaTypes.layerTar : undefined;
  const mediaType = method === 'gzip' ? mediaTypes.layerGzip : mediaTypes.layerZstd;
  try {
    const start = await headOf(decompress(owned(file.open()), mediaType, what));
    return isTarHeader(start) ? mediaType : undefined;
  } catch (error) {
    // A file that only begins like a compressed one is an ordinary file.
    if (error instanceof BimaError && error.code === 'LAYOUT_INVALID') return undefined;
    throw error;
  }
}

/** The first block, or less of a smaller file. */
async function headOf(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size >= blockSize) break;
  }
  return Buffer.concat(chunks).subarray(0, blockSize);
}

/** Chunks of their own: a decompressor reads ahead. */
async function* owned(stream: ByteStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield Buffer.from(chunk);
}
