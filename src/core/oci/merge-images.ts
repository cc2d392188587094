// Several images, each for a platform of its own, become one index. Pure.

import { BimaError } from '../errors.ts';
import type { Blob } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import { encodeIndex } from './index-document.ts';
import { formatPlatform } from './platform.ts';
import type { Platform } from './platform.ts';

export interface MergePart {
  /** Where it comes from, for errors. */
  readonly where: string;
  /** Descriptor of a manifest; its platform must be known. */
  readonly manifest: Descriptor & { readonly platform: Platform };
}

/** What an attestation has for a platform; there may be many. */
const noPlatform = 'unknown/unknown';

/**
 * The index of all parts (OCI image-spec, image-index.md), sorted by platform: the order of the parts doesn't matter.
 * @throws BimaError LAYOUT_INVALID for an image that is there twice, and for two images of one platform
 */
export function mergeImages(
  parts: readonly MergePart[],
  annotations: Readonly<Record<string, string>> = {},
): Blob {
  checkDistinct(parts);
  return encodeIndex(parts.map(({ manifest }) => manifest).sort(inOrder), annotations);
}

function checkDistinct(parts: readonly MergePart[]): void {
  const hint = 'Merge one image for each platform: check that every job built for another one.';
  const digests = new Map<string, string>();
  const platforms = new Map<string, string>();
  for (const { where, manifest } of parts) {
    const twin = digests.get(manifest.digest);
    if (twin !== undefined) {
      const message = `expected different images to merge, got ${manifest.digest} from both "${twin}" and "${where}"`;
      throw new BimaError('LAYOUT_INVALID', message, { hint });
    }
    digests.set(manifest.digest, where);
    const platform = formatPlatform(manifest.platform);
    const rival = platforms.get(platform);
    if (rival !== undefined && platform !== noPlatform) {
      const message = `expected one image for ${platform}, got one from "${rival}" and another from "${where}"`;
      throw new BimaError('LAYOUT_INVALID', message, { hint });
    }
    platforms.set(platform, where);
  }
}

function inOrder(one: MergePart['manifest'], other: MergePart['manifest']): number {
  const [a, b] = [formatPlatform(one.platform), formatPlatform(other.platform)];
  if (a === b) return one.digest < other.digest ? -1 : 1;
  if (a === noPlatform || b === noPlatform) return a === noPlatform ? 1 : -1;
  return a < b ? -1 : 1;
}
