// Small images for pushing: real gzip layers of made-up bytes, the same for the same seed.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { streamOf } from '../../src/core/oci/blob.ts';
import type { Blob } from '../../src/core/oci/blob.ts';
import { describeBytes } from '../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { digestOf, hexOf } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import type { Source } from '../../src/core/oci/target.ts';
import type { RegistryStore } from './registry-store.ts';

export interface SampleImage {
  readonly source: Source;
  readonly root: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly configs: readonly Descriptor[];
  /** Image manifests; the root itself for an image of one platform. */
  readonly manifests: readonly Descriptor[];
  /** Everything by its digest. */
  readonly blobs: ReadonlyMap<Digest, Blob & { readonly bytes: Uint8Array }>;
  /** Of all layers and configs. */
  readonly blobBytes: number;
}

export interface SampleOptions {
  readonly seed?: string;
  /** Uncompressed bytes of each layer; the compressed ones are a little more. */
  readonly layers?: readonly number[];
  /** Layer bytes as they are, in place of made-up ones. */
  readonly rawLayers?: readonly Uint8Array[];
  /** The tars of the layers, in place of made-up bytes that are no tar. */
  readonly tars?: readonly Uint8Array[];
  /** One makes an image manifest, several an index. */
  readonly architectures?: readonly string[];
  /** Gives every platform the same layers. */
  readonly sharedLayers?: boolean;
  /** Docker's media types in place of OCI's. */
  readonly docker?: boolean;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

const ociTypes = {
  layer: mediaTypes.layerGzip,
  config: mediaTypes.config,
  manifest: mediaTypes.manifest,
  index: mediaTypes.index,
};
const dockerTypes = {
  layer: mediaTypes.dockerLayer,
  config: mediaTypes.dockerConfig,
  manifest: mediaTypes.dockerManifest,
  index: mediaTypes.dockerManifestList,
};

export function sampleImage(options: SampleOptions = {}): SampleImage {
  const { seed = 'sample', architectures = ['amd64'] } = options;
  const types = options.docker === true ? dockerTypes : ociTypes;
  const blobs = new Map<Digest, Blob & { readonly bytes: Uint8Array }>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const descriptor = describeBytes(mediaType, bytes);
    blobs.set(descriptor.digest, { descriptor, bytes, open: () => streamOf(...piecesOf(bytes)) });
    return descriptor;
  };

  const layers: Descriptor[] = [];
  const configs: Descriptor[] = [];
  const manifests = architectures.map((architecture) => {
    const owner = options.sharedLayers === true ? seed : `${seed} ${architecture}`;
    const contents =
      options.rawLayers ??
      options.tars ??
      (options.layers ?? [3000, 50]).map((size, at) => pseudoRandom(`${owner} ${at}`, size));
    const own = contents.map((bytes) =>
      add(types.layer, options.rawLayers === undefined ? gzipSync(bytes) : bytes),
    );
    const config = add(
      types.config,
      encodeJson({
        created: '2024-01-01T00:00:00Z',
        architecture,
        os: 'linux',
        config: { Labels: { seed } },
        rootfs: { type: 'layers', diff_ids: contents.map(digestOf) },
      }),
    );
    layers.push(...own);
    configs.push(config);
    const manifest = add(
      types.manifest,
      encodeJson({
        schemaVersion: 2,
        mediaType: types.manifest,
        config,
        layers: own,
        ...(options.subject === undefined ? {} : { subject: options.subject }),
        ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
      }),
    );
    return { ...manifest, platform: { os: 'linux', architecture } };
  });

  const [only] = manifests;
  const root =
    manifests.length === 1 && only !== undefined
      ? plain(only)
      : add(types.index, encodeJson({ schemaVersion: 2, mediaType: types.index, manifests }));
  const source: Source = {
    name: 'sample',
    open(descriptor) {
      const blob = blobs.get(descriptor.digest);
      if (blob === undefined) throw new Error(`the sample has no ${descriptor.digest}`);
      return { descriptor, open: () => blob.open() };
    },
  };
  const bodies = new Map([...layers, ...configs].map(({ digest, size }) => [digest, size]));
  const blobBytes = [...bodies.values()].reduce((sum, size) => sum + size, 0);
  return { source, root, layers, configs, manifests: manifests.map(plain), blobs, blobBytes };
}

/** Puts the whole image into a registry's store, as if it had been pushed before. */
export function storeImage(store: RegistryStore, repository: string, image: SampleImage, tag?: string): void {
  for (const { digest } of [...image.layers, ...image.configs])
    store.addBlob(repository, bytesOf(image, digest));
  for (const { digest, mediaType } of image.manifests) {
    store.addManifest(repository, mediaType, bytesOf(image, digest));
  }
  store.addManifest(repository, image.root.mediaType, bytesOf(image, image.root.digest), tag);
}

/** Writes the image as an OCI layout, for the tools that read those. */
export function writeSampleLayout(folder: string, image: SampleImage, tag: string): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  for (const [digest, { bytes }] of image.blobs)
    writeFileSync(join(folder, 'blobs/sha256', hexOf(digest)), bytes);
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  writeFileSync(
    join(folder, 'index.json'),
    encodeJson({ schemaVersion: 2, manifests: [{ ...image.root, annotations }] }),
  );
}

export function bytesOf(image: SampleImage, digest: Digest): Uint8Array {
  const blob = image.blobs.get(digest);
  if (blob === undefined) throw new Error(`the sample has no ${digest}`);
  return blob.bytes;
}

/** As a file would be read. */
function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const size = 64 * 1024;
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}

function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function pseudoRandom(seed: string, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at * 32 < size; at++) blocks.push(createHash('sha256').update(`${seed} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}
