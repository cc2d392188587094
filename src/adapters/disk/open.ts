// Images on disk, whatever form they have: a layout, an archive of one or of docker save, a folder of skopeo's.

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { localName } from '../../core/oci/image-name.ts';
import type { Source } from '../../core/oci/target.ts';
import { openArchive } from './archive.ts';
import { isImageFolder, namesIn, openImageFolder } from './image-folder.ts';
import { openLayout } from './layout.ts';

export interface LocalImages {
  readonly source: Source;
  /** The entries of its index, in order. */
  readonly roots: readonly Descriptor[];
}

/** Opens what is at a path; undefined when nothing is. @throws BimaError LAYOUT_INVALID */
export async function openLocalImages(path: string): Promise<LocalImages | undefined> {
  const found = await stat(path).catch((cause: unknown) => {
    if (isSystemError(cause, 'ENOENT') || isSystemError(cause, 'ENOTDIR')) return undefined;
    throw new BimaError('LAYOUT_INVALID', `can't read "${path}"`, { cause });
  });
  if (found === undefined) return undefined;
  if (found.isDirectory() && isImageFolder((await namesIn(path)) ?? [])) return openImageFolder(path);
  const source = await (found.isDirectory() ? openLayout(path) : openArchive(path));
  return { source, roots: (await source.readIndex()).manifests };
}

/** A path, and the name of one of its images. */
export interface LocalPlace {
  readonly path: string;
  /** A name, a tag or a digest; `@1` is the second image. */
  readonly image?: string;
}

/**
 * Where an image on disk is: a path as it is, or with a transport in front and maybe the image behind it, such as
 * `oci:path:tag`, `docker-archive:path:name:tag` and `oci:path@sha256:…`. The longest path that exists counts.
 * @param directory where relative paths start
 */
export async function findLocal(text: string, directory = '.'): Promise<LocalPlace> {
  const name = localName(text);
  if (name === undefined) return { path: text };
  if (await exists(resolve(directory, name))) return { path: name };
  const ends = [...name.matchAll(/[:@]/g)].map(({ index }) => index).reverse();
  for (const end of ends) {
    const path = name.slice(0, end);
    if (path === '' || !(await exists(resolve(directory, path)))) continue;
    // Of a tag and a digest, the digest counts.
    const digest = /@(sha256:[^@]*)$/.exec(name.slice(end))?.[1];
    if (digest !== undefined) return { path, image: digest };
    const image = name[end] === '@' && /^@\d+$/.test(name.slice(end)) ? name.slice(end) : name.slice(end + 1);
    return image === '' ? { path } : { path, image };
  }
  // A colon before the last slash or backslash belongs to the path.
  return { path: /^(.*?)(?::[^:/\\@]+)?(?:@(?:sha256:.*|\d+))?$/s.exec(name)?.[1] ?? name };
}

/** What a name on disk stands for, and which of its images is named. @throws BimaError LAYOUT_INVALID */
export async function mustOpenNamed(
  text: string,
  directory = '.',
): Promise<LocalImages & Pick<LocalPlace, 'image'>> {
  const { path, ...which } = await findLocal(text, directory);
  const place = directory === '.' ? path : resolve(directory, path);
  return { ...(await mustOpenLocalImages(place, path)), ...which };
}

/** @param shown the path as a user has written it. @throws BimaError LAYOUT_INVALID, also when the path doesn't exist */
export async function mustOpenLocalImages(path: string, shown = path): Promise<LocalImages> {
  const images = await openLocalImages(path);
  if (images === undefined) throw new BimaError('LAYOUT_INVALID', `"${shown}" does not exist`);
  return images;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
