// The process: argv, streams, signals and the exit code of the command `bima`.

import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ByteStream } from '../oci/blob.ts';
import { findHome } from '../registry/home.ts';
import { run } from './run.ts';

const interrupt = new AbortController();
/** As shells have them: 128 and the number of the signal. Windows sends SIGBREAK for Ctrl-Break, and SIGHUP for a console that is closed. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGBREAK: 149 } as const;
let interrupted: keyof typeof exitCodes | undefined;

for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK'] as const) {
  process.on(name, () => {
    // A second signal doesn't wait for anything to be cleaned up.
    if (interrupted !== undefined) process.exit(exitCodes[name]);
    interrupted = name;
    interrupt.abort();
  });
}

/** An archive on standard output that nobody reads to its end is a failure, which its writer reports. */
let isWritingBytes = false;
async function writeBytes(stream: ByteStream): Promise<void> {
  isWritingBytes = true;
  await pipeline(Readable.from(stream), process.stdout, { end: false, signal: interrupt.signal });
}

// `bima inspect … | head` closes our output early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (isWritingBytes) return;
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

void run(process.argv.slice(2), {
  environment: process.env,
  stdout: (line) => process.stdout.write(`${line}\n`),
  ...(process.stdout.isTTY ? {} : { stdoutBytes: writeBytes }),
  stderr: (line) => process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY ? { screen: process.stderr } : {}),
  stdin: () => text(process.stdin),
  home: findHome(),
  signal: interrupt.signal,
}).then((code) => {
  // A signal that came when all was done has interrupted nothing.
  process.exitCode = interrupted === undefined || code === 0 ? code : exitCodes[interrupted];
});
