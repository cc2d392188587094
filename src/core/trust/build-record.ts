// What a build was told besides its context: all that a rebuild needs. In the JSON of a provenance these are the external
// parameters (docs/verify.md).

import { BimaError } from '../errors.ts';
import { isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { isObject, isStringArray, isStringMap } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { isSecretArgument } from './secret-arguments.ts';

export interface BuildRecord {
  readonly containerfile: {
    /** From the folder of the context, with `/`; absent for one that was outside of it. */
    readonly path?: string | undefined;
    readonly digest: Digest;
  };
  /** The stage that was named. */
  readonly target?: string | undefined;
  /** Those that were named, in their order; none: that of the binary. */
  readonly platforms: readonly string[];
  /** Labels besides those of the Containerfile. */
  readonly labels: readonly { readonly key: string; readonly value: string }[];
  /** In the form of `--annotation`. */
  readonly annotations: readonly string[];
  readonly annotationEncoding: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  /** Names of build arguments that were given, and whose values nobody should read. */
  readonly withheldArguments: readonly string[];
  /** What names stood for; null for a folder or an image on disk. */
  readonly buildContexts: Readonly<Record<string, string | null>>;
  readonly strict: boolean;
  readonly fill: boolean;
  /** True for an ordinary container image; absent otherwise. */
  readonly container?: true | undefined;
  /** In the form of `--compression`. */
  readonly compression: string;
  /** Seconds since 1970. */
  readonly sourceDate: number;
  /** What the build itself wrote into its context, and left out of it. */
  readonly leftOut: readonly string[];
}

/** The arguments of a build in the two parts that a record has. */
export function recordArguments(
  given: ReadonlyMap<string, string>,
): Pick<BuildRecord, 'buildArguments' | 'withheldArguments'> {
  const all = [...given].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    buildArguments: Object.fromEntries(all.filter(([name, value]) => !isSecretArgument(name, value))),
    withheldArguments: all.flatMap(([name, value]) => (isSecretArgument(name, value) ? [name] : [])),
  };
}

/** Names of contexts, with those places that mean the same elsewhere. */
export function recordContexts(contexts: ReadonlyMap<string, string>): BuildRecord['buildContexts'] {
  return Object.fromEntries(
    [...contexts].map(([name, place]) => [name, /^(?:docker|docker-image):\/\//.test(place) ? place : null]),
  );
}

/** As JSON, with defaults in it: a reader needn't know them. */
export function encodeRecord({ containerfile, target, container, ...record }: BuildRecord): JsonObject {
  const { path, digest } = containerfile;
  return {
    containerfile: { ...(path === undefined ? {} : { path }), digest },
    ...(target === undefined ? {} : { target }),
    ...record,
    ...(container === undefined ? {} : { container }),
  };
}

/** @param what names the document, for the error. @throws BimaError LAYOUT_INVALID */
export function parseRecord(value: unknown, what: string): BuildRecord {
  const invalid = (field: string) =>
    new BimaError('LAYOUT_INVALID', `${what}: expected what a build was told, got no valid "${field}"`);
  const must = <T>(field: string, is: (found: unknown) => found is T): T => {
    const found = isObject(value) ? value[field] : undefined;
    if (!is(found)) throw invalid(field);
    return found;
  };
  const { path, digest } = must('containerfile', isObject);
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid('containerfile.digest');
  if (path !== undefined && !isInnerPath(path)) throw invalid('containerfile.path');
  const target = must('target', isOptionalText);
  const sourceDate = must('sourceDate', isNumber);
  const container = must('container', isOptionalBoolean);
  const leftOut = must('leftOut', isStringArray);
  if (!leftOut.every(isInnerPath)) throw invalid('leftOut');
  return {
    containerfile: { ...(path === undefined ? {} : { path }), digest },
    ...(target === undefined ? {} : { target }),
    platforms: must('platforms', isStringArray),
    labels: must('labels', isPairs),
    annotations: must('annotations', isStringArray),
    annotationEncoding: must('annotationEncoding', isText),
    buildArguments: must('buildArguments', isStringMap),
    withheldArguments: must('withheldArguments', isStringArray),
    buildContexts: must('buildContexts', isPlaces),
    strict: must('strict', isBoolean),
    fill: must('fill', isBoolean),
    ...(container === true ? { container } : {}),
    compression: must('compression', isText),
    sourceDate,
    leftOut,
  };
}

/** Whoever wrote the record chooses no file outside of the context. */
function isInnerPath(path: unknown): path is string {
  return (
    typeof path === 'string' &&
    path !== '' &&
    !/^(?:[/\\]|[a-z]:)/i.test(path) &&
    !path.split(/[/\\]/).includes('..')
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isOptionalBoolean(value: unknown): value is boolean | undefined {
  return value === undefined || typeof value === 'boolean';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isPairs(value: unknown): value is BuildRecord['labels'] {
  return (
    Array.isArray(value) &&
    value.every((item) => isObject(item) && typeof item.key === 'string' && typeof item.value === 'string')
  );
}

function isPlaces(value: unknown): value is BuildRecord['buildContexts'] {
  return isObject(value) && Object.values(value).every((item) => item === null || typeof item === 'string');
}
