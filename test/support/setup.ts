// Installs what the integration tests need and the machine doesn't have: from Debian, as root.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isInstalled, tools } from './tools.ts';
import type { ToolName } from './tools.ts';

const names = Object.keys(tools) as ToolName[];

/** The tools that are still missing afterwards. */
export function installTools(): ToolName[] {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return [];
  installPackages(missing.map((name) => tools[name].package));
  return names.filter((name) => !isInstalled(name));
}

/** Installs packages of Debian, where that can be done; whoever needs them looks whether they are there. */
export function installPackages(packages: readonly string[]): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  console.log(`installing for the tests: ${packages.join(' ')}`);
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

function apt(...args: string[]): void {
  const { status } = spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) console.log(`apt-get ${args[0] ?? ''} failed`);
}
