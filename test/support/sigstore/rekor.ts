// A transparency log as strict as version 2 of Rekor (github.com/sigstore/rekor-tiles): it takes nothing but signatures
// that hold over a digest, and its proofs and checkpoints hold (RFC 6962; c2sp.org/tlog-checkpoint and /tlog-tiles).

import { X509Certificate, createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isObject } from '../../../src/core/oci/json.ts';
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
  const hashes = /^\/api\/v2\/tile\/0\/000(?:\.p\/(\d+))?$/.exec(path);
  if (method === 'GET' && hashes !== null) return hashTile(entries, Number(hashes[1] ?? 256));
  if (method !== 'POST' || path !== '/api/v2/log/entries')
    return json(404, { code: 5, message: 'Not Found' });
  const entry = readRequest(body);
  if (typeof entry === 'string') return json(400, { code: 3, message: entry, details: [] });
  const known = entries.findIndex((other) => other.equals(entry));
  if (known !== -1) {
    const message = `an equivalent entry already exists in the transparency log with index ${known}`;
    return {
      ...json(409, { code: 6, message, details: [] }),
      headers: { 'content-type': 'application/json', 'x-log-index': String(known) },
    };
  }
  entries.push(entry);
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
    canonicalizedBody: entry.toString('base64'),
  });
}

const keyKinds = new Map([
  ['PKIX_ECDSA_P256_SHA_256', 'ec'],
  ['PKIX_RSA_PKCS1V15_2048_SHA256', 'rsa'],
  ['PKIX_RSA_PKCS1V15_3072_SHA256', 'rsa'],
  ['PKIX_RSA_PKCS1V15_4096_SHA256', 'rsa'],
]);

/** The body of the entry in its canonical form, or why there is none. */
function readRequest(bytes: Buffer): Buffer | string {
  const document: unknown = JSON.parse(bytes.toString());
  if (!isObject(document) || Object.keys(document).length !== 1) return 'expected exactly one kind of entry';
  const record = document.hashedRekordRequestV002;
  // Attestations too are logged by the digest of what was signed.
  if (!isObject(record)) return 'expected hashedRekordRequestV002';
  const { digest, signature, ...more } = record;
  if (Object.keys(more).length > 0) return `unknown field "${Object.keys(more).join()}"`;
  if (typeof digest !== 'string' || !isObject(signature)) return 'missing digest or signature';
  const { content, verifier } = signature;
  if (typeof content !== 'string' || !isObject(verifier)) return 'missing signature content or verifier';
  const { keyDetails, x509Certificate, publicKey } = verifier;
  const holder = isObject(x509Certificate) ? x509Certificate : publicKey;
  if (typeof keyDetails !== 'string' || !isObject(holder) || typeof holder.rawBytes !== 'string')
    return 'missing verifier';
  const raw = Buffer.from(holder.rawBytes, 'base64');
  const key =
    holder === publicKey
      ? createPublicKey({ key: raw, format: 'der', type: 'spki' })
      : new X509Certificate(raw).publicKey;
  if (keyKinds.get(keyDetails) !== key.asymmetricKeyType) return `unsupported key details ${keyDetails}`;
  const hash = Buffer.from(digest, 'base64');
  if (hash.length !== 32) return 'digest is not of SHA-256';
  if (!verifyDigest(hash, key, Buffer.from(content, 'base64')))
    return 'verifying signature: invalid signature';
  // Keys in their order, as RFC 8785 has it.
  const verified =
    holder === publicKey
      ? { keyDetails, publicKey: { rawBytes: holder.rawBytes } }
      : { keyDetails, x509Certificate: { rawBytes: holder.rawBytes } };
  return Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.2',
      kind: 'hashedrekord',
      spec: {
        hashedRekordV002: {
          data: { algorithm: 'SHA2_256', digest },
          signature: { content, verifier: verified },
        },
      },
    }),
  );
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

/** A tile of the hashes of entries. */
function hashTile(entries: readonly Buffer[], count: number): ServiceAnswer {
  if (count > entries.length) return json(404, { code: 5, message: 'Not Found' });
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.concat(entries.slice(0, count).map(leafHash)),
  };
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
