// The image of layouts and archives that are there already: one as it is, several merged into one index.

import { BimaError } from '../core/errors.ts';
import { imageNameAnnotation, refNameAnnotation } from '../adapters/disk/names.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { chooseImage } from '../adapters/disk/choose-image.ts';
import { findLayouts } from '../adapters/disk/find-layouts.ts';
import { findLocal, mustOpenLocalImages } from '../adapters/disk/open.ts';
import { checkAllListed } from '../adapters/disk/unlisted.ts';
import { mergeImages } from '../core/oci/merge-images.ts';
import type { MergePart } from '../core/oci/merge-images.ts';
import { readDocument } from '../core/oci/blob.ts';
import type { Blob, ByteStream } from '../core/oci/blob.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { manifestsOf, readTree } from '../core/oci/image-tree.ts';
import { formatPlatform, normalPlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { parseIndex, parseManifest } from '../core/oci/manifest.ts';
import type { Index, Manifest } from '../core/oci/manifest.ts';
import { isIndexType } from '../core/oci/media-types.ts';
import { findReferrers } from '../core/oci/referrers.ts';
import type { Source } from '../core/oci/target.ts';
import { isBundleReferrer } from '../core/trust/bundle-manifest.ts';
import type { Reporter } from '../core/reporter.ts';
import { explainUnused, selectAnnotations, withAnnotations } from '../core/oci/annotations.ts';
import type { AnnotationInput } from '../core/oci/annotations.ts';

interface Found {
  readonly source: Source;
  readonly root: Descriptor;
}

interface FoundImage extends Found {
  readonly document: Index | Manifest;
}

export interface MergeOptions {
  /** Those of the index and of what it lists; manifests stay as they are. */
  readonly annotations: readonly AnnotationInput[];
  /** Those that must be among the images; further ones may be there. */
  readonly platforms?: readonly Platform[];
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Copies images into a layout, and checks every digest of them on the way.
 * @param paths layouts, archives, or folders of those
 * @returns the one image that they hold, unchanged, or the index of all. What refers to an image by its subject stands
 *   beside the one in the layout, and in the index
 * @throws BimaError LAYOUT_INVALID or DIGEST_MISMATCH, also for what shows that a part of the images is missing
 */
export async function mergeLayouts(
  paths: readonly string[],
  layout: Layout,
  { annotations, platforms = [], reporter, signal }: MergeOptions,
): Promise<Descriptor> {
  const found: Found[] = [];
  for (const name of paths) for (const one of await openName(name)) found.push(one);
  const { images, referrers } = await separate(found);
  const [first, ...others] = images;
  const where = `"${paths.join('", "')}"`;
  if (first === undefined) throw new BimaError('LAYOUT_INVALID', `${where} holds no image`);
  await checkPlatforms(images, platforms, where);
  for (const referrer of referrers) await copyInto(layout, referrer, signal);
  const ofRoot = selectAnnotations(annotations, 'index-descriptor');
  if (others.length === 0) {
    await copyInto(layout, first, signal);
    const index = await layout.readIndex();
    await layout.writeIndex({
      ...index,
      manifests: [...index.manifests, ...referrers.map(({ root }) => root)],
    });
    if (isIndexType(first.root.mediaType)) return withAnnotations(first.root, ofRoot);
    for (const line of explainUnused(annotations)) reporter.info(line);
    return first.root;
  }
  const parts: MergePart[] = [];
  for (const image of images) {
    const { source } = image;
    for (const manifest of await partsOf(image)) {
      await copyInto(layout, { source, root: manifest }, signal);
      const more = selectAnnotations(annotations, 'manifest-descriptor', manifest.platform);
      parts.push({ where: source.name, manifest: withAnnotations(manifest, more) });
    }
  }
  const bundles = referrers.filter(isBundle);
  const statements = referrers.filter((one) => !isBundle(one));
  // In an index everything needs a platform: BuildKit lists attestations so.
  for (const { source, root } of statements)
    parts.push({ where: source.name, manifest: { ...root, platform: noPlatform } });
  const index = mergeImages(withoutTwins(parts), {
    ...commonAnnotations(images),
    ...selectAnnotations(annotations, 'index'),
  });
  await layout.put(index);
  await putBeside(layout, index.descriptor, bundles);
  return withAnnotations(index.descriptor, ofRoot);
}

/**
 * Signatures stand beside the index, not in it: each run makes others, and the same images are to give the same index.
 * One of an index that was dissolved is about nothing any more.
 */
async function putBeside(layout: Layout, root: Descriptor, bundles: readonly Found[]): Promise<void> {
  const candidates = bundles.map((bundle) => bundle.root);
  const kept = await findReferrers(layout, root, candidates);
  if (kept.length === 0) return;
  const index = await layout.readIndex();
  await layout.writeIndex({ ...index, manifests: [...index.manifests, ...kept] });
}

function isBundle({ root }: Found): boolean {
  return isBundleReferrer(root);
}

const noPlatform = { os: 'unknown', architecture: 'unknown' } as const;

/** What refers to an image says so by its subject (OCI image-spec, manifest.md). */
async function separate(found: readonly Found[]): Promise<{ images: FoundImage[]; referrers: Found[] }> {
  const images: FoundImage[] = [];
  const referrers = new Map<string, Found>();
  for (const { source, root } of found) {
    const bytes = await readDocument(source.open(root), source.name);
    const document = isIndexType(root.mediaType)
      ? parseIndex(bytes, root.digest)
      : parseManifest(bytes, root.digest);
    if (document.subject === undefined) {
      images.push({ source, root, document });
      continue;
    }
    const artifactType = root.artifactType ?? document.artifactType;
    const typed = artifactType === undefined ? root : { ...root, artifactType };
    referrers.set(root.digest, { source, root: typed });
  }
  return { images, referrers: [...referrers.values()] };
}

async function checkPlatforms(
  images: readonly Found[],
  expected: readonly Platform[],
  where: string,
): Promise<void> {
  if (expected.length === 0) return;
  const there = new Set<string>();
  for (const image of images)
    for (const { platform } of await partsOf(image)) there.add(formatPlatform(normalPlatform(platform)));
  const missing = expected.map(formatPlatform).filter((platform) => !there.has(platform));
  if (missing.length === 0) return;
  throw new BimaError(
    'LAYOUT_INVALID',
    `expected images for ${expected.map(formatPlatform).join(' and ')} in ${where}, got ${[...there].join(' and ')}`,
    {
      hint: `See why there is none for ${missing.join(' and ')}: its build or its download may have failed.`,
    },
  );
}

/** The same attestation from two places is no mistake, unlike the same image. */
function withoutTwins(parts: readonly MergePart[]): MergePart[] {
  const seen = new Set<string>();
  return parts.filter(({ manifest: { digest, platform } }) => {
    const isTwin = seen.has(digest) && platform.os === noPlatform.os;
    seen.add(digest);
    return !isTwin;
  });
}

/** Annotations that all the dissolved indexes agree on. */
function commonAnnotations(images: readonly FoundImage[]): Readonly<Record<string, string>> {
  const values = new Map<string, Set<string>>();
  for (const { root, document } of images) {
    if (!isIndexType(root.mediaType)) continue;
    const { annotations = {} } = document;
    for (const [key, value] of Object.entries(annotations))
      values.set(key, (values.get(key) ?? new Set()).add(value));
  }
  const agreed = [...values].filter(([, all]) => all.size === 1);
  return Object.fromEntries(agreed.map(([key, [value = '']]) => [key, value]));
}

/** A path, maybe with a transport in front; with an image behind it, that one alone. */
async function openName(name: string): Promise<Found[]> {
  const { path, image } = await findLocal(name);
  if (image !== undefined) {
    const { source, roots } = await mustOpenLocalImages(path);
    const root = await chooseImage({ source, roots }, image, 'Name it by its digest.');
    return [{ source, root: withoutNames(root) }];
  }
  const found: Found[] = [];
  for (const inner of await findLayouts([path])) found.push(...(await openPath(inner)));
  return found;
}

/** Each image of a layout once, whatever number of names it has. */
async function openPath(path: string): Promise<Found[]> {
  const { source, roots } = await mustOpenLocalImages(path);
  await checkAllListed(path, roots);
  const unique = new Map(roots.map((root) => [root.digest, root]));
  return [...unique.values()].map((root) => ({ source, root: withoutNames(root) }));
}

/** All that an index lists, or the image itself. An entry without a platform gets that of its config. */
async function partsOf({ source, root }: Found): Promise<MergePart['manifest'][]> {
  const parts: MergePart['manifest'][] = [];
  for await (const { descriptor, read } of manifestsOf(source, root)) {
    const platform = descriptor.platform ?? (await read())?.config.platform ?? noPlatform;
    parts.push({ ...withoutNames(descriptor), platform });
  }
  return parts;
}

async function copyInto(layout: Layout, { source, root }: Found, signal: AbortSignal): Promise<void> {
  const { blobs, manifests, indexes } = await readTree(source, root);
  for (const descriptor of [...blobs, ...manifests, ...indexes]) {
    signal.throwIfAborted();
    await layout.put(interruptible(source.open(descriptor), signal));
  }
}

function interruptible(blob: Blob, signal: AbortSignal): Blob {
  async function* watch(stream: ByteStream): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      signal.throwIfAborted();
      yield chunk;
    }
  }
  return { descriptor: blob.descriptor, open: () => watch(blob.open()) };
}

/** The names belong to the layout that it comes from. */
function withoutNames({ annotations = {}, ...descriptor }: Descriptor): Descriptor {
  const others = Object.entries(annotations).filter(
    ([key]) => key !== imageNameAnnotation && key !== refNameAnnotation,
  );
  return withAnnotations(descriptor, Object.fromEntries(others));
}
