// Certificates from Fulcio (github.com/sigstore/fulcio, fulcio.proto, version 2 of its HTTP API): a key that lives for one run
// is vouched for as that of whom the identity token names.

import { X509Certificate } from 'node:crypto';
import { encodeJson, isObject, isStringArray, parseJsonObject } from '../../core/oci/json.ts';
import { readCertificateIdentity } from '../../core/trust/certificate-identity.ts';
import type { CertificateIdentity } from '../../core/trust/certificate-identity.ts';
import { tokenAudience } from '../../core/trust/identity-token.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import type { SigningService } from '../../core/trust/trust-configuration.ts';
import { askService, serviceEndpoint, unusable } from './signing-service.ts';
import type { ServiceRequest, SigningTools } from './signing-service.ts';
import type { IdentityToken } from './workflow-token.ts';

export interface SigningCertificate {
  /** The leaf alone: verifiers have those above it. */
  readonly der: Uint8Array;
  readonly identity: CertificateIdentity;
}

const service = 'the certificate authority (Fulcio)';

/** @throws BimaError SIGNING_FAILED */
export async function fetchCertificate(
  key: SigningKey,
  token: IdentityToken,
  { url }: SigningService,
  tools: SigningTools,
): Promise<SigningCertificate> {
  const possession = key.sign(Buffer.from(token.claims.subject));
  const content = `-----BEGIN PUBLIC KEY-----\n${linesOf(key.publicKey)}\n-----END PUBLIC KEY-----\n`;
  const request: ServiceRequest = {
    service,
    method: 'POST',
    endpoint: serviceEndpoint(service, url, '/api/v2/signingCert'),
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: encodeJson({
      credentials: { oidcIdentityToken: token.value },
      publicKeyRequest: {
        publicKey: { algorithm: 'ECDSA', content },
        proofOfPossession: Buffer.from(possession).toString('base64'),
      },
    }),
    expected: [200, 201],
    remedy: (status) => (status < 500 ? remedyFor(token, tools.clock.now()) : undefined),
  };
  const { bytes } = await askService(request, tools);
  try {
    const der = new X509Certificate(readLeaf(bytes)).raw;
    const identity = readCertificateIdentity(der);
    if (Buffer.compare(identity.publicKey, key.publicKey) !== 0)
      throw new Error('expected a certificate for our key, got one for another');
    return { der, identity };
  } catch (error) {
    throw unusable(request, error instanceof Error ? error.message : String(error), error);
  }
}

/** With the proof that a log has it inside, as public sigstore makes them, or without, as GitHub's own does. */
function readLeaf(bytes: Uint8Array): string {
  const document = parseJsonObject(bytes, 'the answer');
  const { signedCertificateEmbeddedSct: embedded, signedCertificateDetachedSct: detached } = document;
  const signed = [embedded, detached].find(isObject);
  const certificates = isObject(signed?.chain) ? signed.chain.certificates : undefined;
  const [leaf] = isStringArray(certificates) ? certificates : [];
  if (leaf === undefined) throw new Error('expected an answer with a certificate, got one without');
  return leaf;
}

/** Fulcio says of a token no more than that there was an error: what can be wrong is seen here. */
function remedyFor({ claims: { audiences, expires } }: IdentityToken, now: number): string {
  if (!audiences.includes(tokenAudience))
    return `The identity token is for the audience "${audiences.join(', ')}": get one for "${tokenAudience}".`;
  if (expires !== undefined && expires < now)
    return `The identity token ended at ${new Date(expires).toISOString()}: get a new one.`;
  return (
    'This sigstore may not know the issuer of the identity token: public sigstore knows GitHub Actions on github.com; for ' +
    'GitHub Enterprise Server name your own with a trust configuration.'
  );
}

function linesOf(der: Uint8Array): string {
  return Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
}
