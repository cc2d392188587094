// An OCI image layout on disk (OCI image-spec, image-layout.md), to read from and to write to.
// Every file gets its final name only when it is whole.

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { checkContent, verified } from '../../core/oci/blob.ts';
import type { Blob, ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester, hexOf } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { encodeJson, parseJsonObject } from '../../core/oci/json.ts';
import { parseIndex } from '../../core/oci/manifest.ts';
import type { Index } from '../../core/oci/manifest.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import { findReferrers } from '../../core/oci/referrers.ts';
import type { Source } from '../../core/oci/target.ts';
import { readRegular } from '../filesystem/open-regular.ts';
import { readFilePieces, writeNewFile } from '../filesystem/read-write.ts';
import { cleanUp, move, withPatience } from '../filesystem/patience.ts';
import { temporaryName } from '../filesystem/temporary.ts';

/** The content of `oci-layout`, the file that marks a layout. */
export const layoutMarker = encodeJson({ imageLayoutVersion: '1.0.0' });

export interface Layout extends Source {
  readonly directory: string;
  has(descriptor: Descriptor): Promise<boolean>;
  /** Stores a blob under the digest of what arrives. */
  write(stream: ByteStream): Promise<{ digest: Digest; size: number }>;
  /** Stores a blob whose descriptor is known, and checks that it is that blob. */
  put(blob: Blob): Promise<void>;
  readIndex(): Promise<Index>;
  /** Replaces `index.json` in one step. */
  writeIndex(index: Index): Promise<void>;
  /** Where the blob is, or would be. */
  blobPath(digest: Digest): string;
}

/** A new, empty layout in a directory that is made, or is there and empty. The marker comes first, the blobs last. */
export async function createLayout(directory: string): Promise<Layout> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'oci-layout'), layoutMarker);
  const layout = layoutIn(directory);
  await layout.writeIndex({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] });
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  return layout;
}

/** @throws BimaError LAYOUT_INVALID when the directory holds no layout of version 1 */
export async function openLayout(directory: string): Promise<Layout> {
  const message = `"${directory}" is no OCI image layout: it has no file "oci-layout"`;
  checkMarker(await readDocumentAt(join(directory, 'oci-layout'), message), directory);
  return layoutIn(directory);
}

/** Whether a path is the folder of a layout. */
export function isLayoutFolder(path: string): Promise<boolean> {
  const marker = statOf(join(path, 'oci-layout'));
  return Promise.resolve(marker?.isFile() === true);
}

/** What the index lists that refers to this image. */
export async function referrersIn(layout: Layout, image: Descriptor): Promise<Descriptor[]> {
  return findReferrers(layout, image, (await layout.readIndex()).manifests);
}

/** @throws BimaError LAYOUT_INVALID unless the bytes are those of an `oci-layout` file of version 1 */
export function checkMarker(marker: Uint8Array, where: string): void {
  const { imageLayoutVersion: version } = parseJsonObject(marker, `"oci-layout" of "${where}"`);
  if (typeof version === 'string' && /^1\.\d+\.\d+$/.test(version)) return;
  throw new BimaError(
    'LAYOUT_INVALID',
    `"${where}": expected an OCI image layout of version 1.0.0, got ${JSON.stringify(version)}`,
  );
}

function layoutIn(directory: string): Layout {
  const blobPath = (digest: Digest) => join(directory, 'blobs', 'sha256', hexOf(digest));
  const written = new Map<Digest, string>();
  const temporaryPath = async () => join(directory, await temporaryName());

  async function* read(descriptor: Descriptor, release?: boolean): AsyncGenerator<Uint8Array> {
    try {
      const path = blobPath(descriptor.digest);
      const pieces = readFilePieces(path, undefined, release);
      // What was hashed when written needn't be hashed again when read, unless the file was touched.
      const isOurs = written.get(descriptor.digest) === stampOf(path);
      yield* isOurs ? pieces : verified(pieces, descriptor, directory);
    } catch (cause) {
      if (!isSystemError(cause, 'ENOENT')) throw cause;
      throw new BimaError('LAYOUT_INVALID', `"${directory}" lacks the blob ${descriptor.digest}`, { cause });
    }
  }

  async function store(stream: ByteStream, expected?: Descriptor): Promise<{ digest: Digest; size: number }> {
    const temporary = await temporaryPath();
    const digester = createDigester();
    try {
      await writeNewFile(temporary, stream, (piece) => {
        digester.update(piece);
      });
      const digest = digester.digest();
      if (expected !== undefined) checkContent(expected, digest, digester.size, directory);
      // The existing file may be in use.
      if (await isBlob(blobPath(digest), digest, digester.size)) await cleanUp(temporary);
      else await move(temporary, blobPath(digest));
      written.set(digest, stampOf(blobPath(digest)));
      return { digest, size: digester.size };
    } catch (error) {
      await cleanUp(temporary);
      throw error;
    }
  }

  function has(descriptor: Descriptor): Promise<boolean> {
    const found = statOf(blobPath(descriptor.digest));
    return Promise.resolve(found?.size === descriptor.size);
  }

  return {
    name: directory,
    directory,
    blobPath,
    has,
    write: (stream) => store(stream),
    open: (descriptor) => ({ descriptor, open: (release) => read(descriptor, release) }),
    async put(blob) {
      if (await has(blob.descriptor)) return;
      await store(blob.open(), blob.descriptor);
    },
    async readIndex() {
      const path = join(directory, 'index.json');
      const bytes = await readDocumentAt(path, `"${directory}" has no readable file "index.json"`);
      return parseIndex(bytes, path);
    },
    async writeIndex(index) {
      const temporary = await temporaryPath();
      try {
        writeFileSync(temporary, encodeJson(index));
        await move(temporary, join(directory, 'index.json'));
      } catch (error) {
        await cleanUp(temporary);
        throw error;
      }
    },
  };
}

/** Whether a file holds exactly that blob. */
export async function isBlob(path: string, digest: Digest, size: number): Promise<boolean> {
  const found = statOf(path);
  if (found?.isFile() !== true || found.size !== size) return false;
  return withPatience(path, async () => {
    const digester = createDigester();
    for await (const piece of readFilePieces(path, undefined, true)) {
      digester.update(piece);
      await turn();
    }
    return digester.digest() === digest;
  });
}

/** @param missing the message for a file that isn't there, or can't be opened */
async function readDocumentAt(path: string, missing: string): Promise<Uint8Array> {
  try {
    return await withPatience(path, () => readRegular(path, limits.document, { code: 'LAYOUT_INVALID' }));
  } catch (cause) {
    throw cause instanceof BimaError ? cause : new BimaError('LAYOUT_INVALID', missing, { cause });
  }
}

/** Changes when a file was written to or replaced. */
function stampOf(path: string): string {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** Undefined for what isn't there or can't be asked. Not by way of the thread pool: a build asks dozens of times. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
