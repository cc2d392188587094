// `bima convert`: a container image becomes one that urunc boots, and is handed on as a built image is.

import { tmpdir } from 'node:os';
import type { Layout } from '../adapters/disk/layout.ts';
import { parsePlatforms } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { parseMonitor, parseRootfs } from '../core/unikernel/convert-words.ts';
import type { SignedImage } from '../usecases/attest/sign-image.ts';
import type { BuiltPlatforms } from '../usecases/build-platforms.ts';
import { withConversion } from '../usecases/convert/convert.ts';
import { nameOfImage } from '../usecases/convert/named-image.ts';
import type { ConversionOptions } from '../usecases/convert/convert.ts';
import type { Options } from './args.ts';
import { describeBuilt, readBuildOptions } from './build-command.ts';
import { buildInto } from './build-into.ts';
import type { BuildRequest, FinishedPlatforms } from './build-into.ts';
import { withCommandImages } from './command-images.ts';
import { onePositional, readFailOn, readTags, splitPair } from './options.ts';
import { readOutput, readType } from './output.ts';
import type { Output } from './output.ts';
import { checkRegistryOptions, lazyRegistryClient } from './registry-options.ts';
import { describeSigned, prepareToSign } from './signature.ts';
import type { CommandSigning } from './command-signing.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runConvert(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const name = onePositional('convert', positionals, 'a container image');
  const references = readTags(options.strings('tag'));
  const reporter = terminalReporter(terminal, options);
  // Without a push, the credentials are those for the registry of the image.
  const pushed = readType(options) === 'registry' ? references : [];
  const client = lazyRegistryClient({ options, references: pushed, terminal, reporter });
  let built: BuiltPlatforms;
  let output: Output;
  let signed: SignedImage | undefined;
  try {
    output = await readOutput({ options, references, terminal, reporter, client });
    const buildOptions = readBuildOptions(options, terminal);
    const conversion = { ...readConversion(options, buildOptions.created), image: await nameOfImage(name) };
    checkRegistryOptions(options, pushed);
    await output.check();
    const signing = await prepareToSign(options, terminal, reporter);
    built = await withCommandImages(
      { options, terminal, reporter, client, context: '.' },
      (images, blobs) => {
        const world = { images, temporary: tmpdir(), reporter, flag: (option: string) => `--${option}` };
        const request = { options, terminal, reporter, client, output, pushed, blobs };
        return withConversion(conversion, world, ({ plans, annotations }) => {
          const all = [...annotations, ...buildOptions.annotations];
          const ours = { ...buildOptions, annotations: all };
          const plan = () => Promise.resolve(plans);
          return buildInto({ ...request, buildOptions: ours }, plan, async (finished, layout) => {
            if (signing === undefined) return;
            signed = await signConverted({ ...request, ...finished, references, signing }, layout);
          });
        });
      },
    );
  } finally {
    reporter.close();
    await client.close();
  }
  const result = {
    ...describeBuilt(built),
    tags: references.map(formatReference),
    ...output.describe(),
    ...describeSigned(signed),
  };
  const print = output.isStream === true ? terminal.stderr : terminal.stdout;
  print(options.flag('json') ? JSON.stringify(result) : built.root.digest);
  return 0;
}

interface ConvertedImage extends FinishedPlatforms, Pick<BuildRequest, 'client' | 'pushed' | 'reporter'> {
  readonly references: readonly Reference[];
  readonly signing: CommandSigning;
}

/** That somebody signs it is all that is stated: a conversion has no Containerfile to tell of. */
async function signConverted(
  { built, build, references, signing, client, pushed, reporter }: ConvertedImage,
  layout: Layout,
): Promise<SignedImage> {
  const { signInLayout } = await import('./command-signing.ts');
  const { root, external } = built;
  const { created, signal } = build;
  const image = { source: withBlobs(layout, external), root, referrers: [], references, created };
  return signInLayout(layout, image, signing, { pushed, openClient: () => client.open(), reporter, signal });
}

/** @throws BimaError INPUT_INVALID */
function readConversion(options: Options, created: number): Omit<ConversionOptions, 'image'> {
  return {
    monitor: parseMonitor(options.string('monitor') ?? '', '--monitor'),
    rootfs: parseRootfs(options.string('rootfs') ?? '', '--rootfs'),
    kernel: options.string('kernel'),
    init: options.string('init'),
    platforms: parsePlatforms(options.strings('platform')),
    labels: options.strings('label').map((text) => {
      const [key, value] = splitPair('--label', text);
      return { key, value };
    }),
    failOn: readFailOn(options),
    created,
  };
}
