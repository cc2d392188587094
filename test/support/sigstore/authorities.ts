// Certificates as sigstore's authorities issue them (RFC 5280): a root, an intermediate, and leaves below it.

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  bits,
  explicit,
  identifier,
  implicit,
  integer,
  isTrue,
  octets,
  sequence,
  setOf,
  tagged,
  utcTime,
  utf8,
} from './der.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'));

export function makeKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** SubjectPublicKeyInfo. */
export function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

export interface Issuance {
  /** DER of the two names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly signer: KeyPair;
  readonly extensions: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly serial?: Uint8Array;
}

/** TBSCertificate: what an authority signs. */
export function toBeSigned(issuance: Issuance & { readonly serial: Uint8Array }): Buffer {
  const { issuer, subject, publicKey, extensions, notBefore, notAfter, serial } = issuance;
  return sequence(
    explicit(0, integer(2)),
    integer(serial),
    ecdsaWithSha256,
    issuer,
    sequence(utcTime(notBefore), utcTime(notAfter)),
    subject,
    spki(publicKey),
    explicit(3, sequence(...extensions)),
  );
}

export function newSerial(): Uint8Array {
  const bytes = randomBytes(16);
  // Positive, and not shortened.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

export function issue(issuance: Issuance): Buffer {
  const body = toBeSigned({ serial: newSerial(), ...issuance });
  return sequence(body, ecdsaWithSha256, bits(sign('sha256', body, issuance.signer.privateKey)));
}

export function distinguishedName(organization: string, commonName: string): Buffer {
  const attribute = (type: string, value: string) => setOf(sequence(identifier(type), utf8(value)));
  return sequence(attribute('2.5.4.10', organization), attribute('2.5.4.3', commonName));
}

export const noName = sequence();

export function extension(type: string, value: Uint8Array, isCritical = false): Buffer {
  return sequence(identifier(type), ...(isCritical ? [isTrue] : []), octets(value));
}

const keyIdentifier = (key: KeyObject) => createHash('sha1').update(spki(key)).digest();

export const subjectKey = (key: KeyObject) => extension('2.5.29.14', octets(keyIdentifier(key)));
export const authorityKey = (key: KeyObject) =>
  extension('2.5.29.35', sequence(implicit(0, keyIdentifier(key))));
/** "digitalSignature" alone. */
export const signsData = extension('2.5.29.15', tagged(0x03, Buffer.from([7, 0x80])), true);
/** "keyCertSign" and "cRLSign". */
const signsCertificates = extension('2.5.29.15', tagged(0x03, Buffer.from([1, 0x06])), true);
const isAuthority = extension('2.5.29.19', sequence(isTrue), true);
const codeSigning = sequence(identifier('1.3.6.1.5.5.7.3.3'));
const timeStamping = sequence(identifier('1.3.6.1.5.5.7.3.8'));
export const forCode = extension('2.5.29.37', codeSigning);
export const forTimestamps = extension('2.5.29.37', timeStamping, true);

export interface Authority {
  readonly name: Uint8Array;
  readonly keys: KeyPair;
  /** Its certificate and those above it, the root last. */
  readonly chain: readonly Buffer[];
}

/** A root and an intermediate authority for the next and the last year. */
export function makeAuthority(organization: string, purpose: 'code' | 'timestamps'): Authority {
  const year = 365 * 24 * 3600 * 1000;
  const validity = { notBefore: Date.now() - year, notAfter: Date.now() + year };
  const [root, keys] = [makeKeyPair(), makeKeyPair()];
  const rootName = distinguishedName(organization, 'root');
  const name = distinguishedName(organization, 'intermediate');
  const rootCertificate = issue({
    ...validity,
    issuer: rootName,
    subject: rootName,
    publicKey: root.publicKey,
    signer: root,
    extensions: [signsCertificates, isAuthority, subjectKey(root.publicKey)],
  });
  const certificate = issue({
    ...validity,
    issuer: rootName,
    subject: name,
    publicKey: keys.publicKey,
    signer: root,
    extensions: [
      signsCertificates,
      isAuthority,
      extension('2.5.29.37', purpose === 'code' ? codeSigning : timeStamping),
      subjectKey(keys.publicKey),
      authorityKey(root.publicKey),
    ],
  });
  return { name, keys, chain: [certificate, rootCertificate] };
}
