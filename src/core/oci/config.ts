// The image config (OCI image-spec, config.md).

import { BimaError } from '../errors.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { isObject, isStringArray, isStringMap, parseJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { readPlatform } from './platform.ts';
import type { Platform } from './platform.ts';

export interface HistoryEntry {
  /** RFC 3339, in UTC. */
  readonly created: string;
  readonly created_by: string;
  readonly comment?: string;
  /** True for an instruction that made no layer. */
  readonly empty_layer?: true;
}

/** The config that bima writes. Keys are in the order in which they are encoded. */
export interface ImageConfig extends Platform {
  readonly created: string;
  readonly author?: string;
  /** The container config, with whatever fields a base image set. */
  readonly config: JsonObject & {
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly (HistoryEntry | JsonObject)[];
}

/** The parts of any image's config that bima reads, including those of other tools. */
export interface ReadConfig {
  readonly platform: Platform;
  readonly created?: string;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly diffIds: readonly Digest[];
}

/** @throws BimaError LAYOUT_INVALID when the bytes are no image config */
export function parseConfig(bytes: Uint8Array, what: string): ReadConfig {
  const document = parseJsonObject(bytes, what);
  const platform = readPlatform(document);
  if (platform === undefined) throw new BimaError('LAYOUT_INVALID', `${what} has no "os" and "architecture"`);
  const config: JsonObject = isObject(document.config) ? document.config : {};
  const { Entrypoint, Cmd, Env, Labels } = config;
  return {
    platform,
    ...(typeof document.created === 'string' ? { created: document.created } : {}),
    ...(isStringArray(Entrypoint) ? { entrypoint: Entrypoint } : {}),
    ...(isStringArray(Cmd) ? { cmd: Cmd } : {}),
    ...(isStringArray(Env) ? { env: Env } : {}),
    labels: isStringMap(Labels) ? Labels : {},
    diffIds: readDiffIds(document.rootfs, what),
  };
}

function readDiffIds(rootfs: unknown, what: string): readonly Digest[] {
  const ids = isObject(rootfs) ? rootfs.diff_ids : undefined;
  if (!isStringArray(ids) || !ids.every(isDigest)) {
    throw new BimaError('LAYOUT_INVALID', `${what} has no list of sha256 digests in "rootfs.diff_ids"`);
  }
  return ids;
}
