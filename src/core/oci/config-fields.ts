// The fields of the image's config that instructions set, over those of its base (OCI image-spec, config.md). Pure.

import { posix } from 'node:path';
import type { Instruction } from '../containerfile/instruction.ts';
import { isObject, isStringArray } from './json.ts';
import type { JsonObject } from './json.ts';

/**
 * The config's own `config` after all of them, with what the base has besides. Labels, Entrypoint and Cmd are for
 * others to say; nothing is added where no instruction sets a field.
 * @param onBuild instructions for later, which are never inherited
 */
export function configFields(
  base: JsonObject,
  instructions: readonly Instruction[],
  onBuild: readonly string[],
): JsonObject {
  const fields: { -readonly [Key in keyof JsonObject]: JsonObject[Key] } = { ...base };
  delete fields.OnBuild;
  const environment = new Map((isStringArray(base.Env) ? base.Env : []).map((line) => [nameOf(line), line]));
  const ports = new Set<string>();
  const volumes = new Set<string>();
  for (const instruction of instructions) {
    switch (instruction.type) {
      case 'env':
        // A variable that is there stays where it is, as in Docker.
        for (const { key, value } of instruction.pairs) environment.set(key, `${key}=${value}`);
        break;
      case 'workdir':
        fields.WorkingDir = resolveWorkdir(fields.WorkingDir, instruction.path);
        break;
      case 'user':
        fields.User = instruction.user;
        break;
      case 'expose':
        for (const port of instruction.ports) ports.add(port);
        break;
      case 'volume':
        for (const path of instruction.paths) volumes.add(path);
        break;
      case 'stopsignal':
        fields.StopSignal = instruction.signal;
        break;
      case 'shell':
        fields.Shell = instruction.words;
        break;
      case 'healthcheck':
        fields.Healthcheck = instruction.health;
        break;
      // No fields of their own, or set elsewhere.
      case 'cmd':
      case 'copy':
      case 'entrypoint':
      case 'label':
      case 'maintainer':
      case 'onbuild':
        break;
    }
  }
  if (ports.size > 0) fields.ExposedPorts = withKeys(base.ExposedPorts, ports);
  if (volumes.size > 0) fields.Volumes = withKeys(base.Volumes, volumes);
  if (instructions.some(({ type }) => type === 'env')) fields.Env = [...environment.values()];
  return onBuild.length === 0 ? fields : { ...fields, OnBuild: onBuild };
}

/** The working directory after WORKDIR, without a slash at its end. */
export function resolveWorkdir(before: unknown, path: string): string {
  return posix.resolve('/', typeof before === 'string' ? before : '/', path);
}

function nameOf(line: string): string {
  const equals = line.indexOf('=');
  return equals === -1 ? line : line.slice(0, equals);
}

/** Sets are objects with empty values there; sorted, so that the order of instructions makes no other bytes. */
function withKeys(before: unknown, keys: ReadonlySet<string>): JsonObject {
  const all = new Map(isObject(before) ? Object.entries(before) : []);
  for (const key of keys) all.set(key, all.get(key) ?? {});
  return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}
