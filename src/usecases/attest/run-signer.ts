// The signer of a run, and which of the bundles that are there already are as good as one that it would make.

import { createPublicKey } from 'node:crypto';
import { createKeySigner } from '../../adapters/sigstore/key-signer.ts';
import { createKeylessSigner } from '../../adapters/sigstore/keyless-signer.ts';
import type { SigningTools } from '../../adapters/sigstore/signing-service.ts';
import type { IdentitySource } from '../../adapters/sigstore/workflow-token.ts';
import { selectWitnesses } from '../../core/trust/select-services.ts';
import type { WitnessServices } from '../../core/trust/select-services.ts';
import type { Signer } from '../../core/trust/signer.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import type { TrustConfiguration } from '../../core/trust/trust-configuration.ts';
import { isReusable } from '../verify/reusable-bundle.ts';
import type { ReusableBundle, WantedBundle } from '../verify/reusable-bundle.ts';

export interface RunSigner extends Signer {
  /**
   * True for a bundle that verifies, of the same signer, and for workflows of the same commit, that as many have seen.
   * @throws the signal's reason
   */
  readonly isOwn: (bundle: Uint8Array, about: ReusableBundle) => Promise<boolean>;
}

/** @throws BimaError as {@link createKeySigner} does */
export function keySignerOf(
  key: SigningKey,
  tools: SigningTools,
  trust: TrustConfiguration | undefined,
): RunSigner {
  const signer = createKeySigner(key, tools, trust);
  const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' });
  return runSignerOf(signer, { kind: 'key', key: publicKey }, tools, trust);
}

/** @throws BimaError as {@link createKeylessSigner} does */
export async function keylessSignerOf(
  source: IdentitySource,
  trust: TrustConfiguration,
  tools: SigningTools,
): Promise<RunSigner> {
  const signer = await createKeylessSigner(source, trust, tools);
  return runSignerOf(signer, { kind: 'certificate', identity: signer.certificate }, tools, trust);
}

const noWitnesses: WitnessServices = { logs: [], timestampAuthorities: [] };

/** A key that no log has seen needs no trusted root; everything else is held against that of the trust configuration. */
function runSignerOf(
  inner: Signer,
  signer: WantedBundle['signer'],
  tools: SigningTools,
  trust: TrustConfiguration | undefined,
): RunSigner {
  const { logs, timestampAuthorities } =
    trust === undefined ? noWitnesses : selectWitnesses(trust, tools.clock.now());
  const seenBy = { logs: logs.length, timestampAuthorities: timestampAuthorities.length };
  const roots = trust === undefined ? [] : [trust.trustedRoot];
  return {
    identity: inner.identity,
    sign: (statement) => inner.sign(statement),
    isOwn: (bundle, about) => isReusable(bundle, { ...about, signer, seenBy }, roots),
  };
}
