// Which roots a signature is held against: those that the user names, or that of the sigstore whose authority it was.

import { X509Certificate } from 'node:crypto';
import { loadTrustedRoot } from '../../adapters/sigstore/trust-repository.ts';
import type { SigstoreInstance, TrustSource } from '../../adapters/sigstore/trust-repository.ts';
import type { SigningTools } from '../../adapters/sigstore/signing-service.ts';
import { BimaError } from '../../core/errors.ts';
import { isObject, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';

/** Finds the roots for a certificate (DER). @throws BimaError TRUST_ROOT_UNAVAILABLE, SIGNATURE_INVALID */
export type TrustedRoots = (certificate: Uint8Array) => Promise<readonly JsonObject[]>;

/** Of public sigstore, or of GitHub's own: each is read once, and only where a signature needs it. */
export function publishedRoots(
  source: Omit<TrustSource, 'instance'>,
  openTools: () => SigningTools,
): TrustedRoots {
  const loaded = new Map<SigstoreInstance, Promise<JsonObject>>();
  return async (certificate) => {
    const instance = instanceOf(certificate);
    const known = loaded.get(instance) ?? loadTrustedRoot({ ...source, instance }, openTools());
    loaded.set(instance, known);
    return [await known];
  };
}

function instanceOf(certificate: Uint8Array): SigstoreInstance {
  let issuer;
  try {
    ({ issuer } = new X509Certificate(certificate));
  } catch (cause) {
    throw new BimaError('SIGNATURE_INVALID', 'the certificate can not be read', { cause });
  }
  return /^O=GitHub, Inc\.$/m.test(issuer) ? 'github' : 'public';
}

/**
 * A trusted root, a ClientTrustConfig that holds one, or several of them on a line each, as GitHub's command line writes them.
 * @param what names the file, for the error
 * @throws BimaError TRUST_CONFIGURATION_INVALID
 */
export function parseTrustedRoots(bytes: Uint8Array, what: string): readonly JsonObject[] {
  const lines = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const isList = lines.length > 1 && lines.every((line) => /^\s*\{.*\}\s*$/.test(line));
  const parts = isList ? lines.map((line) => Buffer.from(line)) : [bytes];
  return parts.map((part) => {
    const document = parseJsonObject(part, what, 'TRUST_CONFIGURATION_INVALID');
    const root = document.trustedRoot ?? document;
    if (!isObject(root) || !Array.isArray(root.certificateAuthorities ?? root.tlogs)) {
      throw new BimaError(
        'TRUST_CONFIGURATION_INVALID',
        `${what}: expected a trusted root of a sigstore, got something else`,
        { hint: 'Make one with `gh attestation trusted-root` or `cosign trusted-root create`.' },
      );
    }
    return {
      mediaType: root.mediaType,
      tlogs: root.tlogs ?? [],
      certificateAuthorities: root.certificateAuthorities ?? [],
      ctlogs: root.ctlogs ?? [],
      timestampAuthorities: root.timestampAuthorities ?? [],
    };
  });
}
