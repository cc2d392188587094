// BuildKit's own programs, started in namespaces of their own: the daemon, its mounts and its processes end with it.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { buildkitFolder as programs } from './programs.ts';
import { extraPrefix, unlessMountingWith } from './tools.ts';

export const unlessBuildkit =
  programs === undefined
    ? `${extraPrefix} BuildKit, a folder with buildkitd and buildctl in BIMA_TEST_BUILDKIT`
    : unlessMountingWith('runc');

export interface Buildkit {
  /** @returns what it has made, or why it has made nothing */
  build(
    containerfile: string,
    context: string,
    args?: readonly string[],
  ): BuiltByBuildkit | { readonly error: string };
  end(): Promise<void>;
}

export interface BuiltByBuildkit {
  /** Of the image, with the author. */
  readonly config: Record<string, unknown>;
  /** The layers, decompressed. */
  readonly tars: readonly Buffer[];
}

/** Milliseconds. */
const startTime = 30_000;
const buildTime = 60_000;

/** Starts the daemon with runc as its worker, which runs nothing here: no Containerfile has a RUN. */
export async function startBuildkit(): Promise<Buildkit> {
  const bin = programs ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'bk-'));
  const address = `unix://${join(folder, 's')}`;
  const root = join(folder, 'root');
  mkdirSync(root);
  const daemon = [
    ...[join(bin, 'buildkitd'), '--root', root, '--addr', address, '--containerd-worker=false'],
    ...['--oci-worker-snapshotter=native', '--oci-worker-net=host'],
  ];
  const namespaces = ['-m', '-p', '-n', '-f', '--mount-proc', '--kill-child=SIGKILL'];
  // What it keeps is in memory: it waits for the disk after every step. The shell waits for an end of its input, which
  // comes at the latest with the end of this process.
  const shell = ['sh', '-c', 'mount -t tmpfs tmpfs "$0" && { "$@" & read -r _; }', root];
  const server = spawn('unshare', [...namespaces, ...shell, ...daemon], { stdio: 'pipe' });
  let said = '';
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-10_000)));
  // Until nobody has its output open, and so not before the daemon itself has ended.
  const ended = once(server, 'close');
  const end = async () => {
    server.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const buildctl = (args: readonly string[]) =>
    spawnSync(join(bin, 'buildctl'), ['--addr', address, ...args], { encoding: 'utf8', timeout: buildTime });

  const start = Date.now();
  while (buildctl(['debug', 'workers']).status !== 0) {
    if (server.exitCode === null && Date.now() - start < startTime) {
      await sleep(100);
      continue;
    }
    await end();
    throw new Error(`buildkitd did not start:\n${said}`);
  }
  return {
    end,
    build(containerfile, context, args = []) {
      const target = join(folder, 'built');
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target);
      const split = containerfile.lastIndexOf('/');
      const options = [
        ...['--frontend', 'dockerfile.v0', '--opt', `filename=${containerfile.slice(split + 1)}`],
        ...['--opt', 'platform=linux/amd64', '--no-cache', '--progress=plain'],
        ...['--local', `context=${context}`, '--local', `dockerfile=${containerfile.slice(0, split)}`],
        ...['--output', `type=oci,tar=false,dest=${target}`, ...args],
      ];
      const { status, stderr, error } = buildctl(['build', ...options]);
      if (error !== undefined) throw error;
      return status === 0 ? readBuilt(target) : { error: stderr.slice(-2000) };
    },
  };
}

interface Pointer {
  readonly digest: string;
}

function readBuilt(layout: string): BuiltByBuildkit {
  const blob = ({ digest }: Pointer) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')));
  const json = (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown;
  const { manifests } = json(readFileSync(join(layout, 'index.json'))) as { manifests: [Pointer] };
  const manifest = json(blob(manifests[0])) as { config: Pointer; layers: Pointer[] };
  const { config, author } = json(blob(manifest.config)) as Record<string, Record<string, unknown>>;
  return { config: { ...config, author }, tars: manifest.layers.map((layer) => gunzipSync(blob(layer))) };
}
