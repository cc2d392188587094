// What is booted of an image: its labels, its arguments, and the files that they name.

import { readNamedFiles } from '../../adapters/layers/named-files.ts';
import type { NamedFile } from '../../adapters/layers/named-files.ts';
import { unpackPayload } from '../../adapters/layers/unpack-payload.ts';
import { BimaError } from '../../core/errors.ts';
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
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import type { UruncName } from '../../core/unikernel/urunc-annotations.ts';
import { labelsOfImage } from '../lint-image.ts';

/** An image among those of a source. */
export interface FoundImage {
  readonly source: Source;
  readonly image: ReadImage;
  readonly platform: Platform;
}

export interface BootImage extends FoundImage {
  /** The value of a label; empty without one. */
  readonly label: (name: UruncName) => string;
  readonly kernel: NamedFile;
  readonly initrd?: NamedFile | undefined;
  readonly block?: NamedFile | undefined;
  readonly facts: BinaryFacts;
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

/**
 * Reads the files that its labels name, from the layers that have them.
 * @param folder for these files: it is the caller's to remove
 * @throws BimaError LABEL_MISSING, BINARY_MISSING, and what reading the layers throws
 */
export async function readBootImage(found: FoundImage, folder: string): Promise<BootImage> {
  const { source, image } = found;
  const { manifest, config, configBytes, layers } = image;
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
  const names = ['binary', 'initrd', 'block'] as const;
  const paths = names.map((name) => rootfsPath(label(name)));
  const files = await readNamedFiles(
    source,
    layers,
    [...new Set(paths.filter((path) => path !== ''))],
    folder,
  );
  const fileOf = (name: (typeof names)[number]): NamedFile | undefined => {
    const file = files.get(rootfsPath(label(name)));
    if (file !== undefined || label(name) === '') return file;
    throw new BimaError(
      'BINARY_MISSING',
      `no layer has a file at "${label(name)}", which "${uruncKeys[name]}" names`,
      {
        hint: 'Build the image again with the file at that path.',
      },
    );
  };
  const kernel = fileOf('binary');
  if (kernel === undefined) throw new Error('a binary without a label');
  const facts = await examineBinary(kernel, { unpack: unpackPayload });
  const { user, workdir } = readProcess(configBytes);
  const [initrd, block] = [fileOf('initrd'), fileOf('block')];
  return { ...found, label, kernel, initrd, block, facts, user, folder: workdir };
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
