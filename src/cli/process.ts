// The process of the command `bima`: streams, signals and the exit code.

import { addAbortSignal, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { BimaError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { ByteStream } from '../core/oci/blob.ts';
import { findHome } from '../adapters/registry/home.ts';
import { failUntilDone } from '../core/unfinished.ts';
import type { Terminal } from './terminal.ts';

/**
 * As shells have them: 128 and the number of the signal. Windows sends SIGBREAK for Ctrl-Break, and SIGHUP for a console
 * that is closed.
 */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGBREAK: 149 } as const;

/** Runs `main` as this process; what it returns is the exit code. */
export function runProcess(main: (terminal: Terminal) => Promise<number>): void {
  const interrupt = new AbortController();
  let interrupted: keyof typeof exitCodes | undefined;
  const stderr = (line: string) => process.stderr.write(`${line}\n`);
  const end = failUntilDone(process, (message) => stderr(`bima: ${message}`));

  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK'] as const) {
    process.on(name, () => {
      // A second signal doesn't wait for anything to be cleaned up.
      if (interrupted !== undefined) process.exit(exitCodes[name]);
      interrupted = name;
      interrupt.abort();
    });
  }

  // An archive on standard output that nobody reads to its end is a failure, which its writer reports, and so is a guest's.
  let isWritingBytes = false;
  const stdoutBytes = async (stream: ByteStream): Promise<void> => {
    isWritingBytes = true;
    await pipeline(Readable.from(stream), process.stdout, { end: false, signal: interrupt.signal });
  };
  const stdoutRaw = (bytes: Uint8Array): Promise<void> => {
    isWritingBytes = true;
    return new Promise((resolve, reject) => {
      process.stdout.write(bytes, (cause) => {
        if (cause === null || cause === undefined) resolve();
        else reject(new BimaError('OUTPUT_FAILED', 'nobody reads standard output any more', { cause }));
      });
    });
  };
  // `bima inspect … | head` closes our output early; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!isWritingBytes) process.exit(error.code === 'EPIPE' ? 0 : 1);
  });

  void main({
    environment: process.env,
    stdout: (line) => process.stdout.write(`${line}\n`),
    ...(process.stdout.isTTY ? {} : { stdoutBytes }),
    stdoutRaw,
    stderr,
    ...(process.stderr.isTTY ? { screen: process.stderr } : {}),
    stdin: () => readText(process.stdin),
    ...(isatty(0) ? {} : { stdinBytes: () => addAbortSignal(interrupt.signal, process.stdin) }),
    home: findHome(),
    signal: interrupt.signal,
  }).then((code) => {
    // A signal that came when all was done has interrupted nothing.
    end(interrupted === undefined || code === 0 ? code : exitCodes[interrupted]);
  });
}

/** @throws BimaError INPUT_INVALID for a stream that goes on and on */
async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    if (!(piece instanceof Uint8Array)) continue;
    size += piece.length;
    if (size > limits.settings) {
      const message = `expected at most ${limits.settings} bytes on standard input, got more`;
      throw new BimaError('INPUT_INVALID', message);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
