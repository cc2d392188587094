// Which image of a layout or an archive is meant. A manifest with a subject is chosen only by its own name.

import { BimaError } from '../../core/errors.ts';
import { imageNameAnnotation, refNameAnnotation } from './names.ts';
import type { LocalImages, LocalPlace } from './open.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { formatReference, parseReference, withDefaultTag } from '../../core/oci/reference.ts';
import { withoutReferrers } from '../../core/oci/referrers.ts';

/**
 * The one image that is meant: of that name, tag or digest, or the only one there is.
 * @param hint how to name it, for the error
 * @throws BimaError INPUT_INVALID when that is none or more than one
 */
export async function chooseImage(
  { source, roots }: LocalImages,
  name: string | undefined,
  hint: string,
): Promise<Descriptor> {
  const fitting = name === undefined ? await withoutReferrers(source, roots) : named(roots, name);
  const [first, ...others] = fitting;
  if (first === undefined) {
    const wanted = name === undefined ? 'an image' : `the image "${name}"`;
    throw new BimaError('INPUT_INVALID', `expected ${wanted} in "${source.name}", got ${listNames(roots)}`);
  }
  if (others.some(({ digest }) => digest !== first.digest)) {
    throw new BimaError(
      'INPUT_INVALID',
      `expected one image in "${source.name}", got ${listNames(fitting)}`,
      { hint },
    );
  }
  return first;
}

/** All images, or the one that is named beside the path with each of its names. @throws BimaError INPUT_INVALID */
export async function rootsOf(
  images: LocalImages & Pick<LocalPlace, 'image'>,
): Promise<readonly Descriptor[]> {
  const { image, roots } = images;
  if (image === undefined) return roots;
  const { digest } = await chooseImage(images, image, 'Name it by its digest.');
  return roots.filter((root) => root.digest === digest);
}

/** By a name as the index has it, or as the user may shorten it; `@1` is the second of them. */
function named(roots: readonly Descriptor[], name: string): readonly Descriptor[] {
  const [, number] = /^@(\d+)$/.exec(name) ?? [];
  if (number !== undefined) {
    const digests = [...new Set(roots.map(({ digest }) => digest))];
    return roots.filter(({ digest }) => digest === digests[Number(number)]);
  }
  const exact = roots.filter((root) => namesOf(root).includes(name));
  if (exact.length > 0) return exact;
  const full = fullName(name);
  return full === undefined ? [] : roots.filter((root) => namesOf(root).includes(full));
}

function fullName(name: string): string | undefined {
  try {
    return formatReference(withDefaultTag(parseReference(name)));
  } catch (error) {
    if (error instanceof BimaError) return undefined;
    throw error;
  }
}

function namesOf({ annotations, digest }: Descriptor): string[] {
  return [annotations?.[imageNameAnnotation], annotations?.[refNameAnnotation], digest].filter(
    (name) => name !== undefined,
  );
}

function listNames(roots: readonly Descriptor[]): string {
  return roots.length === 0 ? 'none' : roots.map((root) => `"${namesOf(root)[0] ?? ''}"`).join(', ');
}
