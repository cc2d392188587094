// What an image is rebuilt with: what the user says, or else what was recorded when it was built, or else what the image
// itself tells of its making.

import { join } from 'node:path';
import { compressorOf } from '../../adapters/layers/fingerprint.ts';
import { parseCompression } from '../../adapters/layers/compression.ts';
import type { Compression } from '../../adapters/layers/compression.ts';
import { BimaError } from '../../core/errors.ts';
import { parseAnnotation } from '../../core/oci/annotations.ts';
import type { AnnotationInput } from '../../core/oci/annotations.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import { isIndexType, layerCompression } from '../../core/oci/media-types.ts';
import { normalPlatform, parsePlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { quote } from '../../core/text.ts';
import type { RecordedBuild } from '../../core/trust/provenance.ts';
import { isUruncImage } from '../../core/unikernel/container-labels.ts';
import { labelsOfBase } from '../../core/unikernel/inherited-labels.ts';
import type { LabelInput } from '../../core/unikernel/labels.ts';
import type { BuildPlatformsOptions } from '../build-platforms.ts';
import type { PlatformsOptions } from '../plan/platforms.ts';
import type { Side } from './compare-images.ts';

/** What the user says; absent for what is to be found out. */
export interface GivenInputs {
  /** The build context. */
  readonly context: string;
  readonly file?: string | undefined;
  readonly target?: string | undefined;
  readonly platforms?: readonly Platform[] | undefined;
  readonly labels?: readonly LabelInput[] | undefined;
  readonly annotations?: readonly AnnotationInput[] | undefined;
  readonly annotationEncoding?: 'plain' | 'base64' | undefined;
  readonly buildArguments: ReadonlyMap<string, string>;
  readonly buildContexts: ReadonlyMap<string, string>;
  readonly strict?: boolean | undefined;
  readonly fill?: boolean | undefined;
  readonly container?: boolean | undefined;
  readonly compression?: Compression | undefined;
  readonly sourceDate?: number | undefined;
}

/** What an image tells of its making. */
export interface ImageTraces {
  readonly isIndex: boolean;
  readonly platforms: readonly Platform[];
  /** Whether nothing of it is for urunc. */
  readonly isContainer: boolean;
  /** Seconds since 1970. */
  readonly created?: number;
  /** Of its last layer, which a build always makes itself. */
  readonly compression?: string;
}

export interface RebuildInputs {
  readonly plan: Omit<PlatformsOptions, 'images' | 'outputs'>;
  readonly build: Pick<
    BuildPlatformsOptions,
    'compression' | 'annotations' | 'annotationEncoding' | 'created'
  >;
  readonly contexts: ReadonlyMap<string, string>;
  /** Digests of base images, by their names. */
  readonly pins: ReadonlyMap<string, Digest>;
  /** What the build wrote into its context. */
  readonly outputs: readonly string[];
  /** What was taken from the record and is not in the source: a reader may want to know it. */
  readonly notes: readonly string[];
}

/** @throws BimaError as reading an image does */
export async function readTraces({ source, root }: Side): Promise<ImageTraces> {
  const platforms: Platform[] = [];
  let created: number | undefined;
  let compression: string | undefined;
  let isContainer = true;
  for await (const { read } of imagesOf(source, root)) {
    const image = await read();
    if (image === undefined) continue;
    platforms.push(normalPlatform(image.config.platform));
    const { config, manifest } = image;
    if (isUruncImage(labelsOfBase(config.labels, manifest.annotations ?? {}).keys())) isContainer = false;
    const seconds = Date.parse(image.config.created ?? '') / 1000;
    if (Number.isSafeInteger(seconds) && seconds >= 0) created ??= seconds;
    const last = image.layers.at(-1)?.descriptor;
    if (last === undefined) continue;
    const isPlain = layerCompression(last.mediaType) === 'none';
    compression ??= isPlain ? 'none' : compressorOf(last)?.replace(/\/.*$/, '');
  }
  return {
    isIndex: isIndexType(root.mediaType),
    platforms,
    isContainer,
    ...(created === undefined ? {} : { created }),
    ...(compression === undefined ? {} : { compression }),
  };
}

/**
 * Puts together what a rebuild needs.
 * @throws BimaError NOT_AVAILABLE for what was recorded to be missing: a Containerfile outside of the context, a build
 *   context, the value of an argument that was withheld
 */
export function resolveInputs(
  given: GivenInputs,
  recorded: RecordedBuild | undefined,
  traces: ImageTraces,
): RebuildInputs {
  const { context } = given;
  const record = recorded?.record;
  const buildArguments = new Map([...Object.entries(record?.buildArguments ?? {}), ...given.buildArguments]);
  checkGiven(given, recorded);
  const path = record?.containerfile.path;
  const file = given.file ?? (path === undefined ? undefined : join(context, path));
  const target = given.target ?? record?.target;
  const created = record?.sourceDate ?? given.sourceDate ?? traces.created ?? 0;
  return {
    plan: {
      context,
      ...(file === undefined ? {} : { file }),
      ...(target === undefined ? {} : { target }),
      labels: given.labels ?? record?.labels ?? [],
      strict: given.strict ?? record?.strict ?? true,
      fill: given.fill ?? record?.fill ?? true,
      container: given.container ?? (record === undefined ? traces.isContainer : record.container === true),
      failOn: 'error',
      platforms: platformsOf(given, recorded, traces),
      buildArguments,
      created,
    },
    build: {
      compression: given.compression ?? parseCompression(record?.compression ?? traces.compression ?? 'gzip'),
      annotations:
        given.annotations ??
        (record?.annotations ?? []).flatMap((text) => parseAnnotation(text, 'the record of the build')),
      annotationEncoding:
        given.annotationEncoding ?? (record?.annotationEncoding === 'base64' ? 'base64' : 'plain'),
      created,
    },
    contexts: contextsOf(given, recorded),
    pins: recorded?.images ?? new Map<string, Digest>(),
    outputs: (record?.leftOut ?? []).map((inner) => join(context, inner)),
    notes: notesOf(given, recorded),
  };
}

function platformsOf(
  given: GivenInputs,
  recorded: RecordedBuild | undefined,
  { isIndex, platforms }: ImageTraces,
): readonly Platform[] {
  if (given.platforms !== undefined) return given.platforms;
  // Of several that were built, this image may be one.
  if (!isIndex && (recorded === undefined || recorded.record.platforms.length > 1)) return platforms;
  return recorded?.record.platforms.map(parsePlatform) ?? platforms;
}

function checkGiven(given: GivenInputs, recorded: RecordedBuild | undefined): void {
  if (recorded === undefined) return;
  const { containerfile, withheldArguments, buildContexts } = recorded.record;
  if (containerfile.path === undefined && given.file === undefined) {
    throw new BimaError(
      'NOT_AVAILABLE',
      `the Containerfile, ${containerfile.digest}, was outside of the build context`,
      { hint: 'Name it with --file.' },
    );
  }
  const withheld = withheldArguments.find((name) => !given.buildArguments.has(name));
  if (withheld !== undefined) {
    throw new BimaError(
      'NOT_AVAILABLE',
      `the build argument ${quote(withheld)} was given, and its value is not recorded: it may be a secret`,
      { hint: `Give it with --build-arg ${withheld}=value.` },
    );
  }
  const missing = Object.entries(buildContexts).find(
    ([name, place]) => place === null && !given.buildContexts.has(name),
  );
  if (missing === undefined) return;
  const [name] = missing;
  throw new BimaError('NOT_AVAILABLE', `the build context ${quote(name)} was a folder or an image on disk`, {
    hint: `Say where it is with --build-context ${name}=PLACE.`,
  });
}

function contextsOf(given: GivenInputs, recorded: RecordedBuild | undefined): ReadonlyMap<string, string> {
  const places = Object.entries(recorded?.record.buildContexts ?? {}).flatMap(([name, place]) =>
    place === null ? [] : [[name, place] as const],
  );
  return new Map([...places, ...given.buildContexts]);
}

function notesOf(given: GivenInputs, recorded: RecordedBuild | undefined): string[] {
  if (recorded === undefined)
    return ['no record of the build is there: what the options say, and the image itself, is used'];
  const { record, images } = recorded;
  const settings = Object.entries(record.buildArguments).filter(([name]) => !given.buildArguments.has(name));
  return [
    recorded.signer === undefined
      ? `the record of the build, which nobody has signed, says that ${recorded.builder} made it`
      : `the record of the build, signed by ${recorded.signer}, says that ${recorded.builder} made it`,
    ...(recorded.commit === undefined ? [] : [`recorded: commit ${recorded.commit}`]),
    ...settings.map(([name, value]) => `recorded: build argument ${name}=${quote(value)}`),
    ...(given.labels === undefined
      ? record.labels.map(({ key, value }) => `recorded: label ${key}=${quote(value)}`)
      : []),
    ...(given.annotations === undefined
      ? record.annotations.map((text) => `recorded: annotation ${text}`)
      : []),
    ...Object.entries(record.buildContexts)
      .filter(([name, place]) => place !== null && !given.buildContexts.has(name))
      .map(([name, place]) => `recorded: build context ${name}=${quote(place ?? '')}`),
    ...[...images].map(([name, digest]) => `recorded: base image ${name} is ${digest}`),
  ];
}
