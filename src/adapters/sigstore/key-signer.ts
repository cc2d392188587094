// Signs with a key of the user's own.

import { preAuthenticationEncoding } from '../../core/trust/dsse.ts';
import { statementMediaType } from '../../core/trust/in-toto-statement.ts';
import type { Signer } from '../../core/trust/signer.ts';
import { encodeBundle } from '../../core/trust/sigstore-bundle.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';

export function createKeySigner(key: SigningKey): Signer {
  return {
    identity: `key ${key.fingerprint}`,
    sign: (statement) =>
      encodeBundle({
        statement,
        signature: key.sign(preAuthenticationEncoding(statementMediaType, statement)),
        signedBy: { kind: 'key', hint: hintOf(key) },
        logEntries: [],
        timestamps: [],
      }),
  };
}

/** As cosign names a key: its fingerprint in base64. */
function hintOf({ fingerprint }: SigningKey): string {
  return Buffer.from(fingerprint.slice('sha256:'.length), 'hex').toString('base64');
}
