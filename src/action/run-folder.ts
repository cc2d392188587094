// Folders of a run: below the runner's own, which the runner empties, or below the system's.

import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputErrors } from '../adapters/filesystem/temporary.ts';
import type { Environment } from '../core/environment.ts';

/**
 * A fresh folder whose name begins with `prefix`. RUNNER_TEMP is made if it isn't there.
 * @throws BimaError OUTPUT_FAILED
 */
export function makeTemporaryFolder({ RUNNER_TEMP }: Environment, prefix: string): Promise<string> {
  const parent = RUNNER_TEMP === undefined || RUNNER_TEMP === '' ? tmpdir() : RUNNER_TEMP;
  return outputErrors(parent, async () => {
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, prefix));
  });
}
