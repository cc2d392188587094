// Runs ctr: short queries whose output is read, and the import, which is fed a stream.

import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { BimaError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Environment } from '../../core/environment.ts';
import type { Program } from './program.ts';

export interface CtrAnswer {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Client {
  /** Runs ctr with these arguments. Never throws for what ctr answers. */
  query(...args: readonly string[]): Promise<CtrAnswer>;
  /**
   * Runs ctr with a stream on its standard input, and waits until it has ended.
   * When the signal or an error ends the stream, ctr finds its input cut off, cleans up and ends by itself;
   * then this throws what ended the stream.
   */
  feed(args: readonly string[], stream: ByteStream, signal?: AbortSignal): Promise<CtrAnswer>;
}

export interface ClientOptions {
  readonly program: Program;
  /** The path of containerd's socket. */
  readonly address: string;
  readonly namespace: string;
  readonly environment: Environment;
}

/** Most bytes of output that are kept; what comes after only repeats. */
const maxOutput = 1024 * 1024;

export function createClient({ program, address, namespace, environment }: ClientOptions): Client {
  const leading = [...program.leading, '--address', address, '--namespace', namespace];
  const env = clientEnvironment(environment);

  return {
    async query(...args) {
      // Loaded on first use, for the sake of commands that don't need it.
      const { exec } = await import('@actions/exec');
      const output = { stdout: capture(), stderr: capture() };
      // exec takes a command line, in which the quotes keep a path in one piece.
      const command = `"${program.path.replaceAll('"', '\\"')}"`;
      const code = await exec(command, [...leading, ...args], {
        env,
        silent: true,
        ignoreReturnCode: true,
        listeners: { stdout: output.stdout.add, stderr: output.stderr.add },
      }).catch((cause: unknown) => {
        throw cannotRun(program, cause);
      });
      return { code, stdout: output.stdout.text(), stderr: output.stderr.text() };
    },

    async feed(args, stream, signal) {
      // In a process group of its own: Ctrl-C in a terminal would end ctr before it can clean up.
      const child = spawn(program.path, [...leading, ...args], { env, detached: true, stdio: 'pipe' });
      const output = { stdout: capture(), stderr: capture() };
      child.stdout.on('data', output.stdout.add);
      child.stderr.on('data', output.stderr.add);
      let failure: Error | undefined;
      async function* watched(): AsyncGenerator<Uint8Array> {
        try {
          yield* stream;
        } catch (error) {
          failure = error instanceof Error ? error : new Error(String(error));
          throw failure;
        }
      }
      // Its end is not awaited: a stream that hangs must not outlive ctr. That ctr stops reading is for its exit code
      // to judge.
      pipeline(watched, child.stdin, signal === undefined ? {} : { signal }).catch(() => undefined);
      const code = await new Promise<number | null>((resolve, reject) => {
        child.on('error', (cause) => {
          reject(cannotRun(program, cause));
        });
        child.on('close', resolve);
      });
      if (failure !== undefined) throw failure;
      signal?.throwIfAborted();
      return { code, stdout: output.stdout.text(), stderr: output.stderr.text() };
    },
  };
}

/** The environment without the variables that ctr reads itself: they have been read, and may have been overruled. */
function clientEnvironment(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith('CONTAINERD_') ? [] : [[name, value]],
    ),
  );
}

function capture(): { add: (data: Buffer) => void; text: () => string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add: (data) => {
      if (size < maxOutput) chunks.push(data);
      size += data.length;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

function cannotRun(program: Program, cause: unknown): BimaError {
  return new BimaError('CONTAINERD_MISSING', `can't run "${program.path}"`, {
    hint: 'Name the path of a ctr that this user may run, with --ctr or the variable BIMA_CTR.',
    cause,
  });
}
