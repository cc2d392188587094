// One statement from its bytes to its bundle: signed, logged and timestamped.

import { preAuthenticationEncoding } from '../../core/trust/dsse.ts';
import { statementMediaType } from '../../core/trust/in-toto-statement.ts';
import type { LoggedSignature } from '../../core/trust/log-entry.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import type { WitnessServices } from '../../core/trust/select-services.ts';
import { encodeBundle } from '../../core/trust/sigstore-bundle.ts';
import type { SignedStatement } from '../../core/trust/sigstore-bundle.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import { loggedBefore, logSignature } from './rekor.ts';
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
  const { key, signedBy, checkTimes } = signing;
  const signed = preAuthenticationEncoding(statementMediaType, statement);
  for (let count = 1; ; count++) {
    const signature = key.sign(signed);
    const { entries, timestamps } = await witness({ statement, signed, signature }, signing);
    const missing = entries.find(({ entry }) => entry === undefined);
    if (missing !== undefined) {
      // ECDSA draws a number for each signature: the next one is new to the log.
      if (count < attempts && key.isRandom) continue;
      throw loggedBefore(missing.log);
    }
    const logTimes = entries.flatMap(({ entry }) => timesOf(entry));
    checkTimes?.([...logTimes, ...timestamps.map(({ time }) => time)]);
    return encodeBundle({
      statement,
      signature,
      signedBy,
      logEntries: entries.flatMap(({ entry }) => (entry === undefined ? [] : [entry])),
      timestamps: timestamps.map(({ response }) => response),
    });
  }
}

/** The first version of Rekor signs the time of an entry; the second says none. */
function timesOf(entry: JsonObject | undefined): readonly number[] {
  const seconds = Number(entry?.integratedTime ?? 0);
  return seconds > 0 ? [seconds * 1000] : [];
}

interface Witnessed {
  readonly entries: readonly {
    readonly log: WitnessServices['logs'][number];
    readonly entry: JsonObject | undefined;
  }[];
  readonly timestamps: readonly SignatureTimestamp[];
}

/** All at once; the first failure ends the others. */
async function witness(
  made: Pick<LoggedSignature, 'statement' | 'signed' | 'signature'>,
  { key, signedBy, witnesses, tools: outer }: StatementSigning,
): Promise<Witnessed> {
  const ending = new AbortController();
  const signals = outer.signal === undefined ? [] : [outer.signal];
  const tools = { ...outer, signal: AbortSignal.any([...signals, ending.signal]) };
  const logged: LoggedSignature = {
    ...made,
    verifier:
      signedBy.kind === 'certificate'
        ? { kind: 'certificate', der: signedBy.der }
        : { kind: 'key', der: key.publicKey },
    keyDetails: key.keyDetails,
  };
  try {
    const [entries, timestamps] = await Promise.all([
      Promise.all(
        witnesses.logs.map(async (log) => ({ log, entry: await logSignature(logged, log, tools) })),
      ),
      Promise.all(
        witnesses.timestampAuthorities.map((authority) => fetchTimestamp(made.signature, authority, tools)),
      ),
    ]);
    return { entries, timestamps };
  } catch (error) {
    ending.abort(error);
    throw error;
  }
}
