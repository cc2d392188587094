// The use case: what the images of a layout, an archive or a registry hold, with every digest checked on the way.

import type { ContentReader, ListedEntry } from './build/list-layer.ts';
import { readLayer } from './build/read-layer.ts';
import { imageNameAnnotation, refNameAnnotation } from './layout/names.ts';
import { maxDocumentSize, readDocument } from './oci/blob.ts';
import type { ReadConfig } from './oci/config.ts';
import type { Descriptor } from './oci/descriptor.ts';
import type { Digest } from './oci/digest.ts';
import { readIfImage } from './oci/image.ts';
import { parseIndex } from './oci/manifest.ts';
import { isIndexType } from './oci/media-types.ts';
import type { Source } from './oci/target.ts';
import { parseUruncJson, uruncJsonPath } from './unikernel/urunc-json.ts';
import type { Labels } from './unikernel/urunc-json.ts';

export interface InspectedLayer extends Descriptor {
  readonly diffId: Digest;
  readonly files: readonly ListedEntry[];
}

/** The index that lists an image beside those for other platforms. */
export interface InspectedIndex {
  readonly digest: Digest;
  readonly annotations: Labels;
}

export interface InspectedImage {
  /** The names that the layout gives it, or the index above it. */
  readonly names: readonly string[];
  /** Absent for an image that stands alone. */
  readonly index?: InspectedIndex;
  readonly descriptor: Descriptor;
  readonly config: ReadConfig & { readonly digest: Digest };
  /** Of the manifest, as they are. */
  readonly annotations: Labels;
  /** What `/urunc.json` holds, decoded; undefined when the last layer that has the file doesn't. */
  readonly uruncJson?: Labels;
  readonly layers: readonly InspectedLayer[];
}

/**
 * Reads every image below the given descriptors, indexes included; attestations and other artifacts are left out.
 * @param roots of an index, in its order; the same image under several names is one result
 * @throws BimaError DIGEST_MISMATCH, or LAYOUT_INVALID for documents and layers that can't be read
 */
export async function inspectImages(source: Source, roots: readonly Descriptor[]): Promise<InspectedImage[]> {
  const images = new Map<Digest, InspectedImage>();
  for (const root of roots) {
    const name = root.annotations?.[imageNameAnnotation] ?? root.annotations?.[refNameAnnotation];
    for (const { descriptor, index } of await manifestsBelow(source, root)) {
      const known = images.get(descriptor.digest);
      const names = [...(known?.names ?? []), ...(name === undefined ? [] : [name])];
      const image = known ?? (await inspectImage(source, descriptor));
      if (image === undefined) continue;
      images.set(descriptor.digest, { ...image, names, ...(index === undefined ? {} : { index }) });
    }
  }
  return [...images.values()];
}

interface Listed {
  readonly descriptor: Descriptor;
  readonly index?: InspectedIndex;
}

async function manifestsBelow(source: Source, root: Descriptor, index?: InspectedIndex): Promise<Listed[]> {
  if (!isIndexType(root.mediaType)) return [{ descriptor: root, ...(index === undefined ? {} : { index }) }];
  const bytes = await readDocument(source.open(root), source.name);
  const { manifests, annotations = {} } = parseIndex(bytes, `index ${root.digest}`);
  const below = [];
  for (const child of manifests) {
    below.push(await manifestsBelow(source, child, { digest: root.digest, annotations }));
  }
  return below.flat();
}

async function inspectImage(source: Source, descriptor: Descriptor): Promise<InspectedImage | undefined> {
  const image = await readIfImage(source, descriptor);
  if (image === undefined) return undefined;
  const { manifest, config, layers: found } = image;
  const layers: InspectedLayer[] = [];
  // The last one counts: it is what stands in the rootfs.
  let uruncJson: Uint8Array[] | undefined;
  const readUruncJson: ContentReader = ({ path, size }) => {
    if (path !== uruncJsonPath || size > maxDocumentSize) return undefined;
    const chunks: Uint8Array[] = [];
    uruncJson = chunks;
    return (chunk) => chunks.push(chunk);
  };
  for (const layer of found) {
    const files: ListedEntry[] = [];
    for await (const entry of readLayer(source, layer, readUruncJson)) files.push(entry);
    layers.push({ ...layer.descriptor, diffId: layer.diffId, files });
  }
  return {
    names: [],
    descriptor,
    config: { ...config, digest: manifest.config.digest },
    annotations: manifest.annotations ?? {},
    ...(uruncJson === undefined ? {} : { uruncJson: parseUruncJson(Buffer.concat(uruncJson)) }),
    layers,
  };
}
