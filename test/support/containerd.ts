// Debian's containerd, started in folders and on a socket of its own.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface Containerd {
  readonly address: string;
  /** Runs `ctr` against it and gives back what it prints. */
  readonly ctr: (...args: string[]) => Promise<string>;
}

/** Starts containerd without the plugins that need a network or Kubernetes; it ends with the test. */
export async function startContainerd(test: TestContext): Promise<Containerd> {
  // Paths of sockets are short: at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'ctrd-'));
  const address = join(folder, 'c.sock');
  writeFileSync(
    join(folder, 'config.toml'),
    [
      'version = 2',
      `root = "${join(folder, 'root')}"`,
      `state = "${join(folder, 'state')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]',
      '[grpc]',
      `address = "${address}"`,
      '[debug]',
      `address = "${join(folder, 'd.sock')}"`,
      `[plugins."io.containerd.internal.v1.opt"]`,
      `path = "${join(folder, 'opt')}"`,
    ].join('\n'),
  );
  const log = join(folder, 'log');
  const server = spawn('sh', [
    '-c',
    `exec containerd --config "$0" >"$1" 2>&1`,
    join(folder, 'config.toml'),
    log,
  ]);
  const ended = new Promise((resolve) => server.on('close', resolve));
  test.after(async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const ctr = async (...args: string[]) => {
    return (await promisify(execFile)('ctr', ['--address', address, ...args], { maxBuffer: 1e8 })).stdout;
  };
  for (let tries = 0; tries < 100; tries += 1) {
    if (server.exitCode !== null) break;
    const isUp = await ctr('version').then(
      () => true,
      () => false,
    );
    if (isUp) return { address, ctr };
    await sleep(100);
  }
  throw new Error(`containerd did not start:\n${readFileSync(log, 'utf8')}`);
}
