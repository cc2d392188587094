// The inputs of the action, from raw strings to values: all that is wrong with them is said at once.

import { parseCompression } from '../build/compression.ts';
import type { Compression } from '../build/compression.ts';
import { BimaError, throwProblems } from '../errors.ts';
import type { Problem } from '../errors.ts';
import { parseBuildArguments } from '../containerfile/build-arguments.ts';
import { parseAnnotation } from '../oci/annotations.ts';
import type { AnnotationInput } from '../oci/annotations.ts';
import { parsePlatforms } from '../oci/platform.ts';
import type { Platform } from '../oci/platform.ts';
import type { LabelInput } from '../unikernel/labels.ts';
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

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface ArtifactInputs {
  readonly form: 'layout' | 'tar';
  /** Without it, the name follows from repository and tag. */
  readonly name?: string;
  readonly retentionDays?: number;
  readonly overwrite: boolean;
}

/** The containerd to load into. */
export interface ContainerdInputs {
  readonly namespace: string;
  readonly address: string;
  /** Without it, containerd's own default. */
  readonly snapshotter?: string;
}

export interface Inputs {
  readonly context: string;
  readonly file?: string;
  /** Each once; empty: that of the binary. */
  readonly platforms: readonly Platform[];
  readonly buildArguments: ReadonlyMap<string, string>;
  readonly labels: readonly LabelInput[];
  readonly annotations: readonly AnnotationInput[];
  readonly strict: boolean;
  readonly compression: Compression;
  /** Empty: build. */
  readonly fromLayout: readonly string[];
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
  readonly prComment: boolean;
  readonly sbom: boolean;
  readonly summary: boolean;
}

/** @throws BimaError INPUT_INVALID with everything that is wrong with the inputs */
export function readInputs(
  read: InputReader,
  environment: Readonly<Record<string, string | undefined>>,
): Inputs {
  const problems: Problem[] = [];
  const attempt = <T>(body: () => T, otherwise: T): T => {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof BimaError)) throw error;
      problems.push(...error.problems);
      return otherwise;
    }
  };
  const text = (name: string) => readText(read, name);
  const boolean = (name: string, fallback: boolean) =>
    attempt(() => readBoolean(read, name, fallback), fallback);
  const pushes = ['true', 'false', 'auto'] as const;
  const inputs = {
    context: text('context') ?? '.',
    file: text('file'),
    platforms: attempt(() => ofInput('platforms', () => parsePlatforms(readWords(read, 'platforms'))), []),
    buildArguments: attempt(
      () => parseBuildArguments(readLines(read, 'build-args'), environment, 'the input "build-args"'),
      new Map<string, string>(),
    ),
    labels: attempt(() => readPairs(read, 'labels'), []),
    annotations: readLines(read, 'annotations').flatMap((line) =>
      attempt(() => parseAnnotation(line, 'the input "annotations"'), []),
    ),
    strict: boolean('strict', true),
    compression: attempt(
      () => ofInput('compression', () => parseCompression(text('compression') ?? 'gzip')),
      parseCompression('gzip'),
    ),
    fromLayout: readLines(read, 'from-layout'),
    image: text('image'),
    tags: readWords(read, 'tags'),
    ociLayout: text('oci-layout'),
    tar: text('tar'),
    push: attempt(() => readChoice(read, 'push', pushes, 'false'), 'false'),
    registry: text('registry')
      ?.replace(/^https?:\/\//, '')
      .replace(/\/+$/, ''),
    login: attempt(() => readLogin(read), undefined),
    githubToken: text('github-token'),
    tlsVerify: boolean('tls-verify', true),
    artifact: readArtifact(read, environment, attempt),
    load: boolean('load', false) ? readContainerd(read, environment) : undefined,
    prComment: boolean('pr-comment', false),
    sbom: boolean('sbom', false),
    summary: boolean('summary', true),
  };
  throwProblems(problems);
  return withoutUndefined(inputs);
}

function readLogin(read: InputReader): Login | undefined {
  const [username, password] = [read('username'), read('password')];
  if (username === '' && password === '') return undefined;
  if (username !== '' && password !== '') return { username, password };
  const [given, missing] = username === '' ? ['password', 'username'] : ['username', 'password'];
  throw new BimaError('INPUT_INVALID', `expected the input "${missing}" beside "${given}", got none`, {
    hint: 'A secret is empty in runs of forks and of Dependabot, or when it does not exist under that name.',
  });
}

function readArtifact(
  read: InputReader,
  environment: Readonly<Record<string, string | undefined>>,
  attempt: <T>(body: () => T, otherwise: T) => T,
): ArtifactInputs | undefined {
  const forms = ['false', 'true', 'layout', 'tar'] as const;
  const form = attempt(() => readChoice(read, 'upload-artifact', forms, 'false'), 'false');
  const retentionDays = attempt(() => readNumber(read, 'artifact-retention-days', [1, 400]), undefined);
  const overwrite = attempt(() => readBoolean(read, 'artifact-overwrite', false), false);
  const name = readText(read, 'artifact-name');
  if (form === 'false') return undefined;
  return {
    form: form === 'tar' ? 'tar' : 'layout',
    // A re-run finds the artifact of the run before.
    overwrite: overwrite || Number(environment.GITHUB_RUN_ATTEMPT ?? '1') > 1,
    ...(name === undefined ? {} : { name }),
    ...(retentionDays === undefined ? {} : { retentionDays }),
  };
}

function readContainerd(
  read: InputReader,
  environment: Readonly<Record<string, string | undefined>>,
): ContainerdInputs {
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

type Defined<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
};

function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
