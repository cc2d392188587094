// The use case: a bill of materials in SPDX 2.3 of what was packed into an image, or into each image of an index.

import { writeWhole } from '../../adapters/filesystem/temporary.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import { encodeSbom } from '../../core/oci/sbom-document.ts';
import type { SbomImage } from '../../core/oci/sbom-document.ts';
import { readFiles } from './packed-files.ts';

export interface SbomOptions {
  /** The first one names the image. */
  readonly references: readonly Reference[];
  /** The date of the document: seconds since 1970. */
  readonly created: number;
  readonly signal?: AbortSignal;
}

/**
 * Writes the document, whole or not at all. The same image, references and date give the same bytes.
 * @throws BimaError OUTPUT_FAILED; DIGEST_MISMATCH or LAYOUT_INVALID for an image that can't be read
 */
export async function writeSbom(
  source: Source,
  image: Descriptor,
  path: string,
  options: SbomOptions,
): Promise<void> {
  await writeWhole(path, await createSbom(source, image, options));
}

/** The document as JSON. @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID */
export async function createSbom(
  source: Source,
  root: Descriptor,
  { references, created, signal }: SbomOptions,
): Promise<Uint8Array> {
  const images: SbomImage[] = [];
  for await (const { descriptor: manifest, read } of imagesOf(source, root)) {
    const image = await read();
    if (image === undefined) continue;
    const version = image.config.labels['org.opencontainers.image.version'];
    images.push({
      manifest,
      platform: image.config.platform,
      ...(version === undefined ? {} : { version }),
      files: await readFiles(source, image, signal),
    });
  }
  return encodeSbom({ root, images, references, created });
}
