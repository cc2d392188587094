// The signer of a run, and which of the bundles that are there already are as good as one that it would make.

import { X509Certificate } from 'node:crypto';
import { createKeySigner } from '../../adapters/sigstore/key-signer.ts';
import { createKeylessSigner } from '../../adapters/sigstore/keyless-signer.ts';
import type { SigningTools } from '../../adapters/sigstore/signing-service.ts';
import type { IdentitySource } from '../../adapters/sigstore/workflow-token.ts';
import { isObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { isSignedWith } from '../../core/trust/bundle-content.ts';
import type { BundleContent } from '../../core/trust/bundle-content.ts';
import { selectWitnesses } from '../../core/trust/select-services.ts';
import type { WitnessServices } from '../../core/trust/select-services.ts';
import type { Signer } from '../../core/trust/signer.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import type { TrustConfiguration } from '../../core/trust/trust-configuration.ts';

export interface RunSigner extends Signer {
  /** True for a bundle of the same signer, and for workflows of the same commit, that as many have seen. */
  readonly isOwn: (bundle: BundleContent) => boolean;
}

/** @throws BimaError as {@link createKeySigner} does */
export function keySignerOf(
  key: SigningKey,
  tools: SigningTools,
  trust: TrustConfiguration | undefined,
): RunSigner {
  const wanted = trust === undefined ? undefined : selectWitnesses(trust, tools.clock.now());
  const signer = createKeySigner(key, tools, trust);
  return {
    identity: signer.identity,
    sign: (statement) => signer.sign(statement),
    isOwn: (bundle) =>
      bundle.signedBy.kind === 'key' && isSeen(bundle, wanted) && isSignedWith(bundle, key.publicKey),
  };
}

/** @throws BimaError as {@link createKeylessSigner} does */
export async function keylessSignerOf(
  source: IdentitySource,
  trust: TrustConfiguration,
  tools: SigningTools,
): Promise<RunSigner> {
  const wanted = selectWitnesses(trust, tools.clock.now());
  const signer = await createKeylessSigner(source, trust, tools);
  const { certificate: own } = signer;
  const commit = own.claims.sourceRepositoryDigest;
  return {
    identity: signer.identity,
    sign: (statement) => signer.sign(statement),
    isOwn: (bundle) => {
      const { signedBy } = bundle;
      if (signedBy.kind !== 'certificate' || !isSeen(bundle, wanted)) return false;
      const { subject, issuer, claims, publicKey } = signedBy.identity;
      if (subject !== own.subject || issuer !== own.issuer || claims.sourceRepositoryDigest !== commit)
        return false;
      // Nobody but the run that it was made for ever had its key.
      return isIssued(signedBy.der, trust.trustedRoot) && isSignedWith(bundle, publicKey);
    },
  };
}

function isSeen({ seenBy }: BundleContent, wanted: WitnessServices | undefined): boolean {
  if (wanted === undefined) return true;
  const { logs, timestampAuthorities } = wanted;
  return seenBy.logs >= logs.length && seenBy.timestampAuthorities >= timestampAuthorities.length;
}

/** Whether an authority of the trusted root has made the certificate. */
function isIssued(der: Uint8Array, root: JsonObject): boolean {
  const leaf = new X509Certificate(der);
  return authoritiesIn(root).some(
    (authority) => leaf.checkIssued(authority) && leaf.verify(authority.publicKey),
  );
}

function authoritiesIn({ certificateAuthorities }: JsonObject): readonly X509Certificate[] {
  const chains = objectsIn(certificateAuthorities).map(({ certChain }) => certChain);
  return chains
    .flatMap((chain) => (isObject(chain) ? objectsIn(chain.certificates) : []))
    .flatMap(({ rawBytes }) => {
      try {
        return typeof rawBytes === 'string' ? [new X509Certificate(Buffer.from(rawBytes, 'base64'))] : [];
      } catch {
        return [];
      }
    });
}

function objectsIn(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
