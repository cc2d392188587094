// The image that a stage is built on: which of an index it is, and what the stage takes over from it.

import type { BaseImages } from './base-images.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';
import { BimaError } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { readImage } from '../../core/oci/image.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import { readInherited, readValues } from '../../core/oci/inherited.ts';
import type { Inherited, InheritedValues } from '../../core/oci/inherited.ts';
import { isIndexType, layerMediaTypeInOci } from '../../core/oci/media-types.ts';
import { formatPlatform, normalPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import { chooseForPlatform } from '../../core/unikernel/base-platform.ts';
import type { Wanted } from '../../core/unikernel/base-platform.ts';
import { labelsOfBase } from '../../core/unikernel/inherited-labels.ts';

/** A layer of a base image, as a manifest of ours names it. */
export interface BaseLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Where its bytes are; nothing is fetched before it is opened. */
  readonly blob: Blob;
}

export interface BaseImage {
  /** The name that FROM gives. */
  readonly name: string;
  /** In a registry; undefined for one on disk. */
  readonly reference?: Reference | undefined;
  readonly digest: Digest;
  /** The platform that its config gives. */
  readonly platform: Platform;
  readonly layers: readonly BaseLayer[];
  readonly inherited: Inherited;
  readonly values: InheritedValues;
  /** Its labels, and urunc's annotations where no label says the same. */
  readonly labels: ReadonlyMap<string, string>;
  /** The annotations of its manifest, unchanged. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What a container of it would see. Its layers are fetched for that. */
  rootfs(): Promise<Rootfs>;
}

/** What decides which image of an index it is. */
export interface BaseWish extends Wanted {
  /** Called when several architectures fit. */
  readonly findArchitecture: () => Promise<Platform | undefined>;
}

/**
 * Opens the image that a name stands for, and reads its manifest and its config. No layer is fetched.
 * @param position of the instruction, for errors
 * @throws BimaError PLATFORM_MISSING when no image of an index fits, or several do; NOT_AVAILABLE for layers that may
 *   not be passed on; what opening and reading it throw
 */
export async function openBaseImage(
  images: BaseImages,
  name: string,
  wish: BaseWish,
  position: Position,
): Promise<BaseImage> {
  return blaming(name, position, async () => {
    const { source, root, reference } = await images.open(name);
    const descriptor = await chooseManifest(source, root, wish, name);
    const { manifest, config, configBytes, layers } = await readImage(source, descriptor);
    const inherited = readInherited(configBytes, layers.length, `config ${manifest.config.digest}`);
    const values = readValues(inherited);
    return {
      name,
      reference,
      digest: descriptor.digest,
      platform: config.platform,
      layers: layers.map(({ descriptor: layer, diffId }) => {
        const mediaType = layerMediaTypeInOci(layer.mediaType);
        if (mediaType === undefined) throw unusableLayer(layer);
        const { digest, size } = layer;
        return { descriptor: { mediaType, digest, size }, diffId, blob: source.open(layer) };
      }),
      inherited,
      values,
      labels: labelsOfBase(values.labels, manifest.annotations ?? {}),
      annotations: manifest.annotations ?? {},
      rootfs: () => blaming(name, position, () => images.files.read(source, layers)),
    };
  });
}

/** Gives errors the place of the instruction, and the name of the image where they don't say it. */
async function blaming<T>(name: string, position: Position, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof BimaError) || error.position !== undefined) throw error;
    const problems = error.problems.map((problem): Problem => {
      const message = problem.message.includes(`"${name}"`)
        ? problem.message
        : `"${name}": ${problem.message}`;
      return { ...problem, message, position };
    });
    const [first] = problems;
    throw new BimaError(error.code, first?.message ?? error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      position,
      problems,
      cause: error,
    });
  }
}

async function chooseManifest(
  source: Source,
  root: Descriptor,
  wish: BaseWish,
  name: string,
): Promise<Descriptor> {
  if (!isIndexType(root.mediaType)) return root;
  const entries: Descriptor[] = [];
  for await (const { descriptor } of imagesOf(source, root)) entries.push(descriptor);
  const [only, ...others] = entries;
  // An entry without a platform fits any.
  if (only !== undefined && others.length === 0 && only.platform === undefined) return only;
  return chooseEntry(entries, wish, name);
}

async function chooseEntry(
  entries: readonly Descriptor[],
  wish: BaseWish,
  name: string,
): Promise<Descriptor> {
  let choice = chooseForPlatform(entries, wish);
  if (choice.type === 'several') {
    const target = await wish.findArchitecture();
    if (target !== undefined) choice = chooseForPlatform(entries, { ...wish, target });
  }
  if (choice.type === 'chosen') return choice.entry;
  const platforms = entries.flatMap(({ platform }) => (platform === undefined ? [] : [shown(platform)]));
  const available = [...new Set(platforms)].join(', ');
  if (choice.type === 'several') {
    throw new BimaError(
      'PLATFORM_MISSING',
      `expected to know for which platform "${name}" is used, got ${available}`,
      {
        hint: 'Name it with --platform (the input "platforms"), in a Containerfile also as in FROM --platform=linux/amd64, in a bunnyfile as the architecture.',
      },
    );
  }
  const { named, target, hypervisor } = wish;
  const wanted =
    named === undefined
      ? [`linux${suffix(target)}`, ...(hypervisor === undefined ? [] : [`${hypervisor}${suffix(target)}`])]
      : [formatPlatform(named)];
  throw new BimaError(
    'PLATFORM_MISSING',
    `expected an image for ${wanted.join(' or ')} in "${name}", got ${available}`,
    {
      hint: 'Name one of these with FROM --platform=…, or use another base image.',
    },
  );
}

function suffix(target: Platform | undefined): string {
  if (target === undefined) return '';
  const { architecture, variant } = normalPlatform(target);
  return variant === undefined ? `/${architecture}` : `/${architecture}/${variant}`;
}

function shown(platform: Platform): string {
  return formatPlatform(normalPlatform(platform));
}

function unusableLayer({ mediaType, digest }: Descriptor): BimaError {
  const isForeign = /foreign|nondistributable/.test(mediaType);
  const why = isForeign ? 'may not be passed on' : 'is of a kind that is not known here';
  return new BimaError('NOT_AVAILABLE', `its layer ${digest} ${why}: "${mediaType}"`, {
    hint: 'Use a base image whose layers are tar files.',
  });
}
