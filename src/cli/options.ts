// The meaning of options that several commands share.

import { failOnWords } from '../usecases/plan/platforms.ts';
import type { FailOn, PlatformsOptions } from '../usecases/plan/platforms.ts';
import { parseBuildArguments } from '../core/containerfile/build-arguments.ts';
import { BimaError } from '../core/errors.ts';
import { parseAnnotation } from '../core/oci/annotations.ts';
import type { AnnotationInput } from '../core/oci/annotations.ts';
import { limits } from '../core/limits.ts';
import type { Terminal } from './terminal.ts';
import { parsePlatforms } from '../core/oci/platform.ts';
import { formatReference, parseReference, withDefaultTag } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Options } from './args.ts';
import type { GivenContext } from './standard-context.ts';
import type { CommandName } from './commands.ts';
import { parseSourceDate } from '../core/source-date.ts';

/** @throws BimaError INPUT_INVALID unless there is exactly one */
export function onePositional(command: CommandName, positionals: readonly string[], meaning: string): string {
  const [only, ...more] = positionals;
  if (only !== undefined && more.length === 0) return only;
  throw new BimaError(
    'INPUT_INVALID',
    `"bima ${command}" requires exactly 1 argument (${meaning}), got ${positionals.length}`,
    {
      hint: `See "bima ${command} --help".`,
    },
  );
}

/** @throws BimaError INPUT_INVALID, CONTAINERFILE_SYNTAX for a Containerfile that is far too large */
export async function readPlanOptions(
  given: GivenContext,
  options: Options,
  { environment, stdin }: Pick<Terminal, 'environment' | 'stdin'>,
): Promise<PlatformsOptions> {
  const name = options.string('file');
  const file = name === '-' ? undefined : name;
  const own = name === '-' ? { text: await readContainerfileText(options, stdin) } : {};
  const target = options.string('target');
  return {
    ...given,
    ...(file === undefined ? {} : { file }),
    ...own,
    ...(target === undefined ? {} : { target }),
    labels: readLabels(options),
    strict: !options.flag('no-strict'),
    fill: !options.flag('no-fill'),
    container: options.flag('container'),
    failOn: readFailOn(options),
    platforms: parsePlatforms(options.strings('platform')),
    buildArguments: parseBuildArguments(options.strings('build-arg'), environment, '--build-arg'),
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
  };
}

/** @throws BimaError INPUT_INVALID */
export function readLabels(options: Options): { readonly key: string; readonly value: string }[] {
  return options.strings('label').map((text) => {
    const [key, value] = splitPair('--label', text);
    return { key, value };
  });
}

/** @throws BimaError INPUT_INVALID */
export function readAnnotationEncoding(options: Options): 'plain' | 'base64' {
  const encoding = options.string('annotation-encoding') ?? '';
  if (encoding === 'plain' || encoding === 'base64') return encoding;
  throw new BimaError('INPUT_INVALID', `expected --annotation-encoding plain or base64, got "${encoding}"`);
}

/** @throws BimaError INPUT_INVALID */
export function readFailOn(options: Options): FailOn {
  const text = options.string('fail-on') ?? 'error';
  const found = failOnWords.find((word) => word === text);
  if (found !== undefined) return found;
  throw new BimaError('INPUT_INVALID', `expected --fail-on error or --fail-on warning, got "${text}"`);
}

async function readContainerfileText(options: Options, stdin: Terminal['stdin']): Promise<Uint8Array> {
  if (options.isGiven('password-stdin')) {
    throw new BimaError(
      'INPUT_INVALID',
      'expected one use of standard input, got --file - and --password-stdin',
      {
        hint: 'Log in with "docker login" before, or write the Containerfile to a file.',
      },
    );
  }
  const bytes = Buffer.from(await stdin());
  if (bytes.length <= limits.containerfile) return bytes;
  const message = `expected a Containerfile of at most ${limits.containerfile} bytes on standard input, got ${bytes.length}`;
  throw new BimaError('CONTAINERFILE_SYNTAX', message);
}

export function readAnnotations(options: Options): AnnotationInput[] {
  return options.strings('annotation').flatMap((text) => parseAnnotation(text, '--annotation'));
}

/**
 * The references of `--tag`, completed by `--image` and `--registry`, each once and with a tag.
 * @throws BimaError REFERENCE_INVALID
 */
export function readNames(options: Options): Reference[] {
  const [image, registry] = [options.string('image'), options.string('registry')];
  const tags = options.strings('tag');
  const names =
    image === undefined ? tags : tags.length === 0 ? [image] : tags.map((tag) => inImage(image, tag));
  return readTags(registry === undefined ? names : names.map((name) => inRegistry(registry, name)));
}

/** A bare tag belongs to the image; what has a colon or a slash is a name of its own. */
function inImage(image: string, tag: string): string {
  return /[:/@]/.test(tag) ? tag : `${image}:${tag}`;
}

/** A registry that is written counts. */
function inRegistry(registry: string, name: string): string {
  const isNamed = parseReference(name).registry !== 'docker.io' || /^(?:index\.)?docker\.io\//.test(name);
  return isNamed ? name : `${registry.replace(/\/+$/, '')}/${name}`;
}

/** The references, each once and with a tag. */
export function readTags(texts: readonly string[]): Reference[] {
  const references = texts.map((text) => {
    const reference = parseReference(text);
    if (reference.digest !== undefined) {
      throw new BimaError(
        'REFERENCE_INVALID',
        `expected a name and a tag, got "${text}", which names a digest`,
        {
          hint: 'Leave the digest out: it follows from the content.',
        },
      );
    }
    return withDefaultTag(reference);
  });
  return [...new Map(references.map((reference) => [formatReference(reference), reference])).values()];
}

/** @throws BimaError INPUT_INVALID */
export function splitPair(option: string, text: string): [key: string, value: string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new BimaError('INPUT_INVALID', `expected ${option} KEY=VALUE, got "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
