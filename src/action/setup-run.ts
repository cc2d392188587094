// The command `bima` for the later steps of a job: a small file that starts the bundle with the Node that runs this.

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outputErrors } from '../adapters/filesystem/temporary.ts';
import type { Environment } from '../core/environment.ts';
import type { Reporter } from '../core/reporter.ts';
import { makeTemporaryFolder } from './run-folder.ts';
import { addToPath } from './runner.ts';
import type { Runner } from './runner.ts';

export interface SetupRequest {
  /** Path of the Node that starts it. */
  readonly node: string;
  /** Path of the bundle of the command line. */
  readonly program: string;
  readonly version: string;
}

export interface SetupWorld {
  readonly environment: Environment;
  readonly runner: Pick<Runner, 'output'>;
  readonly reporter: Pick<Reporter, 'info'>;
  readonly isWindows: boolean;
}

/** @throws BimaError OUTPUT_FAILED */
export async function setUp(request: SetupRequest, world: SetupWorld): Promise<void> {
  const { environment, runner, reporter, isWindows } = world;
  const folder = await makeTemporaryFolder(environment, 'bima-setup-');
  const command = join(folder, 'bima');
  await outputErrors(folder, async () => {
    // mkdtemp made it for its owner alone: a step may run as somebody else.
    await chmod(folder, 0o755);
    await writeFile(command, shellScript(request), { mode: 0o755 });
    if (isWindows) await writeFile(`${command}.cmd`, windowsScript(request));
  });
  addToPath(folder, environment);
  runner.output('version', request.version);
  runner.output('path', isWindows ? `${command}.cmd` : command);
  reporter.info(`bima is ${command}`);
}

/** Also for Git's shell on Windows. */
export function shellScript({ node, program }: SetupRequest): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh\nexec ${quote(node)} ${quote(program)} "$@"\n`;
}

/** A path has no double quotes there, and a percent sign is written twice. */
export function windowsScript({ node, program }: SetupRequest): string {
  const quote = (text: string) => `"${text.replaceAll('%', '%%')}"`;
  return `@${quote(node)} ${quote(program)} %*\r\n`;
}
