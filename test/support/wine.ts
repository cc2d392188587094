// Windows, as Wine has it: starts Node for Windows with the bundles or with files of the tests. `npm run test:windows`
// sets it up (test/windows.ts).

import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extraPrefix } from './tools.ts';

/** The folder with `node.exe` and Wine's `prefix`. */
const folder = process.env.BIMA_TEST_WINDOWS ?? '';

/** For the `skip` of a suite. */
export const skipWithoutWine =
  folder === '' && `${extraPrefix} Windows, which npm run test:windows sets up with Wine`;

/** The program itself: Debian's script in front of it loses variables with a hyphen, as the action's inputs have. */
export const wine = '/usr/lib/wine/wine64';

/** In milliseconds. A start takes half a second; this is for a machine that is busy. */
const timeout = 60_000;

export interface WindowsOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Folders that come last in the PATH of Windows. */
  readonly path?: readonly string[];
  /** A Ctrl-C that is sent once, as soon as this is true of what it has printed so far. */
  readonly interruptWhen?: (printed: string) => boolean;
}

export interface WindowsResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A path of this machine as Windows programs name it: Wine has the root as a drive of its own. */
export function toWindows(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

/**
 * Wine knows no keep-alive of sockets, and Node doesn't expect to be refused. For `NODE_OPTIONS` of what uses the network.
 */
export const networkOptions = [
  '--disable-warning=ExperimentalWarning',
  `--import=file:///Z:${join(import.meta.dirname, 'wine-sockets.ts')}`,
].join(' ');

/** Runs `node.exe` with these arguments; its output goes to files, since Wine's pipes end it. */
export async function runOnWindows(args: readonly string[], options: WindowsOptions): Promise<WindowsResult> {
  const own = mkdtempSync(join(tmpdir(), 'bima-wine-'));
  const [stdout, stderr] = [join(own, 'stdout'), join(own, 'stderr')];
  const files = [openSync(stdout, 'w'), openSync(stderr, 'w')] as const;
  const child = spawn(wine, [join(folder, 'node.exe'), ...args], {
    cwd: options.cwd,
    env: {
      ...wineEnvironment(folder),
      WINEPATH: (options.path ?? []).map(toWindows).join(';'),
      ...options.env,
    },
    stdio: ['ignore', ...files],
    timeout,
    killSignal: 'SIGKILL',
  });
  for (const file of files) closeSync(file);
  const printed = () => readFileSync(stdout, 'utf8') + readFileSync(stderr, 'utf8');
  const watch = setInterval(() => {
    if (options.interruptWhen?.(printed()) !== true) return;
    clearInterval(watch);
    // Wine makes a Ctrl-C of it.
    child.kill('SIGINT');
  }, 20);
  try {
    const code = await new Promise<number | null>((done, fail) => {
      child.on('error', fail);
      child.on('close', done);
    });
    return { code, stdout: readFileSync(stdout, 'utf8'), stderr: readFileSync(stderr, 'utf8') };
  } finally {
    clearInterval(watch);
    rmSync(own, { recursive: true, force: true });
  }
}

/** What Wine itself is started with. Nothing of this machine's environment goes along. */
export function wineEnvironment(folder: string): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: folder,
    WINEPREFIX: join(folder, 'prefix'),
    WINELOADER: wine,
    WINEDEBUG: '-all',
    LANG: 'C.UTF-8',
    // Node expects a later Windows than Wine says to be.
    NODE_SKIP_PLATFORM_CHECK: '1',
  };
}
