// Programs of sigstore and its like, where BIMA_TEST_SIGSTORE names a folder that has them (docs/testing.md).

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { extraPrefix } from '../tools.ts';

/** `registry` is distribution 3, and `sigstore` is sigstore-python. */
export type SigstoreProgram =
  'cosign' | 'fulcio' | 'oras' | 'registry' | 'rekor-server' | 'sigstore' | 'timestamp-server';

const folder = process.env.BIMA_TEST_SIGSTORE ?? '';

/** For the `skip` of a test: false when every one of them is there, otherwise the reason. */
export function unlessInSigstore(...names: readonly SigstoreProgram[]): string | false {
  if (folder === '') return `${extraPrefix} a folder with ${names.join(', ')} in BIMA_TEST_SIGSTORE`;
  const absent = names.filter((name) => !existsSync(sigstoreProgram(name)));
  return absent.length > 0 && `${extraPrefix} ${absent.join(', ')} in the folder of BIMA_TEST_SIGSTORE`;
}

export function sigstoreProgram(name: SigstoreProgram): string {
  return join(folder, name);
}

export interface Verdict {
  readonly isAccepted: boolean;
  /** All that was printed, on both streams. */
  readonly said: string;
  readonly stdout: string;
}

/**
 * Servers of this process can answer it meanwhile.
 * @param variables besides those of this process
 * @throws Error for a program that didn't run at all
 */
export function judge(
  name: SigstoreProgram,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...variables };
    execFile(sigstoreProgram(name), args, { encoding: 'utf8', env }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number')
        reject(new Error(`${name} did not run`, { cause: error }));
      else resolve({ isAccepted: error === null, said: stdout + stderr, stdout });
    });
  });
}
