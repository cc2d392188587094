// What an image inherits from the one it is built on: the config of any image, read without losing anything.

import { isObject, isStringArray, isStringMap, parseJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';

export interface Inherited {
  /** The config's own `config`, with fields that are unknown here. */
  readonly config: JsonObject;
  /** One entry without `empty_layer` for each layer. */
  readonly history: readonly JsonObject[];
  readonly author?: string;
}

/** The parts of an inherited config that a build looks at. */
export interface InheritedValues {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly user?: string;
  /** Shell for the shell form of CMD and ENTRYPOINT. */
  readonly shell?: readonly string[];
  /** Instructions that Docker would execute in a build on this image. */
  readonly onBuild: readonly string[];
}

/**
 * @param bytes of the config document
 * @param layers how many there are: a history that tells otherwise, or none, is replaced
 * @param what names the document in the error
 * @throws BimaError LAYOUT_INVALID when the bytes are no JSON object
 */
export function readInherited(bytes: Uint8Array, layers: number, what: string): Inherited {
  const { config, history, author } = parseJsonObject(bytes, what);
  const entries = Array.isArray(history) ? history.filter(isObject) : [];
  const fits = entries.filter(({ empty_layer }) => empty_layer !== true).length === layers;
  return {
    config: isObject(config) ? config : {},
    history: fits ? entries : Array.from({ length: layers }, () => ({ comment: 'from the base image' })),
    ...(typeof author === 'string' && author !== '' ? { author } : {}),
  };
}

/** Fields of a wrong type count as missing, as they do for a runtime. */
export function readValues({ config }: Inherited): InheritedValues {
  const { Entrypoint, Cmd, Labels, Env, WorkingDir, User, Shell, OnBuild } = config;
  return {
    ...(isStringArray(Entrypoint) && Entrypoint.length > 0 ? { entrypoint: Entrypoint } : {}),
    ...(isStringArray(Cmd) && Cmd.length > 0 ? { cmd: Cmd } : {}),
    labels: isStringMap(Labels) ? Labels : {},
    env: isStringArray(Env) ? readEnv(Env) : {},
    ...(typeof WorkingDir === 'string' && WorkingDir !== '' ? { workingDir: WorkingDir } : {}),
    ...(typeof User === 'string' && User !== '' ? { user: User } : {}),
    ...(isStringArray(Shell) && Shell.length > 0 ? { shell: Shell } : {}),
    onBuild: isStringArray(OnBuild) ? OnBuild : [],
  };
}

function readEnv(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const equals = line.indexOf('=');
      return equals < 1 ? [] : [[line.slice(0, equals), line.slice(equals + 1)] as const];
    }),
  );
}
