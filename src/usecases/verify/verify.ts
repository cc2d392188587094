// The use case: an image is built again from its source, and held against what was published.

import { withTemporaryLayout } from '../../adapters/disk/publish.ts';
import { readDocument } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import { parseJsonObject } from '../../core/oci/json.ts';
import { isIndexType } from '../../core/oci/media-types.ts';
import { formatPlatform, normalPlatform } from '../../core/oci/platform.ts';
import { withBlobs } from '../../core/oci/with-blobs.ts';
import type { Reporter } from '../../core/reporter.ts';
import type { Difference } from '../../core/trust/difference.ts';
import { buildPlatforms } from '../build-platforms.ts';
import type { BuiltPlatforms } from '../build-platforms.ts';
import { markImage, markIn } from '../cleanup/preview-mark.ts';
import type { BaseImages } from '../plan/base-images.ts';
import type { Plan } from '../plan/plan.ts';
import { compareImages } from './compare-images.ts';
import type { Comparison, Side } from './compare-images.ts';
import type { RebuildInputs } from './rebuild-inputs.ts';

export interface VerifyRequest {
  readonly image: Side;
  readonly inputs: RebuildInputs;
  /** As they were planned from the inputs. */
  readonly plans: readonly Plan[];
  /** True: only these platforms of an index are compared. */
  readonly isPart: boolean;
  /** For the temporary layout. */
  readonly workPath: string;
}

export interface Verdict extends Comparison {
  readonly image: Digest;
  readonly rebuild: Digest;
}

export interface VerifyWorld {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly images: BaseImages;
  /** Runs what belongs to the rebuild, so that its failures can be told from others. */
  readonly rebuilding: <T>(body: () => Promise<T>) => Promise<T>;
}

/**
 * Rebuilds and compares. Every layer is made anew; those of base images are taken over unread.
 * @throws BimaError as building and reading images do
 */
export async function verifyImage(request: VerifyRequest, world: VerifyWorld): Promise<Verdict> {
  const { image, inputs, plans, workPath } = request;
  const { reporter, signal, rebuilding } = world;
  return withTemporaryLayout(workPath, async (layout) => {
    const options = { ...inputs.build, signal };
    const built = await rebuilding(() => buildPlatforms(plans, layout, options, reporter));
    const rebuild = await asPreview(image, { source: withBlobs(layout, built.external), root: built.root });
    const comparison = request.isPart
      ? await compareParts(image, rebuild, built)
      : await compareImages(image, rebuild);
    return { ...comparison, image: image.root.digest, rebuild: rebuild.root.digest };
  });
}

/** The image of a pull request has a mark, which says nothing of how it was built: the rebuild gets the same. */
async function asPreview(image: Side, rebuild: Side): Promise<Side> {
  const what = `document ${image.root.digest}`;
  const bytes = await readDocument(image.source.open(image.root), image.source.name);
  const mark = markIn(parseJsonObject(bytes, what));
  if (mark === undefined) return rebuild;
  const { root, blobs } = await markImage(rebuild.source, rebuild.root, { mark, isForeign: false });
  return { source: withBlobs(rebuild.source, blobs), root };
}

/** The images of some platforms, each with the one that the index has for it. */
async function compareParts(image: Side, rebuild: Side, built: BuiltPlatforms): Promise<Comparison> {
  const [published, made] = [await byPlatform(image), await byPlatform(rebuild)];
  const differences: Difference[] = [];
  for (const { platform } of built.images) {
    const name = formatPlatform(normalPlatform(platform));
    const [entry, twin] = [published.get(name), made.get(name)];
    if (twin === undefined) throw new Error(`the rebuild lacks ${name}`);
    if (entry === undefined) {
      differences.push({ kind: 'image', what: `image for ${name}`, rebuild: twin.digest });
      continue;
    }
    const sides = [
      { ...image, root: entry },
      { ...rebuild, root: twin },
    ] as const;
    const found = await compareImages(...sides);
    differences.push(...found.differences.map((one) => ({ ...one, what: `${name}: ${one.what}` })));
  }
  return { differences, isSameContent: differences.every(({ kind }) => kind === 'compression') };
}

async function byPlatform({ source, root }: Side): Promise<ReadonlyMap<string, Descriptor>> {
  const found = new Map<string, Descriptor>();
  for await (const { descriptor, read } of imagesOf(source, root)) {
    const platform = isIndexType(root.mediaType) ? descriptor.platform : (await read())?.config.platform;
    if (platform !== undefined) found.set(formatPlatform(normalPlatform(platform)), descriptor);
  }
  return found;
}
