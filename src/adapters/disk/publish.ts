// Makes a layout out of sight, and moves it to its final place: a new folder, or an existing layout.

import { mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { isDesktopFile } from '../../core/file-names.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Index } from '../../core/oci/manifest.ts';
import type { Reference } from '../../core/oci/reference.ts';
import { collect, listBlobs, withoutLostReferrers } from './collect.ts';
import { createLayout, isBlob, openLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import { withLock } from './lock.ts';
import type { StillHeld } from './lock.ts';
import { withImage, withReplaced } from './names.ts';
import { cleanUp, move } from '../filesystem/patience.ts';
import { isTemporaryName, outputErrors, sweep, withTemporaryFolder } from '../filesystem/temporary.ts';

/** The layout in a temporary folder. */
const temporaryLayout = 'layout';

/**
 * Runs `body` with an empty layout on the same disk as `path`, and removes what is left of it afterwards.
 * @throws BimaError OUTPUT_FAILED for what the file system answers meanwhile
 */
export function withTemporaryLayout<T>(path: string, body: (layout: Layout) => Promise<T>): Promise<T> {
  return outputErrors(path, async () => {
    // An existing folder can be a disk of its own, or the only writable place.
    const parent = (await isFolder(path)) ? path : dirname(path);
    return withTemporaryFolder(
      path,
      async (folder) => body(await createLayout(join(folder, temporaryLayout))),
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
  if (names.every((name) => isTemporaryName(name) || isDesktopFile(name))) return 'new';
  if (names.includes('oci-layout')) return 'layout';
  throw new BimaError('OUTPUT_FAILED', `"${destination}" is neither empty nor an OCI image layout`, {
    hint: 'Name a new folder, an empty one or an existing layout.',
  });
}

/** Those that an image gets: its own, or all of the image that it takes the place of. */
export type ImageNames = readonly Reference[] | { readonly replaces: Digest };

/**
 * Moves `image`, what the index has beside it, and their blobs from a temporary layout to `destination`, and collects
 * there what nothing reaches any more. One process does so at a time; the index changes last and in one step. The
 * temporary layout is gone afterwards.
 */
export async function publishLayout(
  temporary: Layout,
  image: Descriptor,
  names: ImageNames,
  destination: string,
  signal?: AbortSignal,
): Promise<void> {
  await checkDestination(destination);
  const made = await outputErrors(destination, () => mkdir(destination, { recursive: true }));
  try {
    await withLock(
      destination,
      async (stillHeld) => {
        await sweep(destination);
        const isNew = (await checkDestination(destination)) === 'new';
        try {
          await fill(temporary, image, names, { destination, stillHeld });
        } catch (error) {
          if (isNew) await empty(destination);
          throw error;
        }
      },
      { signal },
    );
  } catch (error) {
    // Unless another process has written to it meanwhile.
    if (made !== undefined) await rmdir(destination).catch(() => undefined);
    throw error;
  }
}

interface Place {
  readonly destination: string;
  readonly stillHeld: StillHeld;
}

async function fill(
  temporary: Layout,
  image: Descriptor,
  names: ImageNames,
  { destination, stillHeld }: Place,
): Promise<void> {
  const layout = await openOrCreate(destination);
  const before = await layout.readIndex();
  for (const name of await listBlobs(temporary)) {
    const digest: Digest = `sha256:${name}`;
    const path = temporary.blobPath(digest);
    if (!(await isBlob(layout.blobPath(digest), digest, (await stat(path)).size)))
      await move(path, layout.blobPath(digest));
  }
  const known = new Set([image.digest, ...before.manifests.map(({ digest }) => digest)]);
  const others = (await temporary.readIndex()).manifests.filter(({ digest }) => !known.has(digest));
  // What refers to the image comes after it: there are readers that take the first.
  const withOthers = (index: Index): Index => ({ ...index, manifests: [...index.manifests, ...others] });
  const named =
    'replaces' in names
      ? withReplaced(withOthers(before), names.replaces, image)
      : withOthers(withImage(before, image, names));
  const after = await withoutLostReferrers(layout, before, named);
  await stillHeld();
  await layout.writeIndex(after);
  await cleanUp(temporary.directory);
  // A build that is under way here may count on a blob that is there. The last one collects.
  if (!(await isUsedByOthers(destination))) await collect(layout, after);
}

/** A layout with a marker and nothing else was interrupted while it was made. */
async function openOrCreate(destination: string): Promise<Layout> {
  const names = await readdir(destination);
  const isBegun = names.includes('index.json') || names.includes('blobs');
  if (!names.includes('oci-layout') || !isBegun) return createLayout(destination);
  await mkdir(join(destination, 'blobs', 'sha256'), { recursive: true });
  return openLayout(destination);
}

async function empty(destination: string): Promise<void> {
  for (const name of ['oci-layout', 'index.json', 'blobs']) await cleanUp(join(destination, name));
}

/** Whether a build in a temporary layout inside this one is under way. */
async function isUsedByOthers(destination: string): Promise<boolean> {
  for (const name of await readdir(destination))
    if (isTemporaryName(name) && (await isFolder(join(destination, name, temporaryLayout)))) return true;
  return false;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
