// The use case: a bill of materials in SPDX 2.3 of what was packed into an image, or into each image of an index.

import type { Descriptor } from '../../core/oci/descriptor.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ReadImage } from '../../core/oci/image.ts';
import { parseImageName } from '../../core/oci/image-name.ts';
import type { ImageOrigin } from '../../core/oci/image-origin.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import { encodeSbom } from '../../core/oci/sbom-document.ts';
import { namespaceOf, vendorLabel } from '../../core/oci/sbom-packages.ts';
import type { SbomImage } from '../../core/oci/sbom-packages.ts';
import { readFiles } from './packed-files.ts';
import { readUnikernel } from './packed-unikernel.ts';

export interface SbomOptions {
  /** The first one names the image. */
  readonly references: readonly Reference[];
  /** The date of the document: seconds since 1970. */
  readonly created: number;
  /** Of bima itself. */
  readonly toolVersion: string;
  /** Who hands the image out, where its labels don't say it. */
  readonly owner?: string | undefined;
  /** What the images are made of, by the digests of their configs. */
  readonly origins?: ReadonlyMap<Digest, readonly ImageOrigin[]> | undefined;
  /**
   * For the unikernels that are read from the images, which are left out without it: it is made when it is needed, and
   * the caller's to remove.
   */
  readonly folder?: string;
  readonly signal?: AbortSignal;
}

/**
 * The document as JSON: the same bytes for the same image, references, owner and date.
 * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID for an image that can't be read
 */
export async function createSbom(
  source: Source,
  root: Descriptor,
  options: SbomOptions,
): Promise<Uint8Array> {
  const { references, created, toolVersion, owner } = options;
  const images: SbomImage[] = [];
  for await (const { descriptor: manifest, read } of imagesOf(source, root)) {
    const image = await read();
    if (image !== undefined) images.push(await describe(source, manifest, image, options));
  }
  return encodeSbom({ root, images, references, created, toolVersion, owner });
}

async function describe(
  source: Source,
  manifest: Descriptor,
  image: ReadImage,
  { references, owner, origins, folder, signal }: SbomOptions,
): Promise<SbomImage> {
  const { labels, platform } = image.config;
  const [reference] = references;
  return {
    manifest,
    platform,
    version: labels['org.opencontainers.image.version'],
    supplier: labels[vendorLabel] ?? owner ?? (reference && namespaceOf(reference)),
    files: await readFiles(source, image, signal),
    unikernel: folder === undefined ? undefined : await readUnikernel(source, image, folder),
    origins: origins?.get(image.manifest.config.digest) ?? annotatedBase(image),
  };
}

/** The base that another tool has named in the annotations (OCI image-spec, annotations.md). */
function annotatedBase({ manifest, config }: ReadImage): readonly ImageOrigin[] {
  const name = manifest.annotations?.['org.opencontainers.image.base.name'] ?? '';
  const digest = manifest.annotations?.['org.opencontainers.image.base.digest'] ?? '';
  if (name === '' || !isDigest(digest)) return [];
  const { platform } = config;
  return [{ role: 'base', name, reference: readReference(name), digest, platform, labels: new Map() }];
}

function readReference(name: string): Reference | undefined {
  try {
    return parseImageName(name);
  } catch {
    return undefined;
  }
}
