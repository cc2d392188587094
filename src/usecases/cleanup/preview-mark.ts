// The mark of a preview: an annotation in each of its manifests that names the pull request. It is part of what is
// hashed, so that a preview never has the digest of something that another pull request or a branch has pushed.

import { BimaError } from '../../core/errors.ts';
import { blobOf, readDocument } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { readDescriptor } from '../../core/oci/descriptor.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { encodeJson, isObject, isStringMap, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { childrenOf, isDocument } from '../../core/oci/image-tree.ts';
import { isIndexType, mediaTypes } from '../../core/oci/media-types.ts';
import type { Source } from '../../core/oci/target.ts';

const markAnnotation = 'com.nubificus.bima.pull-request';

/** BuildKit's, of an attestation in an index: the digest of the image that it is about. */
const attestedAnnotation = 'vnd.docker.reference.digest';

/** The pull request of a manifest or an index; undefined for one that is nobody's preview. */
export function markIn({ annotations }: JsonObject): string | undefined {
  const mark = isObject(annotations) ? annotations[markAnnotation] : undefined;
  return typeof mark === 'string' ? mark : undefined;
}

export interface MarkOptions {
  /** Such as `https://github.com/owner/name/pull/5`; undefined takes marks away. */
  readonly mark: string | undefined;
  /** True for what somebody else may have made: it may belong to nothing outside of itself. */
  readonly isForeign: boolean;
}

export interface MarkedImage {
  readonly root: Descriptor;
  readonly referrers: readonly Descriptor[];
  /** The documents that are not in the source. */
  readonly blobs: readonly Blob[];
}

/**
 * The image with this mark, and no other, in each manifest and index of OCI's media types; Docker's know no
 * annotations. What changes by that is followed by the indexes, subjects and attestations that name it.
 * @param referrers what refers to the image, in the same source
 * @throws BimaError LAYOUT_INVALID for a foreign manifest whose subject is outside of the image
 */
export async function markImage(
  source: Source,
  root: Descriptor,
  options: MarkOptions,
  referrers: readonly Descriptor[] = [],
): Promise<MarkedImage> {
  const marking = new Marking(await readDocuments(source, [root, ...referrers]), options);
  return {
    root: marking.rewrite(root),
    referrers: referrers.map((referrer) => marking.rewrite(referrer)),
    blobs: [...marking.blobs.values()],
  };
}

interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** All manifests and indexes from the roots down. */
async function readDocuments(
  source: Source,
  roots: readonly Descriptor[],
): Promise<ReadonlyMap<Digest, Document>> {
  const found = new Map<Digest, Document>();
  const waiting = [...roots];
  for (let descriptor = waiting.pop(); descriptor !== undefined; descriptor = waiting.pop()) {
    if (!isDocument(descriptor) || found.has(descriptor.digest)) continue;
    const bytes = await readDocument(source.open(descriptor), source.name);
    found.set(descriptor.digest, { descriptor, bytes });
    // No spread: an index can list more than a call takes arguments.
    for (const child of childrenOf(descriptor, bytes)) waiting.push(child);
  }
  return found;
}

/** Digests allow no circle, so that each document is written when all that it names has been. */
class Marking {
  readonly blobs = new Map<Digest, Blob>();
  readonly #documents: ReadonlyMap<Digest, Document>;
  readonly #options: MarkOptions;
  readonly #done = new Map<Digest, Descriptor>();

  constructor(documents: ReadonlyMap<Digest, Document>, options: MarkOptions) {
    this.#documents = documents;
    this.#options = options;
  }

  rewrite(descriptor: Descriptor): Descriptor {
    const found = this.#documents.get(descriptor.digest);
    if (found === undefined) return descriptor;
    const known = this.#done.get(descriptor.digest) ?? this.#write(found);
    this.#done.set(descriptor.digest, known);
    const { digest, size } = known;
    return { ...descriptor, digest, size };
  }

  #write({ descriptor, bytes }: Document): Descriptor {
    const { mediaType, digest } = descriptor;
    const document = parseJsonObject(bytes, digest);
    const changed = {
      ...document,
      ...this.#subject(document, digest),
      ...this.#children(document, mediaType),
    };
    const encoded = encodeJson(withMark(changed, mediaType, this.#options.mark));
    // As it was written, blanks and all.
    if (Buffer.from(encoded).equals(encodeJson(document))) return descriptor;
    const blob = blobOf(mediaType, encoded);
    this.blobs.set(blob.descriptor.digest, blob);
    return blob.descriptor;
  }

  #subject({ subject }: JsonObject, digest: Digest): JsonObject {
    if (!isObject(subject)) return {};
    const owner = readDescriptor(subject, `${digest}: subject`);
    if (this.#documents.has(owner.digest)) return { subject: moved(subject, this.rewrite(owner)) };
    if (this.#options.isForeign) throw foreignSubject(digest, owner.digest);
    return {};
  }

  #children({ manifests }: JsonObject, mediaType: string): JsonObject {
    if (!isIndexType(mediaType) || !Array.isArray(manifests)) return {};
    const listed: readonly unknown[] = manifests;
    const items = listed
      .filter(isObject)
      .map((item, at) => moved(item, this.rewrite(readDescriptor(item, `manifests[${at}]`))));
    return { manifests: items.map((item) => this.#attested(item)) };
  }

  #attested(item: JsonObject): JsonObject {
    const { annotations } = item;
    const about: unknown = isObject(annotations) ? annotations[attestedAnnotation] : undefined;
    const now = typeof about === 'string' && isDigest(about) ? this.#done.get(about) : undefined;
    if (now === undefined || !isObject(annotations)) return item;
    return { ...item, annotations: { ...annotations, [attestedAnnotation]: now.digest } };
  }
}

/** Content that stands in the descriptor itself is that of before. */
function moved({ data, ...item }: JsonObject, { digest, size }: Descriptor): JsonObject {
  return { ...item, ...(data === undefined || item.digest !== digest ? {} : { data }), digest, size };
}

function withMark(document: JsonObject, mediaType: string, mark: string | undefined): JsonObject {
  const isOci = mediaType === mediaTypes.manifest || mediaType === mediaTypes.index;
  if (!isOci || mark === markIn(document)) return document;
  const { annotations, ...rest } = document;
  const others = Object.entries(isStringMap(annotations) ? annotations : {}).filter(
    ([key]) => key !== markAnnotation,
  );
  const all = [...others, ...(mark === undefined ? [] : [[markAnnotation, mark]])];
  return all.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(all) };
}

function foreignSubject(digest: Digest, subject: Digest): BimaError {
  return new BimaError(
    'LAYOUT_INVALID',
    `expected the subject of "${digest}" in the image of the pull request, got "${subject}"`,
    { hint: 'A preview may sign or describe its own image only: take that manifest out of the layout.' },
  );
}
