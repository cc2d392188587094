// Private keys as `cosign generate-key-pair` writes them (github.com/secure-systems-lab/go-securesystemslib, encrypted): PKCS#8 in
// a box that a passphrase opens.

import { scryptSync } from 'node:crypto';
import { isObject, parseJson } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { openSecretbox } from './secretbox.ts';

const pattern = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([^-]*)-----END/;

/** cosign's own are 32768 or 65536. */
const largestCost = 2 ** 20;

export function isCosignKey(pem: string): boolean {
  return pattern.test(pem);
}

/**
 * The key as PKCS#8 in DER.
 * @returns undefined for another passphrase
 * @throws Error for anything but such a key
 */
export function openCosignKey(pem: string, passphrase: string): Uint8Array | undefined {
  const [, text = ''] = pattern.exec(pem) ?? [];
  const document = parseJson(Buffer.from(text, 'base64').toString());
  const { kdf, cipher, ciphertext } = isObject(document) ? document : {};
  if (!isObject(kdf) || kdf.name !== 'scrypt' || !isObject(kdf.params))
    throw new Error('expected a key that scrypt protects');
  if (!isObject(cipher) || cipher.name !== 'nacl/secretbox') throw new Error('expected a key in a secretbox');
  const key = scryptSync(passphrase, bytesOf(kdf.salt), 32, costOf(kdf.params));
  return openSecretbox(bytesOf(ciphertext), bytesOf(cipher.nonce), key);
}

function costOf({ N: cost, r: blockSize, p: parallelization }: JsonObject): {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly maxmem: number;
} {
  const isFit =
    typeof cost === 'number' &&
    cost <= largestCost &&
    typeof blockSize === 'number' &&
    blockSize <= 16 &&
    typeof parallelization === 'number' &&
    parallelization <= 16;
  if (!isFit) throw new Error('expected a key whose opening takes less work');
  // What it takes, and a little more for the library.
  return { cost, blockSize, parallelization, maxmem: 128 * blockSize * (cost + parallelization + 64) };
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw new Error('expected base64 in the key');
  return Buffer.from(value, 'base64');
}
