// From layers and labels to an image: the config and the manifest, as bytes. Pure.

import { blobOf } from './blob.ts';
import type { Blob } from './blob.ts';
import type { HistoryEntry, ImageConfig } from './config.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { encodeJson } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Manifest } from './manifest.ts';
import { mediaTypes } from './media-types.ts';
import type { Platform } from './platform.ts';

/** A layer with what the config says of it. */
export interface ImageLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

export interface ImageParts {
  readonly platform: Platform;
  /** Fields of the config's own `config`, besides labels and arguments. */
  readonly fields?: JsonObject;
  readonly author?: string;
  /** History of the image that this one is built on. */
  readonly inheritedHistory?: readonly JsonObject[];
  /** In the order in which they are applied, those of that image first. */
  readonly layers: readonly ImageLayer[];
  /** History of the config, after the inherited part; each entry without `empty_layer` stands for one layer. */
  readonly history: readonly Omit<HistoryEntry, 'created'>[];
  /** Labels of the config, as plain text. */
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** In seconds since 1970. */
  readonly created: number;
}

/** An image's own two documents; the layers are stored elsewhere. */
export interface ImageDocuments {
  readonly config: Blob;
  /** Its descriptor carries the platform. */
  readonly manifest: Blob;
}

/** Encodes config and manifest (OCI image-spec, config.md and manifest.md). The same parts give the same bytes. */
export function encodeImage(parts: ImageParts): ImageDocuments {
  const config = blobOf(mediaTypes.config, encodeJson(imageConfig(parts)));
  const document: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: config.descriptor,
    layers: parts.layers.map(({ descriptor }) => descriptor),
    annotations: sorted(parts.annotations),
  };
  const manifest = blobOf(mediaTypes.manifest, encodeJson(document));
  return {
    config,
    manifest: { ...manifest, descriptor: { ...manifest.descriptor, platform: parts.platform } },
  };
}

function imageConfig(parts: ImageParts): ImageConfig {
  const created = new Date(parts.created * 1000).toISOString().replace('.000Z', 'Z');
  return {
    created,
    ...(parts.author === undefined ? {} : { author: parts.author }),
    ...parts.platform,
    config: {
      ...without(parts.fields ?? {}, ownFields),
      ...(parts.entrypoint === undefined ? {} : { Entrypoint: parts.entrypoint }),
      ...(parts.cmd === undefined ? {} : { Cmd: parts.cmd }),
      Labels: sorted(parts.labels),
    },
    rootfs: { type: 'layers', diff_ids: parts.layers.map(({ diffId }) => diffId) },
    history: [...(parts.inheritedHistory ?? []), ...parts.history.map((entry) => ({ created, ...entry }))],
  };
}

/** What the parts say themselves. */
const ownFields = ['Entrypoint', 'Cmd', 'Labels'];

function without(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !fields.includes(name)));
}

function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
}
