// Which image of a layout or an archive is meant. What refers to others by its subject is only meant by its own name.

import { BimaError } from '../../core/errors.ts';
import { imageNameAnnotation, refNameAnnotation } from './names.ts';
import type { LocalImages } from './open.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
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
  const fitting =
    name === undefined
      ? await withoutReferrers(source, roots)
      : roots.filter((root) => namesOf(root).includes(name));
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

function namesOf({ annotations, digest }: Descriptor): string[] {
  return [annotations?.[imageNameAnnotation], annotations?.[refNameAnnotation], digest].filter(
    (name) => name !== undefined,
  );
}

function listNames(roots: readonly Descriptor[]): string {
  return roots.length === 0 ? 'none' : roots.map((root) => `"${namesOf(root)[0] ?? ''}"`).join(', ');
}
