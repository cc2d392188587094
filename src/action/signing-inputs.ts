// The inputs that say whether an image is signed, and with what.

import { BimaError } from '../core/errors.ts';
import { readChoice, readText } from './input-values.ts';
import type { InputReader } from './input-values.ts';

export interface SigningInputs {
  /** `auto` signs where the run can. */
  readonly mode: 'true' | 'auto';
  /** A private key in PEM; without one the workflow's identity signs. */
  readonly key?: string;
  readonly passphrase?: string;
  /** Path of the trust configuration of a sigstore of one's own. */
  readonly trustPath?: string;
}

/** @throws BimaError INPUT_INVALID also for what only a signer reads, without one */
export function readSigning(read: InputReader): SigningInputs | undefined {
  const mode = readChoice(read, 'attest', ['false', 'true', 'auto'], 'false');
  const [key, passphrase, trustPath] = ['attest-key', 'attest-key-password', 'attest-trust-config'].map(
    (name) => readText(read, name),
  );
  if (mode === 'false') {
    const alone =
      key !== undefined ? 'attest-key' : trustPath !== undefined ? 'attest-trust-config' : undefined;
    if (alone === undefined) return undefined;
    throw new BimaError('INPUT_INVALID', `expected the input "attest" beside "${alone}", got none`, {
      hint: 'Write attest: true to sign, or attest: auto to sign where the run can.',
    });
  }
  return {
    mode,
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(trustPath === undefined ? {} : { trustPath }),
  };
}
