// The inputs with the credentials for a registry.

import { BimaError } from '../core/errors.ts';
import { readText } from './input-values.ts';
import type { InputReader } from './input-values.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** The input `registry` without the scheme that some write before it. */
export function readRegistry(read: InputReader): string | undefined {
  return readText(read, 'registry')
    ?.replace(/^https?:\/\//, '')
    .replace(/\/+$/, '');
}

/** @throws BimaError INPUT_INVALID for one without the other */
export function readLogin(read: InputReader): Login | undefined {
  const [username, password] = [read('username'), read('password')];
  if (username === '' && password === '') return undefined;
  if (username !== '' && password !== '') return { username, password };
  const [given, missing] = username === '' ? ['password', 'username'] : ['username', 'password'];
  throw new BimaError('INPUT_INVALID', `expected the input "${missing}" beside "${given}", got none`, {
    hint: 'A secret is empty in runs of forks and of Dependabot, or when it does not exist under that name.',
  });
}
