// Whether a bundle that is there already says what would be signed now: a re-run adds none then.

import type { KeyObject } from 'node:crypto';
import { checkCertified, checkKeyed } from '../../adapters/sigstore/check-bundle.ts';
import type { CheckedBundle } from '../../adapters/sigstore/check-bundle.ts';
import { BimaError } from '../../core/errors.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import type { CertificateIdentity } from '../../core/trust/certificate-identity.ts';
import { parseStatement } from '../../core/trust/in-toto-statement.ts';
import { parseBundle } from '../../core/trust/signed-statement.ts';

export interface ReusableBundle {
  readonly image: Digest;
  readonly predicateType: string;
  /** The statement, where its very bytes are meant; any of the type by default. */
  readonly statement?: Uint8Array | undefined;
}

export interface WantedBundle extends ReusableBundle {
  /** Who would sign: whom a certificate of this very workflow, ref and commit names, or the public key. */
  readonly signer:
    | {
        readonly kind: 'certificate';
        readonly identity: Pick<CertificateIdentity, 'subject' | 'issuer' | 'claims'>;
      }
    | { readonly kind: 'key'; readonly key: KeyObject };
  /** How many have to have seen the signature; what the roots ask for is asked for besides. */
  readonly seenBy?: { readonly logs: number; readonly timestampAuthorities: number } | undefined;
}

/** @param roots trusted ones; none for a key that no log has seen */
export async function isReusable(
  bytes: Uint8Array,
  wanted: WantedBundle,
  roots: readonly JsonObject[],
): Promise<boolean> {
  const { image, predicateType, signer, statement, seenBy } = wanted;
  try {
    const bundle = parseBundle(bytes, 'the bundle');
    if (statement !== undefined && !Buffer.from(statement).equals(bundle.statement)) return false;
    if (parseStatement(bundle.statement, image, 'the statement').predicateType !== predicateType)
      return false;
    const { logEntries, timestamps } = bundle;
    if (logEntries < (seenBy?.logs ?? 0) || timestamps < (seenBy?.timestampAuthorities ?? 0)) return false;
    if (signer.kind === 'key') {
      await checkKeyed(bundle, signer.key, roots);
      return true;
    }
    return isSameSigner((await checkCertified(bundle, roots)).signedBy, signer.identity);
  } catch (error) {
    if (error instanceof BimaError && error.code !== 'INTERRUPTED') return false;
    throw error;
  }
}

/** The run may be another one, and how it was started; not the workflow, its ref, or the commit. */
function isSameSigner(
  signedBy: CheckedBundle['signedBy'],
  wanted: Pick<CertificateIdentity, 'subject' | 'issuer' | 'claims'>,
): boolean {
  if (signedBy.kind !== 'certificate') return false;
  const { subject, issuer, claims } = signedBy.identity;
  return (
    subject === wanted.subject &&
    issuer === wanted.issuer &&
    claims.sourceRepositoryUri === wanted.claims.sourceRepositoryUri &&
    claims.sourceRepositoryRef === wanted.claims.sourceRepositoryRef &&
    claims.sourceRepositoryDigest === wanted.claims.sourceRepositoryDigest
  );
}
