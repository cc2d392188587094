// Blobs that are elsewhere, put into a layout side by side.

import type { Blob } from '../oci/blob.ts';
import { runSideBySide } from '../side-by-side.ts';
import { openLayout } from './layout.ts';
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

/** The same, apart from blobs that are in the layout which this one will become a part of, if there is one. */
export async function putMissingBlobs(
  layout: Layout,
  blobs: readonly Blob[],
  destination: string,
  signal?: AbortSignal,
): Promise<void> {
  const there = await openLayout(destination).catch(() => undefined);
  const missing: Blob[] = [];
  for (const blob of blobs) if ((await there?.has(blob.descriptor)) !== true) missing.push(blob);
  await putBlobs(layout, missing, signal);
}
