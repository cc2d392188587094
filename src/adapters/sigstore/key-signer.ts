// Signs with a key of the user's own.

import { BimaError } from '../../core/errors.ts';
import { selectWitnesses } from '../../core/trust/select-services.ts';
import type { WitnessServices } from '../../core/trust/select-services.ts';
import type { Signer } from '../../core/trust/signer.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import type { TrustConfiguration } from '../../core/trust/trust-configuration.ts';
import { signStatement } from './sign-statement.ts';
import type { SigningTools } from './signing-service.ts';

const noWitnesses: WitnessServices = { logs: [], timestampAuthorities: [] };

/**
 * @param trust whose logs and timestamp authorities see each signature; by default nobody does, and no request is made
 * @throws BimaError TRUST_CONFIGURATION_INVALID; SIGNING_KEY_INVALID for a key that no log takes
 */
export function createKeySigner(key: SigningKey, tools: SigningTools, trust?: TrustConfiguration): Signer {
  const witnesses = trust === undefined ? noWitnesses : selectWitnesses(trust, tools.clock.now());
  if (witnesses.logs.length > 0 && key.hash === null) {
    throw new BimaError(
      'SIGNING_KEY_INVALID',
      'the key to sign with: expected one whose signatures a transparency log takes, got Ed25519',
      { hint: 'Take ECDSA on P-256, or a trust configuration without a log.' },
    );
  }
  return {
    identity: `key ${key.fingerprint}`,
    sign: (statement) =>
      signStatement(statement, { key, signedBy: { kind: 'key', hint: hintOf(key) }, witnesses, tools }),
  };
}

/** As cosign names a key: its fingerprint in base64. */
function hintOf({ fingerprint }: SigningKey): string {
  return Buffer.from(fingerprint.slice('sha256:'.length), 'hex').toString('base64');
}
