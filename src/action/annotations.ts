// The `annotations` input: where each annotation goes, in the form that buildx and docker/metadata-action write.

import { BimaError } from '../errors.ts';
import { formatPlatform, parsePlatform } from '../oci/platform.ts';
import type { Platform } from '../oci/platform.ts';
import { ofInput } from './input-values.ts';

const levels = ['manifest', 'index', 'manifest-descriptor', 'index-descriptor'] as const;

export type AnnotationLevel = (typeof levels)[number];

export interface AnnotationInput {
  readonly level: AnnotationLevel;
  /** Only for the image of this platform. */
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads `[level[,level][[platform]]:]key=value`; without a level it is the manifest's.
 * @returns one annotation for each level
 * @throws BimaError INPUT_INVALID
 */
export function parseAnnotation(text: string): AnnotationInput[] {
  const [, left = '', value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (value === undefined || left.trim() === '') {
    throw new BimaError('INPUT_INVALID', `expected key=value in the input "annotations", got "${text}"`);
  }
  const [, names = 'manifest', platformText, key = ''] =
    /^(?:([a-z,-]+)(?:\[([^\]]*)\])?:)?(.*)$/s.exec(left.trim()) ?? [];
  if (key === '' || /\s/.test(key)) {
    throw new BimaError('INPUT_INVALID', `expected a key in the input "annotations", got "${text}"`, {
      hint: 'Write level:key=value, for example manifest:org.opencontainers.image.title=redis.',
    });
  }
  const platform =
    platformText === undefined ? undefined : ofInput('annotations', () => parsePlatform(platformText));
  return names.split(',').map((level) => {
    if (!isLevel(level)) {
      throw new BimaError(
        'INPUT_INVALID',
        `expected a level (${levels.join(', ')}) in the input "annotations", got "${level}"`,
        { hint: `Leave "${names}:" out if it is not meant as a level.` },
      );
    }
    return { level, key, value, ...(platform === undefined ? {} : { platform }) };
  });
}

/** Those of one level that fit the platform, by key; of several with one key the last one counts. */
export function selectAnnotations(
  annotations: readonly AnnotationInput[],
  level: AnnotationLevel,
  platform?: Platform,
): Readonly<Record<string, string>> {
  const fitting = annotations.filter(
    (annotation) => annotation.level === level && fits(annotation.platform, platform),
  );
  return Object.fromEntries(fitting.map(({ key, value }) => [key, value]));
}

function fits(wanted: Platform | undefined, platform: Platform | undefined): boolean {
  if (wanted === undefined) return true;
  return platform !== undefined && formatPlatform(wanted) === formatPlatform(platform);
}

function isLevel(text: string): text is AnnotationLevel {
  return levels.some((level) => level === text);
}
