// A transparency log of the first version of Rekor (github.com/sigstore/rekor): it logs envelopes, signs each entry with its
// time, tells where an entry is that is there already, and has the name of its shard in its checkpoints.

import { X509Certificate, createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { leafHash, nodeHash } from '../../../src/core/trust/merkle-tree.ts';
import { preAuthenticationEncoding } from '../../../src/core/trust/dsse.ts';
import { json, startService } from './service.ts';
import type { Service, ServiceAnswer, ServiceCall, ServiceFault } from './service.ts';

export interface FirstRekor extends Service {
  readonly publicKey: KeyObject;
  /** The SHA-256 of the key. */
  readonly identity: Buffer;
  /** The bodies of all entries. */
  readonly entries: readonly Buffer[];
}

/** Entries of shards before this one. */
const earlier = 1000;

export async function startFirstRekor(fault?: ServiceFault): Promise<FirstRekor> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = sha256(publicKey.export({ type: 'spki', format: 'der' }));
  const log: FirstLog = { entries: [], identity, privateKey, host: '' };
  const service = await startService('rekor', (call) => answer(call, log), fault);
  log.host = new URL(service.url).hostname;
  return { ...service, publicKey, identity, entries: log.entries };
}

interface FirstLog {
  readonly entries: Buffer[];
  readonly identity: Buffer;
  readonly privateKey: KeyObject;
  host: string;
}

interface Proposal {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: { readonly proposedContent: { readonly envelope: string; readonly verifiers: [string] } };
}

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: [{ readonly sig: string }];
}

function answer({ method, path, body }: ServiceCall, log: FirstLog): ServiceAnswer {
  const asked = /^\/api\/v1\/log\/entries\/([0-9a-f]{64})$/.exec(path)?.[1];
  if (method === 'GET' && asked !== undefined) {
    const index = log.entries.findIndex((entry) => nameOf(entry) === asked);
    return index === -1 ? json(404, { code: 404, message: 'entry not found' }) : entryAt(200, index, log);
  }
  if (method !== 'POST' || path !== '/api/v1/log/entries')
    return json(404, { code: 404, message: 'no path' });
  const proposal = JSON.parse(body.toString()) as Proposal;
  const entry = bodyOf(proposal);
  if (typeof entry === 'string') return json(400, { code: 400, message: entry });
  const known = log.entries.findIndex((other) => other.equals(entry));
  if (known !== -1) {
    const message = 'an equivalent entry already exists in the transparency log';
    return {
      ...json(409, { code: 409, message }),
      headers: { 'content-type': 'application/json', location: `/api/v1/log/entries/${nameOf(entry)}` },
    };
  }
  log.entries.push(entry);
  return entryAt(201, log.entries.length - 1, log);
}

/** The body in its canonical form, or why there is none. */
function bodyOf({ apiVersion, kind, spec }: Proposal): Buffer | string {
  if (kind !== 'dsse' || apiVersion !== '0.0.1') return `unknown kind ${kind} ${apiVersion}`;
  const { envelope: text, verifiers } = spec.proposedContent;
  const { payload, payloadType, signatures } = JSON.parse(text) as Envelope;
  const pem = Buffer.from(verifiers[0], 'base64').toString();
  const key = pem.includes('CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
  const statement = Buffer.from(payload, 'base64');
  const [{ sig }] = signatures;
  if (!verify('sha256', preAuthenticationEncoding(payloadType, statement), key, Buffer.from(sig, 'base64')))
    return 'could not verify envelope';
  const hash = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: sha256(bytes).toString('hex') });
  return Buffer.from(
    JSON.stringify({
      apiVersion,
      kind,
      spec: {
        envelopeHash: hash(Buffer.from(text)),
        payloadHash: hash(statement),
        signatures: [{ signature: sig, verifier: verifiers[0] }],
      },
    }),
  );
}

function entryAt(
  status: number,
  index: number,
  { entries, identity, privateKey, host }: FirstLog,
): ServiceAnswer {
  const leaves = entries.map(leafHash);
  const bytes = entries[index] ?? Buffer.alloc(0);
  const rootHash = Buffer.from(root(leaves));
  const note = `${host} - 1193050959916656506\n${entries.length}\n${rootHash.toString('base64')}\n`;
  const mark = Buffer.concat([identity.subarray(0, 4), sign('sha256', Buffer.from(note), privateKey)]);
  // In this order of keys the JSON is canonical.
  const entry = {
    body: bytes.toString('base64'),
    integratedTime: Math.floor(Date.now() / 1000),
    logID: identity.toString('hex'),
    logIndex: earlier + index,
  };
  const promise = sign('sha256', Buffer.from(JSON.stringify(entry)), privateKey);
  const verification = {
    inclusionProof: {
      checkpoint: `${note}\n\u2014 ${host} ${mark.toString('base64')}\n`,
      hashes: pathTo(index, leaves).map((hash) => Buffer.from(hash).toString('hex')),
      logIndex: index,
      rootHash: rootHash.toString('hex'),
      treeSize: entries.length,
    },
    signedEntryTimestamp: promise.toString('base64'),
  };
  return json(status, { [nameOf(bytes)]: { ...entry, verification } });
}

function nameOf(entry: Buffer): string {
  return Buffer.from(leafHash(entry)).toString('hex');
}

/** RFC 6962, section 2.1. */
function root(leaves: readonly Uint8Array[]): Uint8Array {
  const [first = Buffer.alloc(0)] = leaves;
  if (leaves.length <= 1) return first;
  const half = split(leaves.length);
  return nodeHash(root(leaves.slice(0, half)), root(leaves.slice(half)));
}

/** RFC 6962, section 2.1.1, from the leaf up. */
function pathTo(index: number, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  if (leaves.length <= 1) return [];
  const half = split(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half ? [...pathTo(index, left), root(right)] : [...pathTo(index - half, right), root(left)];
}

/** The largest power of two below a size. */
function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
