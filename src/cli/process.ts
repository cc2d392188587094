// The process of the command `bima`: streams, signals and the exit code.

import { homedir } from 'node:os';
import { text } from 'node:stream/consumers';
import { failUntilDone } from '../unfinished.ts';
import type { Terminal } from './run.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs `main` as this process; what it returns is the exit code. */
export function runProcess(main: (terminal: Terminal) => Promise<number>): void {
  const interrupt = new AbortController();
  let interrupted: keyof typeof exitCodes | undefined;
  const stderr = (line: string) => process.stderr.write(`${line}\n`);
  const end = failUntilDone(process, (message) => stderr(`bima: ${message}`));

  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // A second signal doesn't wait for anything to be cleaned up.
      if (interrupted !== undefined) process.exit(exitCodes[name]);
      interrupted = name;
      interrupt.abort();
    });
  }

  // `bima inspect … | head` closes our output early; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });

  void main({
    environment: process.env,
    stdout: (line) => process.stdout.write(`${line}\n`),
    stderr,
    ...(process.stderr.isTTY ? { screen: process.stderr } : {}),
    stdin: () => text(process.stdin),
    home: homedir(),
    signal: interrupt.signal,
  }).then((code) => {
    end(interrupted === undefined ? code : exitCodes[interrupted]);
  });
}
