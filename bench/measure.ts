// Runs commands one after the other, and says how long they took together and how much memory they needed.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Step {
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Measurement {
  readonly seconds: number;
  /** The largest resident set of any of the processes, in bytes; undefined where the system doesn't tell. */
  readonly peak: number | undefined;
}

/**
 * Runs the steps in their order. A pipeline is one step of the shell's.
 * @param scratch a folder for what the measuring itself needs
 * @throws Error with what the program wrote, when one fails
 */
export async function measure(steps: readonly Step[], scratch: string): Promise<Measurement> {
  let seconds = 0;
  let peak: number | undefined;
  for (const step of steps) {
    const one = await measureStep(step, scratch);
    seconds += one.seconds;
    if (one.peak !== undefined) peak = Math.max(peak ?? 0, one.peak);
  }
  return { seconds, peak };
}

const time = '/usr/bin/time';
const hasTime = existsSync(time);

/**
 * GNU time is small, so that what it says is the program's own: a child of this process counts the pages that it
 * shares with this process before it becomes the program. Without it, Linux's own account is read again and again.
 */
async function measureStep(step: Step, scratch: string): Promise<Measurement> {
  const report = join(scratch, 'peak');
  const [program, ...args] = step.command;
  const isLinux = process.platform === 'linux';
  const command = hasTime && isLinux ? [time, '-f', '%M', '-o', report, program, ...args] : step.command;
  const [first = program, ...rest] = command;

  const started = performance.now();
  const child = start(first, rest, step);
  const watched = isLinux && !hasTime ? watchPeak(child) : () => undefined;
  await ended(child, step);
  const seconds = (performance.now() - started) / 1000;
  const kilobytes = hasTime && isLinux ? Number(readFileSync(report, 'utf8').trim().split('\n').at(-1)) : 0;
  return { seconds, peak: kilobytes > 0 ? kilobytes * 1024 : watched() };
}

/** Seconds until the first bytes on standard output or standard error; the end is awaited as well. */
export async function measureFirstLine(step: Step): Promise<Measurement> {
  const [program, ...args] = step.command;
  const started = performance.now();
  const child = start(program, args, step);
  let first: number | undefined;
  const note = () => {
    first ??= (performance.now() - started) / 1000;
  };
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  await ended(child, step, { mayFail: true });
  if (first === undefined) throw new Error(`${step.command.join(' ')} printed nothing`);
  return { seconds: first, peak: undefined };
}

/** Without what npm, Node and a workflow set for this process. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE|GITHUB_|INPUT_|RUNNER_|ACTIONS_)/.test(name),
  ),
);

function start(program: string, args: readonly string[], { cwd, env }: Step): ChildProcess {
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...environment, ...env },
  });
}

function ended(child: ChildProcess, step: Step, { mayFail = false } = {}): Promise<void> {
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0 || mayFail) resolve();
      else reject(new Error(`${step.command.join(' ')} ended with ${code ?? signal ?? ''}: ${output}`));
    });
  });
}

/** The high-water marks of a process and its descendants, as Linux accounts them; the last of them is returned. */
function watchPeak(child: ChildProcess): () => number | undefined {
  let peak: number | undefined;
  const look = () => {
    for (const id of descendants(child.pid)) {
      const mark = /^VmHWM:\s+(\d+) kB/m.exec(readIfThere(`/proc/${id}/status`))?.[1];
      if (mark !== undefined) peak = Math.max(peak ?? 0, Number(mark) * 1024);
    }
  };
  const timer = setInterval(look, 10);
  child.once('close', () => {
    clearInterval(timer);
  });
  return () => peak;
}

function descendants(id: number | undefined): number[] {
  if (id === undefined) return [];
  const children = readIfThere(`/proc/${id}/task/${id}/children`).split(' ').filter(Boolean).map(Number);
  return [id, ...children.flatMap(descendants)];
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
