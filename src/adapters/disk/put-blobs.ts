// Puts external blobs into a layout, several at once.

import { link } from 'node:fs/promises';
import { isSystemError } from '../../core/errors.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { runSideBySide } from '../../core/concurrent.ts';
import { openLayout } from './layout.ts';
import type { Layout } from './layout.ts';

/** As many as are under way at once with one registry. */
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

/**
 * The same, with those taken over that are in the layout which this one will become a part of, if there is one: as
 * links, since whoever publishes there meanwhile may collect them.
 */
export async function putMissingBlobs(
  layout: Layout,
  blobs: readonly Blob[],
  destination: string,
  signal?: AbortSignal,
): Promise<void> {
  const there = await openLayout(destination).catch(() => undefined);
  const missing: Blob[] = [];
  for (const blob of blobs) {
    const { descriptor } = blob;
    const isThere = (await there?.has(descriptor)) === true;
    const isLinked = isThere && there !== undefined && (await linkBlob(there, layout, descriptor.digest));
    if (!isLinked) missing.push(blob);
  }
  await putBlobs(layout, missing, signal);
}

/** False where the file system has no links, or the blob is gone. */
async function linkBlob(from: Layout, to: Layout, digest: Digest): Promise<boolean> {
  try {
    await link(from.blobPath(digest), to.blobPath(digest));
    return true;
  } catch (error) {
    return isSystemError(error, 'EEXIST');
  }
}
