// Runs the committed bundle as a user does.

import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const bundle = resolve(import.meta.dirname, '../../dist/cli.cjs');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The Node to run it on; the tests' own by default. */
  readonly node?: string;
  /** What it reads on standard input: nothing by default. */
  readonly input?: string | Uint8Array;
  /** The user to run it as; the tests' own by default. */
  readonly user?: number;
  /** A signal that is sent once. */
  readonly interrupt?: Interrupt;
  /** Called with all of standard error, whenever something comes. */
  readonly heard?: (stderr: string) => void;
}

export type Interrupt =
  /** As soon as standard error holds this text. */
  | { readonly after: string; readonly signal: NodeJS.Signals }
  | { readonly when: Promise<void>; readonly signal: NodeJS.Signals; readonly afterwards: () => void };

export function runBima(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { cwd, env, input, user, node = process.execPath } = options;
  let { interrupt } = options;
  const own = user === undefined ? undefined : copyForOthers(node);
  const child = spawn(own?.node ?? node, [own?.bundle ?? bundle, ...args], {
    ...(cwd === undefined ? (own === undefined ? {} : { cwd: own.folder }) : { cwd }),
    ...(user === undefined ? {} : { uid: user, gid: user }),
    // Nothing is noted for later in the folder of whoever runs the tests.
    env: { PATH: process.env.PATH, XDG_CACHE_HOME: '/nowhere', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined).end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.heard?.(stderr);
    if (interrupt === undefined || !('after' in interrupt) || !stderr.includes(interrupt.after)) return;
    child.kill(interrupt.signal);
    interrupt = undefined;
  });
  if (interrupt !== undefined && 'when' in interrupt) {
    const { when, signal, afterwards } = interrupt;
    void when.then(() => {
      child.kill(signal);
      afterwards();
    });
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      if (own !== undefined) rmSync(own.folder, { recursive: true, force: true });
      done({ code, stdout, stderr });
    });
  });
}

/** Node and the bundle where every user may read them: the project itself may be in a folder of ours alone. */
function copyForOthers(node: string): { folder: string; node: string; bundle: string } {
  const folder = mkdtempSync(join(tmpdir(), 'bima-user-'));
  chmodSync(folder, 0o755);
  const copies = { folder, node: join(folder, 'node'), bundle: join(folder, 'cli.cjs') };
  copyFileSync(node, copies.node);
  copyFileSync(bundle, copies.bundle);
  return copies;
}

/** Runs the bundle and fails, with everything that it printed, unless it succeeds. */
export async function mustRunBima(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const finished = await runBima(args, options);
  if (finished.code === 0) return finished;
  throw new Error(
    `bima ${args.join(' ')} exited with ${finished.code}:\n${finished.stdout}${finished.stderr}`,
  );
}
