// Images to build on, made of layers whose entries are written down: what a container would see is known.

import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import type { Layout } from '../../src/adapters/disk/layout.ts';
import { blobOf } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { mkdirSync } from 'node:fs';

/** A file unless it has a target or its path ends in a slash. */
export interface SampleEntry {
  readonly path: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: string | Uint8Array;
  /** Of a symbolic link, or with `hard` of a hard link. */
  readonly target?: string;
  readonly hard?: boolean;
  readonly special?: {
    readonly type: 'character-device' | 'block-device' | 'fifo';
    readonly major?: number;
    readonly minor?: number;
  };
  readonly xattrs?: Readonly<Record<string, string>>;
}

export interface SampleBase {
  readonly layers: readonly (readonly SampleEntry[])[];
  /** The config's own `config`. */
  readonly config?: object;
  /** Of the config document besides. */
  readonly document?: object;
  readonly os?: string;
  readonly architecture?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Docker's media types in place of OCI's. */
  readonly docker?: boolean;
  /** Layers as plain tars. */
  readonly uncompressed?: boolean;
}

export async function packTar(entries: readonly SampleEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const entry of entries) {
    const { path, mode, uid = 0, gid = 0, content = '', target, hard, special, xattrs = {} } = entry;
    const pairs = Object.entries(xattrs).map(([key, value]) => [`SCHILY.xattr.${key}`, value]);
    const pax = pairs.length === 0 ? {} : { pax: Object.fromEntries(pairs) as Record<string, string> };
    const common = { name: path, uid, gid, mtime: new Date(0), ...pax };
    if (target !== undefined) {
      tar.entry({
        ...common,
        type: hard === true ? 'link' : 'symlink',
        linkname: target,
        mode: mode ?? 0o777,
      });
    } else if (special !== undefined) {
      const { type, major = 0, minor = 0 } = special;
      tar.entry({ ...common, type, devmajor: major, devminor: minor, mode: mode ?? 0o644 });
    } else if (path.endsWith('/')) tar.entry({ ...common, type: 'directory', mode: mode ?? 0o755 });
    else tar.entry({ ...common, type: 'file', mode: mode ?? 0o644 }, Buffer.from(content));
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Writes an image into a layout, and leaves its index alone. */
export async function putBase(layout: Layout, base: SampleBase): Promise<Descriptor> {
  const { os = 'linux', architecture = 'amd64', docker = false } = base;
  const layers: Descriptor[] = [];
  const diffIds: Digest[] = [];
  for (const entries of base.layers) {
    const tar = await packTar(entries);
    const plain = base.uncompressed === true;
    const type = plain ? mediaTypes.layerTar : docker ? mediaTypes.dockerLayer : mediaTypes.layerGzip;
    const blob = blobOf(type, plain ? tar : gzipSync(tar));
    await layout.put(blob);
    layers.push(blob.descriptor);
    diffIds.push(digestOf(tar));
  }
  const config = blobOf(
    docker ? mediaTypes.dockerConfig : mediaTypes.config,
    encodeJson({
      created: '2024-05-06T07:08:09Z',
      architecture,
      os,
      config: base.config ?? {},
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: layers.map((_, at) => ({ created: '2024-05-06T07:08:09Z', created_by: `layer ${at}` })),
      ...base.document,
    }),
  );
  await layout.put(config);
  const manifest = blobOf(
    docker ? mediaTypes.dockerManifest : mediaTypes.manifest,
    encodeJson({
      schemaVersion: 2,
      mediaType: docker ? mediaTypes.dockerManifest : mediaTypes.manifest,
      config: config.descriptor,
      layers,
      ...(base.annotations === undefined ? {} : { annotations: base.annotations }),
    }),
  );
  await layout.put(manifest);
  return { ...manifest.descriptor, platform: { os, architecture } };
}

/** A layout whose index lists the images, one beside the other, under the tags `1`, `2` and so on; or under `tags`. */
export async function baseLayout(
  folder: string,
  bases: readonly SampleBase[],
  tags: readonly string[] = bases.map((_, at) => String(at + 1)),
): Promise<Layout> {
  mkdirSync(folder, { recursive: true });
  const layout = await createLayout(folder);
  const manifests: Descriptor[] = [];
  for (const [at, base] of bases.entries()) {
    const { platform, ...descriptor } = await putBase(layout, base);
    const tag = tags[at];
    manifests.push({
      ...descriptor,
      ...(platform === undefined ? {} : { platform }),
      ...(tag === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': tag } }),
    });
  }
  await layout.writeIndex({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  return layout;
}

/** A layout with one index, under the tag `all`, that lists the images with their platforms. */
export async function indexLayout(
  folder: string,
  bases: readonly (SampleBase & { readonly listed?: object })[],
  docker = false,
): Promise<Layout> {
  mkdirSync(folder, { recursive: true });
  const layout = await createLayout(folder);
  const manifests: object[] = [];
  for (const base of bases) {
    const { platform, ...descriptor } = await putBase(layout, base);
    manifests.push({ ...descriptor, platform: { ...platform, ...base.listed } });
  }
  const mediaType = docker ? mediaTypes.dockerManifestList : mediaTypes.index;
  const index = blobOf(mediaType, encodeJson({ schemaVersion: 2, mediaType, manifests }));
  await layout.put(index);
  await layout.writeIndex({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ ...index.descriptor, annotations: { 'org.opencontainers.image.ref.name': 'all' } }],
  });
  return layout;
}
