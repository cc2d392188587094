// Workflows as they are written, run by act on this machine: its host mode, with the network and the mounts of
// `npm run test:act`, where ghcr.io and Docker Hub are a registry on loopback.

import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer as readBytes } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { makeAuthority, makeServerCertificate } from './certificates.ts';
import { startDockerRegistry } from './docker-registry.ts';
import type { RunningServer } from './docker-registry.ts';
import { readEventFixture } from './events.ts';
import { temporaryFolder } from './folder.ts';
import { extraPrefix, unlessRootWith } from './tools.ts';

const program = process.env.BIMA_TEST_ACT ?? '';

/** For the `skip` of a suite. */
export const skipWithoutAct =
  program === ''
    ? `${extraPrefix} npm run test:act, which sets BIMA_TEST_ACT`
    : unlessRootWith('docker-registry', 'htpasswd', 'openssl', 'make');

/** The names that lead to the registry, in the hosts file that the suite runs with. */
export const registryNames = ['ghcr.io', 'docker.io', 'index.docker.io', 'registry-1.docker.io'] as const;

const root = resolve(import.meta.dirname, '../..');
const fixtures = join(root, 'test/fixtures/runner');
const labels = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'self-hosted'];

export interface Runner {
  readonly registry: RunningServer;
  /** Runs all jobs of a workflow to their end. */
  readonly run: (workflow: string, event: string, more?: RunMore) => Promise<FinishedRun>;
}

export interface RunMore {
  /** One job, and what it needs; all of them by default. */
  readonly job?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface FinishedRun {
  readonly code: number | null;
  /** What act printed, for people. */
  readonly log: string;
  /** Of all steps, by the step's `id` (its place in the job without one), of the job that set them last. */
  readonly outputs: (step: string) => Readonly<Record<string, string>>;
  /** What the steps added to it, in order. */
  readonly summaries: readonly string[];
  /** Errors and warnings, as act understood them. */
  readonly annotations: readonly RunAnnotation[];
  /** What the programs and actions that stand in for others noted, and every start of Node. */
  readonly calls: readonly string[];
}

export interface RunAnnotation {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string | undefined;
}

/** A line of act's log, as far as it is read here. */
interface Entry {
  readonly msg?: string;
  readonly stepID?: readonly string[];
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly content?: string;
  readonly kvPairs?: Readonly<Record<string, string>>;
}

export interface RunnerOptions {
  /** Of the repository, by path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly token: string;
  /** Of inputs of the action that a workflow doesn't give, in place of its own. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** With the credentials of GitHub's registry: the actor of the events, and the job's token. */
export async function startRunner(test: TestContext, options: RunnerOptions): Promise<Runner> {
  const folder = temporaryFolder(test);
  const authority = makeAuthority(folder);
  const names = registryNames.map((name) => `DNS:${name}`).join(',');
  const tls = makeServerCertificate(folder, authority, { names });
  const basic = { name: 'maria', password: options.token };
  const registry = await startDockerRegistry({ tls, basic, port: 443 });
  test.after(() => registry.stop());
  const actions = await stageActions(folder, options.defaults);
  const workspace = join(folder, 'repository');
  for (const [path, content] of Object.entries(options.files)) {
    mkdirSync(join(workspace, path, '..'), { recursive: true });
    writeFileSync(join(workspace, path), content);
  }
  // act asks whoever starts it first which images it is to use.
  mkdirSync(join(folder, 'home/act'), { recursive: true });
  writeFileSync(join(folder, 'home/act/actrc'), '');
  const env = { ...options.env, NODE_EXTRA_CA_CERTS: authority.certFile };
  const artifacts = await startArtifactFilter(test);
  return {
    registry,
    run: (workflow, event, { job, env: more = {} } = {}) => {
      const file = join(root, workflow);
      const args = [
        ...['-W', file, '-C', workspace, ...(job === undefined ? [] : ['-j', job])],
        ...repositoriesOf([file, join(root, '.github/workflows/image.yml')], actions),
      ];
      return runAct(folder, args, { event, token: options.token, env: { ...env, ...more }, artifacts });
    },
  };
}

/** This action as it is, with the bundles in `dist`, and those that stand in for others, in a folder each. */
async function stageActions(folder: string, defaults: RunnerOptions['defaults']): Promise<string> {
  const actions = join(folder, 'actions');
  cpSync(join(fixtures, 'actions'), actions, { recursive: true });
  const own = join(actions, 'nubificus/bima-action');
  for (const path of ['action.yml', 'setup', 'cleanup', 'dist', '.github/workflows/image.yml']) {
    cpSync(join(root, path), join(own, path), { recursive: true });
  }
  const file = join(own, 'action.yml');
  for (const [name, value] of Object.entries(defaults)) {
    const input = `\n  ${name}:\n`;
    writeFileSync(file, readFileSync(file, 'utf8').replace(input, `${input}    default: ${value}\n`));
  }
  for (const name of ['upload-artifact', 'download-artifact']) {
    await build({
      entryPoints: [join(import.meta.dirname, 'runner-artifacts.ts')],
      outfile: join(actions, 'actions', name, 'artifacts.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      banner: {
        js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
      },
    });
  }
  return actions;
}

/** act's options for every action and workflow of elsewhere, none of which may be fetched. */
function repositoriesOf(workflows: readonly string[], actions: string): string[] {
  const used = workflows.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\buses: ([^/\s]+\/[^/@\s]+)[^@\s]*@(\S+)/g)].map(
      ([, name = '', ref = '']) => [name, ref] as const,
    ),
  );
  return used
    .filter(([name]) => existsSync(join(actions, name)))
    .flatMap(([name, ref]) => ['--local-repository', `${name}@${ref}=${join(actions, name)}`]);
}

/** Where act's own server for artifacts listens. */
const artifactServer = { host: '127.0.0.1', port: 34567 };

/**
 * In front of act's server for artifacts, for what it does unlike GitHub's: it refuses a request with a field that it
 * doesn't know, such as `mime_type`, and writes a signature into an address so that Azure's client loses its last character.
 */
async function startArtifactFilter(test: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const path = url.replace(/(?<=[?&]sig=[\w-]{43})(?=&)/, '%3D');
    void readBytes(request).then((bytes) => {
      const isJson = headers['content-type']?.startsWith('application/json') === true;
      const body = isJson ? withoutType(bytes) : bytes;
      const onward = sendRequest(
        { ...artifactServer, method, path, headers: { ...headers, 'content-length': body.length } },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => response.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function withoutType(bytes: Buffer): Buffer {
  const message = JSON.parse(bytes.toString()) as Record<string, unknown>;
  return Buffer.from(JSON.stringify({ ...message, mime_type: undefined }));
}

interface ActOptions {
  /** Where the service for artifacts is. */
  readonly artifacts: string;
  readonly event: string;
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
}

async function runAct(folder: string, args: readonly string[], options: ActOptions): Promise<FinishedRun> {
  const { env: variables, payload } = readEventFixture(options.event);
  const { GITHUB_EVENT_NAME: event = '', GITHUB_ACTOR: actor = '', GITHUB_SHA: sha = '' } = variables;
  const payloadFile = join(folder, 'event.json');
  writeFileSync(payloadFile, JSON.stringify(payload));
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  const set = { ...variables, SHA_REF: sha, ...options.env };
  const secrets = { GITHUB_TOKEN: options.token, DOCKERHUB_TOKEN: options.token };
  const all = [
    ...[event, '-e', payloadFile, '-a', actor, ...args],
    ...labels.flatMap((label) => ['-P', `${label}=-self-hosted`]),
    ...Object.entries(set).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...Object.entries(secrets).flatMap(([name, value]) => ['-s', `${name}=${value}`]),
    ...['--var', `DOCKERHUB_USERNAME=${actor}`, '--json', '--no-cache-server', '--rm'],
    ...['--artifact-server-path', join(folder, 'artifacts'), '--artifact-server-addr', '127.0.0.1'],
    ...['--action-cache-path', join(folder, 'cache'), '--concurrent-jobs', '1'],
  ];
  const home = join(folder, 'home');
  const child = spawn(program, all, {
    env: {
      HOME: home,
      XDG_CONFIG_HOME: home,
      PATH: [programsOf(folder), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter),
      ACTIONS_RUNTIME_URL: options.artifacts,
      BIMA_TEST_CALLS: calls,
      NODE_OPTIONS: `--require=${join(fixtures, 'note-exit.cjs')}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const entries: Entry[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => entries.push(parseEntry(line)));
  const code = await new Promise<number | null>((done, fail) => {
    child.on('error', fail);
    child.on('close', done);
  });
  return { code, ...readEntries(entries), calls: readFileSync(calls, 'utf8').split('\n').slice(0, -1) };
}

/** Node, and what stands in for other programs. */
function programsOf(folder: string): string {
  const programs = join(folder, 'programs');
  if (existsSync(programs)) return programs;
  cpSync(join(fixtures, 'programs'), programs, { recursive: true });
  for (const file of globSync('*', { cwd: programs })) chmodSync(join(programs, file), 0o755);
  symlinkSync(process.execPath, join(programs, 'node'));
  return programs;
}

function parseEntry(line: string): Entry {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return { msg: line };
  }
}

function readEntries(entries: readonly Entry[]): Omit<FinishedRun, 'code' | 'calls'> {
  const outputs = (step: string) =>
    Object.fromEntries(
      entries
        .filter(({ command, stepID = [] }) => command === 'set-output' && stepID.at(-1) === step)
        .map(({ name = '', arg = '' }) => [name, arg]),
    );
  return {
    outputs,
    log: entries.map(({ msg = '' }) => msg.trimEnd()).join('\n'),
    summaries: entries.flatMap(({ content }) => content ?? []),
    annotations: entries.flatMap(({ command, arg = '', kvPairs }) =>
      command === 'error' || command === 'warning'
        ? [{ severity: command, message: arg, file: kvPairs?.file }]
        : [],
    ),
  };
}
