// Runs images under urunc, in namespaces of its own alone: `unshare --mount --pid --net … node urunc-child.ts ORDER`, where
// ORDER is JSON. Prints the answers as JSON. test/support/urunc.ts starts it.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface UruncOrder {
  /** Of whoever has started this: what they are must not be ours. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** The folder of `urunc` and its shim. */
  readonly programs: string;
  /** An empty one. */
  readonly folder: string;
  /** A program to have in QEMU's place, which it starts as `/usr/lib/bima-test/qemu`; undefined where KVM can be used. */
  readonly qemu?: string;
  readonly runs: readonly UruncRun[];
}

export interface UruncRun {
  readonly archive: string;
  readonly image: string;
  /** How the text of the guest ends; without it the run is one of those that may be tried again. */
  readonly expected: string;
}

export interface UruncAnswer {
  readonly printed: string;
  readonly tries: number;
  /** What urunc and its shim wrote, of the last try. */
  readonly log: string;
}

/** In milliseconds. A boot takes about a second. */
const patience = 20_000;
const mostTries = 8;
/** urunc v0.7 loses this race on a busy machine. */
const race = 'failed to create connection with reexec socket';

const order = JSON.parse(process.argv[2] ?? '') as UruncOrder;
refuseTheOutside(order.namespaces);
const log: string[] = [];
prepare(order);
await listenForLogs();
const containerd = await startContainerd(order);
const answers: UruncAnswer[] = [];
for (const [at, run] of order.runs.entries()) answers.push(await boot(run, `guest${at}`));
console.log(JSON.stringify(answers));
containerd.kill('SIGKILL');
process.exit(0);

/** urunc v0.6 sends SIGKILL to every process that it can see when a create fails. */
function refuseTheOutside(namespaces: Readonly<Record<string, string>>): void {
  for (const name of ['mnt', 'net', 'pid']) {
    const own = readlinkSync(`/proc/self/ns/${name}`);
    const theirs = namespaces[name];
    if (theirs === undefined || own === theirs)
      throw new Error(`this is no ${name} namespace of its own: refused`);
  }
  if (readlinkSync('/proc/1/ns/pid') !== readlinkSync('/proc/self/ns/pid') || !isFirst(process.pid))
    throw new Error('/proc is that of another namespace: refused');
}

/** The first process is `unshare`'s child: this one, or what has started it. */
function isFirst(pid: number): boolean {
  return pid === 1 || process.ppid === 1;
}

function prepare({ folder, qemu }: UruncOrder): void {
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'pipe' });
  run('mount', '--make-rprivate', '/');
  // Sockets and states of everyone else are in /run: ours is empty.
  run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
  for (const name of ['root', 'state', 'opt', 'upper', 'work']) mkdirSync(join(folder, name));
  if (qemu === undefined) return;
  // What urunc gives QEMU of the file system is /usr/lib and QEMU's own folders, so the true one goes there.
  run('mount', '-t', 'tmpfs', 'tmpfs', join(folder, 'upper'));
  for (const name of ['up', 'work']) mkdirSync(join(folder, 'upper', name));
  const [upper, work] = [join(folder, 'upper/up'), join(folder, 'upper/work')];
  run(
    'mount',
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=/usr/lib,upperdir=${upper},workdir=${work}`,
    '/usr/lib',
  );
  const own = '/usr/lib/bima-test';
  mkdirSync(own);
  const path = '/usr/bin/qemu-system-x86_64';
  copyFileSync(path, join(own, 'qemu'));
  for (const firmware of ['/usr/share/seabios', '/usr/share/qemu', '/usr/lib/ipxe/qemu']) {
    if (!existsSync(firmware)) continue;
    for (const file of readdirSync(firmware, { withFileTypes: true })) {
      const from = join(firmware, file.name);
      if (!file.isDirectory() && existsSync(from)) copyFileSync(from, join(own, file.name));
    }
  }
  run('mount', '--bind', qemu, path);
}

/** urunc wants to write to the system's log, or it doesn't start. */
async function listenForLogs(): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', (chunk) => log.push(chunk.toString()));
  });
  await new Promise<void>((done) => server.listen('/run/syslog', done));
  server.unref();
}

async function startContainerd({ folder, programs }: UruncOrder) {
  const config = [
    'version = 2',
    `root = "${join(folder, 'root')}"`,
    `state = "${join(folder, 'state')}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[plugins."io.containerd.internal.v1.opt"]',
    `path = "${join(folder, 'opt')}"`,
  ].join('\n');
  const file = join(folder, 'config.toml');
  writeFileSync(file, config);
  const daemon = spawn('containerd', ['--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${programs}:${process.env.PATH ?? ''}` },
  });
  daemon.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await ctr(['version'])).code === 0) return daemon;
    await sleep(100);
  }
  throw new Error(`containerd did not start: ${log.join('')}`);
}

async function ctr(args: readonly string[], timeout = 60_000) {
  const options = { timeout, killSignal: 'SIGKILL', maxBuffer: 1e8 } as const;
  const done = await promisify(execFile)('ctr', args, options).catch((error: unknown) => error as never);
  const {
    stdout,
    stderr,
    code = 0,
    killed = false,
  } = done as {
    stdout: string;
    stderr: string;
    code?: number | null;
    killed?: boolean;
  };
  return { stdout, stderr, code: code ?? 1, killed };
}

async function boot(run: UruncRun, name: string): Promise<UruncAnswer> {
  const imported = await ctr(['images', 'import', '--platform', 'linux/amd64', run.archive]);
  if (imported.code !== 0) throw new Error(imported.stderr);
  for (let tries = 1; ; tries += 1) {
    log.length = 0;
    const id = `${name}-${tries}`;
    const runtime = ['--runtime', 'io.containerd.urunc.v2'];
    const args = ['run', '--rm', ...runtime, run.image, id];
    const { stdout, stderr, killed } = await ctr(args, patience);
    const printed = stdout.replaceAll('\r\n', '\n').trimEnd();
    const answer = { printed, tries, log: `${stderr}\n${log.join('')}`.slice(-10_000) };
    const mayTry = killed || answer.log.includes(race);
    if (printed.endsWith(run.expected) || !mayTry || tries === mostTries) return answer;
    await ctr(['task', 'kill', '--signal', 'SIGKILL', id]);
    await ctr(['task', 'delete', '--force', id]);
    await ctr(['container', 'delete', id]);
  }
}
