// Descriptors: how one document points at another (OCI image-spec, descriptor.md).

import { BimaError } from '../errors.ts';
import { digestOf, isDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import { isObject, isStringMap } from './json.ts';
import { readPlatform } from './platform.ts';
import type { Platform } from './platform.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

/** The descriptor of these bytes. */
export function describeBytes(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/**
 * Checks a descriptor that was read from a document.
 * @param what names its place in the error, such as `index.json: manifests[0]`
 * @throws BimaError LAYOUT_INVALID
 */
export function readDescriptor(value: unknown, what: string): Descriptor {
  const invalid = (why: string) =>
    new BimaError('LAYOUT_INVALID', `${what} is not a valid descriptor: ${why}`);
  if (!isObject(value)) throw invalid('it is no JSON object');
  const { mediaType, digest, size, annotations, artifactType } = value;
  if (typeof mediaType !== 'string') throw invalid('"mediaType" is missing');
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid('"digest" is no sha256 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid('"size" is no byte count');
  if (annotations !== undefined && annotations !== null && !isStringMap(annotations)) {
    throw invalid('"annotations" is no map of strings');
  }
  const platform = readPlatform(value.platform);
  return {
    mediaType,
    digest,
    size,
    ...(isStringMap(annotations) ? { annotations } : {}),
    ...(platform === undefined ? {} : { platform }),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
  };
}
