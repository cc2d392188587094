// A program of this machine, looked for on the PATH.

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Environment } from '../../core/environment.ts';
import { programPaths } from '../../core/program-paths.ts';

/** The first of the PATH that may be run; undefined when there is none. @param name without a folder */
export async function findOnPath(name: string, environment: Environment): Promise<string | undefined> {
  for (const path of programPaths(name, environment)) if (await isExecutable(path)) return path;
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
