// Folders in the one that the runner empties after the job.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputErrors } from '../layout/temporary.ts';
import type { Environment } from './runner.ts';

/** A fresh folder whose name starts with the prefix. @throws BimaError OUTPUT_FAILED */
export function makeFolder({ RUNNER_TEMP: named = '' }: Environment, prefix: string): Promise<string> {
  const parent = named === '' ? tmpdir() : named;
  return outputErrors(parent, () => mkdtemp(join(parent, prefix)));
}
