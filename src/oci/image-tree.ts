// What hangs below a manifest or an index: everything that a copy of it needs.

import { readDocument } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { parseIndex, parseManifest } from './manifest.ts';
import { isIndexType, isManifestType } from './media-types.ts';
import type { Source } from './target.ts';

/** A root and what hangs below it, each digest once. */
export interface ImageTree {
  readonly blobs: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
  /** Children before their parents. */
  readonly indexes: readonly Descriptor[];
}

/** @throws BimaError for a root, or a document below it, that can't be read */
export async function readTree(source: Source, root: Descriptor): Promise<ImageTree> {
  const blobs = new Map<Digest, Descriptor>();
  const documents = new Map<Digest, Descriptor>();
  const visit = async (descriptor: Descriptor): Promise<void> => {
    if (documents.has(descriptor.digest)) return;
    if (!isDocument(descriptor)) {
      blobs.set(descriptor.digest, descriptor);
      return;
    }
    const bytes = await readDocument(source.open(descriptor), source.name);
    for (const child of childrenOf(descriptor, bytes)) await visit(child);
    documents.set(descriptor.digest, descriptor);
  };
  await visit(root);
  const found = [...documents.values()];
  return {
    blobs: [...blobs.values()].sort(inOrder),
    manifests: found.filter(({ mediaType }) => isManifestType(mediaType)),
    indexes: found.filter(({ mediaType }) => isIndexType(mediaType)),
  };
}

/** What a manifest or an index points to. @param bytes the document itself */
export function childrenOf({ mediaType, digest }: Descriptor, bytes: Uint8Array): readonly Descriptor[] {
  if (isIndexType(mediaType)) return parseIndex(bytes, digest).manifests;
  const { config, layers } = parseManifest(bytes, digest);
  return [config, ...layers];
}

/** True for a manifest or an index. */
export function isDocument({ mediaType }: Descriptor): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}

/** JSON first, since it is soon done; then the large ones, so that none of them is left running alone. */
function inOrder(one: Descriptor, other: Descriptor): number {
  return Number(isJson(other)) - Number(isJson(one)) || other.size - one.size;
}

function isJson({ mediaType }: Descriptor): boolean {
  return mediaType.endsWith('json');
}
