// The use case: what the images of a layout, an archive or a registry hold, with every digest checked on the way.

import type { ContentReader, ListedEntry } from '../core/files/list-layer.ts';
import { createSpool, disturbs, readNamedFiles } from '../adapters/layers/named-files.ts';
import { unpackPayload } from '../adapters/layers/unpack-payload.ts';
import { readLayer } from '../adapters/layers/read.ts';
import { imageNameAnnotation, refNameAnnotation } from '../adapters/disk/names.ts';
import { maxDocumentSize } from '../core/oci/blob.ts';
import type { ReadConfig } from '../core/oci/config.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import { imagesOf } from '../core/oci/image-tree.ts';
import type { ListedManifest } from '../core/oci/image-tree.ts';
import type { Source } from '../core/oci/target.ts';
import { uruncKeys } from '../core/unikernel/urunc-annotations.ts';
import { bootVerdicts } from '../core/unikernel/bootable.ts';
import type { MonitorVerdict } from '../core/unikernel/bootable.ts';
import { examineBinary } from '../core/unikernel/examine-binary.ts';
import type { BinaryFacts } from '../core/unikernel/examine-binary.ts';
import type { ReadableFile } from '../core/unikernel/file-ranges.ts';
import { labelsOfBase } from '../core/unikernel/inherited-labels.ts';
import { rootfsPath } from '../core/unikernel/label-paths.ts';
import { parseUruncJson, uruncJsonPath } from '../core/unikernel/urunc-json.ts';
import type { Labels } from '../core/unikernel/urunc-json.ts';

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
  /** The annotations of the manifest, unchanged. */
  readonly annotations: Labels;
  /** What `/urunc.json` holds, decoded; undefined when the last layer that has the file doesn't. */
  readonly uruncJson?: Labels;
  readonly layers: readonly InspectedLayer[];
  /** What the unikernel says of itself; undefined when the image has none where its label says. */
  readonly binary?: InspectedBinary;
}

export interface InspectedBinary extends BinaryFacts {
  /** The path in the label, or the one that was asked for. */
  readonly path: string;
  readonly monitors: readonly MonitorVerdict[];
}

/** What a file says of itself, and which monitors could boot it. */
export async function inspectBinary(path: string, file: ReadableFile): Promise<InspectedBinary> {
  const facts = await examineBinary(file, { unpack: unpackPayload, isThorough: true });
  return { path, ...facts, monitors: bootVerdicts(facts) };
}

/**
 * Reads every image below the given descriptors, indexes included; attestations and other artifacts are left out.
 * @param roots of an index, in its order; the same image under several names is one result
 * @param folder for the binaries of the images, which are left out without it: it is the caller's to remove
 * @throws BimaError DIGEST_MISMATCH, or LAYOUT_INVALID for documents and layers that can't be read
 */
export async function inspectImages(
  source: Source,
  roots: readonly Descriptor[],
  folder?: string,
): Promise<InspectedImage[]> {
  const images = new Map<Digest, InspectedImage>();
  for (const root of roots) {
    const name = root.annotations?.[imageNameAnnotation] ?? root.annotations?.[refNameAnnotation];
    for await (const listed of imagesOf(source, root)) {
      const { digest } = listed.descriptor;
      const known = images.get(digest);
      const names = [...(known?.names ?? []), ...(name === undefined ? [] : [name])];
      const image = known ?? (await inspectImage(source, listed, folder));
      if (image === undefined) continue;
      images.set(digest, { ...image, names, ...indexOf(listed) });
    }
  }
  return [...images.values()];
}

function indexOf({ index: above }: ListedManifest): Pick<InspectedImage, 'index'> {
  if (above === undefined) return {};
  const { descriptor, index } = above;
  return { index: { digest: descriptor.digest, annotations: index.annotations ?? {} } };
}

async function inspectImage(
  source: Source,
  { descriptor, read }: ListedManifest,
  folder: string | undefined,
): Promise<InspectedImage | undefined> {
  const image = await read();
  if (image === undefined) return undefined;
  const { manifest, config, layers: found } = image;
  const layers: InspectedLayer[] = [];
  // The last one counts: it is what stands in the rootfs.
  let uruncJson: Uint8Array[] | undefined;
  const label = labelsOfBase(config.labels, manifest.annotations ?? {}).get(uruncKeys.binary) ?? '';
  const wanted = rootfsPath(label);
  const spool = createSpool(folder ?? '', new Set(folder === undefined || wanted === '' ? [] : [wanted]));
  let isPlain = true;
  const readContent: ContentReader = (file) => spool.reader(file) ?? readUruncJson(file);
  const readUruncJson: ContentReader = ({ path, size }) => {
    if (path !== uruncJsonPath || size > maxDocumentSize) return undefined;
    const chunks: Uint8Array[] = [];
    uruncJson = chunks;
    return (chunk) => chunks.push(chunk);
  };
  for (const layer of found) {
    const files: ListedEntry[] = [];
    try {
      for await (const entry of readLayer(source, layer, readContent)) {
        files.push(entry);
        if (disturbs(entry, wanted)) isPlain = false;
      }
    } finally {
      spool.close();
    }
    layers.push({ ...layer.descriptor, diffId: layer.diffId, files });
  }
  const binary =
    folder === undefined || wanted === ''
      ? undefined
      : isPlain
        ? spool.files.get(wanted)
        : (await readNamedFiles(source, found, [wanted], folder)).get(wanted);
  return {
    names: [],
    descriptor,
    config: { ...config, digest: manifest.config.digest },
    annotations: manifest.annotations ?? {},
    ...(uruncJson === undefined ? {} : { uruncJson: parseUruncJson(Buffer.concat(uruncJson)) }),
    layers,
    ...(binary === undefined ? {} : { binary: await inspectBinary(label, binary) }),
  };
}
