// `bima build`: reads the options, builds into a temporary layout, and hands that on to the chosen output.

import type { BuiltImage } from '../usecases/build.ts';
import type { BuildPlatformsOptions, BuiltPlatforms } from '../usecases/build-platforms.ts';
import { parseCompression } from '../adapters/layers/compression.ts';
import { planPlatforms } from '../usecases/plan/platforms.ts';
import { parseSourceDate } from '../core/source-date.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { MetadataFacts } from '../core/oci/build-metadata.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { SignedImage } from '../usecases/attest/sign-image.ts';
import type { Options } from './args.ts';
import { attestationFiles, attestBuild, checkAttestationFiles } from './build-attestations.ts';
import { buildInto } from './build-into.ts';
import { withCommandImages } from './command-images.ts';
import {
  onePositional,
  readAnnotationEncoding,
  readAnnotations,
  readNames,
  readPlanOptions,
} from './options.ts';
import { readOutput, readType } from './output.ts';
import type { Output } from './output.ts';
import { checkRegistryOptions, lazyRegistryClient } from './registry-options.ts';
import { prepareResultFiles, resultFiles, writeResultFiles } from './result-files.ts';
import { describeSigned, prepareToSign } from './signature.ts';
import { withGivenContext } from './standard-context.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runBuild(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  if (options.flag('check'))
    return (await import('./lint-command.ts')).runLint(positionals, options, terminal);
  const context = onePositional('build', positionals, 'the context for the build process');
  const references = readNames(options);
  const reporter = terminalReporter(terminal, options);
  // Without a push, the credentials are those for the registry of the base image.
  const pushed = readType(options) === 'registry' ? references : [];
  const client = lazyRegistryClient({ options, references: pushed, terminal, reporter });
  let built: BuiltPlatforms;
  let output: Output;
  let signed: SignedImage | undefined;
  try {
    output = await readOutput({ options, references, terminal, reporter, client });
    const buildOptions = readBuildOptions(options, terminal);
    built = await withGivenContext(context, { options, terminal }, async (given) => {
      const planOptions = await readPlanOptions(given, options, terminal);
      checkRegistryOptions(options, pushed);
      await output.check();
      await prepareResultFiles(options);
      await checkAttestationFiles(options);
      const signing = await prepareToSign(options, terminal, reporter);
      return withCommandImages(
        { options, terminal, reporter, client, context: given.context },
        async (images, blobs) => {
          const wanted = { ...planOptions, outputs: writtenBy(output, options) };
          const request = { options, terminal, reporter, client, output, pushed, blobs, buildOptions };
          const plan = () => planPlatforms({ ...wanted, images }, reporter);
          return buildInto(request, plan, async (finished, layout) => {
            const attested = { ...finished, ...request, references, plan: wanted, images, signing };
            signed = await attestBuild(attested, layout, reporter);
          });
        },
      );
    });
  } finally {
    reporter.close();
    await client.close();
  }
  await writeResultFiles(options, metadataFacts(built, references));
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

function metadataFacts({ root, images }: BuiltPlatforms, references: readonly Reference[]): MetadataFacts {
  const [first, ...others] = images;
  const config = others.length === 0 ? first?.config.digest : undefined;
  return { root, config, platforms: images.map(({ platform }) => platform), references };
}

/** Every file and folder that changes with a build. */
export function writtenBy({ path = '' }: Output, options: Options): string[] {
  const files = [...resultFiles(options), ...Object.values(attestationFiles(options))];
  return [path, options.string('cache') ?? '', ...files].filter((name) => name !== '');
}

export function readBuildOptions(options: Options, terminal: Terminal): BuildPlatformsOptions {
  return {
    compression: parseCompression(options.string('compression') ?? 'gzip'),
    annotations: readAnnotations(options),
    annotationEncoding: readAnnotationEncoding(options),
    created: parseSourceDate(terminal.environment.SOURCE_DATE_EPOCH),
    signal: terminal.signal,
  };
}

/** One image is described as it is, an index by its images. */
export function describeBuilt({ root, images }: BuiltPlatforms): Record<string, unknown> {
  const [first, ...others] = images.map(describeImage);
  return others.length === 0 ? { ...first } : { digest: root.digest, platforms: [first, ...others] };
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
