// The use case: an image of a layout or an archive goes into containerd.

import { formatNode } from '../adapters/containerd/containerd.ts';
import type { Containerd } from '../adapters/containerd/containerd.ts';
import { importImage } from '../adapters/containerd/import.ts';
import type { Imported, Owners } from '../adapters/containerd/import.ts';
import { packArchive } from '../adapters/disk/archive.ts';
import { lifeOf, nameOwner } from '../adapters/filesystem/owner.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { imagesOf } from '../core/oci/image-tree.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
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
 * @param referrers what refers to the image: it stays behind, which is said
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
  const open = () => packArchive(source, image, references);
  const imported = await importImage(
    containerd,
    { image, references, platforms, open, owners },
    signal,
  ).finally(() => {
    signal?.removeEventListener('abort', wait);
  });

  reporter.info(imported.isNew ? `imported ${names} into ${where}` : `${names} is in ${where} already`);
  if (referrers.length > 0)
    reporter.info(
      `what refers to the image stays behind (${referrers.length} manifests): containerd keeps only what a name leads to`,
    );
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

/** The platforms of an image: one of a manifest, any number of an index. */
async function readPlatforms(source: Source, root: Descriptor): Promise<Platform[]> {
  const platforms: Platform[] = [];
  for await (const { descriptor, read } of imagesOf(source, root)) {
    const image = await read();
    if (image !== undefined) platforms.push(descriptor.platform ?? image.config.platform);
  }
  return platforms;
}
