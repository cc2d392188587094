// The programs that are compared, as far as they are on the PATH, and what the machine is.

import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { Machine } from './results.ts';

/** How each says its version. */
const versionArguments = {
  bima: ['--version'],
  bsdcpio: ['--version'],
  buildah: ['--version'],
  crane: ['version'],
  'docker-registry': ['--version'],
  igzip: ['--version'],
  'libdeflate-gzip': ['-V'],
  mke2fs: ['-V'],
  oras: ['version'],
  pigz: ['--version'],
  skopeo: ['--version'],
  umoci: ['--version'],
} as const;

export type ProgramName = keyof typeof versionArguments;

export interface NodeProgram {
  readonly path: string;
  /** Without a `v`. */
  readonly version: string;
}

export interface Programs {
  /** Absolute, by name. */
  readonly paths: ReadonlyMap<ProgramName, string>;
  readonly missing: readonly ProgramName[];
  /** The PATH's own, and the one that the tests run on; each version once. */
  readonly nodes: readonly NodeProgram[];
  readonly versions: Readonly<Record<string, string>>;
}

const root = resolve(import.meta.dirname, '..');

export function findPrograms(): Programs {
  const names = Object.keys(versionArguments) as ProgramName[];
  const paths = new Map<ProgramName, string>();
  for (const name of names) {
    const path = onPath(name);
    // A bima on the PATH can be this very program.
    if (path !== undefined && !(name === 'bima' && isScript(path))) paths.set(name, path);
  }
  const nodes = findNodes();
  const versions: Record<string, string> = {};
  for (const { version } of nodes) versions[`node ${version.split('.')[0] ?? ''}`] = version;
  for (const [name, path] of paths) versions[name] = versionOf(path, versionArguments[name]);
  return { paths, missing: names.filter((name) => !paths.has(name)), nodes, versions };
}

/** npm puts the packages' own programs first on the PATH: they aren't what a user would start. */
function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isScript(path: string): boolean {
  return readFileSync(path).subarray(0, 2).toString() === '#!';
}

function findNodes(): readonly NodeProgram[] {
  const own = join(root, 'node_modules/node/bin/node');
  const paths = [onPath('node'), isExecutable(own) ? own : undefined, process.execPath];
  const nodes = new Map<string, NodeProgram>();
  for (const path of paths) {
    if (path === undefined) continue;
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
    if (!nodes.has(version)) nodes.set(version, { path, version });
  }
  return [...nodes.values()];
}

function versionOf(path: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' });
  const text = `${stdout}${stderr}`;
  return /\bv?(\d+\.\d+[^\s()]*)/.exec(text)?.[1] ?? 'of an unknown version';
}

/** Nothing in it tells whose machine it is. */
export function describeMachine(): Machine {
  const list = cpus();
  return {
    processor: list[0]?.model.trim() ?? 'an unknown processor',
    cores: list.length,
    memory: totalmem(),
    system: `${type()} ${/^\d+(?:\.\d+)*/.exec(release())?.[0] ?? ''} ${process.arch}${distribution()}`,
  };
}

function distribution(): string {
  try {
    const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return name === undefined ? '' : `, ${name}`;
  } catch {
    return '';
  }
}
