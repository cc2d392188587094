// The log of certificates: it has seen a certificate before it was issued, and says so (RFC 6962, sections 3.1 to 4.2).

import { createHash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { contentOf, derTags, readDer, readIdentifier, readInside } from '../../../src/core/trust/der.ts';
import { isObject, isStringArray } from '../../../src/core/oci/json.ts';
import { explicit, sequence, tagged } from './der.ts';
import { makeKeyPair, spki } from './authorities.ts';
import type { KeyPair } from './authorities.ts';
import { json, startService } from './service.ts';
import type { Service } from './service.ts';

export interface CertificateTimestamp {
  /** SHA-256 of the log's key. */
  readonly log: Buffer;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The hash, the kind of key, and the signature after its size. */
  readonly signature: Buffer;
}

export interface LoggedCertificate {
  /** TBSCertificate without the proof. */
  readonly body: Uint8Array;
  readonly authorityKey: KeyObject;
}

/** @param signer in place of the log's own key */
export function logCertificate(
  { body, authorityKey }: LoggedCertificate,
  log: KeyPair,
  signer: KeyPair = log,
): CertificateTimestamp {
  const time = Date.now();
  const signed = Buffer.concat([
    Buffer.from([0, 0]),
    number(time, 8),
    number(1, 2),
    sha256(spki(authorityKey)),
    number(body.length, 3),
    body,
    number(0, 2),
  ]);
  const signature = sign('sha256', signed, signer.privateKey);
  return {
    log: sha256(spki(log.publicKey)),
    time,
    signature: Buffer.concat([Buffer.from([4, 3]), number(signature.length, 2), signature]),
  };
}

/** SignedCertificateTimestampList with one of them. */
export function encodeTimestamps({ log, time, signature }: CertificateTimestamp): Buffer {
  const proof = Buffer.concat([Buffer.from([0]), log, number(time, 8), number(0, 2), signature]);
  const item = Buffer.concat([number(proof.length, 2), proof]);
  return Buffer.concat([number(item.length, 2), item]);
}

export interface CertificateLog extends Service {
  readonly keys: KeyPair;
}

/** For authorities that log before they issue. */
export async function startCertificateLog(authorityKey: KeyObject): Promise<CertificateLog> {
  const keys = makeKeyPair();
  const service = await startService('certificate log', ({ method, path, body }) => {
    if (method !== 'POST' || path !== '/ct/v1/add-pre-chain') return json(404, {});
    const document: unknown = JSON.parse(body.toString());
    const chain = isObject(document) && isStringArray(document.chain) ? document.chain : [];
    const certificate = withoutPoison(Buffer.from(chain[0] ?? '', 'base64'));
    const { log, time, signature } = logCertificate({ body: certificate, authorityKey }, keys);
    return json(200, {
      sct_version: 0,
      id: log.toString('base64'),
      timestamp: time,
      extensions: '',
      signature: signature.toString('base64'),
    });
  });
  return { ...service, keys };
}

/** TBSCertificate without the extension that keeps a precertificate from being used. */
function withoutPoison(certificate: Uint8Array): Buffer {
  const [body] = readInside(readDer(certificate)[0], derTags.sequence);
  const fields = readInside(body, derTags.sequence).map((field) => {
    if (field.tag !== derTags.explicit3) return tagged(field.tag, field.content);
    const kept = readInside(readDer(field.content)[0], derTags.sequence).filter(
      (extension) =>
        readIdentifier(readDer(contentOf(extension, derTags.sequence))[0]) !== '1.3.6.1.4.1.11129.2.4.3',
    );
    return explicit(3, sequence(...kept.map(({ tag, content }) => tagged(tag, content))));
  });
  return sequence(...fields);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function number(value: number, size: number): Buffer {
  return Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
}
