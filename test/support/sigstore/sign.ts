// A signer of its own for tests, written from the protocols and not from src: what it makes shows whether a verifier or a
// server is right, and it can sign what nobody should.

import { generateKeyPairSync, sign } from 'node:crypto';
import { createHash } from 'node:crypto';
import { isObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { identifier, integer, nothing, octets, sequence } from './der.ts';
import type { Claims } from './issuer.ts';
import type { Sigstore } from './sigstore.ts';

export interface TestSigning {
  /** In place of those of the issuer. */
  readonly claims?: Claims;
  /** Changes the bundle before it is given out. */
  readonly change?: ((bundle: JsonObject) => JsonObject) | undefined;
}

/** @returns a sigstore bundle, version 0.3, of an in-toto statement */
export async function signForTest(
  statement: Uint8Array,
  sigstore: Sigstore,
  { claims = {}, change = (bundle) => bundle }: TestSigning = {},
): Promise<Uint8Array> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const token = sigstore.issuer.token(claims);
  const subject: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const { sub } = isObject(subject) ? subject : {};
  const certificates = await ask(`${sigstore.fulcio.url}/api/v2/signingCert`, {
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
      proofOfPossession: sign('sha256', Buffer.from(String(sub)), privateKey).toString('base64'),
    },
  });
  const leaf = /-----BEGIN CERTIFICATE-----([^-]+)/.exec(JSON.stringify(certificates))?.[1] ?? '';
  const rawBytes = leaf.replaceAll('\\n', '');
  const type = 'application/vnd.in-toto+json';
  const encoded = Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} ${type} ${statement.length} `),
    statement,
  ]);
  const signature = sign('sha256', encoded, privateKey);
  const entry = await ask(`${sigstore.rekor.url}/api/v2/log/entries`, {
    hashedRekordRequestV002: {
      digest: digest(encoded).toString('base64'),
      signature: {
        content: signature.toString('base64'),
        verifier: { x509Certificate: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  });
  const query = sequence(
    integer(1),
    sequence(sequence(identifier('2.16.840.1.101.3.4.2.1'), nothing), octets(digest(signature))),
  );
  const timestamp = await fetch(`${sigstore.timestamps.url}/api/v1/timestamp`, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: Uint8Array.from(query),
  });
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes },
      tlogEntries: [entry],
      timestampVerificationData: {
        rfc3161Timestamps: [
          { signedTimestamp: Buffer.from(await timestamp.arrayBuffer()).toString('base64') },
        ],
      },
    },
    dsseEnvelope: {
      payload: Buffer.from(statement).toString('base64'),
      payloadType: type,
      signatures: [{ sig: signature.toString('base64'), keyid: '' }],
    },
  };
  return Buffer.from(JSON.stringify(change(bundle)));
}

async function ask(url: string, document: unknown): Promise<JsonObject> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  });
  const answer: unknown = await response.json();
  if (!response.ok || !isObject(answer))
    throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
