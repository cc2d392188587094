// The folders of skopeo's `dir:`: manifest.json, and each blob under its digest (containers/image, directory transport).

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { streamOf, verified } from '../../core/oci/blob.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import { describeBytes } from '../../core/oci/descriptor.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { hexOf } from '../../core/oci/digest.ts';
import { parseJsonObject } from '../../core/oci/json.ts';
import { isIndexType, isManifestType, mediaTypes } from '../../core/oci/media-types.ts';
import type { Source } from '../../core/oci/target.ts';
import { readRegular } from '../filesystem/open-regular.ts';
import { readFilePieces } from '../filesystem/read-write.ts';

/** Whether these are the names of the files in such a folder. */
export function isImageFolder(names: readonly string[]): boolean {
  return names.includes('manifest.json') && names.includes('version') && !names.includes('oci-layout');
}

/** @throws BimaError LAYOUT_INVALID for a manifest that can't be read */
export async function openImageFolder(
  path: string,
): Promise<{ source: Source; roots: readonly Descriptor[] }> {
  const file = join(path, 'manifest.json');
  const bytes = await readRegular(file, limits.document, { code: 'LAYOUT_INVALID' });
  const document = parseJsonObject(bytes, file);
  const fallback = 'manifests' in document ? mediaTypes.index : mediaTypes.manifest;
  const mediaType = typeof document.mediaType === 'string' ? document.mediaType : fallback;
  const root = describeBytes(mediaType, bytes);

  async function* read(descriptor: Descriptor): AsyncGenerator<Uint8Array> {
    const hex = hexOf(descriptor.digest);
    const isDocument = isIndexType(descriptor.mediaType) || isManifestType(descriptor.mediaType);
    try {
      yield* verified(
        readFilePieces(join(path, isDocument ? `${hex}.manifest.json` : hex)),
        descriptor,
        path,
      );
    } catch (cause) {
      if (!isSystemError(cause, 'ENOENT')) throw cause;
      throw new BimaError('LAYOUT_INVALID', `"${path}" lacks the blob ${descriptor.digest}`, { cause });
    }
  }
  const open = (descriptor: Descriptor): ByteStream =>
    descriptor.digest === root.digest ? streamOf(bytes) : read(descriptor);
  const source: Source = { name: path, open: (descriptor) => ({ descriptor, open: () => open(descriptor) }) };
  return { source, roots: [root] };
}

/** Undefined for anything but a folder. */
export function namesIn(path: string): Promise<string[] | undefined> {
  return readdir(path).catch(() => undefined);
}
