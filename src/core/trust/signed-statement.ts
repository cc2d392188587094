// What a sigstore bundle says before anybody has checked it: a statement, a signature, and who is said to have made it.

import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BimaError } from '../errors.ts';
import { isObject, parseJsonObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { quote } from '../text.ts';
import { preAuthenticationEncoding } from './dsse.ts';
import { statementMediaType } from './in-toto-statement.ts';

export interface UncheckedBundle {
  /** As it stands there. */
  readonly document: JsonObject;
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
  /** The leaf, as DER; or none: it is signed with a key. */
  readonly certificate: Uint8Array | undefined;
  readonly logEntries: number;
  readonly timestamps: number;
}

/**
 * @param what names the document, for the error
 * @throws BimaError SIGNATURE_INVALID for anything but a bundle of one signed in-toto statement
 */
export function parseBundle(bytes: Uint8Array, what: string): UncheckedBundle {
  const document = parseJsonObject(bytes, what, 'SIGNATURE_INVALID');
  const wrong = (expected: string, got: unknown) =>
    new BimaError(
      'SIGNATURE_INVALID',
      `${what}: expected ${expected}, got ${typeof got === 'string' ? quote(got) : got === undefined ? 'none' : 'another'}`,
    );
  const { mediaType, verificationMaterial: material, dsseEnvelope: envelope } = document;
  if (typeof mediaType !== 'string' || !/^application\/vnd\.dev\.sigstore\.bundle\W/.test(mediaType))
    throw wrong('a sigstore bundle', mediaType);
  if (!isObject(material)) throw wrong('verification material', material);
  if (!isObject(envelope)) throw wrong('a signed statement', envelope);
  const { payload, payloadType } = envelope;
  if (payloadType !== statementMediaType) throw wrong('an in-toto statement', payloadType);
  const signatures: readonly unknown[] = Array.isArray(envelope.signatures) ? envelope.signatures : [];
  const [signature] = signatures;
  if (signatures.length !== 1 || !isObject(signature) || typeof signature.sig !== 'string')
    throw wrong('one signature', signatures.length === 0 ? undefined : signatures);
  if (typeof payload !== 'string') throw wrong('a statement', payload);
  const { timestampVerificationData: times, tlogEntries } = material;
  const timestamps = isObject(times) ? times.rfc3161Timestamps : undefined;
  return {
    document,
    statement: Buffer.from(payload, 'base64'),
    signature: Buffer.from(signature.sig, 'base64'),
    certificate: leafOf(material),
    logEntries: Array.isArray(tlogEntries) ? tlogEntries.length : 0,
    timestamps: Array.isArray(timestamps) ? timestamps.length : 0,
  };
}

/** Alone, or the first of a chain, as older bundles have it. */
function leafOf(material: JsonObject): Uint8Array | undefined {
  const chain = material.x509CertificateChain;
  const certificates: readonly unknown[] =
    isObject(chain) && Array.isArray(chain.certificates) ? chain.certificates : [];
  const leaf = material.certificate ?? certificates[0];
  return isObject(leaf) && typeof leaf.rawBytes === 'string'
    ? Buffer.from(leaf.rawBytes, 'base64')
    : undefined;
}

/**
 * A public key in PEM.
 * @param what names the file, for the error
 * @throws BimaError INPUT_INVALID for anything else, a private key too
 */
export function parsePublicKey(pem: string, what: string): KeyObject {
  const hint =
    'A public key begins with -----BEGIN PUBLIC KEY-----; `openssl pkey -pubout` and cosign write one.';
  if (pem.includes('PRIVATE KEY-----'))
    throw new BimaError('INPUT_INVALID', `${what}: expected a public key, got a private one`, { hint });
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new BimaError('INPUT_INVALID', `${what}: expected a public key in PEM, got something else`, {
      hint,
      cause,
    });
  }
}

/** Whether this key made the signature: with SHA-256 for every kind but Ed25519, as cosign, or with the hash of its curve. */
export function isSignedBy({ statement, signature }: UncheckedBundle, key: KeyObject): boolean {
  const signed = preAuthenticationEncoding(statementMediaType, statement);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const larger = { secp384r1: 'sha384', secp521r1: 'sha512' }[details?.namedCurve ?? ''];
  const hashes = type === 'ed25519' ? [null] : ['sha256', ...(larger === undefined ? [] : [larger])];
  return hashes.some((hash) => verify(hash, signed, key, signature));
}
