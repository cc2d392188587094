// How a layout's index names its images: the annotations that BuildKit writes and that
// containerd, skopeo, umoci and podman look for.

import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Index } from '../../core/oci/manifest.ts';
import { formatReference } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';

/** The tag alone: what `skopeo copy oci:layout:tag` and `umoci --image layout:tag` ask for. */
export const refNameAnnotation = 'org.opencontainers.image.ref.name';
/** The full reference: what containerd and podman name the imported image. */
export const imageNameAnnotation = 'io.containerd.image.name';

/**
 * The index with `image` added under every reference, or once without a name when there is none.
 * An older image of the same full name makes way. One that shares only the tag keeps its full name and gives up
 * the short one, because a layout can't hold a tag twice.
 */
export function withImage(index: Index, image: Descriptor, references: readonly Reference[]): Index {
  const names = references.map((reference) => ({ full: formatReference(reference), tag: reference.tag }));
  const fullNames = new Set(names.map(({ full }) => full));
  const tags = new Set(names.flatMap(({ tag }) => (tag === undefined ? [] : [tag])));

  const kept = index.manifests.flatMap((entry) => {
    const fullName = entry.annotations?.[imageNameAnnotation];
    const tag = entry.annotations?.[refNameAnnotation];
    if (fullName !== undefined && fullNames.has(fullName)) return [];
    if (fullName === undefined && tag === undefined && entry.digest === image.digest) return [];
    if (tag === undefined || !tags.has(tag)) return [entry];
    return fullName === undefined ? [] : [withoutAnnotation(entry, refNameAnnotation)];
  });
  return { ...index, manifests: [...kept, ...named(image, names)] };
}

/** The index with `image` under every name that another one has. */
export function withReplaced(index: Index, old: Digest, image: Descriptor): Index {
  const { mediaType, digest, size } = image;
  const manifests = index.manifests.map((entry) =>
    entry.digest === old ? { ...entry, mediaType, digest, size } : entry,
  );
  return { ...index, manifests };
}

function named(image: Descriptor, names: readonly { full: string; tag: string | undefined }[]): Descriptor[] {
  if (names.length === 0) return [image];
  const seen = new Set<string>();
  return names.map(({ full, tag }) => {
    const isNewTag = tag !== undefined && !seen.has(tag);
    if (isNewTag) seen.add(tag);
    return {
      ...image,
      annotations: {
        ...image.annotations,
        [imageNameAnnotation]: full,
        ...(isNewTag ? { [refNameAnnotation]: tag } : {}),
      },
    };
  });
}

function withoutAnnotation(entry: Descriptor, key: string): Descriptor {
  const annotations = Object.fromEntries(
    Object.entries(entry.annotations ?? {}).filter(([name]) => name !== key),
  );
  return { ...entry, annotations };
}
