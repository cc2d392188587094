// Entries of a transparency log (sigstore_rekor.proto, `TransparencyLogEntry`, as JSON): what is asked of a log, and whether
// its answer is about that. Who signed the answer is for those to check who verify.

import { createHash } from 'node:crypto';
import { isObject, parseJsonObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { quote } from '../text.ts';
import { leafHash, rootOfPath } from './merkle-tree.ts';

export interface LoggedSignature {
  readonly statement: Uint8Array;
  /** Its pre-authentication encoding. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly verifier:
    | { readonly kind: 'certificate'; readonly der: Uint8Array }
    | { readonly kind: 'key'; readonly der: Uint8Array };
  /** As in {@link SigningKey}. */
  readonly keyDetails: string;
}

/**
 * What Rekor, version 2, takes: nothing else than a `hashedrekord`, over the SHA-256 of what was signed. So a request has the
 * same size whatever the size of the statement.
 */
export function encodeLogRequest(logged: LoggedSignature): JsonObject {
  const { signature, verifier, keyDetails } = logged;
  const rawBytes = base64(verifier.der);
  return {
    hashedRekordRequestV002: {
      digest: base64(digestOf(logged)),
      signature: {
        content: base64(signature),
        verifier: {
          ...(verifier.kind === 'certificate'
            ? { x509Certificate: { rawBytes } }
            : { publicKey: { rawBytes } }),
          keyDetails,
        },
      },
    },
  };
}

/** The bytes of the entry, which the log hashes: its JSON in canonical form (RFC 8785). */
export function encodeLogBody(logged: LoggedSignature): Uint8Array {
  const { signature, verifier, keyDetails } = logged;
  const rawBytes = base64(verifier.der);
  // Keys in alphabetical order, and nothing but ASCII in the values: that is canonical.
  const body = {
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest: base64(digestOf(logged)) },
        signature: {
          content: base64(signature),
          verifier: {
            keyDetails,
            ...(verifier.kind === 'certificate'
              ? { x509Certificate: { rawBytes } }
              : { publicKey: { rawBytes } }),
          },
        },
      },
    },
  };
  return Buffer.from(JSON.stringify(body));
}

/** Where an entry is, by what a log publishes. */
export interface PublishedPlace {
  readonly keyId: string;
  readonly index: bigint;
  /** The signed note, whose second line is the size of the tree, and the third its root. */
  readonly checkpoint: string;
  readonly path: readonly Uint8Array[];
}

/** The entry as the log answered when it was made. */
export function assembleLogEntry(
  logged: LoggedSignature,
  { keyId, index, checkpoint, path }: PublishedPlace,
): JsonObject {
  const [, treeSize, rootHash] = checkpoint.split('\n');
  return {
    logIndex: String(index),
    logId: { keyId },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    inclusionProof: {
      logIndex: String(index),
      rootHash,
      treeSize,
      hashes: path.map(base64),
      checkpoint: { envelope: checkpoint },
    },
    canonicalizedBody: base64(encodeLogBody(logged)),
  };
}

/**
 * @param entry the answer of a log
 * @param url of the log
 * @throws Error when it is about something else, or its proof doesn't hold, or is in the name of another log
 */
export function checkLogEntry(entry: JsonObject, logged: LoggedSignature, url: string): void {
  const { body, name } = checkInclusion(entry);
  checkBody(body, logged);
  const { hostname, host, pathname } = new URL(url);
  // Verifiers look for the key of a log by its name, and expect that to be the host of its address.
  if ([hostname, host, host + pathname.replace(/\/$/, '')].includes(name)) return;
  throw new Error(
    `expected a log with the name of its host, ${quote(hostname)}, got ${quote(name)}, by which no verifier finds it`,
  );
}

/**
 * What is in the log, and the name that the log has in its checkpoint.
 * @throws Error when the proof of inclusion doesn't hold
 */
export function checkInclusion(entry: JsonObject): { readonly body: Uint8Array; readonly name: string } {
  const { canonicalizedBody, inclusionProof, logId, kindVersion } = entry;
  if (typeof canonicalizedBody !== 'string' || !isObject(inclusionProof))
    throw new Error('expected an entry with a proof of inclusion, got something else');
  if (!isObject(logId) || !isObject(kindVersion))
    throw new Error('expected an entry that names its log and its kind, got something else');
  const body = Buffer.from(canonicalizedBody, 'base64');
  const { logIndex = '0', treeSize, hashes = [], rootHash, checkpoint } = inclusionProof;
  const path = Array.isArray(hashes) ? hashes.map((hash) => Buffer.from(String(hash), 'base64')) : [];
  const root = rootOfPath(leafHash(body), readNumber(logIndex), readNumber(treeSize), path);
  const { envelope } = isObject(checkpoint) ? checkpoint : {};
  const [name = '', size, signedRoot] = typeof envelope === 'string' ? envelope.split('\n') : [];
  if (rootHash !== base64(root) || signedRoot !== rootHash || size !== String(readNumber(treeSize)))
    throw new Error('expected a proof of inclusion that holds, got another');
  return { body, name };
}

function checkBody(bytes: Uint8Array, logged: LoggedSignature): void {
  const body = parseJsonObject(bytes, 'the body of the entry');
  const { spec } = body;
  const record = isObject(spec) ? spec.hashedRekordV002 : undefined;
  const { data, signature } = isObject(record) ? record : {};
  const isOurs =
    isObject(data) &&
    data.digest === base64(digestOf(logged)) &&
    isObject(signature) &&
    signature.content === base64(logged.signature);
  if (!isOurs) throw new Error('expected an entry of this signature, got one of something else');
}

function digestOf({ signed }: LoggedSignature): Uint8Array {
  return createHash('sha256').update(signed).digest();
}

/** 64-bit numbers are strings in this JSON. */
function readNumber(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new Error('expected a number in the proof of inclusion, got something else');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
