// Manifests that refer to others by their subject (OCI image-spec, manifest.md, "subject"): signatures, bills of
// materials, attestations. They belong to the image that they lead to.

import { BimaError } from '../errors.ts';
import { readDocument } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import { hexOf } from './digest.ts';
import type { Digest } from './digest.ts';
import { isDocument, readTree } from './image-tree.ts';
import { parseIndex, parseManifest } from './manifest.ts';
import { isIndexType } from './media-types.ts';
import type { Source } from './target.ts';

/**
 * A manifest or an index as lists of referrers show it, and what it refers to
 * (distribution-spec, "Listing Referrers").
 * @throws BimaError LAYOUT_INVALID when the bytes are neither
 */
export function readReferrer(
  { mediaType, digest, size }: Descriptor,
  bytes: Uint8Array,
): { readonly subject: Digest | undefined; readonly referrer: Descriptor } {
  const document = isIndexType(mediaType) ? parseIndex(bytes, digest) : parseManifest(bytes, digest);
  const artifactType =
    document.artifactType ?? ('config' in document ? document.config.mediaType : undefined);
  return {
    subject: document.subject?.digest,
    referrer: {
      mediaType,
      digest,
      size,
      ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
      ...(artifactType === undefined ? {} : { artifactType }),
    },
  };
}

/** The tag of the index that lists what refers to a manifest (distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(subject: Digest): string {
  return `sha256-${hexOf(subject)}`;
}

/** What a manifest or an index refers to; undefined for one that refers to nothing, is no document or can't be read. */
export async function subjectOf(source: Source, descriptor: Descriptor): Promise<Digest | undefined> {
  if (!isDocument(descriptor)) return undefined;
  try {
    const bytes = await readDocument(source.open(descriptor), source.name);
    const parse = isIndexType(descriptor.mediaType) ? parseIndex : parseManifest;
    return parse(bytes, descriptor.digest).subject?.digest;
  } catch (error) {
    if (error instanceof BimaError) return undefined;
    throw error;
  }
}

/**
 * Those of the candidates that refer to the image, to something in it, or to one of these themselves; each once, and
 * after what it refers to.
 * @throws BimaError for an image that can't be read
 */
export async function findReferrers(
  source: Source,
  image: Descriptor,
  candidates: readonly Descriptor[],
): Promise<Descriptor[]> {
  const others = new Map(candidates.map((candidate) => [candidate.digest, candidate]));
  others.delete(image.digest);
  if (others.size === 0) return [];
  const members = await digestsOf(source, image);
  const subjects = new Map<Digest, Digest>();
  for (const candidate of others.values()) {
    const subject = await subjectOf(source, candidate);
    if (subject !== undefined) subjects.set(candidate.digest, subject);
  }
  const found: Descriptor[] = [];
  for (let isMore = true; isMore;) {
    isMore = false;
    for (const candidate of others.values()) {
      const subject = subjects.get(candidate.digest);
      if (subject === undefined || members.has(candidate.digest) || !members.has(subject)) continue;
      for (const digest of await digestsOf(source, candidate)) members.add(digest);
      found.push(candidate);
      isMore = true;
    }
  }
  return found;
}

/** The roots of a layout that are images: what only refers to others is left out, unless there is nothing else. */
export async function withoutReferrers(
  source: Source,
  roots: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  if (roots.length < 2) return roots;
  const subjects = await Promise.all(roots.map((root) => subjectOf(source, root)));
  const images = roots.filter((_root, at) => subjects[at] === undefined);
  return images.length > 0 ? images : roots;
}

async function digestsOf(source: Source, root: Descriptor): Promise<Set<Digest>> {
  const { manifests, indexes } = await readTree(source, root);
  return new Set([...manifests, ...indexes].map(({ digest }) => digest));
}
