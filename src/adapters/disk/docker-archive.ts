// The archives of docker save: manifest.json lists images by the paths of their configs and layers (moby,
// image/tarexport). Digests are those of the bytes, whatever the paths are; each image gets an OCI manifest.

import { BimaError } from '../../core/errors.ts';
import { blobOf, verified } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { encodeJson, isObject, isStringArray, parseJson } from '../../core/oci/json.ts';
import type { Index, Manifest } from '../../core/oci/manifest.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import { parseReference, withDefaultTag } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import { compressionOf } from '../filesystem/decompress.ts';
import type { Archive } from './archive.ts';
import { withImage } from './names.ts';
import type { TarRange, TarFiles } from './tar-files.ts';

interface ListedImage {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

const layerTypes = {
  gzip: mediaTypes.layerGzip,
  zstd: mediaTypes.layerZstd,
  none: mediaTypes.layerTar,
} as const;

/** @throws BimaError LAYOUT_INVALID for a list that can't be read, or that names what isn't there */
export async function openDockerArchive(files: TarFiles): Promise<Archive> {
  const { path } = files;
  const images = readList(await files.readDocument('manifest.json'), `"manifest.json" of "${path}"`);
  const placeOf = (name: string): TarRange => {
    const place = files.find(name);
    if (place === undefined)
      throw new BimaError('LAYOUT_INVALID', `"${path}" lacks "${name}", which it lists`);
    return place;
  };
  const places = images.flatMap(({ config, layers }) => [config, ...layers].map(placeOf));
  const contents = await readContents(files, places);

  const blobs = new Map<Digest, Blob>();
  const put = (name: string, type: (compression: Content['compression']) => string): Descriptor => {
    const place = placeOf(name);
    const content = contents.get(place.start);
    if (content === undefined)
      throw new BimaError('LAYOUT_INVALID', `"${path}" was changed while it was read`);
    const { digest, compression } = content;
    const descriptor = { mediaType: type(compression), digest, size: place.size };
    blobs.set(digest, { descriptor, open: () => verified(files.read(place), descriptor, path) });
    return descriptor;
  };
  let index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
  for (const { config, layers, names } of images) {
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: put(config, () => mediaTypes.config),
      layers: layers.map((layer) => put(layer, (compression) => layerTypes[compression])),
    };
    const blob = blobOf(mediaTypes.manifest, encodeJson(manifest));
    blobs.set(blob.descriptor.digest, blob);
    index = withImage(index, blob.descriptor, names.flatMap(referencesOf));
  }
  return {
    name: path,
    readIndex: () => Promise.resolve(index),
    open: (descriptor) => ({
      descriptor,
      open: () => {
        const blob = blobs.get(descriptor.digest);
        if (blob === undefined)
          throw new BimaError('LAYOUT_INVALID', `"${path}" lacks the blob ${descriptor.digest}`);
        return blob.open();
      },
    }),
  };
}

function readList(bytes: Uint8Array, what: string): ListedImage[] {
  const invalid = (why: string, cause?: unknown) =>
    new BimaError('LAYOUT_INVALID', `${what} ${why}`, { cause });
  let list: unknown;
  try {
    list = parseJson(Buffer.from(bytes).toString());
  } catch (cause) {
    throw invalid('is not valid JSON', cause);
  }
  if (!Array.isArray(list)) throw invalid('is no list of images');
  return list.map((image: unknown, position) => {
    if (!isObject(image)) throw invalid(`has at ${position} no image`);
    const { Config: config, RepoTags, Layers } = image;
    const [names, layers] = [RepoTags ?? [], Layers ?? []];
    if (typeof config !== 'string' || !isStringArray(names) || !isStringArray(layers))
      throw invalid(`has at ${position} no "Config", or "RepoTags" and "Layers" that are no lists of paths`);
    return { config, names, layers };
  });
}

/** Text that is no valid name leaves the image without one. */
function referencesOf(name: string): Reference[] {
  try {
    return [withDefaultTag(parseReference(name))];
  } catch (error) {
    if (error instanceof BimaError) return [];
    throw error;
  }
}

interface Content {
  readonly digest: Digest;
  readonly compression: 'gzip' | 'zstd' | 'none';
}

/** By offset. The archive is read once for all of them. */
async function readContents(
  files: TarFiles,
  places: readonly TarRange[],
): Promise<ReadonlyMap<number, Content>> {
  const wanted = new Set(places.map(({ start }) => start));
  const contents = new Map<number, Content>();
  for await (const { start, type, content } of files.entries()) {
    if (type !== 'file' || !wanted.has(start)) continue;
    const digester = createDigester();
    let head = Buffer.alloc(0);
    for await (const piece of content) {
      if (head.length < 4) head = Buffer.concat([head, piece.subarray(0, 4)]);
      digester.update(piece);
    }
    contents.set(start, { digest: digester.digest(), compression: compressionOf(head) ?? 'none' });
  }
  return contents;
}
