// Digests: how content is named (OCI image-spec, descriptor.md, "Digests").

import { createHash } from 'node:crypto';
import { BimaError } from '../errors.ts';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** @throws BimaError REFERENCE_INVALID for anything but a sha256 digest */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new BimaError(
      'REFERENCE_INVALID',
      `expected a digest of the form sha256:<64 hex digits>, got "${text}"`,
    );
  }
  return text;
}

/** The hexadecimal part: the file name of a blob in a layout. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A digest and a size in the making, for bytes that arrive in pieces. */
export interface Digester {
  /** Bytes so far. */
  readonly size: number;
  update(chunk: Uint8Array): void;
  /** Ends the digest; `update` must not be called after it. */
  digest(): Digest;
}

export function createDigester(): Digester {
  const hash = createHash('sha256');
  let size = 0;
  return {
    get size() {
      return size;
    },
    update(chunk) {
      hash.update(chunk);
      size += chunk.length;
    },
    digest: () => `sha256:${hash.digest('hex')}`,
  };
}
