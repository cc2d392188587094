// Debian's docker-registry (distribution 2.8) in a temporary folder on a free port, and nginx in front of it.

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from './certificates.ts';
import { issuer, service } from './token-server.ts';

export interface DockerRegistryOptions {
  readonly basic?: { readonly name: string; readonly password: string };
  /** `certFile` holds the key that signs the tokens. */
  readonly token?: { readonly realm: string; readonly certFile: string };
  readonly tls?: Certificate;
  /** Starts over on the content of one that was stopped with `keep`. */
  readonly folder?: string;
  readonly port?: number;
  /** What its upload sessions are signed with; replicas must share it. */
  readonly secret?: string;
  /** Whether manifests can be deleted, which Debian's own configuration doesn't allow: true by default. */
  readonly deletes?: boolean;
  /** Path of another build of it. */
  readonly program?: string;
}

export interface RunningServer extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly folder: string;
  readonly port: number;
  /** What it wrote on its output so far. */
  log(): string;
  /** Ends the process; the folder goes too unless `keep` is set. */
  stop(options?: { keep?: boolean }): Promise<void>;
}

export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<RunningServer> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'bima-registry-'));
  const port = options.port ?? (await freePort());
  const config = join(folder, 'config.yml');
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(configOf(folder, port, options)));
  const { program = '/usr/bin/docker-registry' } = options;
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  return watch(child, folder, port);
}

function configOf(folder: string, port: number, options: DockerRegistryOptions): object {
  const { basic, token, tls } = options;
  return {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, 'data') },
      delete: { enabled: options.deletes ?? true },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      secret: options.secret ?? 'not a secret',
      ...(tls === undefined ? {} : { tls: { certificate: tls.certFile, key: tls.keyFile } }),
    },
    ...(basic === undefined
      ? {}
      : { auth: { htpasswd: { realm: 'test', path: writeHtpasswd(folder, basic) } } }),
    ...(token === undefined
      ? {}
      : { auth: { token: { realm: token.realm, service, issuer, rootcertbundle: token.certFile } } }),
  };
}

function writeHtpasswd(folder: string, { name, password }: { name: string; password: string }): string {
  const file = join(folder, 'htpasswd');
  const line = execFileSync('htpasswd', ['-n', '-i', '-B', '-C', '4', name], { input: password });
  writeFileSync(file, line);
  return file;
}

export interface NginxOptions {
  readonly upstream: string;
  /** In nginx's form, such as `1m`. */
  readonly bodyLimit: string;
}

/** nginx with a limit on the size of request bodies, in front of a registry. */
export async function startNginx(options: NginxOptions): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'bima-nginx-'));
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    config,
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    client_max_body_size ${options.bodyLimit};
    location / {
      proxy_pass http://${options.upstream};
      proxy_set_header Host $http_host;
      proxy_request_buffering off;
      proxy_http_version 1.1;
    }
  }
}
`,
  );
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', config, '-e', 'stderr'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watch(child, folder, port);
}

async function watch(child: ChildProcess, folder: string, port: number): Promise<RunningServer> {
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += String(error);
      resolve();
    });
    child.once('exit', () => {
      resolve();
    });
  });

  async function stop({ keep = false }: { keep?: boolean } = {}): Promise<void> {
    child.kill('SIGKILL');
    await ended;
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }

  for (let attempt = 0; !(await isListening(port)); attempt++) {
    if (attempt === 500 || child.exitCode !== null) {
      await stop();
      throw new Error(`the server did not start: ${output}`);
    }
    await sleep(20);
  }
  return {
    host: `127.0.0.1:${port}`,
    folder,
    port,
    log: () => output,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** The digest that a tag has in the registry's own files, or undefined. */
export function readTag(registry: RunningServer, repository: string, tag: string): string | undefined {
  const root = join(registry.folder, 'data/docker/registry/v2/repositories');
  try {
    return readFileSync(join(root, repository, '_manifests/tags', tag, 'current/link'), 'utf8');
  } catch {
    return undefined;
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
