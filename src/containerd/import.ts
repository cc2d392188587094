// An image into containerd, with `ctr images import`: all of it under all of its names, or nothing new.

import type { ByteStream } from '../oci/blob.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndexType } from '../oci/media-types.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference } from '../oci/reference.ts';
import type { Reference } from '../oci/reference.ts';
import { isNative } from './containerd.ts';
import type { Containerd } from './containerd.ts';
import { failureOf } from './failure.ts';
import { isAnswering } from './socket.ts';
import { parseImages } from './tables.ts';
import type { StoredImage } from './tables.ts';

export interface Import {
  readonly image: Descriptor;
  /** At least one, each with a tag. */
  readonly references: readonly Reference[];
  /** At least one, and of a manifest its own. */
  readonly platforms: readonly Platform[];
  /** A fresh archive of the image, whose index holds the references and comes last. */
  readonly open: () => Promise<ByteStream>;
}

export interface Imported {
  /** False when containerd had all of it already, and nothing was changed. */
  readonly isNew: boolean;
  /** False for an image that the node can't run. */
  readonly isUnpacked: boolean;
}

/**
 * When a tag moves, nothing holds the old image's snapshots any more. A collection at that moment removes those that
 * the new image shares, which ctr has just found and counts on. Once they are gone, another import makes its own.
 */
const lostSnapshot = /parent snapshot \S+ does not exist/;

/**
 * Imports the image under each reference and unpacks it, however long that takes.
 * When it fails or is interrupted, names that are new are removed again together with the content;
 * a name that stood for another image stays where it is, or at the new image if that has arrived whole.
 * @throws BimaError CONTAINERD_FAILED, CONTAINERD_UNREACHABLE or CONTAINERD_DENIED; whatever ends the stream
 */
export async function importImage(
  containerd: Containerd,
  order: Import,
  signal?: AbortSignal,
): Promise<Imported> {
  const names = order.references.map(formatReference);
  const { digest } = order.image;
  const native = order.platforms.find((platform) => isNative(containerd, platform));
  const isUnpacked = native !== undefined;
  const before = await listImages(containerd, names);
  const isThere = (image: StoredImage) => image.digest === digest && image.isReady;
  if (isUnpacked && names.every((name) => before.some((image) => image.name === name && isThere(image))))
    return { isNew: false, isUnpacked };

  const feed = async () => {
    const stream = await order.open();
    signal?.throwIfAborted();
    return containerd.client.feed(importArguments(containerd, order, native), stream, signal);
  };
  try {
    const first = await feed();
    const { code, stderr } = lostSnapshot.test(first.stderr) ? await feed() : first;
    if (code !== 0) throw failureOf('import the image', stderr);
  } catch (error) {
    const known = new Set(before.map(({ name }) => name));
    await withdraw(
      containerd,
      names.filter((name) => !known.has(name)),
      order.image,
    );
    throw error;
  }
  return { isNew: true, isUnpacked };
}

/** @param native the platform to unpack, if the image has one that the node runs */
export function importArguments(
  { snapshotter, importFlags }: Pick<Containerd, 'snapshotter' | 'importFlags'>,
  { image, platforms }: Pick<Import, 'image' | 'platforms'>,
  native: Platform | undefined,
): string[] {
  const platform = native ?? platforms[0];
  return [
    'images',
    'import',
    // Without it, ctr 2 has the server do the import, which unpacks for the configured snapshotters alone.
    ...(importFlags.includes('--local') ? ['--local'] : []),
    ...(platform === undefined ? [] : ['--platform', formatPlatform(platform)]),
    ...(isIndexType(image.mediaType) ? ['--all-platforms'] : []),
    ...(native === undefined ? ['--no-unpack'] : []),
    ...(snapshotter === undefined ? [] : ['--snapshotter', snapshotter]),
    '-',
  ];
}

async function listImages(
  { client, snapshotter }: Containerd,
  names: readonly string[],
): Promise<StoredImage[]> {
  const answer = await client.query(
    'images',
    'check',
    ...(snapshotter === undefined ? [] : ['--snapshotter', snapshotter]),
    ...names.map((name) => `name==${JSON.stringify(name)}`),
  );
  const images = parseImages(answer.stdout);
  // It exits with 1 as well when one of the images is damaged or for another platform: then it lists them.
  if (answer.code !== 0 && images.length === 0) throw failureOf('list its images', answer.stderr);
  return images;
}

/** Removes what a failed import left under new names, and has containerd collect the content that nothing needs. */
async function withdraw(containerd: Containerd, names: readonly string[], image: Descriptor): Promise<void> {
  const { client, address } = containerd;
  if (!(await isAnswering(address))) return;
  const found = names.length === 0 ? [] : await listImages(containerd, names).catch(() => []);
  const ours = found.filter(({ name, digest }) => names.includes(name) && digest === image.digest);
  if (ours.length > 0) await client.query('images', 'rm', ...ours.map(({ name }) => name));
  // The end of a lease is the one moment at which ctr can ask for a collection.
  const lease = await client.query('leases', 'create', '--expires', '1m');
  if (lease.code === 0) await client.query('leases', 'delete', '--sync', lease.stdout.trim());
}
