// Finds containerd's own client, `ctr`.

import { basename } from 'node:path';
import type { Environment } from '../../core/environment.ts';
import { BimaError } from '../../core/errors.ts';
import { programPaths } from '../../core/program-paths.ts';
import { isExecutable } from '../filesystem/find-program.ts';

export interface Program {
  readonly path: string;
  /** Arguments before ctr's own, for a program that has ctr as a subcommand. */
  readonly leading: readonly string[];
}

/** The names to look for on the PATH, the best first: k3s brings its own containerd and its own ctr. */
const names = ['ctr', 'k3s'];

/**
 * @param explicit the path of the program, or a name to look for on the PATH instead
 * @throws BimaError CONTAINERD_MISSING
 */
export async function findProgram(environment: Environment, explicit?: string): Promise<Program> {
  for (const name of explicit === undefined ? names : [explicit]) {
    for (const path of name.includes('/') ? [name] : programPaths(name, environment)) {
      if (await isExecutable(path)) return { path, leading: basename(path) === 'k3s' ? ['ctr'] : [] };
    }
  }
  const what =
    explicit === undefined ? "containerd's client ctr is not on the PATH" : `no program "${explicit}"`;
  throw new BimaError('CONTAINERD_MISSING', what, {
    hint: 'Install containerd, which brings ctr (Debian: apt install containerd), or name the path of ctr or k3s with --ctr or the variable BIMA_CTR; to a container, mount it beside the socket.',
  });
}
