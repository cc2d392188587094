// One statement from its bytes to its bundle: signed, logged and timestamped.

import { preAuthenticationEncoding } from '../../core/trust/dsse.ts';
import { statementMediaType } from '../../core/trust/in-toto-statement.ts';
import type { LoggedSignature } from '../../core/trust/log-entry.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import type { WitnessServices } from '../../core/trust/select-services.ts';
import { encodeBundle } from '../../core/trust/sigstore-bundle.ts';
import type { SignedStatement } from '../../core/trust/sigstore-bundle.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import { findLoggedSignature, logSignature } from './rekor.ts';
import type { LogOutcome } from './rekor.ts';
import type { SigningTools } from './signing-service.ts';
import { fetchTimestamp } from './timestamp-authority.ts';
import type { SignatureTimestamp } from './timestamp-authority.ts';

export interface StatementSigning {
  readonly key: SigningKey;
  readonly signedBy: SignedStatement['signedBy'];
  readonly witnesses: WitnessServices;
  readonly tools: SigningTools;
  /** Sees the times that were signed, in milliseconds since 1970. @throws what `signStatement` throws then */
  readonly checkTimes?: (times: readonly number[]) => void;
}

/** How often a signature is made anew because the log has the one before. */
const attempts = 3;

/** @throws BimaError SIGNING_FAILED, TRUST_CONFIGURATION_INVALID; the signal's reason */
export async function signStatement(statement: Uint8Array, signing: StatementSigning): Promise<Uint8Array> {
  const { key, signedBy, checkTimes, tools } = signing;
  const signed = preAuthenticationEncoding(statementMediaType, statement);
  for (let count = 1; ; count++) {
    const logged: LoggedSignature = {
      statement,
      signed,
      signature: key.sign(signed),
      verifier: { kind: signedBy.kind, der: signedBy.kind === 'certificate' ? signedBy.der : key.publicKey },
      keyDetails: key.keyDetails,
    };
    const { outcomes, timestamps } = await witness(logged, signing);
    // ECDSA draws a number for each signature: the next one is new to the log.
    if (key.isRandom && count < attempts && outcomes.some(({ kind }) => kind === 'known')) continue;
    const logEntries = await Promise.all(
      outcomes.map(async (outcome) =>
        outcome.kind === 'entry' ? outcome.entry : await findLoggedSignature(logged, outcome, tools),
      ),
    );
    checkTimes?.([...logEntries.flatMap(timesOf), ...timestamps.map(({ time }) => time)]);
    return encodeBundle({
      statement,
      signature: logged.signature,
      signedBy,
      logEntries,
      timestamps: timestamps.map(({ response }) => response),
    });
  }
}

/** The first version of Rekor signs the time of an entry; the second says none. */
function timesOf({ integratedTime }: JsonObject): readonly number[] {
  const seconds = Number(integratedTime ?? 0);
  return seconds > 0 ? [seconds * 1000] : [];
}

interface Witnessed {
  readonly outcomes: readonly LogOutcome[];
  readonly timestamps: readonly SignatureTimestamp[];
}

/** All at once; the first failure ends the others. */
async function witness(
  logged: LoggedSignature,
  { witnesses, tools: outer }: StatementSigning,
): Promise<Witnessed> {
  const ending = new AbortController();
  const signals = outer.signal === undefined ? [] : [outer.signal];
  const tools = { ...outer, signal: AbortSignal.any([...signals, ending.signal]) };
  try {
    const [outcomes, timestamps] = await Promise.all([
      Promise.all(witnesses.logs.map((log) => logSignature(logged, log, tools))),
      Promise.all(
        witnesses.timestampAuthorities.map((authority) => fetchTimestamp(logged.signature, authority, tools)),
      ),
    ]);
    return { outcomes, timestamps };
  } catch (error) {
    ending.abort(error);
    throw error;
  }
}
