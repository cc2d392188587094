// A repository of The Update Framework on loopback, as sigstore has one: roots that follow from each other, and files that
// are signed by them. Written from the specification, and not from src.

import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isObject } from '../../../src/core/oci/json.ts';
import { startService } from './service.ts';

export interface TrustFiles extends AsyncDisposable {
  readonly url: string;
  /** The first of its roots. */
  readonly root: Uint8Array;
  /** By path; what is in it is served, and nothing else. */
  readonly files: Map<string, Buffer>;
  /** Paths that were asked for, in their order. */
  readonly asked: string[];
  /** Publishes another version of its files, below another root. */
  publish(documents: Readonly<Record<string, unknown>>, expires?: Date): void;
}

interface Key {
  readonly id: string;
  readonly document: unknown;
  readonly privateKey: KeyObject;
}

export async function startTrustFiles(documents: Readonly<Record<string, unknown>>): Promise<TrustFiles> {
  const files = new Map<string, Buffer>();
  const asked: string[] = [];
  let version = 0;
  const keys = { root: makeKey(), online: makeKey() };
  const publish: TrustFiles['publish'] = (published, expires = new Date(Date.now() + 86_400_000)) => {
    version += 1;
    publishFiles({ files, keys, version, documents: published, expires });
  };
  publish(documents);
  const service = await startService('trust', ({ path }) => {
    asked.push(path);
    const bytes = files.get(path);
    return bytes === undefined
      ? { status: 404, body: Buffer.from('not there') }
      : { status: 200, body: bytes };
  });
  return {
    url: service.url,
    root: files.get('/1.root.json') ?? Buffer.alloc(0),
    ...{ files, asked, publish },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

interface Publication {
  readonly files: Map<string, Buffer>;
  readonly keys: { readonly root: Key; readonly online: Key };
  readonly version: number;
  readonly documents: Readonly<Record<string, unknown>>;
  readonly expires: Date;
}

function publishFiles({ files, keys, version, documents, expires }: Publication): void {
  const { root, online } = keys;
  const put = (name: string, signed: Record<string, unknown>, key: Key): Buffer => {
    const whole = {
      spec_version: '1.0.31',
      version,
      expires: expires.toISOString().replace(/\.\d+/, ''),
      ...signed,
    };
    const sig = sign(null, Buffer.from(canonical(whole)), key.privateKey).toString('hex');
    const bytes = Buffer.from(JSON.stringify({ signed: whole, signatures: [{ keyid: key.id, sig }] }));
    files.set(`/${name}`, bytes);
    return bytes;
  };
  const role = ({ id }: Key) => ({ keyids: [id], threshold: 1 });
  const roles = {
    root: role(root),
    timestamp: role(online),
    snapshot: role(online),
    targets: role(root),
  };
  const known = { [root.id]: root.document, [online.id]: online.document };
  put(`${version}.root.json`, { _type: 'root', consistent_snapshot: true, keys: known, roles }, root);
  const targets = Object.entries(documents).map(([name, document]) => {
    const bytes = Buffer.from(JSON.stringify(document));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.set(`/targets/${sha256}.${name}`, bytes);
    return [name, { length: bytes.length, hashes: { sha256 } }] as const;
  });
  put(`${version}.targets.json`, { _type: 'targets', targets: Object.fromEntries(targets) }, root);
  put(`${version}.snapshot.json`, { _type: 'snapshot', meta: { 'targets.json': { version } } }, online);
  put('timestamp.json', { _type: 'timestamp', meta: { 'snapshot.json': { version } } }, online);
}

function makeKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const document = {
    keytype: 'ed25519',
    scheme: 'ed25519',
    keyval: { public: Buffer.from(x, 'base64url').toString('hex') },
  };
  return { id: createHash('sha256').update(canonical(document)).digest('hex'), document, privateKey };
}

/** Names in their order, and no space. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}
