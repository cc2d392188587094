// Where FROM and COPY --from find images: in a registry, in an OCI image layout or in an archive.

import { resolve } from 'node:path';
import { createImageFiles } from '../../adapters/layers/image-files.ts';
import type { ImageFiles } from '../../adapters/layers/image-files.ts';
import { BimaError } from '../../core/errors.ts';
import { chooseImage } from '../../adapters/disk/choose-image.ts';
import type { Downloads } from '../../adapters/download/downloads.ts';
import type { BlobCache } from '../../adapters/disk/blob-cache.ts';
import { openLocalImages } from '../../adapters/disk/open.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { parseReference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import type { RegistryClient } from '../../adapters/registry/client.ts';

/** A manifest or an index that a name stands for. */
export interface OpenedImage {
  readonly source: Source;
  readonly root: Descriptor;
}

/** The images that a run builds on. */
export interface BaseImages {
  /**
   * Opens each name once, so that all of a run see the same image.
   * @throws BimaError REFERENCE_INVALID, LAYOUT_INVALID, INPUT_INVALID, and what a registry's answers lead to
   */
  open(name: string): Promise<OpenedImage>;
  readonly files: ImageFiles;
  /** What ADD downloads. */
  readonly downloads: Pick<Downloads, 'fetch'>;
}

export interface BaseImagesOptions {
  /** Is asked when a name is a registry's, and not before. */
  readonly client: (registry: string) => Promise<RegistryClient>;
  /** Keeps what registries send. */
  readonly cache: BlobCache;
  /** Where the paths of layouts and archives start. */
  readonly directory: string;
  /** For files that are read from images; it is the caller's to remove. */
  readonly folder: string;
  /** Asked before anything at the absolute path of a layout or an archive is looked at; throws if it may not be. */
  readonly checkPath?: ((path: string) => Promise<void>) | undefined;
  readonly downloads: Pick<Downloads, 'fetch'>;
}

export function createBaseImages(options: BaseImagesOptions): BaseImages {
  const opened = new Map<string, Promise<OpenedImage>>();
  return {
    open(name) {
      const known = opened.get(name) ?? openImage(name, options);
      opened.set(name, known);
      return known;
    },
    files: createImageFiles(options.folder),
    downloads: options.downloads,
  };
}

async function openImage(name: string, options: BaseImagesOptions): Promise<OpenedImage> {
  const local = localOf(name);
  if (local !== undefined) return openLocal(local, options);
  // The names that skopeo and buildx have for what needs none here.
  const reference = parseReference(name.replace(/^(?:docker|docker-image):\/\//, ''));
  const [{ openRemoteImage }, client] = await Promise.all([
    import('../../adapters/registry/remote-image.ts'),
    options.client(reference.registry),
  ]);
  const { source, root } = await openRemoteImage(client, reference);
  return { source: options.cache.keepAll(source), root };
}

/** What follows the prefix of a layout or an archive; undefined for the name of an image in a registry. */
function localOf(name: string): string | undefined {
  return /^(?:oci-layout:\/\/|(?:oci|oci-archive|docker-archive):)(.+)$/s.exec(name)?.[1];
}

/** What may be the path of a layout or an archive in a name: all of it, or what comes before tag and digest. */
export function pathsInName(name: string): readonly string[] {
  const text = localOf(name) ?? name;
  return [...new Set([text, splitLocal(text).path])];
}

/** A colon before the last slash or backslash belongs to the path. */
function splitLocal(text: string): { readonly path: string; readonly name: string | undefined } {
  const [, path = text, tag, digest] = /^(.*?)(?::([^:/\\@]+))?(?:@(sha256:.*))?$/s.exec(text) ?? [];
  return { path, name: digest ?? tag };
}

/** `path`, `path:tag`, `path@digest` or both. */
async function openLocal(text: string, { directory, checkPath }: BaseImagesOptions): Promise<OpenedImage> {
  const hint = 'Name the one that is meant, as in oci:path:tag.';
  const open = async (written: string) => {
    const path = resolve(directory, written);
    await checkPath?.(path);
    return openLocalImages(path);
  };
  const whole = await open(text);
  if (whole !== undefined) return { source: whole.source, root: await chooseImage(whole, undefined, hint) };

  const { path, name } = splitLocal(text);
  const images = await open(path);
  if (images === undefined) {
    throw new BimaError('LAYOUT_INVALID', `"${path}" does not exist`, {
      hint: 'The path of a layout or an archive starts at the folder of the build context.',
    });
  }
  return { source: images.source, root: await chooseImage(images, name, hint) };
}
