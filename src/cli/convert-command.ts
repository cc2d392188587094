// `bima convert`: a container image becomes one that urunc boots, and is handed on as a built image is.

import { tmpdir } from 'node:os';
import { parsePlatforms } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import { parseMonitor, parseRootfs } from '../core/unikernel/convert-words.ts';
import type { BuiltPlatforms } from '../usecases/build-platforms.ts';
import { withConversion } from '../usecases/convert/convert.ts';
import { nameOfImage } from '../usecases/convert/named-image.ts';
import type { ConversionOptions } from '../usecases/convert/convert.ts';
import type { Options } from './args.ts';
import { describeBuilt, readBuildOptions } from './build-command.ts';
import { buildInto } from './build-into.ts';
import { withCommandImages } from './command-images.ts';
import { onePositional, readFailOn, readTags, splitPair } from './options.ts';
import { readOutput, readType } from './output.ts';
import type { Output } from './output.ts';
import { checkRegistryOptions, lazyRegistryClient } from './registry-options.ts';
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
  try {
    output = await readOutput({ options, references, terminal, reporter, client });
    const buildOptions = readBuildOptions(options, terminal);
    const conversion = { ...readConversion(options, buildOptions.created), image: await nameOfImage(name) };
    checkRegistryOptions(options, pushed);
    await output.check();
    built = await withCommandImages(
      { options, terminal, reporter, client, context: '.' },
      (images, blobs) => {
        const world = { images, temporary: tmpdir(), reporter, flag: (option: string) => `--${option}` };
        const request = { options, terminal, reporter, client, output, pushed, blobs };
        return withConversion(conversion, world, ({ plans, annotations }) => {
          const all = [...annotations, ...buildOptions.annotations];
          const ours = { ...buildOptions, annotations: all };
          return buildInto({ ...request, buildOptions: ours }, () => Promise.resolve(plans));
        });
      },
    );
  } finally {
    reporter.close();
    await client.close();
  }
  const result = { ...describeBuilt(built), tags: references.map(formatReference), ...output.describe() };
  const print = output.isStream === true ? terminal.stderr : terminal.stdout;
  print(options.flag('json') ? JSON.stringify(result) : built.root.digest);
  return 0;
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
