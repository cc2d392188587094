// The use case: an image of a layout or an archive goes into containerd.

import { formatNode } from '../adapters/containerd/containerd.ts';
import type { Containerd } from '../adapters/containerd/containerd.ts';
import { importImage } from '../adapters/containerd/import.ts';
import type { Imported, Owners } from '../adapters/containerd/import.ts';
import type { ListedReferrer, ListUpdate, ReferrerList } from '../adapters/containerd/referrer-lists.ts';
import { packArchive, packIndexes } from '../adapters/disk/archive.ts';
import { lifeOf, nameOwner } from '../adapters/filesystem/process-owner.ts';
import { readDocument } from '../core/oci/blob.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import { imagesOf, readTree } from '../core/oci/image-tree.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { readReferrer, referrersTag } from '../core/oci/referrers.ts';
import type { Source } from '../core/oci/target.ts';
import type { Reporter } from '../core/reporter.ts';

/** The namespace whose images Kubernetes runs. */
const kubernetes = 'k8s.io';

const owners: Owners = {
  name: nameOwner,
  isGone: async (text) => (await lifeOf(text)) === 'gone',
};

/**
 * Imports one image under every reference and unpacks it, and says so.
 * An image that has nothing for the platform of the node is imported and not unpacked, with a warning.
 * @param references at least one
 * @param referrers what refers to the image, and goes along with it
 * @throws BimaError as `importImage` does, or LAYOUT_INVALID and DIGEST_MISMATCH for a damaged source
 */
export async function loadImage(
  containerd: Containerd,
  source: Source,
  image: Descriptor,
  references: readonly Reference[],
  reporter: Reporter,
  signal?: AbortSignal,
  referrers: readonly Descriptor[] = [],
): Promise<Imported> {
  const platforms = await readPlatforms(source, image);
  const names = references.map(formatReference).join(', ');
  const where = `containerd's namespace "${containerd.namespace}"`;
  reporter.debug(`containerd ${containerd.version} at ${containerd.address}`);
  const wait = () => {
    reporter.info('interrupted: waiting until containerd has ended the import');
  };
  signal?.addEventListener('abort', wait, { once: true });
  const lists = await listsOf(source, referrers, references);
  const open = () => packArchive(source, image, references);
  const openLists = (updates: readonly ListUpdate[]) => packIndexes(source, updates, referrers);
  const imported = await importImage(
    containerd,
    { image, references, platforms, open, lists, openLists, owners },
    signal,
  ).finally(() => {
    signal?.removeEventListener('abort', wait);
  });

  reporter.info(imported.isNew ? `imported ${names} into ${where}` : `${names} is in ${where} already`);
  for (const { name, referrers: listed } of lists)
    reporter.info(`what refers to the image is in the list ${name} (${listed.length} manifests)`);
  if (!imported.isUnpacked) {
    const node = formatNode(containerd);
    reporter.warning({
      code: 'PLATFORM_FOREIGN',
      message: `the image is for ${platforms.map(formatPlatform).join(' and ')} and this node is ${node}: it was imported, not unpacked`,
      hint: 'It can be pushed and exported from here; to run it, import it on a node of its platform.',
    });
  }
  if (containerd.namespace === 'default' && containerd.namespaces.includes(kubernetes))
    reporter.info(`Kubernetes on this node sees only the images of the namespace "${kubernetes}"`);
  return imported;
}

/** The referrers by what they refer to, in every repository that the image has a name of. */
async function listsOf(
  source: Source,
  referrers: readonly Descriptor[],
  references: readonly Reference[],
): Promise<ReferrerList[]> {
  const lists = new Map<Digest, ListedReferrer[]>();
  for (const referrer of referrers) {
    const bytes = await readDocument(source.open(referrer), source.name);
    const { subject, referrer: descriptor } = readReferrer(referrer, bytes);
    if (subject === undefined) continue;
    const { indexes, manifests, blobs } = await readTree(source, referrer);
    const content = [...indexes, ...manifests, ...blobs].map(({ digest }) => digest);
    const list = lists.get(subject) ?? [];
    list.push({ descriptor, content });
    lists.set(subject, list);
  }
  const names = [...lists].flatMap(([subject, listed]) =>
    references.map(({ registry, repository }) => {
      const name = formatReference({ registry, repository, tag: referrersTag(subject) });
      return [name, { name, referrers: listed }] as const;
    }),
  );
  return [...new Map(names).values()];
}

/** The platforms of an image: one of a manifest, any number of an index. */
async function readPlatforms(source: Source, root: Descriptor): Promise<Platform[]> {
  const platforms: Platform[] = [];
  for await (const { descriptor, read } of imagesOf(source, root)) {
    const image = await read();
    if (image !== undefined) platforms.push(descriptor.platform ?? image.config.platform);
  }
  return platforms;
}
