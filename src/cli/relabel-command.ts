// `bima relabel`: other labels for an image that is there, which goes back to its place or to another one.

import { chooseImage } from '../adapters/disk/choose-image.ts';
import { findLocal, openLocalImages, mustOpenLocalImages } from '../adapters/disk/open.ts';
import type { LocalPlace } from '../adapters/disk/open.ts';
import { isLayoutFolder } from '../adapters/disk/layout.ts';
import { publishLayout, withTemporaryLayout } from '../adapters/disk/publish.ts';
import { BimaError } from '../core/errors.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { localName, parseImageName } from '../core/oci/image-name.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference, withDefaultTag } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import type { LabelChange } from '../core/unikernel/change-labels.ts';
import { relabelImage } from '../usecases/relabel.ts';
import type { Relabelled, RelabelledImage } from '../usecases/relabel.ts';
import type { Options } from './args.ts';
import { readFailOn, readTags, splitPair } from './options.ts';
import { readOutput, readType } from './output.ts';
import type { Output, OutputContext } from './output.ts';
import { registryOutput } from './output-registry.ts';
import { checkRegistryOptions, lazyRegistryClient } from './registry-options.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runRelabel(
  [name, ...pairs]: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  if (name === undefined)
    throw new BimaError('INPUT_INVALID', '"bima relabel" requires an image and at least 1 label, got none', {
      hint: 'See "bima relabel --help".',
    });
  const change = readChange(pairs, options);
  const failOn = readFailOn(options);
  const place = await findPlace(name);
  const references = readTags(options.strings('tag'));
  const named = place.type === 'registry' && references.length === 0 ? ownName(place.reference) : references;
  const all = place.type === 'registry' ? [...named, place.reference] : named;
  const reporter = terminalReporter(terminal, options);
  const client = lazyRegistryClient({ options, references: all, terminal, reporter });
  const context = { options, references: named, terminal, reporter, client };
  let relabelled: Relabelled;
  let previous: Descriptor;
  let output: Output;
  try {
    const images = await openPlace(place, context);
    previous = images.root;
    output = await outputOf(place, images.root, context);
    checkRegistryOptions(options, all);
    await output.check();
    relabelled = await withTemporaryLayout(output.workPath, async (layout) => {
      const { signal } = terminal;
      const found = await relabelImage(images.source, images.root, layout, {
        change,
        failOn,
        reporter,
        signal,
      });
      await output.write(layout, found.root, found.external);
      return found;
    });
    if (place.type === 'registry' && relabelled.root.digest !== previous.digest)
      reporter.info(
        `signatures and attestations stay with ${previous.digest}: make them anew for the new image`,
      );
  } finally {
    reporter.close();
    await client.close();
  }
  const { root, images } = relabelled;
  const result = {
    digest: root.digest,
    previous: previous.digest,
    images: images.map(describeRelabelled),
    tags: named.map(formatReference),
    ...output.describe(),
  };
  const print = output.isStream === true ? terminal.stderr : terminal.stdout;
  print(options.flag('json') ? JSON.stringify(result) : root.digest);
  return 0;
}

function describeRelabelled({ platform, previous, digest, labels }: RelabelledImage): object {
  return { platform: formatPlatform(platform), digest, previous, labels };
}

/** @throws BimaError INPUT_INVALID for none, and for a label that is both */
function readChange(pairs: readonly string[], options: Options): LabelChange {
  const set = new Map(pairs.map((text) => splitPair('a label', text)));
  const removed = new Set(options.strings('remove'));
  if (set.size + removed.size === 0) {
    throw new BimaError('INPUT_INVALID', '"bima relabel" requires at least 1 label, got none', {
      hint: 'Write for example com.urunc.unikernel.hypervisor=qemu behind the image, or --remove with a label.',
    });
  }
  const both = [...set.keys()].find((key) => removed.has(key));
  if (both !== undefined)
    throw new BimaError('INPUT_INVALID', `expected "${both}" to be set or removed, got both`);
  return { set, removed };
}

type Place =
  | { readonly type: 'registry'; readonly reference: Reference }
  | { readonly type: 'layout' | 'archive'; readonly local: LocalPlace };

/** On disk if it says so, or if something is there; else in a registry. @throws BimaError LAYOUT_INVALID */
async function findPlace(name: string): Promise<Place> {
  const isLocal = localName(name) !== undefined || (await openLocalImages(name)) !== undefined;
  if (isLocal) {
    const local = await findLocal(name);
    return { type: (await isLayoutFolder(local.path)) ? 'layout' : 'archive', local };
  }
  // No reference starts or ends so; it is a path with a mistake.
  if (/^[./~]|\.(?:tar|tgz|gz)$|\/$/.test(name))
    throw new BimaError('LAYOUT_INVALID', `"${name}" does not exist`);
  return { type: 'registry', reference: withDefaultTag(parseImageName(name)) };
}

/** The tag that moves. @throws BimaError INPUT_INVALID for a digest alone */
function ownName({ digest, ...reference }: Reference): Reference[] {
  if (reference.tag !== undefined) return [reference];
  throw new BimaError(
    'INPUT_INVALID',
    `expected --tag for the new image, got none, and no tag beside ${digest ?? ''}`,
    {
      hint: 'A digest always stands for the same image: name a tag that stands for the new one.',
    },
  );
}

async function openPlace(
  place: Place,
  { client }: OutputContext,
): Promise<{ readonly source: Source; readonly root: Descriptor }> {
  if (place.type === 'registry') {
    const { openRemoteImage } = await import('../adapters/registry/remote-image.ts');
    return openRemoteImage(await client.open(place.reference.registry), place.reference);
  }
  const { path, image } = place.local;
  const images = await mustOpenLocalImages(path);
  const root = await chooseImage(images, image, `Name the one that is meant, as in oci:${path}:tag.`);
  return { source: images.source, root };
}

/** That of the options, or else the place of the image. @throws BimaError INPUT_INVALID for an archive */
async function outputOf(place: Place, { digest }: Descriptor, context: OutputContext): Promise<Output> {
  const { options, references, terminal, reporter } = context;
  const type = readType(options);
  if (type === 'ctr')
    throw new BimaError('INPUT_INVALID', 'expected --output tar, oci or registry, got "ctr"');
  if (type !== '') return readOutput(context);
  if (place.type === 'registry') return registryOutput(context);
  if (place.type === 'archive') {
    throw new BimaError('INPUT_INVALID', 'expected --dest with --tar for the new archive, got neither', {
      hint: 'An archive is never changed where it is.',
    });
  }
  const { path } = place.local;
  if (options.isGiven('dest'))
    throw new BimaError('INPUT_INVALID', 'expected --output with --dest, got --dest alone');
  return {
    path,
    workPath: path,
    check: () => Promise.resolve(),
    write: async (layout, image) => {
      const names = references.length > 0 ? references : { replaces: digest };
      await publishLayout(layout, image, names, path, terminal.signal);
      reporter.info(`wrote the layout ${path}`);
    },
    describe: () => ({ layout: path }),
  };
}
