// Runs a monitor: passes on what its guest prints, and ends it with this process.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { BimaError } from '../../core/errors.ts';
import type { MonitorEnd } from '../../core/monitor/guest-end.ts';

export interface GuestProcessOptions {
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether the guest reads the standard input of this process. */
  readonly input: 'inherit' | 'ignore';
  /** Gets what the guest prints; the guest waits until it returns. */
  readonly print: (bytes: Uint8Array) => Promise<void> | void;
}

export interface GuestProcess {
  /** Settles when the monitor has ended and all its output was passed on. */
  readonly ended: Promise<MonitorEnd>;
  /** The last lines of the monitor's standard error. */
  readonly complaints: () => string;
  /** Ends the monitor: by SIGTERM, then by SIGKILL. */
  readonly stop: () => void;
}

/** Milliseconds between the two. */
const grace = 2000;
/** How many characters of standard error are kept. */
const maxComplaints = 16 * 1024;

/** Variables that are passed to a monitor: it gets no tokens. */
const passedOn =
  /^(?:PATH|HOME|TMPDIR|TEMP|TMP|LANG|LC_\w+|TERM|LD_LIBRARY_PATH|DYLD_\w+|QEMU_\w+|XDG_\w+|SYSTEMROOT|WINDIR|USERPROFILE|LOCALAPPDATA|APPDATA)$/i;

function monitorEnvironment(
  environment: GuestProcessOptions['environment'],
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => passedOn.test(name)));
}

/** @throws BimaError MONITOR_MISSING, by way of `ended`, for a program that can't be started */
export function startGuest({ path, args, environment, input, print }: GuestProcessOptions): GuestProcess {
  // Unless it reads the terminal, it gets a process group, so that what it starts ends with it.
  const isGroup = input === 'ignore' && process.platform !== 'win32';
  const child = spawn(path, args, {
    env: monitorEnvironment(environment),
    detached: isGroup,
    windowsHide: true,
    stdio: [input, 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-maxComplaints);
  });
  const killAtOnce = () => {
    kill(child, isGroup, 'SIGKILL');
  };
  // However this process ends: by a second interrupt, a closed terminal, an error.
  process.once('exit', killAtOnce);

  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    if (timer !== undefined || child.exitCode !== null) return;
    kill(child, isGroup, 'SIGTERM');
    timer = setTimeout(killAtOnce, grace);
  };
  // A wrapper may leave processes in its group, which would hold the pipe open.
  if (isGroup) child.once('exit', killAtOnce);
  const ended = follow(child, print, stop).finally(() => {
    clearTimeout(timer);
    process.removeListener('exit', killAtOnce);
  });
  return { ended, complaints: () => complaints.trim(), stop };
}

async function follow(
  child: ChildProcess,
  print: GuestProcessOptions['print'],
  stop: () => void,
): Promise<MonitorEnd> {
  const closed = new Promise<MonitorEnd>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(cannotRun(child.spawnfile, cause));
    });
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  closed.catch(() => undefined);
  try {
    for await (const chunk of child.stdout ?? []) await print(chunk as Uint8Array);
  } catch (error) {
    stop();
    await closed.catch(() => undefined);
    throw error;
  }
  return closed;
}

function kill(child: ChildProcess, isGroup: boolean, signal: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (isGroup) process.kill(-pid, signal);
    else if (child.exitCode === null) child.kill(signal);
  } catch {
    // It has ended already.
  }
}

function cannotRun(path: string, cause: Error): BimaError {
  return new BimaError('MONITOR_MISSING', `can't run "${path}": ${cause.message}`, {
    hint: 'Check that this user may run it.',
    cause,
  });
}
