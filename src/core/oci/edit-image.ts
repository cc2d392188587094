// An image's own two documents with other labels and layers, and everything else of them as it is, also what is unknown
// here. Pure.

import type { HistoryEntry } from './config.ts';
import { blobOf } from './blob.ts';
import type { ImageDocuments, ImageLayer } from './encode-image.ts';
import type { Descriptor } from './descriptor.ts';
import { encodeJson, isObject, parseJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { layerMediaTypeInOci, mediaTypes } from './media-types.ts';
import { readPlatform } from './platform.ts';

export interface ImageEdit {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** In place of one that is there, by its number from 0 for the lowest; or above all, for a number that none has. */
  readonly layer: ImageLayer & { readonly at: number };
  /** Of a layer above all. */
  readonly history: Omit<HistoryEntry, 'created'>;
}

/** @throws BimaError LAYOUT_INVALID for bytes that are no documents. Docker's types become OCI's, which alone have annotations */
export function editImage(
  manifestBytes: Uint8Array,
  configBytes: Uint8Array,
  edit: ImageEdit,
): ImageDocuments {
  const manifest = parseJsonObject(manifestBytes, 'the manifest');
  const document = parseJsonObject(configBytes, 'the config');
  const config = blobOf(mediaTypes.config, encodeJson(editConfig(document, edit)));
  const layers = objectsOf(manifest.layers).map(inOci);
  const edited = {
    ...manifest,
    mediaType: mediaTypes.manifest,
    config: { ...withoutData(manifest.config), ...config.descriptor },
    layers: replaced(layers, edit.layer.at, { ...edit.layer.descriptor }),
    annotations: edit.annotations,
  };
  const blob = blobOf(mediaTypes.manifest, encodeJson(edited));
  const platform = readPlatform(document);
  return {
    config,
    manifest: platform === undefined ? blob : { ...blob, descriptor: { ...blob.descriptor, platform } },
  };
}

function editConfig(document: JsonObject, edit: ImageEdit): JsonObject {
  const { entrypoint, cmd, labels, layer } = edit;
  const fields = new Map(Object.entries(isObject(document.config) ? document.config : {}));
  for (const [name, words] of [['Entrypoint', entrypoint] as const, ['Cmd', cmd] as const]) {
    if (words === undefined) fields.delete(name);
    else fields.set(name, words);
  }
  fields.set('Labels', labels);
  const rootfs = isObject(document.rootfs) ? document.rootfs : {};
  const diffIds: readonly unknown[] = Array.isArray(rootfs.diff_ids) ? rootfs.diff_ids : [];
  const history: readonly unknown[] = Array.isArray(document.history) ? document.history : [];
  const isNew = layer.at >= diffIds.length;
  const created = typeof document.created === 'string' ? { created: document.created } : {};
  return {
    ...document,
    config: Object.fromEntries(fields),
    rootfs: { ...rootfs, diff_ids: replaced(diffIds, layer.at, layer.diffId) },
    // Without any, one for the new layer alone would be wrong.
    ...(isNew && history.length > 0 ? { history: [...history, { ...created, ...edit.history }] } : {}),
  };
}

/**
 * The index with other entries in place of its own.
 * @param entries for each of its entries what stands there: itself where it stays, undefined where it goes
 */
export function editIndex(bytes: Uint8Array, entries: readonly (Descriptor | undefined)[]): Uint8Array {
  const index = parseJsonObject(bytes, 'the index');
  const manifests = objectsOf(index.manifests).flatMap((entry, at) => {
    const { mediaType, digest, size } = entries[at] ?? {};
    if (digest === undefined) return [];
    return [digest === entry.digest ? entry : { ...withoutData(entry), mediaType, digest, size }];
  });
  return encodeJson({ ...index, mediaType: mediaTypes.index, manifests });
}

function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function inOci(layer: JsonObject): JsonObject {
  const { mediaType } = layer;
  const type = typeof mediaType === 'string' ? layerMediaTypeInOci(mediaType) : undefined;
  return type === undefined ? layer : { ...layer, mediaType: type };
}

/** A descriptor may have its content beside it, which is another now. */
function withoutData(descriptor: unknown): JsonObject {
  const fields = Object.entries(isObject(descriptor) ? descriptor : {});
  return Object.fromEntries(fields.filter(([name]) => name !== 'data' && name !== 'urls'));
}

function replaced<T>(list: readonly T[], at: number, item: T): readonly T[] {
  return at < list.length ? list.map((one, position) => (position === at ? item : one)) : [...list, item];
}
