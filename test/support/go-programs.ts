// Programs compiled from the Go module proxy, once: each version in a folder of its own that is there whole or not at all.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join, posix } from 'node:path';

export interface GoPrograms {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** Their packages, relative to the module; the module itself is an empty string. */
  readonly packages: readonly string[];
}

/**
 * @param store holds the programs of earlier runs
 * @returns the folder of the programs, or why this machine can't have them
 * @throws when they don't compile
 */
export function compilePrograms(
  store: string,
  wanted: GoPrograms,
): { readonly folder: string } | { readonly skip: string } {
  const { name, module, version, packages } = wanted;
  const folder = join(store, `${name}-${version}`);
  if (packages.every((path) => existsSync(join(folder, programOf(module, path))))) return { folder };
  mkdirSync(store, { recursive: true });
  const work = mkdtempSync(join(store, 'compiling-'));
  try {
    console.log(`compiling ${name} ${version}`);
    const own = join(work, 'module');
    const programs = join(work, 'programs');
    mkdirSync(own);
    mkdirSync(programs);
    // In a module of our own: `go install` refuses modules whose go.mod replaces versions, or leaves them out.
    const steps = [
      ['mod', 'init', 'programs.test'],
      ['get', `${module}@${version}`],
      ['install', '-trimpath', ...packages.map((path) => (path === '' ? module : `${module}/${path}`))],
    ];
    for (const args of steps) {
      const problem = runGo(args, own, programs);
      if (problem !== undefined) return { skip: problem };
    }
    // One of an earlier run, for which fewer programs were asked.
    rmSync(folder, { recursive: true, force: true });
    renameSync(programs, folder);
    return { folder };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** How Go names it: after its folder, or the one above that of a major version. */
function programOf(module: string, path: string): string {
  const name = posix.join(module, path).replace(/\/v\d+$/, '');
  return posix.basename(name) + (process.platform === 'win32' ? '.exe' : '');
}

/** @returns why the machine or the proxy can't do it, or undefined when it is done */
function runGo(args: readonly string[], cwd: string, programs: string): string | undefined {
  const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false', GOBIN: programs, CGO_ENABLED: '0' };
  const { error, status, stderr } = spawnSync('go', args, { cwd, env, encoding: 'utf8', maxBuffer: 1e8 });
  if (error !== undefined) return 'there is no Go';
  if (status === 0) return undefined;
  const newer = /requires go >= ([\d.]+)/.exec(stderr);
  if (newer !== null) return `it needs Go ${newer[1] ?? ''}`;
  const refused = /reading \S*?\/([^/\s]+\/@v\/\S+): (40[34]|410) /.exec(stderr);
  if (refused !== null)
    return `the Go module proxy doesn't serve ${basename(refused[1] ?? '')} (${refused[2] ?? ''})`;
  if (/no such host|i\/o timeout|connection refused|unreachable/.test(stderr))
    return "the Go module proxy can't be reached";
  throw new Error(`go ${args.join(' ')} failed:\n${stderr}`);
}
