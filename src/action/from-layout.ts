// The image of layouts and archives that are there already: one as it is, several merged into one index.

import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError } from '../errors.ts';
import { imageNameAnnotation, refNameAnnotation } from '../layout/names.ts';
import type { Layout } from '../layout/layout.ts';
import { mustOpenLocalImages } from '../layout/open.ts';
import { mergeImages } from '../merge.ts';
import type { MergePart } from '../merge.ts';
import { readDocument } from '../oci/blob.ts';
import type { Blob, ByteStream } from '../oci/blob.ts';
import { parseConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { readTree } from '../oci/image-tree.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Source } from '../oci/target.ts';
import { selectAnnotations } from './annotations.ts';
import type { AnnotationInput } from './annotations.ts';

interface Found {
  readonly source: Source;
  readonly root: Descriptor;
}

/**
 * Copies the image into a layout, and checks every digest of it on the way.
 * @param paths layouts, archives, or folders of those
 * @returns the one image that they hold, unchanged, or the index of all
 * @throws BimaError LAYOUT_INVALID or DIGEST_MISMATCH
 */
export async function importImages(
  paths: readonly string[],
  layout: Layout,
  options: { readonly annotations: readonly AnnotationInput[]; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const { annotations, signal } = options;
  const found: Found[] = [];
  for (const path of await expand(paths)) found.push(...(await openPath(path)));
  const [first, ...others] = found;
  if (first === undefined) throw new BimaError('LAYOUT_INVALID', `"${paths.join('", "')}" holds no image`);
  if (others.length === 0) {
    await copyInto(layout, first, signal);
    return first.root;
  }
  const parts: MergePart[] = [];
  for (const { source, root } of found) {
    for (const manifest of await manifestsOf(source, root)) {
      await copyInto(layout, { source, root: manifest }, signal);
      const more = selectAnnotations(annotations, 'manifest-descriptor', manifest.platform);
      parts.push({ where: source.name, manifest: withAnnotations(manifest, more) });
    }
  }
  const index = mergeImages(parts, selectAnnotations(annotations, 'index'));
  await layout.put(index);
  return index.descriptor;
}

/** Adds to what is there; without any, there is no map of them either. */
export function withAnnotations<T extends Descriptor>(
  descriptor: T,
  more: Readonly<Record<string, string>>,
): T {
  const annotations = { ...descriptor.annotations, ...more };
  return Object.keys(annotations).length === 0 ? descriptor : { ...descriptor, annotations };
}

/** A folder that is no layout is one of downloads: actions/download-artifact makes a folder for each artifact. */
async function expand(paths: readonly string[], depth = 2): Promise<string[]> {
  const all: string[] = [];
  for (const path of paths) {
    const names = (await readdir(path).catch(() => ['oci-layout'])).sort();
    if (names.includes('oci-layout')) {
      all.push(path);
      continue;
    }
    const inner: string[] = [];
    for (const name of names) {
      const child = join(path, name);
      const isFolder = (await readdir(child).catch(() => undefined)) !== undefined;
      if (!isFolder && (await isTar(child))) inner.push(child);
      else if (isFolder && depth > 0) inner.push(...(await expand([child], depth - 1).catch(ignoreEmpty)));
    }
    if (inner.length === 0) {
      throw new BimaError('LAYOUT_INVALID', `"${path}" holds no OCI image layout and no archive of one`, {
        hint: 'Name the folder that the input "oci-layout" was set to, or the "path" of actions/download-artifact.',
      });
    }
    all.push(...inner);
  }
  return all;
}

/** Told by its content (POSIX ustar, "magic"): an artifact that is one file has any name. */
async function isTar(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(5), 0, 5, 257);
    return bytesRead === 5 && buffer.toString('latin1') === 'ustar';
  } finally {
    await file.close();
  }
}

function ignoreEmpty(error: unknown): string[] {
  if (error instanceof BimaError && error.code === 'LAYOUT_INVALID') return [];
  throw error;
}

/** Each image of a layout once, whatever number of names it has. */
async function openPath(path: string): Promise<Found[]> {
  const { source, roots } = await mustOpenLocalImages(path);
  const unique = new Map(roots.map((root) => [root.digest, root]));
  return [...unique.values()].map((root) => ({ source, root: withoutNames(root) }));
}

async function manifestsOf(source: Source, root: Descriptor): Promise<MergePart['manifest'][]> {
  const below = isIndexType(root.mediaType)
    ? parseIndex(await readDocument(source.open(root), source.name), root.digest).manifests
    : [root];
  const manifests = [];
  for (const descriptor of below) {
    const platform = descriptor.platform ?? (await readPlatform(source, descriptor));
    manifests.push({ ...withoutNames(descriptor), platform });
  }
  return manifests;
}

async function readPlatform(
  source: Source,
  descriptor: Descriptor,
): Promise<MergePart['manifest']['platform']> {
  const bytes = await readDocument(source.open(descriptor), source.name);
  const { config } = parseManifest(bytes, descriptor.digest);
  return parseConfig(await readDocument(source.open(config), source.name), config.digest).platform;
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
