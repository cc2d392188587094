// An image and its rebuild: digests first, then documents, and layers only where their content is known to differ.

import { compressorOf } from '../../adapters/layers/fingerprint.ts';
import { decompress } from '../../adapters/layers/compression.ts';
import { readDocument } from '../../core/oci/blob.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { readImage } from '../../core/oci/image.ts';
import type { ReadImage } from '../../core/oci/image.ts';
import { isAttestation } from '../../core/oci/image-tree.ts';
import { isObject, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { parseIndex } from '../../core/oci/manifest.ts';
import { isIndexType, layerCompression } from '../../core/oci/media-types.ts';
import { formatPlatform, normalPlatform } from '../../core/oci/platform.ts';
import type { Source } from '../../core/oci/target.ts';
import { compareConfigs, compareEntries, compareManifests } from '../../core/trust/compare-documents.ts';
import { compareTars, firstDifferentByte } from '../../core/trust/compare-tars.ts';
import { showByte } from '../../core/trust/difference.ts';
import type { Difference } from '../../core/trust/difference.ts';

/** A manifest or an index, and where it is. */
export interface Side {
  readonly source: Source;
  readonly root: Descriptor;
}

export interface Comparison {
  /** Empty when the two are the same, byte for byte. The first is the one to look at. */
  readonly differences: readonly Difference[];
  /** Whether everything but the compression of layers is the same. */
  readonly isSameContent: boolean;
}

/**
 * Compares two images, or two indexes image by image. Nothing but the roots' digests is looked at when these are equal,
 * and of layers the first one whose content differs.
 * @throws BimaError DIGEST_MISMATCH, LAYOUT_INVALID, and what sources throw
 */
export async function compareImages(image: Side, rebuild: Side): Promise<Comparison> {
  const differences = image.root.digest === rebuild.root.digest ? [] : await compareRoots(image, rebuild);
  return { differences, isSameContent: differences.every(({ kind }) => kind === 'compression') };
}

async function compareRoots(image: Side, rebuild: Side): Promise<readonly Difference[]> {
  const [isIndex, isOtherIndex] = [image, rebuild].map(({ root }) => isIndexType(root.mediaType));
  if (isIndex !== isOtherIndex) {
    const form = (is: boolean | undefined) => (is === true ? 'an index of several images' : 'one image');
    return [{ kind: 'image', what: 'form', image: form(isIndex), rebuild: form(isOtherIndex) }];
  }
  return isIndex === true ? compareIndexes(image, rebuild) : compareManifestsOf(image, rebuild, '');
}

async function compareIndexes(image: Side, rebuild: Side): Promise<readonly Difference[]> {
  const [one, other] = [await readIndex(image), await readIndex(rebuild)];
  const differences: Difference[] = [];
  for (const name of new Set([...one.entries.keys(), ...other.entries.keys()])) {
    const [entry, twin] = [one.entries.get(name), other.entries.get(name)];
    if (entry === undefined || twin === undefined) {
      differences.push({
        kind: 'image',
        what: `image for ${name}`,
        image: entry?.digest,
        rebuild: twin?.digest,
      });
    } else if (entry.digest !== twin.digest) {
      const sides = [
        { source: image.source, root: entry },
        { source: rebuild.source, root: twin },
      ] as const;
      differences.push(...(await compareManifestsOf(...sides, `${name}: `)));
    } else {
      differences.push(...compareEntries(entry, twin, name));
    }
  }
  differences.push(...compareManifests(one.document, other.document));
  if (differences.length > 0) return differences;
  const order = [one, other].map(({ entries }) => [...entries.keys()].join(', '));
  if (order[0] !== order[1])
    return [{ kind: 'image', what: 'order of the images', image: order[0], rebuild: order[1] }];
  return [await differentBytes(image, rebuild, 'index')];
}

async function readIndex({ source, root }: Side) {
  const bytes = await readDocument(source.open(root), source.name);
  const { manifests } = parseIndex(bytes, `index ${root.digest}`);
  const entries = new Map<string, Descriptor>();
  for (const entry of manifests) entries.set(nameOf(entry, entries), entry);
  return { document: parseJsonObject(bytes, `index ${root.digest}`), entries };
}

/** The platform; what has none, or one that is there already, by its digest too. */
function nameOf(entry: Descriptor, known: ReadonlyMap<string, Descriptor>): string {
  const { platform, digest } = entry;
  const name = platform === undefined ? digest : formatPlatform(normalPlatform(platform));
  return isAttestation(entry) || known.has(name) ? `${name} (${digest})` : name;
}

/** @param prefix of what differs, such as the platform */
async function compareManifestsOf(
  image: Side,
  rebuild: Side,
  prefix: string,
): Promise<readonly Difference[]> {
  const [one, other] = [await readBoth(image), await readBoth(rebuild)];
  const documents = [
    ...compareConfigs(one.config, other.config),
    ...compareManifests(one.manifest, other.manifest),
  ];
  const layers = await compareLayers({ ...image, ...one }, { ...rebuild, ...other });
  const found = [...documents, ...layers].map((difference) => ({
    ...difference,
    what: prefix + difference.what,
  }));
  if (found.length > 0) return found;
  const configs = [image, rebuild].map((side, at) => {
    const config = [one, other][at]?.image.manifest.config;
    return { source: side.source, root: config ?? side.root };
  });
  const [config = image, twin = rebuild] = configs;
  if (config.root.digest !== twin.root.digest) return [await differentBytes(config, twin, `${prefix}config`)];
  return [await differentBytes(image, rebuild, `${prefix}manifest`)];
}

interface BothDocuments {
  readonly image: ReadImage;
  readonly manifest: JsonObject;
  readonly config: JsonObject;
}

async function readBoth({ source, root }: Side): Promise<BothDocuments> {
  const image = await readImage(source, root);
  const bytes = await readDocument(source.open(root), source.name);
  return {
    image,
    manifest: parseJsonObject(bytes, `manifest ${root.digest}`),
    config: parseJsonObject(image.configBytes, `config ${image.manifest.config.digest}`),
  };
}

type ReadSide = Side & BothDocuments;

async function compareLayers(image: ReadSide, rebuild: ReadSide): Promise<readonly Difference[]> {
  const [layers, others] = [image.image.layers, rebuild.image.layers];
  for (const [at, layer] of layers.entries()) {
    const other = others[at];
    if (other === undefined) break;
    if (layer.diffId === other.diffId) continue;
    const what = `layer ${at + 1} of ${layers.length}${instructionOf(image.config, at)}`;
    const tars = [
      unpacked(image.source, layer.descriptor, what),
      unpacked(rebuild.source, other.descriptor, what),
    ] as const;
    const found = (await compareTars(...tars, what)) ?? (await differentForm(image, rebuild, at, what));
    return [found];
  }
  if (layers.length !== others.length)
    return [
      {
        kind: 'layers',
        what: 'number of layers',
        image: String(layers.length),
        rebuild: String(others.length),
      },
    ];
  return layers.flatMap(({ descriptor }, at): Difference[] => {
    const other = others[at]?.descriptor ?? descriptor;
    if (isSameLayer(descriptor, other)) return [];
    const title = `layer ${at + 1} of ${layers.length}${instructionOf(image.config, at)}`;
    const what = `${title}: same content, other compression`;
    return [{ kind: 'compression', what, image: compressionOf(descriptor), rebuild: compressionOf(other) }];
  });
}

function isSameLayer(one: Descriptor, other: Descriptor): boolean {
  const [annotations, others] = [one, other].map((layer) =>
    JSON.stringify(Object.entries(layer.annotations ?? {}).sort()),
  );
  return one.digest === other.digest && one.mediaType === other.mediaType && annotations === others;
}

/** By its mark, or by its media type alone. */
function compressionOf(layer: Descriptor): string {
  const method = layerCompression(layer.mediaType) ?? layer.mediaType;
  return `${compressorOf(layer) ?? (method === 'none' ? method : `${method} of another tool`)} (${layer.digest})`;
}

/** The instruction of a layer, by the history. */
function instructionOf({ history }: JsonObject, layer: number): string {
  const entries: readonly unknown[] = Array.isArray(history) ? history : [];
  const entry = entries.filter((one) => isObject(one) && one.empty_layer !== true)[layer];
  return isObject(entry) && typeof entry.created_by === 'string' ? ` (${entry.created_by})` : '';
}

/** The same entries in tars that are written in other ways. */
async function differentForm(
  image: ReadSide,
  rebuild: ReadSide,
  at: number,
  what: string,
): Promise<Difference> {
  const [tar, other] = [image, rebuild].map((side): ByteStream => {
    const layer = side.image.layers[at]?.descriptor ?? side.root;
    return unpacked(side.source, layer, what);
  });
  const found = tar === undefined || other === undefined ? undefined : await firstDifferentByte(tar, other);
  const title = `${what}: the same entries, in another form of tar, byte ${found?.offset ?? 0}`;
  return { kind: 'layer', what: title, image: showByte(found?.one), rebuild: showByte(found?.other) };
}

function unpacked(source: Source, layer: Descriptor, what: string): ByteStream {
  return decompress(source.open(layer).open(), layer.mediaType, what);
}

async function differentBytes(image: Side, rebuild: Side, what: string): Promise<Difference> {
  const [one, other] = [image, rebuild].map(({ source, root }) => source.open(root).open());
  const found = one === undefined || other === undefined ? undefined : await firstDifferentByte(one, other);
  const title = `${what}: the same fields, written in another way, byte ${found?.offset ?? 0}`;
  return { kind: 'document', what: title, image: showByte(found?.one), rebuild: showByte(found?.other) };
}
