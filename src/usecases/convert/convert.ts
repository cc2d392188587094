// The use case: any container image for Linux becomes one that urunc boots, with a kernel and an init. The plan is that
// of an equivalent Containerfile, the recipe.

import { isFile, withStagedFiles } from '../../adapters/context/staged-files.ts';
import { openReadable } from '../../adapters/filesystem/readable-file.ts';
import { BimaError } from '../../core/errors.ts';
import type { Problem } from '../../core/errors.ts';
import { resolve } from '../../core/files/rootfs.ts';
import type { AnnotationInput } from '../../core/oci/annotations.ts';
import { bareImage } from '../../core/oci/bare-image.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import { localName, parseImageName } from '../../core/oci/image-name.ts';
import { formatPlatform, normalPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { formatReference } from '../../core/oci/reference.ts';
import { withBlobs } from '../../core/oci/with-blobs.ts';
import type { Reporter } from '../../core/reporter.ts';
import { detectPlatform, headSize } from '../../core/unikernel/binary.ts';
import { formatRecipe, initTarget, recipeLabels } from '../../core/unikernel/convert-recipe.ts';
import type { ConvertRootfs, RecipePart } from '../../core/unikernel/convert-recipe.ts';
import { readRange } from '../../core/unikernel/file-ranges.ts';
import {
  parseImagePart,
  publicInit,
  publicKernel,
  usualInits,
  usualKernels,
} from '../../core/unikernel/guest-parts.ts';
import type { ConvertMonitor, ImagePart } from '../../core/unikernel/guest-parts.ts';
import type { LabelInput } from '../../core/unikernel/labels.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import { openBaseImage } from '../plan/base-image.ts';
import type { BaseImage } from '../plan/base-image.ts';
import type { BaseImages, OpenedImage } from '../plan/base-images.ts';
import type { Plan } from '../plan/plan.ts';
import { planPlatforms } from '../plan/platforms.ts';
import type { FailOn } from '../plan/platforms.ts';
import { doubtsOfInit, doubtsOfWords, findProgram, userInNumbers } from './guest-settings.ts';

export interface ConversionOptions {
  /** Name of the image, as FROM takes it. */
  readonly image: string;
  readonly monitor: ConvertMonitor;
  readonly rootfs: ConvertRootfs;
  /** `REF[:path]` or a file; undefined for the public one. */
  readonly kernel?: string | undefined;
  /** `REF[:path]`, a file or `none`; undefined for urunit. */
  readonly init?: string | undefined;
  /** Empty: that of the image, or else of the kernel's file. */
  readonly platforms: readonly Platform[];
  /** Labels that win over those of the conversion. */
  readonly labels: readonly LabelInput[];
  readonly failOn: FailOn;
  /** Seconds since 1970. */
  readonly created: number;
}

export interface ConversionWorld {
  readonly images: BaseImages;
  /** Holds temporary folders. */
  readonly temporary: string;
  readonly reporter: Reporter;
  /** Name of an option or an input in messages, such as `--kernel`. */
  readonly flag: (name: 'kernel' | 'init' | 'platform') => string;
}

/** A kernel or an init, found. */
interface FoundPart {
  /** What the recipe copies. */
  readonly part: RecipePart;
  /** `name@digest:path` of an image in a registry: with it, another conversion takes the same. */
  readonly pin?: string | undefined;
}

export interface Conversion {
  readonly plans: readonly Plan[];
  /** Annotations that say what the parts resolved to. */
  readonly annotations: readonly AnnotationInput[];
}

/** The recipe is no file, so it has no positions. */
const nowhere = { file: 'the image', line: 1, column: 1 };

/** Names in the recipe for what no Containerfile could name. */
const aliases = { image: 'image', settings: 'settings-of-image', kernel: 'kernel', init: 'init' } as const;

/** Names of the annotations; the first two are OCI's own (image-spec, annotations.md). */
const annotationKeys = {
  name: 'org.opencontainers.image.base.name',
  digest: 'org.opencontainers.image.base.digest',
  kernel: 'com.nubificus.bima.kernel',
  init: 'com.nubificus.bima.init',
} as const;

/**
 * Runs `body` with the plans, one for each platform: the user's files are open only while it runs.
 * @throws BimaError INPUT_INVALID, PLATFORM_MISSING, NOT_AVAILABLE for a kernel or an init that can't be had, and what
 *   planning throws
 */
export async function withConversion<T>(
  options: ConversionOptions,
  world: ConversionWorld,
  body: (conversion: Conversion) => Promise<T>,
): Promise<T> {
  const { kernel, init } = options;
  const files = new Map<string, string>();
  if (kernel !== undefined && (await isFile(kernel))) files.set(aliases.kernel, kernel);
  if (init !== undefined && init !== 'none' && (await isFile(init))) files.set(fileName(init), init);
  return withStagedFiles(files, world.temporary, async (context) => {
    return body(await new Converter(options, world, context).convert());
  });
}

/** The init keeps its name, by which urunc recognises urunit. */
function fileName(path: string): string {
  const name = path.replace(/^.*[/\\]/s, '').replace(/[^A-Za-z0-9._-]/g, '-');
  return name === aliases.kernel ? aliases.init : name;
}

class Converter {
  readonly #options: ConversionOptions;
  readonly #world: ConversionWorld;
  readonly #context: string;
  /** Images by the names that the recipe has for them. */
  readonly #named = new Map<string, Promise<OpenedImage>>();

  constructor(options: ConversionOptions, world: ConversionWorld, context: string) {
    this.#options = options;
    this.#world = world;
    this.#context = context;
  }

  get #images(): BaseImages {
    const { images } = this.#world;
    return {
      ...images,
      open: (name) => this.#named.get(name) ?? images.open(name),
      folderOf: () => undefined,
    };
  }

  async convert(): Promise<Conversion> {
    const { image, kernel, init, monitor } = this.#options;
    const { root, source } = await this.#world.images.open(image);
    this.#world.reporter.info(`the image is ${image} (${root.digest})`);
    const name = this.#name(image, aliases.image);
    const platforms = await this.#findPlatforms({ root, source });
    const first = platforms[0];
    const kernelPart = await this.#find('kernel', kernel, publicKernel(monitor), first);
    const initPart = init === 'none' ? undefined : await this.#find('init', init, publicInit(), first);
    const plans: Plan[] = [];
    for (const platform of platforms) plans.push(...(await this.#plan(name, platform, kernelPart, initPart)));
    return { plans, annotations: this.#annotations(root.digest, kernelPart, initPart) };
  }

  /** As written where a Containerfile accepts it (the history shows it); otherwise a name of the recipe. */
  #name(image: string, alias: string): string {
    if (localName(image) === undefined && /^[\w./:@-]+$/.test(image)) return image;
    this.#named.set(alias, this.#world.images.open(image));
    return alias;
  }

  /** @throws BimaError PLATFORM_MISSING where there are several and none is named */
  async #findPlatforms({ source, root }: OpenedImage): Promise<readonly Platform[]> {
    const { platforms, image, kernel } = this.#options;
    if (platforms.length > 0) return platforms;
    const found = new Map<string, Platform>();
    for await (const { descriptor, read } of imagesOf(source, root)) {
      const platform = descriptor.platform ?? (await read())?.config.platform;
      if (platform?.os !== 'linux') continue;
      const normal = normalPlatform(platform);
      found.set(formatPlatform(normal), normal);
    }
    const [only, ...others] = found.values();
    if (only === undefined)
      throw new BimaError('PLATFORM_MISSING', `expected a container image for linux, got none in "${image}"`);
    if (others.length === 0) return [only];
    const file = kernel === undefined ? undefined : await openReadable(kernel);
    const own = file === undefined ? undefined : detectPlatform(await readRange(file, 0, headSize)).platform;
    if (own !== undefined) return [own];
    throw new BimaError(
      'PLATFORM_MISSING',
      `expected to know for which platform "${image}" is converted, got ${[...found.keys()].join(', ')}`,
      { hint: `Name one or several of them with ${this.#world.flag('platform')}.` },
    );
  }

  /** @param fallback the public one */
  async #find(
    what: 'kernel' | 'init',
    given: string | undefined,
    fallback: ImagePart | undefined,
    platform: Platform | undefined,
  ): Promise<FoundPart> {
    const { flag } = this.#world;
    if (given === undefined && fallback === undefined) {
      const { monitor } = this.#options;
      throw new BimaError(
        'INPUT_INVALID',
        `expected ${flag('kernel')}: no public kernel is known for ${monitor}`,
        {
          hint: 'Name a Linux kernel as a file, or as REF:path for one in an image.',
        },
      );
    }
    if (given !== undefined && (await isFile(given)))
      return { part: { path: what === 'kernel' ? aliases.kernel : fileName(given) } };
    const isName = given === undefined || /[:@]/.test(given) || /^[^./~][^/]*\//.test(given);
    if (!isName) {
      throw new BimaError(
        'INPUT_INVALID',
        `expected a file or an image with ${flag(what)}, got "${given}", which does not exist`,
        {
          hint: 'Write an image as REF:path, such as ghcr.io/owner/kernel:6.14:/kernel.',
        },
      );
    }
    const wanted = given === undefined ? fallback : parseImagePart(given, flag(what));
    if (wanted === undefined) throw new RangeError('a part without a name');
    return this.#open(what, wanted, platform);
  }

  async #open(
    what: 'kernel' | 'init',
    wanted: ImagePart,
    platform: Platform | undefined,
  ): Promise<FoundPart> {
    const { reporter, flag } = this.#world;
    const wish = { ...(platform === undefined ? {} : { target: platform }), findArchitecture: nobody };
    try {
      const opened = await this.#world.images.open(wanted.image);
      const reference = localName(wanted.image) === undefined ? parseImageName(wanted.image) : undefined;
      const { digest } = opened.root;
      const pinned = reference === undefined ? undefined : formatReference({ ...reference, digest });
      const name = pinned ?? aliases[what];
      this.#named.set(name, Promise.resolve(opened));
      const image = await openBaseImage(this.#images, name, wish, nowhere);
      const path = wanted.path ?? (await findPart(what, image));
      if (path === undefined || resolve(await image.rootfs(), path) === undefined) {
        const message = `expected a file at "${path ?? (what === 'kernel' ? usualKernels : usualInits).join('", "')}" in "${wanted.image}", got none`;
        throw new BimaError('INPUT_INVALID', message, {
          hint: `Write ${flag(what)} REF:path with the path of the ${what}.`,
        });
      }
      const pin = pinned === undefined ? undefined : `${pinned}:${path}`;
      reporter.info(`the ${what} is ${pin ?? `${path} of ${wanted.image} (${digest})`}`);
      return { part: { from: name, path }, pin };
    } catch (error) {
      if (!(error instanceof BimaError) || error.code === 'INPUT_INVALID' || error.code === 'INTERRUPTED')
        throw error;
      throw new BimaError(error.code, `the ${what} can't be had: ${error.message}`, {
        hint: `Name another kernel with ${flag('kernel')} and another init with ${flag('init')}, as REF:path or as a file.`,
        cause: error,
      });
    }
  }

  async #plan(
    name: string,
    platform: Platform,
    kernel: FoundPart,
    init: FoundPart | undefined,
  ): Promise<readonly Plan[]> {
    const { monitor, rootfs, labels, failOn, created } = this.#options;
    const { reporter } = this.#world;
    const wish = { target: platform, findArchitecture: nobody };
    const base = await withoutPlace(() => openBaseImage(this.#images, name, wish, nowhere));
    if (base.labels.has(uruncKeys.binary)) {
      throw new BimaError('INPUT_INVALID', `"${this.#options.image}" is an image for urunc already`, {
        hint: 'Convert the container image that it was made of; "bima relabel" changes its labels.',
      });
    }
    const target = init === undefined ? undefined : initTarget(init.part.path);
    const { entrypoint = [], cmd = [] } = base.values;
    const words = [...entrypoint, ...cmd];
    const text = formatRecipe({
      image: name,
      settings: this.#nameSettings(base),
      rootfs,
      kernel: kernel.part,
      init: init === undefined || target === undefined ? undefined : { ...init.part, target },
      entrypoint: target === undefined ? entrypoint : [target, ...entrypoint],
      cmd,
      user: rootfs.type === 'container' ? undefined : await userInNumbers(base),
    });
    reporter.debug(text);
    const [word = ''] = words;
    const program = init === undefined ? await findProgram(base, word) : undefined;
    if (program !== undefined) reporter.info(`"${word}" is "${program}" in a container of the image`);
    const doubts = init === undefined ? await doubtsOfInit(base, words) : doubtsOfWords(words);
    const options = {
      context: this.#context,
      text: Buffer.from(text),
      origin: 'the files of the conversion',
      doubts,
      labels: [...recipeLabels(monitor, rootfs), ...labels],
      strict: false,
      platforms: [platform],
      images: this.#images,
      created,
      failOn,
    };
    const plans = await withoutPlace(() => planPlatforms(options, placeless(reporter)));
    return plans.map((plan) => ({ ...plan, isOneLayer: true }));
  }

  #nameSettings({ inherited, platform }: BaseImage): string {
    const { manifest, config } = bareImage(inherited.config, platform, inherited.author);
    const none = {
      name: aliases.settings,
      open: () => {
        throw new BimaError('LAYOUT_INVALID', 'the settings of an image have no other blobs');
      },
    };
    const opened = {
      source: withBlobs(none, [manifest, config]),
      root: { ...manifest.descriptor, platform },
    };
    this.#named.set(aliases.settings, Promise.resolve(opened));
    return aliases.settings;
  }

  #annotations(digest: Digest, kernel: FoundPart, init: FoundPart | undefined): readonly AnnotationInput[] {
    const { image } = this.#options;
    // A path means nothing on another machine.
    const name = localName(image) === undefined ? formatReference(parseImageName(image)) : undefined;
    const all = [
      [annotationKeys.name, name],
      [annotationKeys.digest, digest],
      [annotationKeys.kernel, kernel.pin],
      [annotationKeys.init, init?.pin],
    ] as const;
    return all.flatMap(([key, value]) => (value === undefined ? [] : [{ level: 'manifest', key, value }]));
  }
}

/** The named platform, or the image's only one. */
function nobody(): Promise<undefined> {
  return Promise.resolve(undefined);
}

/** Path of the kernel or the init in an image: from its label, or one of the usual places. */
async function findPart(what: 'kernel' | 'init', image: BaseImage): Promise<string | undefined> {
  const label = what === 'kernel' ? image.labels.get(uruncKeys.binary) : undefined;
  if (label !== undefined && label !== '') return label;
  const rootfs = await image.rootfs();
  return (what === 'kernel' ? usualKernels : usualInits).find((path) => resolve(rootfs, path) !== undefined);
}

/** Drops positions, since the recipe is no file, and remarks about labels that no user wrote. */
function placeless(reporter: Reporter): Pick<Reporter, 'info' | 'warning'> {
  return {
    info: (message) => {
      reporter.info(message);
    },
    warning: (problem) => {
      if (problem.code !== 'LABEL_MISSING') reporter.warning(bare(problem));
    },
  };
}

async function withoutPlace<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    const { code, message, hint } = error;
    const problems = error.problems.map(bare);
    throw new BimaError(code, message, { ...(hint === undefined ? {} : { hint }), problems, cause: error });
  }
}

function bare({ code, message, hint }: Problem): Problem {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}
