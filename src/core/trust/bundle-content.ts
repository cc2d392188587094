// What a sigstore bundle says: the statement in it, and who signed that. Whether it may be believed is for those to check
// who verify.

import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BimaError } from '../errors.ts';
import { isObject, parseJsonObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { readCertificateIdentity } from './certificate-identity.ts';
import type { CertificateIdentity } from './certificate-identity.ts';
import { preAuthenticationEncoding } from './dsse.ts';
import { statementMediaType } from './in-toto-statement.ts';

export interface BundleContent {
  /** The in-toto statement, as it was signed. */
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
  readonly signedBy:
    | {
        readonly kind: 'certificate';
        /** The leaf, as DER. */
        readonly der: Uint8Array;
        readonly identity: CertificateIdentity;
      }
    | { readonly kind: 'key'; readonly hint: string };
  /** How many have seen the signature, by their own word. */
  readonly seenBy: { readonly logs: number; readonly timestampAuthorities: number };
}

/**
 * @param what names the document, for the error
 * @throws BimaError LAYOUT_INVALID for anything but the bundle of a statement
 */
export function readBundle(bytes: Uint8Array, what: string): BundleContent {
  const { verificationMaterial, dsseEnvelope } = parseJsonObject(bytes, what);
  const invalid = () =>
    new BimaError('LAYOUT_INVALID', `${what}: expected a sigstore bundle of a statement, got something else`);
  if (!isObject(verificationMaterial) || !isObject(dsseEnvelope)) throw invalid();
  const { payload, payloadType, signatures } = dsseEnvelope;
  const list: readonly unknown[] = Array.isArray(signatures) ? signatures : [];
  const [signature, ...others] = list;
  if (payloadType !== statementMediaType || typeof payload !== 'string' || others.length > 0) throw invalid();
  if (!isObject(signature) || typeof signature.sig !== 'string') throw invalid();
  const signedBy = readSigner(verificationMaterial);
  if (signedBy === undefined) throw invalid();
  return {
    statement: Buffer.from(payload, 'base64'),
    signature: Buffer.from(signature.sig, 'base64'),
    signedBy,
    seenBy: countWitnesses(verificationMaterial),
  };
}

/** Whether that key has signed the statement. @param publicKey SubjectPublicKeyInfo, as DER */
export function isSignedWith({ statement, signature }: BundleContent, publicKey: Uint8Array): boolean {
  const signed = preAuthenticationEncoding(statementMediaType, statement);
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    return verify(hashOf(key), signed, key, signature);
  } catch {
    return false;
  }
}

function hashOf({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function countWitnesses({ tlogEntries, timestampVerificationData }: JsonObject): BundleContent['seenBy'] {
  const count = (list: unknown) => (Array.isArray(list) ? list.length : 0);
  const { rfc3161Timestamps } = isObject(timestampVerificationData) ? timestampVerificationData : {};
  return { logs: count(tlogEntries), timestampAuthorities: count(rfc3161Timestamps) };
}

function readSigner({ certificate, publicKey }: JsonObject): BundleContent['signedBy'] | undefined {
  if (isObject(publicKey)) {
    const { hint = '' } = publicKey;
    return typeof hint === 'string' ? { kind: 'key', hint } : undefined;
  }
  if (!isObject(certificate) || typeof certificate.rawBytes !== 'string') return undefined;
  try {
    const der = Buffer.from(certificate.rawBytes, 'base64');
    return { kind: 'certificate', der, identity: readCertificateIdentity(der) };
  } catch {
    return undefined;
  }
}
