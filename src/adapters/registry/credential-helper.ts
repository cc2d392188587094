// Credential helpers: programs that keep credentials for docker (the protocol of docker-credential-helpers).

import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { isObject } from '../../core/oci/json.ts';
import type { Credential } from './credentials.ts';
import { commandFor, programPaths } from '../../core/program-paths.ts';
import { clean } from '../../core/text.ts';

const timeout = 30_000;
const maxOutput = 1024 * 1024;

/**
 * Asks `docker-credential-<name>` for a server's credentials. Undefined when it has none.
 * It is looked for on the PATH alone, and runs in its own folder. Its output is never shown: it may hold the secret.
 * @throws BimaError CREDENTIALS_FAILED
 */
export async function runHelper(
  name: string,
  server: string,
  env: Readonly<Record<string, string | undefined>>,
  milliseconds = timeout,
): Promise<Credential | undefined> {
  const program = `docker-credential-${name}`;
  const failed = (why: string, hint?: string) =>
    new BimaError('CREDENTIALS_FAILED', `the credential helper "${program}" ${why}`, {
      hint: hint ?? `Try it by hand: echo ${server} | ${program} get`,
    });
  // The name comes from a file; with a slash it would be a path.
  if (!/^[\w.-]+$/.test(name)) throw failed('has no valid name', 'Correct "credHelpers" or "credsStore".');

  const path = await findFile(programPaths(program, env));
  if (path === undefined) {
    throw failed(
      'is not installed',
      'Install it in a folder of the PATH, or remove it from the docker config file.',
    );
  }
  const { status, output, error } = await run(path, server, env, milliseconds);
  if (error !== undefined) throw failed(error.message);
  if (status !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw failed(`ended with status ${status ?? 'unknown'}`);
  }
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed('answered with something that is not JSON');
  }
  const { Username: username, Secret: secret } = isObject(answer) ? answer : {};
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw failed('answered without "Username" and "Secret"');
  }
  if (secret === '') return undefined;
  return username === '<token>'
    ? { kind: 'identity', username, token: secret }
    : { kind: 'password', username, password: secret };
}

/** The first executable file. */
async function findFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isFound = await access(path, constants.X_OK)
      .then(() => stat(path))
      .then((stats) => stats.isFile())
      .catch(() => false);
    if (isFound) return path;
  }
  return undefined;
}

interface Outcome {
  readonly status: number | null;
  readonly output: string;
  readonly error?: Error;
}

function run(
  path: string,
  input: string,
  env: Readonly<Record<string, string | undefined>>,
  milliseconds: number,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = commandFor(path, ['get'], env);
    if (command === undefined) {
      const error = new Error(`can't be started: its path has characters that batch files can't have`);
      resolve({ status: null, output: '', error });
      return;
    }
    const child = spawn(command.file, command.args, {
      // What it starts itself is not looked for in the workspace either.
      cwd: dirname(path),
      env: { ...env, NoDefaultCurrentDirectoryInExePath: '1' },
      windowsVerbatimArguments: command.isVerbatim,
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    // Not the option of spawn: its timer outlives a program that can't be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < maxOutput) output += text;
    });
    // Some helpers exit before they have read the request.
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', (error) => {
      clearTimeout(timer);
      const shown = isSystemError(error) ? error : new Error(clean(error.message));
      resolve({ status: null, output: '', error: shown });
    });
    child.on('exit', (status, signal) => {
      clearTimeout(timer);
      if (signal === null) return;
      // Not on close: what the helper itself started may keep its output open.
      child.stdin.destroy();
      child.stdout.destroy();
      resolve({ status, output: '', error: new Error(`was stopped (${signal}): it did not answer in time`) });
    });
    child.on('close', (status) => {
      resolve({ status, output });
    });
  });
}
