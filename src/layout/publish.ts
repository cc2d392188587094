// Makes a layout where nobody sees it, and gives it its final place: a new folder, or inside a layout that is there.

import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BimaError, isSystemError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference } from '../oci/reference.ts';
import { createLayout, isBlob, openLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import { withImage } from './names.ts';
import { cleanUp, move } from './patience.ts';
import { isTemporaryName, outputErrors, withTemporaryFolder } from './temporary.ts';

/**
 * Runs `body` with an empty layout on the same disk as `path`, and removes what is left of it afterwards.
 * @throws BimaError OUTPUT_FAILED for what the file system answers meanwhile
 */
export function withTemporaryLayout<T>(path: string, body: (layout: Layout) => Promise<T>): Promise<T> {
  return outputErrors(path, async () => {
    // A folder that is there can be a disk of its own, or all that may be written to.
    const parent = (await isFolder(path)) ? path : dirname(path);
    return withTemporaryFolder(
      path,
      async (folder) => body(await createLayout(join(folder, 'layout'))),
      parent,
    );
  });
}

/**
 * Says early whether {@link publishLayout} could write to `destination`.
 * @throws BimaError OUTPUT_FAILED for a file, or for a folder that holds something else than a layout
 */
export async function checkDestination(destination: string): Promise<'new' | 'layout'> {
  const names = await readdir(destination).catch((error: unknown): string[] => {
    if (isSystemError(error, 'ENOENT')) return [];
    throw new BimaError('OUTPUT_FAILED', `expected a folder for the layout, got "${destination}"`, {
      cause: error,
    });
  });
  if (names.every(isTemporaryName)) return 'new';
  if (names.includes('oci-layout')) return 'layout';
  throw new BimaError('OUTPUT_FAILED', `"${destination}" is neither empty nor an OCI image layout`, {
    hint: 'Name a new folder, an empty one or an existing layout.',
  });
}

/** Moves `image`, what the index has beside it, and their blobs from a temporary layout to `destination`; the index changes last and in one step. */
export async function publishLayout(
  temporary: Layout,
  image: Descriptor,
  references: readonly Reference[],
  destination: string,
): Promise<void> {
  if ((await checkDestination(destination)) === 'new') {
    await temporary.writeIndex(withImage(await temporary.readIndex(), image, references));
    if (await isFolder(destination)) await moveInto(destination, temporary.directory);
    else await move(temporary.directory, destination);
    return;
  }
  const layout = await openLayout(destination);
  const index = await layout.readIndex();
  for (const digest of await blobsOf(temporary)) {
    const path = temporary.blobPath(digest);
    if (!(await isBlob(layout.blobPath(digest), digest, (await stat(path)).size)))
      await move(path, layout.blobPath(digest));
  }
  const known = new Set(index.manifests.map(({ digest }) => digest));
  const others = (await temporary.readIndex()).manifests.filter(({ digest }) => !known.has(digest));
  const all = { ...index, manifests: [...index.manifests, ...others] };
  await layout.writeIndex(withImage(all, image, references));
}

/** Keeps the empty folder itself, which can be mounted, a link's target or somebody's current directory. */
async function moveInto(destination: string, directory: string): Promise<void> {
  const moved: string[] = [];
  try {
    // The marker comes last: without it, nobody takes the folder for a layout.
    for (const name of ['blobs', 'index.json', 'oci-layout']) {
      await move(join(directory, name), join(destination, name));
      moved.push(join(destination, name));
    }
  } catch (error) {
    for (const path of moved) await cleanUp(path);
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

async function blobsOf(layout: Layout): Promise<Digest[]> {
  const names = await readdir(join(layout.directory, 'blobs', 'sha256'));
  return names.sort().map((name): Digest => `sha256:${name}`);
}
