// A repository with images, indexes and signatures, and ways to clean it up.

import type { Previews } from '../../../src/usecases/cleanup/brought.ts';
import { removeTags } from '../../../src/usecases/cleanup/cleanup.ts';
import type { CleanupRecord } from '../../../src/usecases/cleanup/cleanup.ts';
import type { ImageStore } from '../../../src/usecases/cleanup/store.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { hexOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import type { Problem } from '../../../src/core/errors.ts';
import type { RegistryStore } from '../../support/registry-store.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';

export const repository = 'owner/app';

/** The pull request that is cleaned up by default. */
export const mine = 'https://github.com/owner/app/pull/5';
/** The same day as in the packages of the tests. */
const opened = Date.parse('2024-05-01T10:00:00Z');

export function markedFor(mark: string | undefined): Readonly<Record<string, string>> {
  return mark === undefined ? {} : { 'com.nubificus.bima.pull-request': mark };
}

/** Puts an image of its own there, under the tags. @param mark whose preview it is, null for nobody's */
export function addImage(
  store: RegistryStore,
  seed: string,
  tags: readonly string[],
  subject?: Descriptor,
  mark: string | null = mine,
): Descriptor {
  const annotations = markedFor(mark ?? undefined);
  const image = sampleImage({
    seed,
    layers: [60],
    annotations,
    ...(subject === undefined ? {} : { subject }),
  });
  storeImage(store, repository, image);
  for (const tag of tags) store.repository(repository).tags.set(tag, image.root.digest);
  return image.root;
}

export function addIndex(
  store: RegistryStore,
  manifests: readonly Descriptor[],
  tags: readonly string[],
  mark: string | null = mine,
): Descriptor {
  const annotations = markedFor(mark ?? undefined);
  const bytes = encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests, annotations });
  store.addManifest(repository, mediaTypes.index, bytes);
  const descriptor = describeBytes(mediaTypes.index, bytes);
  for (const tag of tags) store.repository(repository).tags.set(tag, descriptor.digest);
  return descriptor;
}

/** The tag under which the referrers of a manifest are listed, or cosign's for a signature. */
export function tagAttachedTo({ digest }: Descriptor, suffix = ''): string {
  return `sha256-${hexOf(digest)}${suffix}`;
}

export function digestsIn(store: RegistryStore): Digest[] {
  return [...store.repository(repository).manifests.keys()].sort();
}

export interface CleanupOutcome {
  readonly deleted: readonly CleanupRecord[];
  readonly skipped: readonly CleanupRecord[];
  readonly warnings: readonly Problem[];
  readonly lines: readonly string[];
}

export async function clean(
  store: ImageStore,
  tags: readonly string[],
  more: { readonly dryRun?: boolean; readonly signal?: AbortSignal; readonly previews?: Previews } = {},
): Promise<CleanupOutcome> {
  const deleted: CleanupRecord[] = [];
  const warnings: Problem[] = [];
  const lines: string[] = [];
  const { previews = new Map([[mine, opened]]), dryRun = false } = more;
  const skipped = await removeTags(
    { tags, previews, dryRun },
    {
      store,
      reporter: {
        ...silentReporter,
        info: (line) => lines.push(line),
        warning: (problem) => warnings.push(problem),
      },
      signal: more.signal ?? new AbortController().signal,
      deleted: (record) => deleted.push(record),
    },
  );
  return { deleted, skipped, warnings, lines };
}
