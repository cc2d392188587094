// A transparency log as strict as version 2 of Rekor (github.com/sigstore/rekor-tiles): it takes nothing but signatures
// that hold over a digest, and its proofs and checkpoints hold (RFC 6962; c2sp.org/tlog-checkpoint and /tlog-tiles).

import { X509Certificate, createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { json, startService } from './service.ts';
import type { Service, ServiceAnswer, ServiceCall, ServiceFault } from './service.ts';
import { verifyDigest } from './verify-digest.ts';

export interface Rekor extends Service {
  readonly publicKey: KeyObject;
  /** The SHA-256 of the name and the key of the log: its first four bytes are in checkpoints. */
  readonly identity: Buffer;
  /** The bodies of all entries. */
  readonly entries: readonly Buffer[];
}

/** @param fault what happens to calls */
export async function startRekor(fault?: ServiceFault): Promise<Rekor> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const entries: Buffer[] = [];
  const log: { origin: string; identity: Buffer } = { origin: '', identity: Buffer.alloc(0) };
  const service = await startService('rekor', (call) => answer(call, entries, { ...log, privateKey }), fault);
  // Clients take the host of its base URL, without the port, for its name.
  log.origin = new URL(service.url).hostname;
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  log.identity = sha256(Buffer.from(`${log.origin}\n`), Buffer.from([1]), raw);
  return { ...service, publicKey, identity: log.identity, entries };
}

interface LogKey {
  readonly origin: string;
  readonly identity: Buffer;
  readonly privateKey: KeyObject;
}

function answer({ method, path, body }: ServiceCall, entries: Buffer[], key: LogKey): ServiceAnswer {
  if (method === 'GET' && path === '/api/v2/checkpoint') return text(checkpoint(entries, key));
  const tile = /^\/api\/v2\/tile\/entries\/000(?:\.p\/(\d+))?$/.exec(path);
  if (method === 'GET' && tile !== null) return bundle(entries, Number(tile[1] ?? 256));
  if (method !== 'POST' || path !== '/api/v2/log/entries')
    return json(404, { code: 5, message: 'Not Found' });
  const entry = readRequest(body);
  if ('refusal' in entry) return json(400, { code: 3, message: entry.refusal, details: [] });
  const known = entries.findIndex((other) => other.equals(entry.body));
  // No entry and no proof: whoever lost the answer has to look for both.
  if (known !== -1) {
    const message = `an equivalent entry already exists in the transparency log with index ${known}`;
    const { body: answered, ...rest } = json(409, { code: 6, message, details: [] });
    return { ...rest, headers: { ...rest.headers, 'x-log-index': String(known) }, body: answered };
  }
  entries.push(entry.body);
  const index = entries.length - 1;
  const leaves = entries.map(leafHash);
  return json(201, {
    logIndex: String(index),
    logId: { keyId: key.identity.toString('base64') },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    integratedTime: '0',
    inclusionPromise: null,
    inclusionProof: {
      logIndex: String(index),
      rootHash: root(leaves).toString('base64'),
      treeSize: String(entries.length),
      hashes: pathTo(index, leaves).map((hash) => hash.toString('base64')),
      checkpoint: { envelope: checkpoint(entries, key) },
    },
    canonicalizedBody: entry.body.toString('base64'),
  });
}

/** What the log takes, of keys on P-256 and of RSA; it takes other curves too. */
const keyKinds = new Map<string, (key: KeyObject) => boolean>([
  ['PKIX_ECDSA_P256_SHA_256', (key) => key.asymmetricKeyDetails?.namedCurve === 'prime256v1'],
  ...[2048, 3072, 4096].map((size): [string, (key: KeyObject) => boolean] => [
    `PKIX_RSA_PKCS1V15_${size}_SHA256`,
    (key) => key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails?.modulusLength === size,
  ]),
]);

type ReadEntry = { readonly body: Buffer } | { readonly refusal: string };

/** The body of the entry in its canonical form, or what the log says. */
function readRequest(bytes: Buffer): ReadEntry {
  try {
    const request = fieldsOf(JSON.parse(bytes.toString()), ['hashedRekordRequestV002']);
    // Attestations too are logged by the digest of what was signed.
    if (!isObject(request.hashedRekordRequestV002)) return { refusal: 'invalid type, must be hashedrekord' };
    return readRecord(request.hashedRekordRequestV002);
  } catch (error) {
    // Of the gateway, which reads the fields.
    return { refusal: String(error) };
  }
}

function readRecord(document: JsonObject): ReadEntry {
  const refused: ReadEntry = { refusal: 'invalid hashedrekord request' };
  const { digest, signature } = fieldsOf(document, ['digest', 'signature']);
  const { content, verifier } = fieldsOf(signature, ['content', 'verifier']);
  const { keyDetails, ...holders } = fieldsOf(verifier, ['keyDetails', 'x509Certificate', 'publicKey']);
  const [[kind, holder] = ['', {}], ...others] = Object.entries(holders);
  const rawBytes = readBytes(fieldsOf(holder, ['rawBytes']).rawBytes);
  const [hash, signed] = [readBytes(digest), readBytes(content)];
  if (others.length > 0) throw new Error('proto: oneof google.protobuf.Any is already set');
  const key = readKey(kind, rawBytes);
  const fits = typeof keyDetails === 'string' && key !== undefined && keyKinds.get(keyDetails)?.(key);
  if (fits !== true || hash.length !== 32 || !verifyDigest(hash, key, signed)) return refused;
  // Keys in their order, and bytes as they are encoded again (RFC 8785).
  const encoded = { rawBytes: rawBytes.toString('base64') };
  const canonical =
    kind === 'publicKey' ? { keyDetails, publicKey: encoded } : { keyDetails, x509Certificate: encoded };
  const record = {
    data: { algorithm: 'SHA2_256', digest: hash.toString('base64') },
    signature: { content: signed.toString('base64'), verifier: canonical },
  };
  const entry = { apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002: record } };
  return { body: Buffer.from(JSON.stringify(entry)) };
}

/** @throws Error for what isn't an object, and for a field that isn't one of these: the gateway is as strict */
function fieldsOf(document: unknown, names: readonly string[]): JsonObject {
  if (!isObject(document)) throw new Error('proto: syntax error: unexpected token');
  const unknown = Object.keys(document).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`proto: unknown field "${unknown}"`);
  return document;
}

/** @throws Error for what isn't base64 */
function readBytes(value: unknown = ''): Buffer {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value))
    throw new Error('proto: invalid value for bytes field');
  return Buffer.from(value, 'base64');
}

function readKey(kind: string, raw: Buffer): KeyObject | undefined {
  try {
    return kind === 'publicKey'
      ? createPublicKey({ key: raw, format: 'der', type: 'spki' })
      : new X509Certificate(raw).publicKey;
  } catch {
    return undefined;
  }
}

function checkpoint(entries: readonly Buffer[], { origin, identity, privateKey }: LogKey): string {
  const note = `${origin}\n${entries.length}\n${root(entries.map(leafHash)).toString('base64')}\n`;
  const signature = sign(null, Buffer.from(note), privateKey);
  const mark = Buffer.concat([identity.subarray(0, 4), signature]).toString('base64');
  return `${note}\n\u2014 ${origin} ${mark}\n`;
}

/** A tile of entries, each after its size in two bytes. */
function bundle(entries: readonly Buffer[], count: number): ServiceAnswer {
  if (count > entries.length) return json(404, { code: 5, message: 'Not Found' });
  const parts = entries.slice(0, count).flatMap((entry) => {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(entry.length);
    return [size, entry];
  });
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: Buffer.concat(parts) };
}

function text(content: string): ServiceAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from(content),
  };
}

function leafHash(entry: Buffer): Buffer {
  return sha256(Buffer.from([0]), entry);
}

/** RFC 6962, section 2.1. */
function root(leaves: readonly Buffer[]): Buffer {
  if (leaves.length <= 1) return leaves[0] ?? sha256();
  const at = split(leaves.length);
  return sha256(Buffer.from([1]), root(leaves.slice(0, at)), root(leaves.slice(at)));
}

/** RFC 6962, section 2.1.1, from the leaf up. */
function pathTo(index: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length <= 1) return [];
  const at = split(leaves.length);
  const [left, right] = [leaves.slice(0, at), leaves.slice(at)];
  return index < at ? [...pathTo(index, left), root(right)] : [...pathTo(index - at, right), root(left)];
}

/** The largest power of two below a size. */
function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
