// The process: argv, streams, signals and the exit code of the command `bima`.

import { homedir } from 'node:os';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ByteStream } from '../oci/blob.ts';
import { run } from './run.ts';

const interrupt = new AbortController();
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
let interrupted: keyof typeof exitCodes | undefined;

for (const name of ['SIGINT', 'SIGTERM'] as const) {
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
  home: homedir(),
  signal: interrupt.signal,
}).then((code) => {
  process.exitCode = interrupted === undefined ? code : exitCodes[interrupted];
});
