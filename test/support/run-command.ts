// Runs a command of the sources in this process: what a test of the bundle would see of it.

import { run } from '../../src/cli/run.ts';
import { streamOf } from '../../src/core/oci/blob.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on standard input. */
  readonly input?: string | Uint8Array;
}

/** Nothing of this machine's logins or home directory takes part. */
export async function runCommand(
  args: readonly string[],
  { env = {}, input = '' }: CommandOptions = {},
): Promise<CommandResult> {
  const lines: { readonly stdout: string[]; readonly stderr: string[] } = { stdout: [], stderr: [] };
  const code = await run(args, {
    environment: env,
    stdout: (line) => lines.stdout.push(line),
    stderr: (line) => lines.stderr.push(line),
    stdin: () => Promise.resolve(Buffer.from(input).toString()),
    stdinBytes: () => streamOf(Buffer.from(input)),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, stdout: lines.stdout.join('\n'), stderr: lines.stderr.join('\n') };
}

/** Fails, with everything that it printed, unless it succeeds. */
export async function mustRunCommand(
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult> {
  const result = await runCommand(args, options);
  if (result.code === 0) return result;
  throw new Error(`bima ${args.join(' ')} ended with ${result.code}:\n${result.stdout}\n${result.stderr}`);
}
