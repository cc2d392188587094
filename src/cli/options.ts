// The meaning of options that several commands share.

import type { PlatformsOptions } from '../usecases/plan/platforms.ts';
import { parseBuildArguments } from '../core/containerfile/build-arguments.ts';
import { BimaError } from '../core/errors.ts';
import { parseAnnotation } from '../core/oci/annotations.ts';
import type { AnnotationInput } from '../core/oci/annotations.ts';
import { parsePlatforms } from '../core/oci/platform.ts';
import { formatReference, parseReference, withDefaultTag } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Environment, Options } from './args.ts';
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

export function readPlanOptions(
  context: string,
  options: Options,
  environment: Environment,
): PlatformsOptions {
  const file = options.string('file');
  const target = options.string('target');
  return {
    context,
    ...(file === undefined ? {} : { file }),
    ...(target === undefined ? {} : { target }),
    labels: options.strings('label').map((text) => {
      const [key, value] = splitPair('--label', text);
      return { key, value };
    }),
    strict: !options.flag('no-strict'),
    platforms: parsePlatforms(options.strings('platform')),
    buildArguments: parseBuildArguments(options.strings('build-arg'), environment, '--build-arg'),
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
  };
}

export function readAnnotations(options: Options): AnnotationInput[] {
  return options.strings('annotation').flatMap((text) => parseAnnotation(text, '--annotation'));
}

/** The references of `--tag`, each once and with a tag. */
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
