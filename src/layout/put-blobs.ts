// Blobs that are elsewhere, put into a layout side by side.

import type { Blob } from '../oci/blob.ts';
import { runSideBySide } from '../side-by-side.ts';
import type { Layout } from './layout.ts';

/** As many as travel at once with one registry. */
const concurrency = 4;

/** Puts each blob that the layout doesn't have. @throws BimaError DIGEST_MISMATCH, and what reading them throws */
export async function putBlobs(layout: Layout, blobs: readonly Blob[], signal?: AbortSignal): Promise<void> {
  const different = new Map(blobs.map((blob) => [blob.descriptor.digest, blob]));
  const tasks = [...different.values()].map((blob) => async (inner: AbortSignal) => {
    inner.throwIfAborted();
    await layout.put(blob);
  });
  await runSideBySide(tasks, concurrency, signal);
}
