// A socket that takes connections, and a ctr that is a script and prints what the real one does.

import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './folder.ts';

/** As `ctr plugins ls` prints it. */
export const pluginList = `TYPE                            ID           PLATFORMS      STATUS
io.containerd.snapshotter.v1    devmapper    linux/amd64    error
io.containerd.snapshotter.v1    native       linux/amd64    ok
io.containerd.snapshotter.v1    overlayfs    linux/amd64    ok
io.containerd.differ.v1         walking      linux/amd64    ok
`;

export interface ScriptedContainerd {
  /** Path of the socket. */
  readonly address: string;
  /** Path of the script. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @param answers of ctr, by the end of its command line; it fails for all that has none */
export async function scriptContainerd(
  test: TestContext,
  answers: Readonly<Record<string, string>> = {},
): Promise<ScriptedContainerd> {
  const folder = temporaryFolder(test);
  const address = join(folder, 'c.sock');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((listening) => server.listen(address, listening));
  test.after(() => server.close());
  const all = {
    version: 'Client:\n  Version:  1.7.1\n  Revision: x\n\nServer:\n  Version:  1.6.2\n  Revision: y\n',
    'plugins ls': pluginList,
    'import --help': 'OPTIONS:\n   --local          Run import locally\n   --no-unpack      Skip\n',
    'namespaces ls --quiet': 'default\nk8s.io\n',
    ...answers,
  };
  const cases = Object.entries(all).map(([end, text]) => `*"${end}") cat <<'END'\n${text}END\n;;`);
  const program = join(folder, 'ctr');
  writeFileSync(
    program,
    `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n*) echo "ctr: no $*" >&2; exit 1;;\nesac\n`,
  );
  chmodSync(program, 0o755);
  return { address, program, environment: { PATH: process.env.PATH ?? '' } };
}
