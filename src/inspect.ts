// The use case: what the images of a layout, an archive or a registry hold, with every digest checked on the way.

import { decompress } from './build/compression.ts';
import { listLayer } from './build/list-layer.ts';
import type { ListedEntry } from './build/list-layer.ts';
import { BimaError } from './errors.ts';
import { imageNameAnnotation, refNameAnnotation } from './layout/names.ts';
import { checkContent, readDocument } from './oci/blob.ts';
import type { ByteStream } from './oci/blob.ts';
import { parseConfig } from './oci/config.ts';
import type { ReadConfig } from './oci/config.ts';
import type { Descriptor } from './oci/descriptor.ts';
import { createDigester } from './oci/digest.ts';
import type { Digest, Digester } from './oci/digest.ts';
import { parseIndex, parseManifest } from './oci/manifest.ts';
import { isIndexType, layerCompression } from './oci/media-types.ts';
import type { Source } from './oci/target.ts';
import { parseUruncJson, uruncJsonPath } from './unikernel/urunc-json.ts';
import type { Labels } from './unikernel/urunc-json.ts';

export interface InspectedLayer extends Descriptor {
  readonly diffId: Digest;
  readonly files: readonly ListedEntry[];
}

export interface InspectedImage {
  /** The names that the index gives it. */
  readonly names: readonly string[];
  readonly descriptor: Descriptor;
  readonly config: ReadConfig & { readonly digest: Digest };
  /** Of the manifest, as they are. */
  readonly annotations: Labels;
  /** What `/urunc.json` holds, decoded; undefined when the last layer that has the file doesn't. */
  readonly uruncJson?: Labels;
  readonly layers: readonly InspectedLayer[];
}

/** What stands in one layer, beside what the manifest says of it. */
interface LayerContent {
  readonly files: readonly ListedEntry[];
  /** The bytes of `urunc.json`, if the layer has it. */
  readonly uruncJson?: Uint8Array;
}

/**
 * Reads every image below the given descriptors, indexes included.
 * @param roots of an index, in its order; the same image under several names is one result
 * @throws BimaError DIGEST_MISMATCH, or LAYOUT_INVALID for documents and layers that can't be read
 */
export async function inspectImages(source: Source, roots: readonly Descriptor[]): Promise<InspectedImage[]> {
  const images = new Map<Digest, InspectedImage>();
  for (const root of roots) {
    const name = root.annotations?.[imageNameAnnotation] ?? root.annotations?.[refNameAnnotation];
    for (const descriptor of await manifestsBelow(source, root)) {
      const known = images.get(descriptor.digest);
      const names = [...(known?.names ?? []), ...(name === undefined ? [] : [name])];
      const image = known ?? (await inspectImage(source, descriptor));
      images.set(descriptor.digest, { ...image, names });
    }
  }
  return [...images.values()];
}

async function manifestsBelow(source: Source, root: Descriptor): Promise<Descriptor[]> {
  if (!isIndexType(root.mediaType)) return [root];
  const index = parseIndex(await readDocument(source.open(root), source.name), `index ${root.digest}`);
  const below = [];
  for (const child of index.manifests) below.push(...(await manifestsBelow(source, child)));
  return below;
}

async function inspectImage(source: Source, descriptor: Descriptor): Promise<InspectedImage> {
  const bytes = await readDocument(source.open(descriptor), source.name);
  const manifest = parseManifest(bytes, `manifest ${descriptor.digest}`);
  const configBytes = await readDocument(source.open(manifest.config), source.name);
  const config = parseConfig(configBytes, `config ${manifest.config.digest}`);
  const { diffIds } = config;
  if (diffIds.length !== manifest.layers.length) {
    const expected = `expected ${manifest.layers.length} layers in the config ${manifest.config.digest}`;
    throw new BimaError('LAYOUT_INVALID', `${expected}, got ${diffIds.length}`);
  }
  const layers: InspectedLayer[] = [];
  let uruncJson: Uint8Array | undefined;
  for (const [position, diffId] of diffIds.entries()) {
    const layer = manifest.layers[position];
    if (layer === undefined) continue;
    const content = await readLayer(source, layer, diffId);
    layers.push({ ...layer, diffId, files: content.files });
    uruncJson = content.uruncJson ?? uruncJson;
  }
  return {
    names: [],
    descriptor,
    config: { ...config, digest: manifest.config.digest },
    annotations: manifest.annotations ?? {},
    ...(uruncJson === undefined ? {} : { uruncJson: parseUruncJson(uruncJson) }),
    layers,
  };
}

async function readLayer(source: Source, layer: Descriptor, diffId: Digest): Promise<LayerContent> {
  const what = `layer ${layer.digest}`;
  if (layerCompression(layer.mediaType) === undefined) return { files: [] };
  const digester = createDigester();
  const tar = decompress(source.open(layer).open(), layer.mediaType, what);
  const files: ListedEntry[] = [];
  let uruncJson: Uint8Array | undefined;
  for await (const { content, ...entry } of listLayer(digested(tar, digester), what, uruncJsonPath)) {
    files.push(entry);
    uruncJson = content ?? uruncJson;
  }
  const digest = digester.digest();
  checkContent({ ...layer, digest: diffId, size: digester.size }, digest, digester.size, `${what}, unpacked`);
  return { files, ...(uruncJson === undefined ? {} : { uruncJson }) };
}

async function* digested(stream: ByteStream, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    digester.update(chunk);
    yield chunk;
  }
}
