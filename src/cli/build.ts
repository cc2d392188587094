// `bima build`: reads the options, builds into a temporary layout, and hands that on to the chosen output.

import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { buildImage } from '../build/build.ts';
import type { BuildOptions, BuiltImage } from '../build/build.ts';
import { parseCompression } from '../build/compression.ts';
import { planBuild } from '../build/plan.ts';
import { BimaError } from '../errors.ts';
import { writeArchive } from '../layout/archive.ts';
import { createLayout } from '../layout/layout.ts';
import { checkDestination, publishLayout } from '../layout/publish.ts';
import { outputErrors, withTemporaryFolder } from '../layout/temporary.ts';
import { formatReference } from '../oci/reference.ts';
import type { Reference } from '../oci/reference.ts';
import type { Options } from './args.ts';
import { formatPlatform } from '../oci/platform.ts';
import { onePositional, readPlanOptions, readSourceDate, readTags, splitPair } from './options.ts';
import type { Terminal } from './run.ts';
import { terminalReporter } from './terminal-reporter.ts';

interface Output {
  readonly type: 'tar' | 'oci';
  readonly path: string;
}

export async function runBuild(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const context = onePositional('build', positionals, 'the context for the build process');
  const references = readTags(options.strings('tag'));
  const output = readOutput(options);
  const buildOptions = readBuildOptions(options, terminal);
  const planOptions = readPlanOptions(context, options);
  await checkOutput(output);

  const reporter = terminalReporter(terminal.stderr, {
    quiet: options.flag('quiet'),
    debug: options.flag('debug'),
  });
  const plan = await planBuild(planOptions, (problem) => {
    reporter.warning(problem);
  });
  const image = await outputErrors(output.path, () =>
    withTemporaryFolder(output.path, async (folder) => {
      const layout = await createLayout(join(folder, 'layout'));
      const built = await buildImage(plan, layout, buildOptions, reporter);
      if (output.type === 'oci') await publishLayout(layout, built.manifest, references, output.path);
      else await writeArchive(layout, built.manifest, references, output.path, terminal.signal);
      return built;
    }),
  );
  reporter.info(`wrote ${output.path}`);
  terminal.stdout(
    options.flag('json') ? JSON.stringify(resultOf(image, references, output)) : image.manifest.digest,
  );
  return 0;
}

function readBuildOptions(options: Options, terminal: Terminal): BuildOptions {
  const encoding = options.string('annotation-encoding');
  if (encoding !== 'plain' && encoding !== 'base64') {
    throw new BimaError(
      'INPUT_INVALID',
      `expected --annotation-encoding plain or base64, got "${encoding ?? ''}"`,
    );
  }
  return {
    compression: parseCompression(options.string('compression') ?? 'gzip'),
    annotations: Object.fromEntries(
      options.strings('annotation').map((text) => splitPair('--annotation', text)),
    ),
    annotationEncoding: encoding,
    created: readSourceDate(terminal.environment),
    signal: terminal.signal,
  };
}

function readOutput(options: Options): Output {
  const shorthands = { tar: options.flag('tar'), registry: options.flag('push') };
  const chosen = new Set([
    ...(options.isGiven('output') ? options.strings('output').slice(-1) : []),
    ...Object.entries(shorthands).flatMap(([name, isSet]) => (isSet ? [name] : [])),
  ]);
  if (chosen.size > 1) {
    throw new BimaError(
      'INPUT_INVALID',
      `expected one output, got ${[...chosen].map((name) => `"${name}"`).join(' and ')}`,
    );
  }
  const type = [...chosen][0] ?? options.string('output') ?? '';
  const dest = options.string('dest');
  switch (type) {
    case 'tar':
      return { type, path: dest ?? archiveName(options.strings('tag')) };
    case 'oci':
      if (dest === undefined) {
        throw new BimaError('INPUT_INVALID', 'expected --dest with the folder for the layout, got none');
      }
      return { type, path: dest };
    case 'ctr':
    case 'registry':
      throw new BimaError('INPUT_INVALID', `the output "${type}" is not available yet`, {
        hint: 'Use --output tar or --output oci, and import or push the result with ctr, podman or skopeo.',
      });
    default:
      throw new BimaError('INPUT_INVALID', `expected --output ctr, tar, oci or registry, got "${type}"`);
  }
}

/** As bima always named it: what stands after the last slash of the tag. */
function archiveName(tags: readonly string[]): string {
  const [tag] = tags;
  if (tag === undefined) {
    throw new BimaError('INPUT_INVALID', 'expected --tag or --dest for the name of the archive, got neither');
  }
  const name = tag.slice(tag.lastIndexOf('/') + 1);
  // Windows has no colons in file names.
  return process.platform === 'win32' ? name.replace(':', '-') : name;
}

async function checkOutput({ type, path }: Output): Promise<void> {
  if (type === 'oci') {
    await checkDestination(path);
    return;
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) {
    throw new BimaError('OUTPUT_FAILED', `expected a file name for the archive, got the folder "${path}"`, {
      hint: `Name a file, for example --dest ${join(path, `${basename(path)}.tar`)}.`,
    });
  }
}

function resultOf(
  image: BuiltImage,
  references: readonly Reference[],
  output: Output,
): Record<string, unknown> {
  return {
    digest: image.manifest.digest,
    config: image.config.digest,
    platform: formatPlatform(image.platform),
    tags: references.map(formatReference),
    layers: image.layers.map(({ descriptor, diffId }) => ({ ...descriptor, diffId })),
    labels: image.labels,
    [output.type === 'tar' ? 'archive' : 'layout']: resolve(output.path),
  };
}
