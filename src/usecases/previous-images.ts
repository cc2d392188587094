// What a build can take layers over from: the image that its tags have, or what is in the place where it goes.

import type { PreviousImages } from '../adapters/layers/reuse.ts';
import { openLocalImages } from '../adapters/disk/open.ts';
import { streamOf } from '../core/oci/blob.ts';
import { withDefaultTag } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import { RegistryError } from '../adapters/registry/registry-error.ts';

/**
 * What the first of these references that is there stands for. Nothing is tried twice for it: a registry that can't be
 * reached now is known to be down, and the push that follows has its own patience.
 * @throws BimaError as reading a manifest does
 */
export async function openTaggedImage(
  client: RegistryClient,
  references: readonly Reference[],
): Promise<PreviousImages | undefined> {
  for (const reference of references.map(withDefaultTag)) {
    if (reference.tag === undefined) continue;
    const repository = client.repository(reference, { access: 'push', attempts: 1 });
    const document = await repository.read(reference.tag).catch((error: unknown) => {
      if (error instanceof RegistryError && error.failure !== undefined) client.down.add(reference.registry);
      throw error;
    });
    if (document === undefined) continue;
    const { descriptor, bytes } = document;
    const source = withBlobs(repository, [{ descriptor, open: () => streamOf(bytes) }]);
    return { source, roots: [descriptor], isLocal: false };
  }
  return undefined;
}

/** Those of a layout or an archive; undefined when the path doesn't exist. @throws BimaError LAYOUT_INVALID */
export async function openImagesAt(path: string): Promise<PreviousImages | undefined> {
  const images = await openLocalImages(path);
  return images === undefined ? undefined : { ...images, isLocal: true };
}
