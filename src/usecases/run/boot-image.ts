// The parts of an image that are needed to boot it: labels, arguments, and the files that the labels name.

import { createImageFiles } from '../../adapters/layers/image-files.ts';
import { readNamedFiles } from '../../adapters/layers/named-files.ts';
import type { NamedFile } from '../../adapters/layers/named-files.ts';
import { unpackPayload } from '../../adapters/layers/unpack-payload.ts';
import { BimaError } from '../../core/errors.ts';
import { resolve } from '../../core/files/rootfs.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';
import type { ReadImage } from '../../core/oci/image.ts';
import { isObject, parseJsonObject } from '../../core/oci/json.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { formatPlatform, normalPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import type { Source } from '../../core/oci/target.ts';
import { examineBinary } from '../../core/unikernel/examine-binary.ts';
import type { BinaryFacts } from '../../core/unikernel/examine-binary.ts';
import { labelsOfBase } from '../../core/unikernel/inherited-labels.ts';
import { rootfsPath } from '../../core/unikernel/label-paths.ts';
import { lastPairs } from '../../core/unikernel/labels.ts';
import { isTrue } from '../../core/unikernel/values.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import type { UruncName } from '../../core/unikernel/urunc-annotations.ts';
import { labelsOfImage } from '../lint-image.ts';

/** One image of a source. */
export interface FoundImage {
  readonly source: Source;
  readonly image: ReadImage;
  readonly platform: Platform;
}

export interface BootImage extends FoundImage {
  /** The value of a label; empty without it. */
  readonly label: (name: UruncName) => string;
  readonly kernel: NamedFile;
  readonly initrd?: NamedFile | undefined;
  readonly block?: NamedFile | undefined;
  readonly facts: BinaryFacts;
  /** All files of the image, where the guest gets them. */
  readonly rootfs?: Rootfs | undefined;
  /** USER and WORKDIR, empty without. */
  readonly user: string;
  readonly folder: string;
}

/** Every image below the roots, each once. */
export async function findImages(source: Source, roots: readonly Descriptor[]): Promise<FoundImage[]> {
  const found = new Map<string, FoundImage>();
  for (const root of roots) {
    for await (const { descriptor, read } of imagesOf(source, root)) {
      const image = found.has(descriptor.digest) ? undefined : await read();
      if (image === undefined) continue;
      const platform = normalPlatform(descriptor.platform ?? image.config.platform);
      found.set(descriptor.digest, { source, image, platform });
    }
  }
  return [...found.values()];
}

/**
 * The image for a platform, or the only one, or else the one for this machine.
 * @throws BimaError PLATFORM_MISSING when that is none
 */
export function chooseForMachine(
  images: readonly FoundImage[],
  wanted: Platform | undefined,
  architecture: string,
): FoundImage {
  const [first, ...others] = images;
  const fits = (platform: Platform, to: Platform) =>
    platform.architecture === to.architecture &&
    (to.variant === undefined || platform.variant === to.variant);
  if (first !== undefined && wanted === undefined && others.length === 0) return first;
  const target = wanted ?? { os: 'linux', architecture };
  const found = images.find(({ platform }) => fits(platform, normalPlatform(target)));
  if (found !== undefined) return found;
  const got = images.map(({ platform }) => formatPlatform(platform)).join(', ');
  throw new BimaError(
    'PLATFORM_MISSING',
    `expected an image for ${formatPlatform(target)}, got ${got === '' ? 'none' : got}`,
    { hint: 'Name one that is there with --platform: foreign ones are emulated.' },
  );
}

const bootNames = ['binary', 'initrd', 'block'] as const;

/**
 * Reads the files that its labels name, from the layers that have them.
 * @param folder for these files: it is the caller's to remove
 * @param isShared true where the guest gets the files of the image, whatever its labels say
 * @throws BimaError LABEL_MISSING, BINARY_MISSING, and what reading the layers throws
 */
export async function readBootImage(
  found: FoundImage,
  folder: string,
  isShared: boolean,
): Promise<BootImage> {
  const { source, image } = found;
  const { configBytes, layers } = image;
  const label = await readLabels(found, folder);
  const paths = bootNames.map((name) => rootfsPath(label(name))).filter((path) => path !== '');
  const rootfs = isShared || sharesRootfs(label) ? await readRootfs(found, folder) : undefined;
  const files =
    rootfs === undefined ? await readNamedFiles(source, layers, [...new Set(paths)], folder) : undefined;
  const fileOf = (name: (typeof bootNames)[number]): NamedFile | undefined => {
    const path = rootfsPath(label(name));
    const file = rootfs === undefined ? files?.get(path) : fileIn(rootfs, path);
    if (file !== undefined || label(name) === '') return file;
    throw new BimaError(
      'BINARY_MISSING',
      `no layer has a file at "${label(name)}", which "${uruncKeys[name]}" names`,
      { hint: 'Build the image again with the file at that path.' },
    );
  };
  const kernel = fileOf('binary');
  if (kernel === undefined) throw new Error('a binary without a label');
  const facts = await examineBinary(kernel, { unpack: unpackPayload });
  const { user, workdir } = readProcess(configBytes);
  const [initrd, block] = [fileOf('initrd'), fileOf('block')];
  return { ...found, label, kernel, initrd, block, facts, rootfs, user, folder: workdir };
}

async function readLabels(
  { source, image }: FoundImage,
  folder: string,
): Promise<(name: UruncName) => string> {
  const { manifest, config, layers } = image;
  const pairs = lastPairs(
    await labelsOfImage(labelsOfBase(config.labels, manifest.annotations ?? {}), (paths) =>
      readNamedFiles(source, layers, paths, folder),
    ),
  );
  const label = (name: UruncName) => pairs.get(uruncKeys[name])?.value ?? '';
  for (const name of ['unikernelType', 'binary'] as const) {
    if (label(name) !== '') continue;
    throw new BimaError('LABEL_MISSING', `the image has no label "${uruncKeys[name]}"`, {
      hint: 'Only an image for urunc can be booted: "bima lint" shows what is missing.',
    });
  }
  return label;
}

/** Whether the image's files are the guest's root: its layers are then read once. */
function sharesRootfs(label: BootImage['label']): boolean {
  const hasOwn = label('initrd') !== '' || (label('block') !== '' && label('blkMntPoint') === '/');
  return isTrue(label('mountRootfs')) && !hasOwn;
}

async function readRootfs({ source, image }: FoundImage, folder: string): Promise<Rootfs> {
  const rootfs = await createImageFiles(`${folder}/layers`).read(source, image.layers);
  // Then each layer is read once.
  for (const entry of rootfs.entries.values()) if (entry.type === 'file') entry.expect?.();
  return rootfs;
}

function fileIn(rootfs: Rootfs, path: string): NamedFile | undefined {
  const file = resolve(rootfs, path);
  return file === undefined ? undefined : { size: file.size, open: file.open };
}

function readProcess(configBytes: Uint8Array): { readonly user: string; readonly workdir: string } {
  const { config } = parseJsonObject(configBytes, 'config');
  const { User: user, WorkingDir: workdir }: { User?: unknown; WorkingDir?: unknown } = isObject(config)
    ? config
    : {};
  return {
    user: typeof user === 'string' ? user : '',
    workdir: typeof workdir === 'string' && workdir !== '' ? workdir : '/',
  };
}
