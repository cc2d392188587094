// An image into containerd, with `ctr images import`: all of it under all of its names, or nothing new.

import { BimaError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isIndexType } from '../../core/oci/media-types.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { formatReference } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import { isNative } from './containerd.ts';
import type { Containerd } from './containerd.ts';
import { failureOf } from './failure.ts';
import { updateLists } from './referrer-lists.ts';
import type { ListUpdate, ReferrerList } from './referrer-lists.ts';
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
  /** What refers to the image, or to something in it, under the names that keep it. */
  readonly lists: readonly ReferrerList[];
  /** A fresh archive of lists, with the referrers in them that are the image's. */
  readonly openLists: (updates: readonly ListUpdate[]) => Promise<ByteStream>;
  readonly owners: Owners;
}

/** Names that identify the process that made them. */
export interface Owners {
  /** A new name, valid as a tag. */
  readonly name: () => Promise<string>;
  /** Whether a text ends with the name of a process that doesn't run any more. */
  readonly isGone: (text: string) => Promise<boolean>;
}

export interface Imported {
  /** False when containerd had all of it already, and nothing was changed. */
  readonly isNew: boolean;
  /** False for an image that the node can't run. */
  readonly isUnpacked: boolean;
}

/** What a name stood for is held under a name of this repository until the new image is there. */
const keptRepository = 'bima.invalid/kept';

/**
 * A collection in the middle of an import removes snapshots that nothing else holds, which ctr has just found and counts
 * on. Once they are gone, another import makes its own.
 */
const lostSnapshot = /parent snapshot \S+ does not exist/;

/**
 * Imports the image under each reference and unpacks it, however long that takes; before it, the lists of what refers
 * to it, which are not unpacked.
 * When it fails or is interrupted, names that are new are removed again together with the content, and names that
 * stood for other images do so again; if that can't be done, the error says so.
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
  const isReady = (name: string) =>
    before.some((image) => image.name === name && image.digest === digest && image.isReady);
  const isThere = isUnpacked && names.every(isReady);
  const updates = await updateLists(containerd, order.lists);
  if (isThere && updates.length === 0) return { isNew: false, isUnpacked };

  const goals = new Map([
    ...updates.map(({ name, index }) => [name, index.descriptor.digest] as const),
    ...names.map((name) => [name, digest] as const),
  ]);
  await removeAbandoned(containerd, order.owners);
  const stored = updates.length === 0 ? before : await listImages(containerd, [...goals.keys()]);
  const moving = stored.filter((image) => image.digest !== goals.get(image.name));
  const kept = await keepAll(containerd, moving, order.owners);
  const feed = async (args: readonly string[], open: () => Promise<ByteStream>) => {
    const stream = await open();
    signal?.throwIfAborted();
    return containerd.client.feed(args, stream, signal);
  };
  try {
    if (updates.length > 0) {
      const { code, stderr } = await feed(listArguments(containerd), () => order.openLists(updates));
      if (code !== 0) throw failureOf('import what refers to the image', stderr);
    }
    if (!isThere) {
      const args = importArguments(containerd, order, native);
      const first = await feed(args, order.open);
      const { code, stderr } = lostSnapshot.test(first.stderr) ? await feed(args, order.open) : first;
      if (code !== 0) throw failureOf('import the image', stderr);
    }
  } catch (error) {
    for (const { name } of stored) goals.delete(name);
    const lost = await putBack(containerd, kept);
    await withdraw(containerd, goals);
    throw lost.length === 0 ? error : notPutBack(error, lost);
  }
  await release(containerd, kept);
  return { isNew: true, isUnpacked };
}

interface Kept {
  /** The image as it was before. */
  readonly image: StoredImage;
  /** The name that holds it meanwhile. */
  readonly keeper: string;
}

/** What a name stood for would be collected as soon as the name moves. */
async function keepAll(
  containerd: Containerd,
  images: readonly StoredImage[],
  owners: Owners,
): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  for (const image of images) {
    const keeper = `${keptRepository}:${await owners.name()}`;
    const answer = await containerd.client.query('images', 'tag', image.name, keeper);
    if (answer.code !== 0) {
      await release(containerd, kept);
      throw failureOf(`keep what "${image.name}" stands for`, answer.stderr);
    }
    kept.push({ image, keeper });
  }
  return kept;
}

async function release({ client }: Containerd, kept: readonly Kept[]): Promise<void> {
  if (kept.length > 0) await client.query('images', 'rm', ...kept.map(({ keeper }) => keeper));
}

/** @returns the names that stand for something else than before, and stay so: what they stood for is kept then */
async function putBack(containerd: Containerd, kept: readonly Kept[]): Promise<readonly Kept[]> {
  if (kept.length === 0) return [];
  const { client } = containerd;
  const found = await listImages(
    containerd,
    kept.map(({ image }) => image.name),
  ).catch(() => undefined);
  const lost: Kept[] = [];
  for (const one of kept) {
    const { name, digest } = one.image;
    if (found?.some((image) => image.name === name && image.digest === digest) === true) continue;
    const answer = await client.query('images', 'tag', '--force', one.keeper, name);
    if (answer.code !== 0) lost.push(one);
  }
  await release(
    containerd,
    kept.filter((one) => !lost.includes(one)),
  );
  return lost;
}

function notPutBack(error: unknown, lost: readonly Kept[]): unknown {
  if (!(error instanceof BimaError)) return error;
  const list = lost.map(
    ({ image, keeper }) => `"${image.name}" (it was ${image.digest}, kept as "${keeper}")`,
  );
  const commands = lost.map(({ image, keeper }) => `ctr images tag --force ${keeper} ${image.name}`);
  return new BimaError(
    error.code,
    `${error.message}; these names could not be put back: ${list.join(', ')}`,
    {
      hint: [error.hint, `Then put them back: ${commands.join('; ')}.`]
        .filter((part) => part !== undefined)
        .join(' '),
      cause: error,
    },
  );
}

/** Removes the names with which killed processes held images. */
async function removeAbandoned({ client }: Containerd, owners: Owners): Promise<void> {
  const { stdout } = await client.query('images', 'ls', '--quiet');
  const names = stdout.split('\n').filter((name) => name.startsWith(`${keptRepository}:`));
  for (const name of names) if (await owners.isGone(name)) await client.query('images', 'rm', name);
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

/** Arguments for lists of referrers, which have no platform: import all that is in them, unpack nothing. */
function listArguments({ importFlags }: Containerd): string[] {
  const local = importFlags.includes('--local') ? ['--local'] : [];
  return ['images', 'import', ...local, '--all-platforms', '--no-unpack', '-'];
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

/**
 * Removes what a failed import left under new names, and has containerd collect the content that nothing needs.
 * @param made the names with what they would stand for
 */
async function withdraw(containerd: Containerd, made: ReadonlyMap<string, Digest>): Promise<void> {
  const { client, address } = containerd;
  if (!(await isAnswering(address))) return;
  const found = made.size === 0 ? [] : await listImages(containerd, [...made.keys()]).catch(() => []);
  const ours = found.filter(({ name, digest }) => digest === made.get(name));
  if (ours.length > 0) await client.query('images', 'rm', ...ours.map(({ name }) => name));
  // The end of a lease is the one moment at which ctr can ask for a collection.
  const lease = await client.query('leases', 'create', '--expires', '1m');
  if (lease.code === 0) await client.query('leases', 'delete', '--sync', lease.stdout.trim());
}
