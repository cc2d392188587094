// Where FROM and COPY --from find images: in a registry, in an OCI image layout or in an archive.

import { resolve } from 'node:path';
import { createImageFiles } from '../../adapters/layers/image-files.ts';
import type { ImageFiles } from '../../adapters/layers/image-files.ts';
import { BimaError } from '../../core/errors.ts';
import type { Downloads } from '../../adapters/download/downloads.ts';
import type { BlobCache } from '../../adapters/disk/blob-cache.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { findBuildContext } from '../../core/containerfile/build-contexts.ts';
import { localName, parseImageName } from '../../core/oci/image-name.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import type { RegistryClient } from '../../adapters/registry/client.ts';
import type { Material } from '../../core/trust/provenance.ts';

/** A manifest or an index that a name stands for. */
export interface OpenedImage {
  readonly source: Source;
  readonly root: Descriptor;
  /** Its name in a registry, if it is in one. */
  readonly reference?: Reference;
}

/** The images that a run builds on. */
export interface BaseImages {
  /**
   * Opens each name once, so that all of a run see the same image.
   * @throws BimaError REFERENCE_INVALID, LAYOUT_INVALID, INPUT_INVALID, and what a registry's answers lead to
   */
  open(name: string): Promise<OpenedImage>;
  /** The folder that COPY --from means by a name, if it is one. */
  folderOf?(name: string): string | undefined;
  readonly files: ImageFiles;
  /** What ADD downloads. */
  readonly downloads: Pick<Downloads, 'fetch'>;
  /** What was opened and downloaded so far. */
  materials?(): Promise<readonly Material[]>;
}

export interface BaseImagesOptions {
  /** Called only when a name is a registry's. */
  readonly client: (registry: string) => Promise<RegistryClient>;
  /** Keeps what registries send. */
  readonly cache: BlobCache;
  /** Where the paths of layouts and archives start. */
  readonly directory: string;
  /** For files that are read from images; it is the caller's to remove. */
  readonly folder: string;
  /** Asked before anything at the absolute path of a layout or an archive is looked at; throws if it may not be. */
  readonly checkPath?: ((path: string) => Promise<void>) | undefined;
  readonly downloads: Pick<Downloads, 'fetch'> & Partial<Pick<Downloads, 'fetched'>>;
  /** Digests that names must have, whatever their tags stand for. */
  readonly pins?: ReadonlyMap<string, Digest> | undefined;
  /** What names stand for in place of images; paths start at the current directory. */
  readonly contexts?: ReadonlyMap<string, string> | undefined;
}

export function createBaseImages(options: BaseImagesOptions): BaseImages {
  const { contexts = new Map<string, string>() } = options;
  const opened = new Map<string, Promise<OpenedImage>>();
  return {
    open(name) {
      const known = opened.get(name) ?? openContextOr(name, options);
      opened.set(name, known);
      return known;
    },
    folderOf(name) {
      const place = findBuildContext(contexts, name);
      return place === undefined || isImage(place) ? undefined : place;
    },
    files: createImageFiles(options.folder),
    downloads: options.downloads,
    async materials() {
      const images = [...opened].map(async ([name, image]): Promise<Material[]> => {
        const root = await image.then(
          ({ root: { digest } }) => digest,
          () => undefined,
        );
        return root === undefined ? [] : [{ type: 'image', name, digest: root }];
      });
      const files = (await options.downloads.fetched?.()) ?? [];
      return [
        ...(await Promise.all(images)).flat().sort(byName),
        ...files.map(({ url, digest }): Material => ({ type: 'file', name: url, digest })).sort(byName),
      ];
    },
  };
}

function byName({ name: one }: Material, { name: other }: Material): number {
  return one < other ? -1 : Number(one > other);
}

function isImage(place: string): boolean {
  return localName(place) !== undefined || /^(?:docker|docker-image):\/\//.test(place);
}

async function openContextOr(name: string, options: BaseImagesOptions): Promise<OpenedImage> {
  const place = findBuildContext(options.contexts ?? new Map<string, string>(), name);
  const pin = options.pins?.get(name);
  if (place === undefined) return openImage(name, pin, options);
  if (isImage(place)) return openImage(place, pin, { ...options, directory: '.' });
  throw new BimaError('NOT_AVAILABLE', `"${name}" is the folder "${place}", on which no image can be built`, {
    hint: `Write FROM scratch and COPY --from=${name} . /, or name an image such as oci:path or docker-image://name.`,
  });
}

async function openImage(
  name: string,
  pin: Digest | undefined,
  options: BaseImagesOptions,
): Promise<OpenedImage> {
  if (localName(name) !== undefined) return openLocal(name, pin, options);
  const reference = { ...parseImageName(name), ...(pin === undefined ? {} : { digest: pin }) };
  const [{ openRemoteImage }, client] = await Promise.all([
    import('../../adapters/registry/remote-image.ts'),
    options.client(reference.registry),
  ]);
  const { source, root } = await openRemoteImage(client, reference);
  return { source: options.cache.keepAll(source), root, reference };
}

async function openLocal(
  text: string,
  pin: Digest | undefined,
  { directory, checkPath }: BaseImagesOptions,
): Promise<OpenedImage> {
  const [{ chooseImage }, { findLocal, openLocalImages }] = await Promise.all([
    import('../../adapters/disk/choose-image.ts'),
    import('../../adapters/disk/open.ts'),
  ]);
  const { path, image } = await findLocal(text, directory);
  const place = resolve(directory, path);
  await checkPath?.(place);
  const images = await openLocalImages(place);
  if (images === undefined) {
    throw new BimaError('LAYOUT_INVALID', `"${path}" does not exist`, {
      hint: 'The path of a layout or an archive starts at the folder of the build context: write an absolute one for what lies elsewhere, and beside a Containerfile on standard input.',
    });
  }
  const root = await chooseImage(images, pin ?? image, 'Name the one that is meant, as in oci:path:tag.');
  return { source: images.source, root };
}
