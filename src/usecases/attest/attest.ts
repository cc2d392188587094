// The use case: what is said of an image, or of an index and each image in it: bills of materials, provenances, and that
// somebody signs it. The statements become referrers as they are, or go to a signer first.

import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import type { ReadImage } from '../../core/oci/image.ts';
import { parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { isIndexType } from '../../core/oci/media-types.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import { encodeProvenance } from '../../core/trust/provenance.ts';
import type { PackedByProduct, ProvenanceFacts } from '../../core/trust/provenance.ts';
import { encodeStatementManifest } from '../../core/trust/statement-manifest.ts';
import { encodeStatement, predicateTypes } from '../../core/trust/in-toto-statement.ts';
import { readFiles } from '../sbom/packed-files.ts';
import { createSbom } from '../sbom/sbom.ts';
import type { SbomOptions } from '../sbom/sbom.ts';

export interface AttestOptions {
  /** The first one names the image. */
  readonly references: readonly Reference[];
  /** The date of bills of materials: seconds since 1970. */
  readonly created: number;
  /** What bills of materials say besides; without it there are none. */
  readonly sbom?: Omit<SbomOptions, 'references' | 'created' | 'signal'> | undefined;
  /** What the provenances say; without it there are none. */
  readonly provenance?: ProvenanceFacts | undefined;
  /** Whether a signer is to have the statements, with one for each image that says nothing but that it is signed. */
  readonly isToBeSigned?: boolean | undefined;
  /** How many layers of each image are its base's, by the platform: their files are none of its by-products. */
  readonly baseLayers?: ReadonlyMap<string, number> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A statement before it is attached, or signed. */
export interface ImageStatement {
  readonly about: Descriptor;
  readonly predicateType: string;
  readonly bytes: Uint8Array;
}

export interface Attestations {
  /** Those of the root first. */
  readonly statements: readonly ImageStatement[];
  /** One for each statement, as lists of referrers show it; none for statements that are to be signed. */
  readonly referrers: readonly Descriptor[];
  /** Everything of these manifests; each manifest after what it names. */
  readonly blobs: readonly Blob[];
  /** The bill of materials of the root. */
  readonly sbom?: Uint8Array;
  /** The statement with the provenance of the root. */
  readonly provenance?: Uint8Array;
}

/**
 * Makes the statements. The same image and options give the same bytes, so that making them again adds nothing.
 * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID for an image that can't be read
 */
export async function attestImage(
  source: Source,
  root: Descriptor,
  options: AttestOptions,
): Promise<Attestations> {
  const { references, created, sbom, provenance, isToBeSigned = false, signal } = options;
  const [first] = references;
  const name = first === undefined ? 'image' : `${first.registry}/${first.repository}`;
  const statements: ImageStatement[] = [];
  const state = (about: Descriptor, predicateType: string, predicate: JsonObject): Uint8Array => {
    const bytes = encodeStatement({ subject: { name, digest: about.digest }, predicateType, predicate });
    statements.push({ about, predicateType, bytes });
    return bytes;
  };

  let rootSbom: Uint8Array | undefined;
  let rootProvenance: Uint8Array | undefined;
  const images = await listImages(source, root, options);
  const isIndex = isIndexType(root.mediaType);
  const isTooMuch = images.reduce((sum, { packed }) => sum + packed.length, 0) > maxByProducts;
  const subjects = [
    { about: root, packed: images.flatMap((image) => (isIndex ? image.packed : image.packed.map(bare))) },
    ...(isIndex ? images.map(({ about, packed }) => ({ about, packed: packed.map(bare) })) : []),
  ];
  for (const { about, packed } of subjects) {
    if (isToBeSigned) state(about, predicateTypes.signature, {});
    if (sbom !== undefined) {
      const document = await createSbom(source, about, {
        ...sbom,
        references,
        created,
        ...(signal === undefined ? {} : { signal }),
      });
      state(about, predicateTypes.spdx, parseJsonObject(document, 'the bill of materials'));
      rootSbom ??= document;
    }
    if (provenance !== undefined) {
      const predicate = encodeProvenance(provenance, isTooMuch ? [] : packed);
      const statement = state(about, predicateTypes.provenance, predicate);
      rootProvenance ??= statement;
    }
  }
  return {
    statements,
    ...(isToBeSigned ? { referrers: [], blobs: [] } : attachAsTheyAre(statements)),
    ...(rootSbom === undefined ? {} : { sbom: rootSbom }),
    ...(rootProvenance === undefined ? {} : { provenance: rootProvenance }),
  };
}

function attachAsTheyAre(statements: readonly ImageStatement[]): Pick<Attestations, 'referrers' | 'blobs'> {
  const made = statements.map(({ about, predicateType, bytes }) =>
    encodeStatementManifest(about, predicateType, bytes),
  );
  return { referrers: made.map(({ referrer }) => referrer), blobs: made.flatMap(({ blobs }) => blobs) };
}

/** Of more files a provenance has none, so that it stays a document that everybody reads. */
const maxByProducts = 50_000;

interface ListedImage {
  readonly about: Descriptor;
  readonly packed: readonly PackedByProduct[];
}

async function listImages(
  source: Source,
  root: Descriptor,
  { provenance, baseLayers = new Map<string, number>(), signal }: AttestOptions,
): Promise<readonly ListedImage[]> {
  const listed: ListedImage[] = [];
  for await (const { descriptor: about, read } of imagesOf(source, root)) {
    const image = await read();
    if (image === undefined) continue;
    const platform = formatPlatform(image.config.platform);
    const own = ownLayers(image, baseLayers.get(platform) ?? 0);
    const files = provenance === undefined ? [] : await readFiles(source, own, signal);
    listed.push({ about, packed: files.map(({ path, sha256 }) => ({ platform, path, sha256 })) });
  }
  return listed;
}

function ownLayers(image: ReadImage, ofBase: number): ReadImage {
  return { ...image, layers: image.layers.slice(ofBase) };
}

function bare({ path, sha256 }: PackedByProduct): PackedByProduct {
  return { path, sha256 };
}
