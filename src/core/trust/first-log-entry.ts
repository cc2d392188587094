// Entries of the first version of Rekor (github.com/sigstore/rekor, openapi.yaml; pkg/types/dsse/v0.0.1), which logs envelopes as
// they are, and has a form of its own for its answers.

import { createHash } from 'node:crypto';
import { isObject, parseJsonObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { statementMediaType } from './in-toto-statement.ts';
import { checkInclusion } from './log-entry.ts';
import type { LoggedSignature } from './log-entry.ts';

const kind = 'dsse';
const version = '0.0.1';

export function encodeFirstLogRequest({ statement, signature, verifier }: LoggedSignature): JsonObject {
  const envelope = {
    payload: base64(statement),
    payloadType: statementMediaType,
    signatures: [{ sig: base64(signature) }],
  };
  const label = verifier.kind === 'certificate' ? 'CERTIFICATE' : 'PUBLIC KEY';
  const lines = base64(verifier.der).replace(/.{64}(?=.)/g, '$&\n');
  const pem = `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
  return {
    apiVersion: version,
    kind,
    spec: { proposedContent: { envelope: JSON.stringify(envelope), verifiers: [base64(Buffer.from(pem))] } },
  };
}

/**
 * The answer of such a log in the form that bundles have (sigstore_rekor.proto, `TransparencyLogEntry`).
 * @param answer entries by their names, of which there is one
 * @throws Error for anything else, an entry about something else, and a proof that doesn't hold
 */
export function readFirstLogEntry(answer: JsonObject, logged: LoggedSignature): JsonObject {
  const [found, ...others] = Object.values(answer);
  const { body, integratedTime, logID, logIndex, verification } = isObject(found) ? found : {};
  const { inclusionProof: proof, signedEntryTimestamp } = isObject(verification) ? verification : {};
  if (others.length > 0 || !isObject(proof) || typeof body !== 'string')
    throw new Error('expected one entry with a proof of inclusion, got something else');
  if (typeof signedEntryTimestamp !== 'string' || typeof integratedTime !== 'number')
    throw new Error('expected an entry that the log has signed with its time, got something else');
  const hashes = Array.isArray(proof.hashes) ? proof.hashes : [];
  const entry = {
    logIndex: String(logIndex),
    logId: { keyId: fromHex(logID) },
    kindVersion: { kind, version },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      // Within its part of the log, where the one above is that of all parts.
      logIndex: String(proof.logIndex),
      rootHash: fromHex(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: hashes.map(fromHex),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  };
  checkFirstBody(checkInclusion(entry).body, logged);
  return entry;
}

function checkFirstBody(bytes: Uint8Array, { statement, signature }: LoggedSignature): void {
  const { kind: type, apiVersion, spec } = parseJsonObject(bytes, 'the body of the entry');
  const { payloadHash, signatures } = isObject(spec) ? spec : {};
  const [first] = Array.isArray(signatures) ? (signatures as readonly unknown[]) : [];
  const isOurs =
    type === kind &&
    apiVersion === version &&
    isObject(payloadHash) &&
    payloadHash.value === createHash('sha256').update(statement).digest('hex') &&
    isObject(first) &&
    first.signature === base64(signature);
  if (!isOurs) throw new Error('expected an entry of this signature, got one of something else');
}

function fromHex(value: unknown): string {
  return Buffer.from(String(value), 'hex').toString('base64');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
