// What hangs below a manifest or an index, in one walk that reads each document once: everything that a copy needs,
// or the images alone.

import { BimaError } from '../errors.ts';
import { readDocument } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { readIfImage } from './image.ts';
import type { ReadImage } from './image.ts';
import { isImageManifest, parseIndex, parseManifest } from './manifest.ts';
import type { Index, Manifest } from './manifest.ts';
import { isIndexType, isManifestType } from './media-types.ts';
import type { Source } from './target.ts';

/** An index that was read. */
export interface ReadIndex {
  readonly descriptor: Descriptor;
  readonly index: Index;
}

/** A manifest as an index lists it, or as it was named; it is read when it is asked for. */
export interface ListedManifest {
  /** The descriptor, with the platform of an index above it where it has none of its own. */
  readonly descriptor: Descriptor;
  /** The index that lists it; absent for the root itself. */
  readonly index?: ReadIndex;
  /**
   * Its documents; undefined when it holds no rootfs, as attestations and other artifacts.
   * @throws BimaError as `readImage` does
   */
  readonly read: () => Promise<ReadImage | undefined>;
}

/** A root and what hangs below it, each digest once. */
export interface ImageTree {
  readonly blobs: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
  /** Children before their parents. */
  readonly indexes: readonly Descriptor[];
  /** Those of the manifests that are images. */
  readonly images: readonly { readonly descriptor: Descriptor; readonly manifest: Manifest }[];
}

/** Deeper than any real index is nested. */
export const maxDepth = 8;

/**
 * The images below a root, in the order of the indexes, each digest once. Attestations are left out where their
 * entries say that they are some; `read` tells what else is no image.
 * @throws BimaError for an index that can't be read
 */
export async function* imagesOf(source: Source, root: Descriptor): AsyncGenerator<ListedManifest> {
  for await (const listed of manifestsOf(source, root)) {
    if (!isAttestation(listed.descriptor)) yield listed;
  }
}

/** As `imagesOf`, with the attestations. */
export async function* manifestsOf(source: Source, root: Descriptor): AsyncGenerator<ListedManifest> {
  for await (const { descriptor, parent } of walk(source, root)) {
    if (isIndexType(descriptor.mediaType)) continue;
    yield {
      descriptor,
      ...(parent === undefined ? {} : { index: parent }),
      read: () => readIfImage(source, descriptor),
    };
  }
}

/** @throws BimaError for a root, or a document below it, that can't be read */
export async function readTree(source: Source, root: Descriptor): Promise<ImageTree> {
  const blobs = new Map<Digest, Descriptor>();
  const manifests: Descriptor[] = [];
  const indexes: Descriptor[] = [];
  const images: ImageTree['images'][number][] = [];
  for await (const { descriptor } of walk(source, root)) {
    if (isIndexType(descriptor.mediaType)) {
      indexes.push(descriptor);
    } else if (isManifestType(descriptor.mediaType)) {
      manifests.push(descriptor);
      const bytes = await readDocument(source.open(descriptor), source.name);
      const manifest = parseManifest(bytes, descriptor.digest);
      for (const blob of [manifest.config, ...manifest.layers]) blobs.set(blob.digest, blob);
      if (!isAttestation(descriptor) && isImageManifest(manifest)) images.push({ descriptor, manifest });
    } else {
      blobs.set(descriptor.digest, descriptor);
    }
  }
  return { blobs: [...blobs.values()].sort(inOrder), manifests, indexes, images };
}

/**
 * True for an entry of an index that says so: BuildKit's attestations stand beside images with a platform that is
 * unknown (BuildKit, docs/attestations/attestation-storage.md).
 */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform?.os === 'unknown' || annotations?.['vnd.docker.reference.type'] !== undefined;
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

interface Visited {
  readonly descriptor: Descriptor;
  readonly parent: ReadIndex | undefined;
}

/** The root and everything that indexes list, each digest once, indexes after what they list. Only indexes are read. */
async function* walk(source: Source, root: Descriptor): AsyncGenerator<Visited> {
  const seen = new Set<Digest>([root.digest]);
  if (!isIndexType(root.mediaType)) {
    yield { descriptor: root, parent: undefined };
    return;
  }
  const open = [await enter(root, undefined)];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.ahead.next();
    if (next.done === true) {
      open.pop();
      yield top.visited;
      continue;
    }
    const child = withPlatformOf(top.visited.descriptor, next.value);
    if (seen.has(child.digest)) continue;
    seen.add(child.digest);
    if (!isIndexType(child.mediaType)) {
      yield { descriptor: child, parent: top.here };
      continue;
    }
    if (open.length >= maxDepth) {
      throw new BimaError(
        'LAYOUT_INVALID',
        `index ${root.digest}: expected at most ${maxDepth} indexes inside one another, got more`,
      );
    }
    open.push(await enter(child, top.here));
  }

  async function enter(descriptor: Descriptor, parent: ReadIndex | undefined) {
    const bytes = await readDocument(source.open(descriptor), source.name);
    const index = parseIndex(bytes, `index ${descriptor.digest}`);
    return {
      visited: { descriptor, parent },
      here: { descriptor, index },
      ahead: index.manifests.values(),
    };
  }
}

function withPlatformOf({ platform }: Descriptor, child: Descriptor): Descriptor {
  return platform === undefined || child.platform !== undefined ? child : { ...child, platform };
}

/** JSON first, since it is soon done; then the large ones, so that none of them is left running alone. */
function inOrder(one: Descriptor, other: Descriptor): number {
  return Number(isJson(other)) - Number(isJson(one)) || other.size - one.size;
}

function isJson({ mediaType }: Descriptor): boolean {
  return mediaType.endsWith('json');
}
