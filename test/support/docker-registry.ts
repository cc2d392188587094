// A registry in a temporary folder on a free port, Debian's docker-registry (distribution 2.8) unless another one is set,
// and nginx in front of it.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from './certificates.ts';
import { lacks, registryProgram } from './programs.ts';
import { issuer, keySetOf, service } from './token-server.ts';

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
  const args = isCrane ? craneArguments(folder, port, options) : distributionArguments(folder, port, options);
  // Without OpenTelemetry, which distribution 3 would look for a collector with.
  const env = { ...process.env, OTEL_TRACES_EXPORTER: 'none' };
  const child = spawn(options.program ?? registryProgram, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  return watch(child, folder, port);
}

const isCrane = basename(registryProgram, '.exe') === 'crane';

/** What a push says of a blob that another repository has: with crane's registry, every repository has it. */
export const storedFromAnother = isCrane ? 'present' : 'mounted';

/** crane's registry has its blobs in the folder and its manifests in memory, and no settings. */
function craneArguments(folder: string, port: number, options: DockerRegistryOptions): string[] {
  const { basic, token, tls, folder: old, secret, deletes } = options;
  const asked = Object.entries({
    login: basic,
    tokens: token,
    TLS: tls,
    'restart that keeps its content': old,
    'upload sessions that are signed': secret,
    'way to forbid deletions': deletes === false ? deletes : undefined,
  }).find(([, value]) => value !== undefined);
  if (asked !== undefined) {
    rmSync(folder, { recursive: true });
    throw new Error(`${lacks} ${asked[0]}`);
  }
  const data = join(folder, 'data');
  mkdirSync(data);
  return ['registry', 'serve', '--address', `127.0.0.1:${port}`, '--disk', data];
}

function distributionArguments(folder: string, port: number, options: DockerRegistryOptions): string[] {
  const config = join(folder, 'config.yml');
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(configOf(folder, port, options)));
  return ['serve', config];
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
    ...(token === undefined ? {} : { auth: { token: tokenSettings(folder, token) } }),
  };
}

/** Distribution 2 finds keys by libtrust's fingerprint of the certificate's, 3 by the names that a key set gives them. */
function tokenSettings(folder: string, token: NonNullable<DockerRegistryOptions['token']>): object {
  const jwks = join(folder, 'keys.json');
  writeFileSync(jwks, JSON.stringify(keySetOf(readFileSync(token.certFile))));
  return { realm: token.realm, service, issuer, rootcertbundle: token.certFile, jwks };
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

/** The digest that a tag has in the registry's own files, or undefined; crane's are in its memory, so it is asked. */
export function readTag(registry: RunningServer, repository: string, tag: string): string | undefined {
  if (isCrane) return askForTag(`${registry.host}/${repository}:${tag}`);
  const root = join(registry.folder, 'data/docker/registry/v2/repositories');
  try {
    return readFileSync(join(root, repository, '_manifests/tags', tag, 'current/link'), 'utf8');
  } catch {
    return undefined;
  }
}

function askForTag(reference: string): string | undefined {
  const { status, stdout, stderr } = spawnSync(registryProgram, ['digest', '--insecure', reference], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim();
  if (/404|_UNKNOWN/.test(stderr)) return undefined;
  throw new Error(`crane could not read ${reference}: ${stderr}`);
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
