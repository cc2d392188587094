// The outputs of the action that follow from the image and its names.

import type { Descriptor } from '../core/oci/descriptor.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { PushResult } from '../usecases/push/push.ts';
import type { ImageFacts } from './image-facts.ts';

export type Outputs = Readonly<Record<string, string>>;

/** Known as soon as there is an image, whether or not it is pushed. @param references at least one */
export function imageOutputs(facts: ImageFacts, references: readonly Reference[]): Outputs {
  const [first] = references;
  const name = first === undefined ? '' : `${first.registry}/${first.repository}`;
  const { digest } = facts.root;
  return {
    digest,
    imageid: imageId(facts),
    metadata: JSON.stringify(buildMetadata(facts, references)),
    image: first === undefined ? '' : formatReference(first),
    tags: references.map(formatReference).join('\n'),
    version: first?.tag ?? '',
    name,
    ref: `${name}@${digest}`,
  };
}

/** What was pushed: every reference that the registries now have. */
export function pushOutputs(result: PushResult | undefined): Outputs {
  const paths = result?.repositories.flatMap(({ references }) =>
    references.map(({ reference }) => reference),
  );
  return { pushed: String(paths !== undefined), 'registry-paths': JSON.stringify(paths ?? []) };
}

/** The image in the keys of BuildKit's metadata file (docs.docker.com, "docker buildx build --metadata-file"). */
function buildMetadata(
  facts: ImageFacts,
  references: readonly Reference[],
): Readonly<Record<string, unknown>> {
  const { root, images } = facts;
  return {
    'containerimage.digest': root.digest,
    ...(facts.isIndex ? {} : { 'containerimage.config.digest': imageId(facts) }),
    'containerimage.descriptor': plainDescriptor(root),
    'image.name': references.map(formatReference).join(','),
    'bima.platforms': images.map(({ platform }) => formatPlatform(platform)),
  };
}

/** The digest of the config; an index has none, and is known by its own. */
function imageId({ root, isIndex, images }: ImageFacts): string {
  return isIndex ? root.digest : (images[0]?.config ?? root.digest);
}

function plainDescriptor({
  mediaType,
  digest,
  size,
  annotations,
  platform,
}: Descriptor): Partial<Descriptor> {
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined || Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
  };
}
