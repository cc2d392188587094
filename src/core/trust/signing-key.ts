// Private keys that sign statements, those of OpenSSL and of cosign, and what each signs with.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';
import { isCosignKey, openCosignKey } from './cosign-key.ts';

export interface SigningKey {
  /** SubjectPublicKeyInfo, as DER. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of the public key, as `sha256:<hex>`. */
  readonly fingerprint: string;
  /** The kind of key as sigstore names it (sigstore_common.proto, PublicKeyDetails). */
  readonly keyDetails: string;
  /** The hash within the signature; null for a kind of signature that does without. */
  readonly hash: 'sha256' | null;
  /** Whether each signature of the same bytes is another one. */
  readonly isRandom: boolean;
  /** Signs the bytes; ECDSA in DER. */
  sign(bytes: Uint8Array): Uint8Array;
}

interface Algorithm {
  readonly keyDetails: string;
  readonly hash: 'sha256' | null;
}

const p256: Algorithm = { keyDetails: 'PKIX_ECDSA_P256_SHA_256', hash: 'sha256' };

const rsaSizes = [2048, 3072, 4096];

const wholeLines = 'Check that all its lines are there, with the line ends between them.';

const keysOfOpenssl =
  'Give the private key itself, with its lines -----BEGIN … PRIVATE KEY-----, as ' +
  '`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` writes it.';

/**
 * @param pem PKCS#8, SEC1 or PKCS#1, also encrypted, or as cosign writes it
 * @throws BimaError SIGNING_KEY_INVALID, without a byte of the key in it
 */
export function readSigningKey(pem: string, passphrase?: string): SigningKey {
  return signingKeyOf(openKey(pem, passphrase));
}

/** @throws BimaError SIGNING_KEY_INVALID for a kind of key that not all of sigstore can check */
export function signingKeyOf(privateKey: KeyObject): SigningKey {
  const { keyDetails, hash } = algorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return {
    publicKey,
    fingerprint: `sha256:${createHash('sha256').update(publicKey).digest('hex')}`,
    keyDetails,
    hash,
    isRandom: privateKey.asymmetricKeyType === 'ec',
    sign: (bytes) => sign(hash, bytes, privateKey),
  };
}

function openKey(pem: string, passphrase: string | undefined): KeyObject {
  if (/-----BEGIN (?:RSA |EC )?PUBLIC KEY-----/.test(pem) && !pem.includes('PRIVATE KEY-----'))
    throw invalid('expected a private key, got a public one', keysOfOpenssl);
  if (!pem.includes('PRIVATE KEY-----'))
    throw invalid('expected a private key in PEM, got something else', keysOfOpenssl);
  if (isCosignKey(pem)) return openCosign(pem, passphrase);
  // Of the reason nothing but its code is shown: what OpenSSL says may have bytes of the key.
  try {
    return createPrivateKey({
      key: pem,
      format: 'pem',
      ...(passphrase === undefined || passphrase === '' ? {} : { passphrase }),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_MISSING_PASSPHRASE' || (isEncrypted(pem) && (passphrase ?? '') === ''))
      throw noPassphrase();
    if (isEncrypted(pem)) throw wrongPassphrase();
    throw invalid(`the private key can't be read${code === '' ? '' : ` (${code})`}`, wholeLines);
  }
}

/** An empty passphrase is one, too, for cosign. */
function openCosign(pem: string, passphrase: string | undefined): KeyObject {
  let der: Uint8Array | undefined;
  try {
    der = openCosignKey(pem, passphrase ?? '');
    if (der !== undefined) return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch {
    // Nothing of the reason is shown: it may have bytes of the key.
    throw invalid("cosign's private key can't be read", wholeLines);
  }
  throw (passphrase ?? '') === '' ? noPassphrase() : wrongPassphrase();
}

function noPassphrase(): BimaError {
  return invalid('the key is encrypted, and there is no passphrase', 'Give its passphrase as well.');
}

function wrongPassphrase(): BimaError {
  return invalid('the passphrase does not open the key', 'Check the passphrase, and that the key is whole.');
}

function isEncrypted(pem: string): boolean {
  return pem.includes('BEGIN ENCRYPTED PRIVATE KEY') || /^Proc-Type: 4,ENCRYPTED/m.test(pem);
}

/** Of larger curves cosign expects SHA-256 where a log expects SHA-384 or SHA-512: nobody could check such a signature. */
function algorithmOf(key: KeyObject): Algorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return { keyDetails: 'PKIX_ED25519', hash: null };
  const curve = details?.namedCurve ?? '';
  if (type === 'ec' && curve === 'prime256v1') return p256;
  const size = details?.modulusLength ?? 0;
  if (type === 'rsa' && rsaSizes.includes(size))
    return { keyDetails: `PKIX_RSA_PKCS1V15_${size}_SHA256`, hash: 'sha256' };
  const got = type === 'ec' ? `the curve ${quote(curve)}` : type === 'rsa' ? `RSA with ${size} bits` : type;
  throw invalid(
    `expected a key that all of sigstore can check, got ${got ?? 'none'}`,
    'Take ECDSA on P-256 (as cosign does), Ed25519, or RSA with 2048, 3072 or 4096 bits.',
  );
}

function invalid(message: string, hint: string): BimaError {
  return new BimaError('SIGNING_KEY_INVALID', `the key to sign with: ${message}`, { hint });
}
