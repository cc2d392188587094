// Image manifests and indexes (OCI image-spec, manifest.md and image-index.md).

import { BimaError } from '../errors.ts';
import { readDescriptor } from './descriptor.ts';
import type { Descriptor } from './descriptor.ts';
import { isStringMap, parseJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { isIndexType, isManifestType, layerCompression, mediaTypes } from './media-types.ts';

/** Keys are in the order in which they are encoded. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Keys are in the order in which they are encoded. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** @throws BimaError LAYOUT_INVALID when the bytes are no image manifest */
export function parseManifest(bytes: Uint8Array, what: string): Manifest {
  const document = parseJsonObject(bytes, what);
  checkVersion(document, what);
  const mediaType = typeof document.mediaType === 'string' ? document.mediaType : mediaTypes.manifest;
  if (!isManifestType(mediaType)) throw wrongType(what, 'an image manifest', mediaType);
  return {
    schemaVersion: 2,
    mediaType,
    ...shared(document, what),
    config: readDescriptor(document.config, `${what}: config`),
    layers: readDescriptors(document.layers, `${what}: layers`),
  };
}

/** @throws BimaError LAYOUT_INVALID when the bytes are no index */
export function parseIndex(bytes: Uint8Array, what: string): Index {
  const document = parseJsonObject(bytes, what);
  checkVersion(document, what);
  const mediaType = typeof document.mediaType === 'string' ? document.mediaType : mediaTypes.index;
  if (!isIndexType(mediaType)) throw wrongType(what, 'an image index', mediaType);
  return {
    schemaVersion: 2,
    mediaType,
    ...shared(document, what),
    manifests: readDescriptors(document.manifests, `${what}: manifests`),
  };
}

/** False for attestations and other artifacts, which are manifests but hold no rootfs. */
export function isImageManifest({ config, layers }: Pick<Manifest, 'config' | 'layers'>): boolean {
  const isConfig = config.mediaType === mediaTypes.config || config.mediaType === mediaTypes.dockerConfig;
  return isConfig && layers.every(({ mediaType }) => layerCompression(mediaType) !== undefined);
}

function checkVersion(document: JsonObject, what: string): void {
  if (document.schemaVersion !== 2) {
    throw new BimaError(
      'LAYOUT_INVALID',
      `${what}: expected "schemaVersion" 2, got ${JSON.stringify(document.schemaVersion)}`,
    );
  }
}

function wrongType(what: string, expected: string, got: string): BimaError {
  return new BimaError('LAYOUT_INVALID', `${what}: expected ${expected}, got "${got}"`);
}

function shared(document: JsonObject, what: string): Pick<Index, 'artifactType' | 'subject' | 'annotations'> {
  const { artifactType, subject, annotations } = document;
  return {
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(subject === undefined || subject === null
      ? {}
      : { subject: readDescriptor(subject, `${what}: subject`) }),
    ...(isStringMap(annotations) ? { annotations } : {}),
  };
}

function readDescriptors(value: unknown, what: string): Descriptor[] {
  if (!Array.isArray(value)) throw new BimaError('LAYOUT_INVALID', `${what} is not a list`);
  return value.map((item, position) => readDescriptor(item, `${what}[${position}]`));
}
