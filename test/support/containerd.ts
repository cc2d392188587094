// containerd, started in folders and on a socket of its own.

import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { containerdFolder as programs } from './programs.ts';

export interface Containerd {
  readonly folder: string;
  readonly address: string;
  /** What bima needs in its environment to use it. */
  readonly env: { readonly PATH: string; readonly CONTAINERD_ADDRESS: string };
  /** Runs `ctr` against it and gives back what it prints. */
  readonly ctr: (...args: string[]) => Promise<string>;
  /** Starts it again after {@link kill}. */
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

/**
 * Starts containerd without the plugins that need a network or Kubernetes; it ends with the test.
 * @param options.prepare is called with the folder for its data before it is started, and gives what undoes it
 */
export async function startContainerd(
  test: TestContext,
  options: { readonly prepare?: (root: string) => () => void } = {},
): Promise<Containerd> {
  // Paths of sockets are short: at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'ctrd-'));
  const address = join(folder, 'c.sock');
  const log = join(folder, 'log');
  mkdirSync(join(folder, 'root'));
  writeFileSync(join(folder, 'config.toml'), configOf(folder));
  const env = {
    PATH: `${programs}${delimiter}${process.env.PATH ?? ''}`,
    CONTAINERD_ADDRESS: address,
  };

  let server: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'close');
    server.kill(signal);
    await ended;
  };
  const undo = options.prepare?.(join(folder, 'root'));
  test.after(async () => {
    await end('SIGTERM');
    undo?.();
    unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  });

  const ctr = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(join(programs, 'ctr'), ['--address', address, ...args], {
      maxBuffer: 1e8,
    });
    return stdout;
  };
  const start = async () => {
    // Its shims are looked for on the PATH, before those beside it.
    server = spawn(
      'sh',
      [
        '-c',
        `exec "$0" --config "$1" >>"$2" 2>&1`,
        join(programs, 'containerd'),
        join(folder, 'config.toml'),
        log,
      ],
      { env: { ...process.env, PATH: env.PATH } },
    );
    for (let tries = 0; tries < 100; tries += 1) {
      if (server.exitCode !== null) break;
      const isUp = await ctr('version').then(
        () => true,
        () => false,
      );
      if (isUp) return;
      await sleep(100);
    }
    throw new Error(`containerd did not start:\n${readFileSync(log, 'utf8')}`);
  };
  await start();
  return { folder, address, env, ctr, start, kill: () => end('SIGKILL') };
}

/** containerd 2 leaves mounts of its own behind when it ends. */
function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((place) => place.startsWith(`${folder}/`));
  for (const place of mounts.reverse()) execFileSync('umount', ['--lazy', place]);
}

function configOf(folder: string): string {
  return [
    'version = 2',
    `root = "${join(folder, 'root')}"`,
    `state = "${join(folder, 'state')}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]',
    '[grpc]',
    `address = "${join(folder, 'c.sock')}"`,
    '[debug]',
    `address = "${join(folder, 'd.sock')}"`,
    `[plugins."io.containerd.internal.v1.opt"]`,
    `path = "${join(folder, 'opt')}"`,
  ].join('\n');
}
