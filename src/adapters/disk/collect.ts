// What a layout holds and nothing reaches: images whose tags have moved on, and what killed runs left. It is collected
// by whoever holds the lock, so that a layout doesn't grow with every build.

import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { hexOf } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { readTree } from '../../core/oci/image-tree.ts';
import { subjectOf } from '../../core/oci/referrers.ts';
import type { Index } from '../../core/oci/manifest.ts';
import type { Source } from '../../core/oci/target.ts';
import type { Layout } from './layout.ts';
import { imageNameAnnotation, refNameAnnotation } from './names.ts';

/** Every digest that these roots lead to. @throws BimaError for a document that is missing or unreadable */
export async function reachable(source: Source, roots: readonly Descriptor[]): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  for (const root of roots) {
    const { blobs, manifests, indexes } = await readTree(source, root);
    for (const { digest } of [root, ...blobs, ...manifests, ...indexes]) found.add(digest);
  }
  return found;
}

/**
 * The index that takes the place of another, without the entries that only refer to images which went with it: a
 * signature or a bill of materials has no name of its own, and goes with its image.
 */
export async function withoutLostReferrers(source: Source, before: Index, after: Index): Promise<Index> {
  let kept = after.manifests;
  for (;;) {
    const there = new Set(kept.map(({ digest }) => digest));
    const gone = before.manifests.filter(({ digest }) => !there.has(digest));
    const lost = await reachable(source, gone).catch(ignoreDamage);
    const held = await reachable(source, kept).catch(ignoreDamage);
    if (lost === undefined || held === undefined) return { ...after, manifests: kept };
    const subjects = await Promise.all(
      kept.map(async (entry) => (isNamed(entry) ? undefined : await subjectOf(source, entry))),
    );
    const next = kept.filter((_entry, at) => {
      const subject = subjects[at];
      return subject === undefined || !lost.has(subject) || held.has(subject);
    });
    if (next.length === kept.length) return { ...after, manifests: kept };
    kept = next;
  }
}

/** Removes every blob that no entry of the index reaches; none if something that the index names can't be read. */
export async function collect(layout: Layout, index: Index): Promise<void> {
  const needed = await reachable(layout, index.manifests).catch(ignoreDamage);
  if (needed === undefined) return;
  const names = new Set([...needed].map(hexOf));
  for (const name of await listBlobs(layout)) {
    if (!names.has(name)) await rm(blobFile(layout, name)).catch(() => undefined);
  }
}

/** The hexadecimal digests of all blobs, whether something needs them or not, in order. */
export async function listBlobs(layout: Layout): Promise<string[]> {
  const names = await readdir(join(layout.directory, 'blobs', 'sha256'));
  return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
}

function blobFile(layout: Layout, hex: string): string {
  return join(dirname(layout.blobPath('sha256:0')), hex);
}

function isNamed({ annotations = {} }: Descriptor): boolean {
  return annotations[imageNameAnnotation] !== undefined || annotations[refNameAnnotation] !== undefined;
}

function ignoreDamage(error: unknown): undefined {
  if (!(error instanceof BimaError)) throw error;
}
