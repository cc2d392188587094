// The outputs of the action that follow from the image and its names.

import { buildMetadata } from '../core/oci/build-metadata.ts';
import type { Digest } from '../core/oci/digest.ts';
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
    metadata: JSON.stringify(
      buildMetadata({
        root: facts.root,
        config: facts.isIndex ? undefined : imageId(facts),
        platforms: facts.images.map(({ platform }) => platform),
        references,
      }),
    ),
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

/** The digest of the config; an index has none, and is known by its own. */
function imageId({ root, isIndex, images }: ImageFacts): Digest {
  return isIndex ? root.digest : (images[0]?.config ?? root.digest);
}
