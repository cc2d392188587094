// Annotations that users give, each with where it goes, in the form that buildx and docker/metadata-action write.

import { BimaError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { formatPlatform, parsePlatform } from './platform.ts';
import type { Platform } from './platform.ts';

const levels = ['manifest', 'index', 'manifest-descriptor', 'index-descriptor'] as const;

export type AnnotationLevel = (typeof levels)[number];

export interface AnnotationInput {
  readonly level: AnnotationLevel;
  /** Set for the image of this platform only. */
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads `[level[,level][[platform]]:]key=value`; without a level it is the manifest's.
 * @param place what the text comes from, for errors
 * @returns one annotation for each level
 * @throws BimaError INPUT_INVALID
 */
export function parseAnnotation(text: string, place: string): AnnotationInput[] {
  const [, left = '', value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (value === undefined || left.trim() === '') {
    throw new BimaError('INPUT_INVALID', `expected key=value in ${place}, got "${text}"`);
  }
  const [, names = 'manifest', platformText, key = ''] =
    /^(?:([a-z,-]+)(?:\[([^\]]*)\])?:)?(.*)$/s.exec(left.trim()) ?? [];
  if (key === '' || /\s/.test(key)) {
    throw new BimaError('INPUT_INVALID', `expected a key in ${place}, got "${text}"`, {
      hint: 'Write level:key=value, for example manifest:org.opencontainers.image.title=redis.',
    });
  }
  const platform = platformText === undefined ? undefined : readPlatform(platformText, place);
  return names.split(',').map((level) => {
    if (!isLevel(level)) {
      throw new BimaError(
        'INPUT_INVALID',
        `expected a level (${levels.join(', ')}) in ${place}, got "${level}"`,
        { hint: `Leave "${names}:" out if it is not meant as a level.` },
      );
    }
    return { level, key, value, ...(platform === undefined ? {} : { platform }) };
  });
}

/** As `parseAnnotation` reads it, with its level. */
export function formatAnnotation({ level, platform, key, value }: AnnotationInput): string {
  return `${level}${platform === undefined ? '' : `[${formatPlatform(platform)}]`}:${key}=${value}`;
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

/** Lines about the annotations that have no place in one image without an index. */
export function explainUnused(annotations: readonly AnnotationInput[]): string[] {
  const has = (...of: readonly AnnotationLevel[]) => annotations.some(({ level }) => of.includes(level));
  const why = 'the image has one platform, and no index';
  return [
    ...(has('index', 'index-descriptor') ? [`annotations of an index are left out: ${why}`] : []),
    ...(has('manifest-descriptor')
      ? [`annotations of a manifest's descriptor have no place in a registry: ${why}`]
      : []),
  ];
}

/** Adds to what is there; without any, there is no map of them either. */
export function withAnnotations<T extends Descriptor>(
  descriptor: T,
  more: Readonly<Record<string, string>>,
): T {
  const annotations = { ...descriptor.annotations, ...more };
  return Object.keys(annotations).length === 0 ? descriptor : { ...descriptor, annotations };
}

function readPlatform(text: string, place: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    const { code, message, hint } = error;
    throw new BimaError(code, `${message} in ${place}`, {
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

function fits(wanted: Platform | undefined, platform: Platform | undefined): boolean {
  if (wanted === undefined) return true;
  return platform !== undefined && formatPlatform(wanted) === formatPlatform(platform);
}

function isLevel(text: string): text is AnnotationLevel {
  return levels.some((level) => level === text);
}
