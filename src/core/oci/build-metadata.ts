// What is said of a built image in the keys of BuildKit's metadata file (docs.docker.com, "docker buildx build
// --metadata-file").

import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { formatPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { formatReference } from './reference.ts';
import type { Reference } from './reference.ts';

export interface MetadataFacts {
  /** Of the manifest or the index. */
  readonly root: Descriptor;
  /** Undefined for an index, which has none. */
  readonly config: Digest | undefined;
  readonly platforms: readonly Platform[];
  readonly references: readonly Reference[];
}

/** Fit for JSON. */
export function buildMetadata({
  root,
  config,
  platforms,
  references,
}: MetadataFacts): Readonly<Record<string, unknown>> {
  return {
    'containerimage.digest': root.digest,
    ...(config === undefined ? {} : { 'containerimage.config.digest': config }),
    'containerimage.descriptor': plainDescriptor(root),
    'image.name': references.map(formatReference).join(','),
    'bima.platforms': platforms.map(formatPlatform),
  };
}

function plainDescriptor({
  mediaType,
  digest,
  size,
  annotations,
  platform,
}: Descriptor): Partial<Descriptor> {
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined || Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
  };
}
