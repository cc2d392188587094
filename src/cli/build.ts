// `bima build`: reads the options, builds into a temporary layout, and hands that on to the chosen output.

import { buildImage } from '../build/build.ts';
import type { BuildOptions, BuiltImage } from '../build/build.ts';
import { parseCompression } from '../build/compression.ts';
import { findKnownLayers } from '../build/known-layers.ts';
import { planBuild } from '../build/plan.ts';
import type { Plan } from '../build/plan.ts';
import { parseSourceDate } from '../build/source-date.ts';
import { BimaError } from '../errors.ts';
import { withTemporaryLayout } from '../layout/publish.ts';
import { formatPlatform } from '../oci/platform.ts';
import { formatReference } from '../oci/reference.ts';
import { withBlobs } from '../oci/with-blobs.ts';
import type { Reporter } from '../reporter.ts';
import type { Options } from './args.ts';
import { onePositional, readPlanOptions, readTags, splitPair } from './options.ts';
import { readOutput } from './output.ts';
import type { Output } from './output.ts';
import type { Terminal } from './run.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runBuild(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const context = onePositional('build', positionals, 'the context for the build process');
  const references = readTags(options.strings('tag'));
  const reporter = terminalReporter(terminal, options);
  let image: BuiltImage;
  let output: Output;
  try {
    output = await readOutput({ options, references, terminal, reporter });
    const buildOptions = readBuildOptions(options, terminal);
    const planOptions = readPlanOptions(context, options);

    await output.check();
    const plan = await planBuild(planOptions, (problem) => {
      reporter.warning(problem);
    });
    image = await buildInto(output, plan, buildOptions, { reporter, isReusing: !options.flag('no-reuse') });
  } finally {
    reporter.close();
  }
  const result = { ...describeImage(image), tags: references.map(formatReference), ...output.describe() };
  terminal.stdout(options.flag('json') ? JSON.stringify(result) : image.manifest.digest);
  return 0;
}

async function buildInto(
  output: Output,
  plan: Plan,
  options: BuildOptions,
  { reporter, isReusing }: { readonly reporter: Reporter; readonly isReusing: boolean },
): Promise<BuiltImage> {
  try {
    const known = isReusing
      ? await findKnownLayers(async () => output.previous?.(), options.compression, reporter)
      : new Map();
    return await withTemporaryLayout(output.workPath, async (layout) => {
      const image = await buildImage(plan, layout, { ...options, known }, reporter);
      await output.write(withBlobs(layout, image.reused), image.manifest, layout);
      return image;
    });
  } finally {
    await output.close?.();
  }
}

function readBuildOptions(options: Options, terminal: Terminal): BuildOptions {
  const encoding = options.string('annotation-encoding') ?? '';
  if (encoding !== 'plain' && encoding !== 'base64') {
    throw new BimaError('INPUT_INVALID', `expected --annotation-encoding plain or base64, got "${encoding}"`);
  }
  return {
    compression: parseCompression(options.string('compression') ?? 'gzip'),
    annotations: Object.fromEntries(
      options.strings('annotation').map((text) => splitPair('--annotation', text)),
    ),
    annotationEncoding: encoding,
    created: parseSourceDate(terminal.environment.SOURCE_DATE_EPOCH),
    signal: terminal.signal,
  };
}

function describeImage(image: BuiltImage): Record<string, unknown> {
  return {
    digest: image.manifest.digest,
    config: image.config.digest,
    platform: formatPlatform(image.platform),
    labels: image.labels,
    layers: image.layers.map(({ descriptor, diffId }) => ({ ...descriptor, diffId })),
  };
}
