// One image as it is read: its manifest, its config, and each layer with its diff ID.

import { BimaError } from '../errors.ts';
import { readDocument } from './blob.ts';
import { parseConfig } from './config.ts';
import type { ReadConfig } from './config.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { isImageManifest, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { isManifestType } from './media-types.ts';
import type { Source } from './target.ts';

export interface ReadImage {
  readonly manifest: Manifest;
  readonly config: ReadConfig;
  /** The config as it is. */
  readonly configBytes: Uint8Array;
  /** In their order, the lowest first. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: Digest }[];
}

/**
 * The image of a manifest; undefined for an attestation or another artifact, and for what is no manifest.
 * @throws BimaError as `readImage` does
 */
export async function readIfImage(source: Source, descriptor: Descriptor): Promise<ReadImage | undefined> {
  if (!isManifestType(descriptor.mediaType)) return undefined;
  const manifest = await readManifest(source, descriptor);
  return isImageManifest(manifest) ? readImage(source, descriptor, manifest) : undefined;
}

/**
 * @param known the manifest, if it has been read
 * @throws BimaError DIGEST_MISMATCH, or LAYOUT_INVALID for documents that can't be read or don't fit each other
 */
export async function readImage(source: Source, image: Descriptor, known?: Manifest): Promise<ReadImage> {
  const manifest = known ?? (await readManifest(source, image));
  const configBytes = await readDocument(source.open(manifest.config), source.name);
  const config = parseConfig(configBytes, `config ${manifest.config.digest}`);
  if (config.diffIds.length !== manifest.layers.length) {
    const expected = `expected ${manifest.layers.length} layers in the config ${manifest.config.digest}`;
    throw new BimaError('LAYOUT_INVALID', `${expected}, got ${config.diffIds.length}`);
  }
  const layers = config.diffIds.flatMap((diffId, position) => {
    const descriptor = manifest.layers[position];
    return descriptor === undefined ? [] : [{ descriptor, diffId }];
  });
  return { manifest, config, configBytes, layers };
}

async function readManifest(source: Source, descriptor: Descriptor): Promise<Manifest> {
  const bytes = await readDocument(source.open(descriptor), source.name);
  return parseManifest(bytes, `manifest ${descriptor.digest}`);
}
