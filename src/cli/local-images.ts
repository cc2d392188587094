// Layouts and archives that a command is pointed at.

import { stat } from 'node:fs/promises';
import { BimaError, isSystemError } from '../errors.ts';
import { openArchive } from '../layout/archive.ts';
import { openLayout } from '../layout/layout.ts';
import { imageNameAnnotation, refNameAnnotation } from '../layout/names.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Source } from '../oci/target.ts';

export interface LocalImages {
  readonly source: Source;
  /** What its index lists, in its order. */
  readonly roots: readonly Descriptor[];
}

/** Opens a layout or an archive; undefined when the path doesn't exist. */
export async function openLocalImages(path: string): Promise<LocalImages | undefined> {
  const found = await stat(path).catch((cause: unknown) => {
    if (isSystemError(cause, 'ENOENT') || isSystemError(cause, 'ENOTDIR')) return undefined;
    throw new BimaError('LAYOUT_INVALID', `can't read "${path}"`, { cause });
  });
  if (found === undefined) return undefined;
  const source = await (found.isDirectory() ? openLayout(path) : openArchive(path));
  return { source, roots: (await source.readIndex()).manifests };
}

/** @throws BimaError LAYOUT_INVALID when the path doesn't exist */
export async function mustOpenLocalImages(path: string): Promise<LocalImages> {
  const images = await openLocalImages(path);
  if (images === undefined) throw new BimaError('LAYOUT_INVALID', `"${path}" does not exist`);
  return images;
}

/**
 * The one image that is meant: of that name, tag or digest, or the only one there is.
 * @throws BimaError INPUT_INVALID when that is none or more than one
 */
export function chooseImage({ source, roots }: LocalImages, name: string | undefined): Descriptor {
  const fitting = name === undefined ? roots : roots.filter((root) => namesOf(root).includes(name));
  const [first, ...others] = fitting;
  if (first === undefined) {
    const wanted = name === undefined ? 'an image' : `the image "${name}"`;
    throw new BimaError('INPUT_INVALID', `expected ${wanted} in "${source.name}", got ${listNames(roots)}`);
  }
  if (others.some(({ digest }) => digest !== first.digest)) {
    throw new BimaError(
      'INPUT_INVALID',
      `expected one image in "${source.name}", got ${listNames(fitting)}`,
      {
        hint: 'Name the one that is meant with --image.',
      },
    );
  }
  return first;
}

function namesOf({ annotations, digest }: Descriptor): string[] {
  return [annotations?.[imageNameAnnotation], annotations?.[refNameAnnotation], digest].filter(
    (name) => name !== undefined,
  );
}

function listNames(roots: readonly Descriptor[]): string {
  return roots.length === 0 ? 'none' : roots.map((root) => `"${namesOf(root)[0] ?? ''}"`).join(', ');
}
