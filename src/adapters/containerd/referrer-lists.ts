// What refers to an image, kept by containerd: it collects what no name leads to, so the list of a manifest's referrers
// has a name of its own, which is the fallback tag that registries have for it.

import { BimaError } from '../../core/errors.ts';
import { blobOf } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { encodeJson } from '../../core/oci/json.ts';
import { parseIndex } from '../../core/oci/manifest.ts';
import type { Index } from '../../core/oci/manifest.ts';
import { isIndexType, mediaTypes } from '../../core/oci/media-types.ts';
import type { Containerd } from './containerd.ts';
import { failureOf } from './failure.ts';
import { parseImages } from './tables.ts';

export interface ReferrerList {
  /** The full name, with the fallback tag. */
  readonly name: string;
  readonly referrers: readonly ListedReferrer[];
}

export interface ListedReferrer {
  readonly descriptor: Descriptor;
  /** The image and everything below it. */
  readonly content: readonly Digest[];
}

/** A list that lacks something, in its new form. */
export interface ListUpdate {
  readonly name: string;
  readonly index: Blob;
}

/** Digests per call of ctr, whose arguments have a limit. */
const maxAsked = 1000;

/**
 * The lists that lack a referrer, or of which content is gone, with what containerd has of them already and what is
 * new. An entry of others whose manifest isn't there leads nowhere, and is left out.
 * @throws BimaError CONTAINERD_FAILED, also for a name that stands for something else than a list
 */
export async function updateLists(
  containerd: Containerd,
  lists: readonly ReferrerList[],
): Promise<readonly ListUpdate[]> {
  const updates: ListUpdate[] = [];
  for (const { name, referrers } of lists) {
    const current = await readList(containerd, name);
    const ours = new Set(referrers.map(({ descriptor }) => descriptor.digest));
    const others = current.filter(({ digest }) => !ours.has(digest));
    const present = await presentOf(containerd, [
      ...others.map(({ digest }) => digest),
      ...referrers.flatMap(({ content }) => content),
    ]);
    const listed = new Set(current.map(({ digest }) => digest));
    const isKept = referrers.every(
      ({ descriptor, content }) =>
        listed.has(descriptor.digest) && content.every((digest) => present.has(digest)),
    );
    if (isKept) continue;
    const manifests = [
      ...others.filter(({ digest }) => present.has(digest)),
      ...referrers.map(({ descriptor }) => descriptor),
    ];
    const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    updates.push({ name, index: blobOf(mediaTypes.index, encodeJson(index)) });
  }
  return updates;
}

async function readList({ client }: Containerd, name: string): Promise<readonly Descriptor[]> {
  const listed = await client.query('images', 'check', `name==${JSON.stringify(name)}`);
  // It exits with 1 for every list, which is no image of the node's platform, and prints it all the same.
  const found = parseImages(listed.stdout).find((image) => image.name === name);
  if (found === undefined) {
    if (listed.code !== 0) throw failureOf(`look for "${name}"`, listed.stderr);
    return [];
  }
  const { code, stdout, stderr } = await client.query('content', 'get', found.digest);
  if (code !== 0) throw failureOf(`read what "${name}" stands for`, stderr);
  if (!isIndexType(found.mediaType)) {
    throw new BimaError(
      'CONTAINERD_FAILED',
      `expected a list of referrers as "${name}" in containerd, got "${found.mediaType}"`,
      { hint: `Give it another name and remove this one: ctr images rm ${name}.` },
    );
  }
  return parseIndex(Buffer.from(stdout), `"${name}" in containerd`).manifests;
}

async function presentOf({ client }: Containerd, digests: readonly Digest[]): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (let start = 0; start < digests.length; start += maxAsked) {
    const filters = digests.slice(start, start + maxAsked).map((digest) => `digest==${digest}`);
    const { code, stdout, stderr } = await client.query('content', 'ls', '--quiet', ...filters);
    if (code !== 0) throw failureOf('list its content', stderr);
    for (const line of stdout.split('\n')) present.add(line.trim());
  }
  return present;
}
