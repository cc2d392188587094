// One image of a layout as a layout of its own, for consumers that take a whole folder.

import { constants, copyFile, link } from 'node:fs/promises';
import { outputErrors } from '../filesystem/temporary.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import type { Reference } from '../../core/oci/reference.ts';
import { reachable } from './collect.ts';
import { createLayout, openLayout } from './layout.ts';
import { withImage } from './names.ts';

export interface ExtractedImage {
  readonly image: Descriptor;
  readonly references: readonly Reference[];
  readonly referrers: readonly Descriptor[];
}

/**
 * Makes the layout `to` of an image in the layout `from` and of what refers to it, as links where the file system has
 * them: neither of the two may be changed in place.
 * @throws BimaError LAYOUT_INVALID for an image that isn't there whole, OUTPUT_FAILED
 */
export async function extractImage(
  from: string,
  to: string,
  { image, references, referrers }: ExtractedImage,
): Promise<void> {
  const source = await openLayout(from);
  const digests = await reachable(source, [image, ...referrers]);
  await outputErrors(to, async () => {
    const layout = await createLayout(to);
    for (const digest of digests) {
      const [old, fresh] = [source.blobPath(digest), layout.blobPath(digest)];
      await link(old, fresh).catch(() => copyFile(old, fresh, constants.COPYFILE_FICLONE));
    }
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: referrers } as const;
    await layout.writeIndex(withImage(index, image, references));
  });
}
