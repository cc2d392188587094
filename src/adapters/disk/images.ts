// The images of a layout's index, each with all of its names.

import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { parseReference, withDefaultTag } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import { imageNameAnnotation, refNameAnnotation } from './names.ts';

export interface NamedImage {
  readonly descriptor: Descriptor;
  readonly references: readonly Reference[];
}

/**
 * Every image of an index once, under the names that the index has for it.
 * A short name, such as the tag alone that skopeo writes, is not counted as one.
 * @throws BimaError REFERENCE_INVALID for a full name that is no reference
 */
export function namedImages(roots: readonly Descriptor[]): NamedImage[] {
  const images = new Map<Digest, NamedImage>();
  for (const descriptor of roots) {
    const known = images.get(descriptor.digest);
    const reference = referenceOf(descriptor);
    images.set(descriptor.digest, {
      descriptor: known?.descriptor ?? bare(descriptor),
      references: [...(known?.references ?? []), ...(reference === undefined ? [] : [reference])],
    });
  }
  return [...images.values()];
}

/**
 * The images under the given names instead of their own.
 * @param where what the index was read from, for the error
 * @throws BimaError INPUT_INVALID when there are names for several images, or none for one of them
 */
export function renameImages(
  images: readonly NamedImage[],
  references: readonly Reference[],
  where: string,
): NamedImage[] {
  const [first, ...others] = images;
  if (first === undefined) throw new BimaError('LAYOUT_INVALID', `"${where}" holds no image`);
  if (references.length > 0) {
    if (others.length === 0) return [{ ...first, references }];
    throw new BimaError(
      'INPUT_INVALID',
      `expected one image for the given name, got ${images.length} in "${where}"`,
      {
        hint: 'Leave the name out: each image then gets the name that the index has for it.',
      },
    );
  }
  const nameless = images.find((image) => image.references.length === 0);
  if (nameless === undefined) return [...images];
  throw new BimaError(
    'INPUT_INVALID',
    `"${where}" has no full name for the image ${nameless.descriptor.digest}`,
    {
      hint: 'Name it, for example with --tag nubificus/image:tag.',
    },
  );
}

function referenceOf({ annotations }: Descriptor): Reference | undefined {
  const full = annotations?.[imageNameAnnotation];
  if (full !== undefined) return withDefaultTag(parseReference(full));
  const short = annotations?.[refNameAnnotation];
  // podman writes the full name here; a tag alone has neither slash nor colon.
  return short !== undefined && /[/:]/.test(short) ? withDefaultTag(parseReference(short)) : undefined;
}

/** The descriptor without its names, which are given anew. */
function bare({ annotations = {}, ...descriptor }: Descriptor): Descriptor {
  const others = Object.entries(annotations).filter(
    ([key]) => key !== imageNameAnnotation && key !== refNameAnnotation,
  );
  return others.length === 0 ? descriptor : { ...descriptor, annotations: Object.fromEntries(others) };
}
