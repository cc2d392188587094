// Puts manifests that refer to an image into its layout, whose index lists them: there is no other way to find them.

import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { openLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import { withLock } from './lock.ts';

/** @param blobs all that the manifests name, and they themselves. @throws BimaError OUTPUT_FAILED */
export async function addReferrers(
  layout: Layout,
  referrers: readonly Descriptor[],
  blobs: readonly Blob[],
): Promise<void> {
  for (const blob of blobs) await layout.put(blob);
  const index = await layout.readIndex();
  const known = new Set(index.manifests.map(({ digest }) => digest));
  const added = referrers.filter(({ digest }) => !known.has(digest));
  if (added.length > 0) await layout.writeIndex({ ...index, manifests: [...index.manifests, ...added] });
}

/** The same for a layout that others may write to, too. @throws BimaError OUTPUT_FAILED */
export async function addReferrersAt(
  path: string,
  referrers: readonly Descriptor[],
  blobs: readonly Blob[],
  signal?: AbortSignal,
): Promise<void> {
  await withLock(
    path,
    async (stillHeld) => {
      const layout = await openLayout(path);
      await addReferrers(
        {
          ...layout,
          writeIndex: async (index) => {
            await stillHeld();
            await layout.writeIndex(index);
          },
        },
        referrers,
        blobs,
      );
    },
    { signal },
  );
}
