// The inputs of the action, from raw strings to values: all that is wrong with them is said at once.

import type { Environment } from '../core/environment.ts';
import { parseCompression } from '../adapters/layers/compression.ts';
import type { Compression } from '../adapters/layers/compression.ts';
import { BimaError } from '../core/errors.ts';
import { parseBuildContexts } from '../core/containerfile/build-contexts.ts';
import { parseBuildArguments } from '../core/containerfile/build-arguments.ts';
import { parseAnnotation } from '../core/oci/annotations.ts';
import type { AnnotationInput } from '../core/oci/annotations.ts';
import { parsePlatforms } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import type { ConvertRootfs } from '../core/unikernel/convert-recipe.ts';
import { parseMonitor, parseRootfs } from '../core/unikernel/convert-words.ts';
import type { ConvertMonitor } from '../core/unikernel/guest-parts.ts';
import type { LabelInput } from '../core/unikernel/labels.ts';
import { failOnWords } from '../usecases/plan/platforms.ts';
import type { FailOn } from '../usecases/plan/platforms.ts';
import { readBoot } from './boot-inputs.ts';
import type { BootInputs } from './boot-inputs.ts';
import { attemptAll, withoutUndefined } from './input-problems.ts';
import type { Attempt } from './input-problems.ts';
import {
  ofInput,
  readBoolean,
  readChoice,
  readLines,
  readNumber,
  readPairs,
  readText,
  readWords,
} from './input-values.ts';
import type { InputReader } from './input-values.ts';
import { readLogin, readRegistry } from './login.ts';
import type { Login } from './login.ts';
import { readSigning } from './signing-inputs.ts';
import type { SigningInputs } from './signing-inputs.ts';

export interface ArtifactInputs {
  readonly form: 'layout' | 'tar';
  /** Derived from repository and tag if undefined. */
  readonly name?: string;
  readonly retentionDays?: number;
  readonly overwrite: boolean;
}

/** The containerd to load into. */
export interface ContainerdInputs {
  readonly namespace: string;
  readonly address: string;
  /** containerd's own default if undefined. */
  readonly snapshotter?: string;
}

/** Release that the archive is attached to. */
export interface ReleaseInputs {
  /** Taken from the event if undefined. */
  readonly tag?: string;
}

/** The container image that becomes a guest. */
export interface ConversionInputs {
  readonly image: string;
  readonly monitor: ConvertMonitor;
  readonly rootfs: ConvertRootfs;
  /** The public ones if undefined. */
  readonly kernel?: string;
  readonly init?: string;
}

export interface Inputs {
  readonly context: string;
  readonly file?: string;
  /** Each once; empty: that of the binary. */
  readonly platforms: readonly Platform[];
  readonly buildArguments: ReadonlyMap<string, string>;
  /** What names stand for in FROM and COPY --from. */
  readonly buildContexts: ReadonlyMap<string, string>;
  /** Hosts of the runner's own network that ADD may download from. */
  readonly urlHosts: readonly string[];
  /** The name or the number of the stage that is built. */
  readonly target?: string;
  readonly labels: readonly LabelInput[];
  readonly annotations: readonly AnnotationInput[];
  readonly strict: boolean;
  /** Whether labels that the binary or the base image knows are added. */
  readonly fill: boolean;
  /** An ordinary container image: nothing of it is for urunc. */
  readonly container: boolean;
  readonly failOn: FailOn;
  /** Nothing is built, only examined. */
  readonly check: boolean;
  readonly compression: Compression;
  /** Whether layers of the image that is there already are taken over. */
  readonly reuse: boolean;
  /** Empty: build. */
  readonly fromLayout: readonly string[];
  /** In place of a build. */
  readonly conversion?: ConversionInputs;
  readonly image?: string;
  /** Full references or bare tags, as they were written; empty: by event. */
  readonly tags: readonly string[];
  readonly ociLayout?: string;
  readonly tar?: string;
  readonly push: 'true' | 'false' | 'auto';
  readonly registry?: string;
  readonly login?: Login;
  readonly githubToken?: string;
  readonly tlsVerify: boolean;
  readonly artifact?: ArtifactInputs;
  readonly load?: ContainerdInputs;
  readonly release?: ReleaseInputs;
  /** What the image is to do before it is published. */
  readonly boot?: BootInputs;
  readonly prComment: boolean;
  /** The values of the job's matrix as JSON, `null` for none. */
  readonly matrix?: string;
  readonly sbom: boolean;
  readonly provenance: boolean;
  /** How the image is signed, if it is. */
  readonly signing?: SigningInputs;
  readonly summary: boolean;
}

/** @throws BimaError INPUT_INVALID with everything that is wrong with the inputs */
export function readInputs(read: InputReader, environment: Environment): Inputs {
  return attemptAll((attempt) => readAll(read, environment, attempt));
}

/** Nobody writes to the standard input of an action. */
function readContext(name = '.'): string {
  if (name !== '-') return name;
  throw new BimaError('INPUT_INVALID', 'expected a folder as the input "context", got "-"', {
    hint: 'An action has no standard input; write "./-" for a folder of that name.',
  });
}

function readAll(read: InputReader, environment: Environment, attempt: Attempt): Inputs {
  const text = (name: string) => readText(read, name);
  const boolean = (name: string, fallback: boolean) =>
    attempt(() => readBoolean(read, name, fallback), fallback);
  const pushes = ['true', 'false', 'auto'] as const;
  const inputs = {
    context: attempt(() => readContext(text('context')), '.'),
    file: text('file'),
    platforms: attempt(() => ofInput('platforms', () => parsePlatforms(readWords(read, 'platforms'))), []),
    buildArguments: attempt(
      () => parseBuildArguments(readLines(read, 'build-args'), environment, 'the input "build-args"'),
      new Map<string, string>(),
    ),
    buildContexts: attempt(
      () => parseBuildContexts(readLines(read, 'build-contexts'), 'the input "build-contexts"'),
      new Map<string, string>(),
    ),
    urlHosts: attempt(() => readWords(read, 'url-hosts'), []),
    target: text('target'),
    labels: attempt(() => readPairs(read, 'labels'), []),
    annotations: attempt(() => readLines(read, 'annotations'), []).flatMap((line) =>
      attempt(() => parseAnnotation(line, 'the input "annotations"'), []),
    ),
    strict: boolean('strict', true),
    fill: boolean('fill', true),
    container: boolean('container', false),
    failOn: attempt(() => readChoice(read, 'fail-on', failOnWords, 'error'), 'error'),
    check: boolean('check', false),
    compression: attempt(
      () => ofInput('compression', () => parseCompression(text('compression') ?? 'gzip')),
      parseCompression('gzip'),
    ),
    reuse: boolean('reuse', true),
    fromLayout: attempt(() => readLines(read, 'from-layout'), []),
    conversion: attempt(() => readConversion(read), undefined),
    image: text('image'),
    tags: attempt(() => readWords(read, 'tags'), []),
    ociLayout: text('oci-layout'),
    tar: text('tar'),
    push: attempt(() => readChoice(read, 'push', pushes, 'false'), 'false'),
    registry: readRegistry(read),
    login: attempt(() => readLogin(read), undefined),
    githubToken: text('github-token'),
    tlsVerify: boolean('tls-verify', true),
    artifact: readArtifact(read, attempt),
    load: boolean('load', false) ? readContainerd(read, environment) : undefined,
    boot: readBoot(read, environment, attempt),
    prComment: boolean('pr-comment', false),
    release: boolean('release-asset', false) ? readRelease(read) : undefined,
    matrix: text('matrix'),
    sbom: boolean('sbom', false),
    provenance: boolean('provenance', false),
    signing: attempt(() => readSigning(read), undefined),
    summary: boolean('summary', true),
  };
  return withoutUndefined(inputs);
}

function readArtifact(read: InputReader, attempt: Attempt): ArtifactInputs | undefined {
  const forms = ['false', 'true', 'layout', 'tar'] as const;
  const form = attempt(() => readChoice(read, 'upload-artifact', forms, 'false'), 'false');
  const retentionDays = attempt(() => readNumber(read, 'artifact-retention-days', [1, 400]), undefined);
  const overwrite = attempt(() => readBoolean(read, 'artifact-overwrite', false), false);
  const name = readText(read, 'artifact-name');
  if (form === 'false') return undefined;
  return {
    form: form === 'tar' ? 'tar' : 'layout',
    overwrite,
    ...(name === undefined ? {} : { name }),
    ...(retentionDays === undefined ? {} : { retentionDays }),
  };
}

/** @throws BimaError INPUT_INVALID also for what only a conversion reads, without one */
function readConversion(read: InputReader): ConversionInputs | undefined {
  const text = (name: string) => readText(read, name);
  const [image, kernel, init] = [text('from-image'), text('kernel'), text('init')];
  if (image === undefined) {
    const alone = ['monitor', 'rootfs', 'kernel', 'init'].filter((name) => text(name) !== undefined);
    if (alone.length === 0) return undefined;
    throw new BimaError(
      'INPUT_INVALID',
      `expected the input "from-image" beside "${alone.join('", "')}", got none`,
      {
        hint: 'Name the container image to convert, or set labels for an image that is built.',
      },
    );
  }
  if (readLines(read, 'from-layout').length > 0)
    throw new BimaError(
      'INPUT_INVALID',
      'expected one of the inputs "from-image" and "from-layout", got both',
    );
  return {
    image,
    monitor: parseMonitor(text('monitor') ?? 'qemu', 'the input "monitor"'),
    rootfs: parseRootfs(text('rootfs') ?? 'container', 'the input "rootfs"'),
    ...(kernel === undefined ? {} : { kernel }),
    ...(init === undefined ? {} : { init }),
  };
}

function readContainerd(read: InputReader, environment: Environment): ContainerdInputs {
  const value = (name: string) => {
    const variable = environment[`CONTAINERD_${name.toUpperCase()}`];
    return readText(read, `containerd-${name}`) ?? (variable === '' ? undefined : variable);
  };
  const snapshotter = value('snapshotter');
  return {
    namespace: value('namespace') ?? 'default',
    address: value('address') ?? '/run/containerd/containerd.sock',
    ...(snapshotter === undefined ? {} : { snapshotter }),
  };
}

function readRelease(read: InputReader): ReleaseInputs {
  const tag = readText(read, 'release-tag');
  // A ref is what an expression gives most easily.
  return tag === undefined ? {} : { tag: tag.replace(/^refs\/tags\//, '') };
}
