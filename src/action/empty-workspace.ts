// The commonest mistake of a first workflow: nothing has been checked out.

import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Environment } from '../core/environment.ts';
import { BimaError } from '../core/errors.ts';
import { workspacePath } from './workspace-path.ts';

/**
 * The error itself, or one that asks about the checkout when what is missing is missing with everything else.
 * @param context the input
 */
export async function explainEmptyWorkspace(
  error: unknown,
  context: string,
  { GITHUB_WORKSPACE: workspace = '.' }: Environment,
): Promise<unknown> {
  const isMissing =
    error instanceof BimaError && (error.code === 'CONTAINERFILE_MISSING' || error.code === 'CONTEXT_PATH');
  const isInside = workspacePath(resolve(workspace), resolve(context)) !== undefined;
  if (!isMissing || !isInside || !(await isEmpty(workspace))) return error;
  return new BimaError(error.code, `${error.message}: the workspace is empty`, {
    hint: 'Is the step "- uses: actions/checkout@v7" missing before this one?',
    cause: error,
  });
}

async function isEmpty(folder: string): Promise<boolean> {
  const names = await readdir(resolve(folder)).catch(() => undefined);
  return names?.length === 0;
}
