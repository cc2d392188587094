// One tar archive that is at once an OCI image layout and a docker-archive, written and read.
// `docker load`, `podman load`, `ctr images import` and skopeo take it.

import { basename, join } from 'node:path';
import { encodeHeader, endOfTar, paddingOf } from '../../core/files/tar-header.ts';
import { BimaError } from '../../core/errors.ts';
import { streamOf, verified } from '../../core/oci/blob.ts';
import type { Blob, ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { hexOf } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDocument, readTree } from '../../core/oci/image-tree.ts';
import type { ImageTree } from '../../core/oci/image-tree.ts';
import { encodeJson } from '../../core/oci/json.ts';
import { parseIndex } from '../../core/oci/manifest.ts';
import type { Index } from '../../core/oci/manifest.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import { formatReference } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import { writeFifo } from '../filesystem/fifo.ts';
import { writeNewFile } from '../filesystem/read-write.ts';
import { openDockerArchive } from './docker-archive.ts';
import { checkMarker, layoutMarker } from './layout.ts';
import { imageNameAnnotation, withImage } from './names.ts';
import { openTarFiles } from './tar-files.ts';
import { findFileTarget } from '../filesystem/output-path.ts';
import { move } from '../filesystem/patience.ts';
import { outputErrors, withTemporaryFolder } from '../filesystem/temporary.ts';

/**
 * Writes an archive of one image or index with everything that it points to, under its final name only when it is whole.
 * Its bytes depend on the image, the references and the referrers alone. A link is followed, and a FIFO gets it as a
 * stream.
 * @param referrers what refers to the image, and goes along with it
 * @throws BimaError OUTPUT_FAILED, also for anything else at the path that is no file, or DIGEST_MISMATCH when the
 *   source holds something else than it says
 */
export async function writeArchive(
  source: Source,
  image: Descriptor,
  references: readonly Reference[],
  path: string,
  signal?: AbortSignal,
  referrers: readonly Descriptor[] = [],
): Promise<void> {
  const target = await findFileTarget(path);
  const content = await contentOf(source, image, references, referrers);
  signal?.throwIfAborted();
  await outputErrors(path, () =>
    target.type === 'fifo'
      ? writeFifo(path, packed(content, false), signal)
      : withTemporaryFolder(target.path, async (folder) => {
          const temporary = join(folder, basename(target.path));
          await writeNewFile(temporary, packed(content, true), () => signal?.throwIfAborted());
          await move(temporary, target.path);
        }),
  );
}

/**
 * The same archive as a stream, which reads from the source as it is read itself.
 * A stream that ends early never passes for an archive of the image: its index comes last.
 * @throws BimaError NOT_AVAILABLE for anything but a manifest or an index, and on the way DIGEST_MISMATCH
 */
export async function packArchive(
  source: Source,
  image: Descriptor,
  references: readonly Reference[],
  referrers: readonly Descriptor[] = [],
): Promise<ByteStream> {
  return packed(await contentOf(source, image, references, referrers), false);
}

/**
 * An archive of indexes that are made for it, each under its full name, with the manifests of the source that are new
 * in them. It needn't hold the others: whoever reads it has them.
 */
export async function packIndexes(
  source: Source,
  indexes: readonly NamedIndex[],
  manifests: readonly Descriptor[],
): Promise<ByteStream> {
  const below = await blobsBelow(source, manifests);
  const made = indexes.map(({ index }) => index);
  const entries = indexes.map(({ name, index: { descriptor } }) => ({
    ...descriptor,
    annotations: { [imageNameAnnotation]: name },
  }));
  const root: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries };
  const documents = new Map([
    ['oci-layout', layoutMarker],
    ['index.json', encodeJson(root)],
  ]);
  return packed({ documents, blobs: uniqueBlobs([...below, ...made]) }, false);
}

export interface NamedIndex {
  /** The full name. */
  readonly name: string;
  readonly index: Blob;
}

/** @param release as for the opening of a blob */
async function* packed({ documents, blobs }: ArchiveContent, release: boolean): AsyncGenerator<Uint8Array> {
  for (const { descriptor, open } of blobs)
    yield* packFile(blobName(descriptor.digest), descriptor.size, open(release));
  for (const [name, bytes] of documents) yield* packFile(name, bytes.length, streamOf(bytes));
  yield endOfTar;
}

async function* packFile(path: string, size: number, content: ByteStream): AsyncGenerator<Uint8Array> {
  yield encodeHeader({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, size }, 0);
  yield* content;
  yield paddingOf(size);
}

interface ArchiveContent {
  /** Small files by name. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  readonly blobs: readonly Blob[];
}

async function contentOf(
  source: Source,
  image: Descriptor,
  references: readonly Reference[],
  referrers: readonly Descriptor[],
): Promise<ArchiveContent> {
  if (!isDocument(image)) {
    throw new BimaError(
      'NOT_AVAILABLE',
      `expected an image manifest or an index for an archive, got "${image.mediaType}"`,
    );
  }
  const tree = await readTree(source, image);
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: referrers };
  return {
    documents: new Map([
      ['oci-layout', layoutMarker],
      ['index.json', encodeJson(withImage(index, image, references))],
      ['manifest.json', encodeJson(dockerManifest(tree.images, references))],
    ]),
    blobs: uniqueBlobs([...blobsOf(source, tree), ...(await blobsBelow(source, referrers))]),
  };
}

/** The roots and everything below them, each digest once. */
async function blobsBelow(source: Source, roots: readonly Descriptor[]): Promise<readonly Blob[]> {
  const all: Blob[] = [];
  for (const root of roots) for (const blob of blobsOf(source, await readTree(source, root))) all.push(blob);
  return uniqueBlobs(all);
}

function blobsOf(source: Source, { indexes, manifests, blobs }: ImageTree): readonly Blob[] {
  return [indexes, manifests, blobs].flatMap((part) => part.map((descriptor) => source.open(descriptor)));
}

function uniqueBlobs(blobs: readonly Blob[]): readonly Blob[] {
  const found = new Map<Digest, Blob>();
  for (const blob of blobs) if (!found.has(blob.descriptor.digest)) found.set(blob.descriptor.digest, blob);
  return [...found.values()];
}

/** The list that docker and podman read since before the OCI layout (moby, image/tarexport). */
function dockerManifest(images: ImageTree['images'], references: readonly Reference[]): readonly unknown[] {
  return images.map(({ manifest: { config, layers } }, position) => ({
    Config: blobName(config.digest),
    // Those who know this list alone have no platforms: a name can stand for one image only.
    RepoTags: position > 0 ? [] : references.filter(({ tag }) => tag !== undefined).map(formatReference),
    Layers: layers.map(({ digest }) => blobName(digest)),
  }));
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** An archive to read from. Nothing is unpacked: its blobs are read where they are. */
export interface Archive extends Source {
  readIndex(): Promise<Index>;
}

/**
 * Opens an archive of a layout, or one as docker save writes it; either may be compressed.
 * @throws BimaError LAYOUT_INVALID when the file is neither
 */
export async function openArchive(path: string): Promise<Archive> {
  const files = await openTarFiles(path);
  if (files.find('oci-layout') === undefined && files.find('manifest.json') !== undefined)
    return openDockerArchive(files);
  checkMarker(await files.readDocument('oci-layout'), path);
  return {
    name: path,
    readIndex: async () => parseIndex(await files.readDocument('index.json'), `"index.json" of "${path}"`),
    open: (descriptor) => ({
      descriptor,
      open: () => {
        const place = files.find(blobName(descriptor.digest));
        if (place === undefined)
          throw new BimaError('LAYOUT_INVALID', `"${path}" lacks the blob ${descriptor.digest}`);
        return verified(files.read(place), descriptor, path);
      },
    }),
  };
}
