// Entries of the first version of Rekor, in trees that are made here.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { encodeFirstLogRequest, readFirstLogEntry } from '../../../src/core/trust/first-log-entry.ts';
import type { LoggedSignature } from '../../../src/core/trust/log-entry.ts';
import { leafHash, nodeHash } from '../../../src/core/trust/merkle-tree.ts';

const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
const signature = Buffer.from('a signature');
const logged: LoggedSignature = {
  statement,
  signed: Buffer.from('what was signed'),
  signature,
  verifier: { kind: 'certificate', der: Buffer.alloc(100, 7) },
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
};

const ownBody = {
  apiVersion: '0.0.1',
  kind: 'dsse',
  spec: {
    payloadHash: { algorithm: 'sha256', value: createHash('sha256').update(statement).digest('hex') },
    signatures: [{ signature: signature.toString('base64') }],
  },
};

const beside = leafHash(Buffer.from('another entry'));

/** An entry as the log answers: the second of two, in a log whose parts before have seven. */
function entryOf(document: unknown = ownBody): {
  readonly body: string;
  readonly integratedTime: unknown;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: { readonly inclusionProof: JsonObject; readonly signedEntryTimestamp: unknown };
} {
  const bytes = Buffer.from(JSON.stringify(document));
  const root = Buffer.from(nodeHash(beside, leafHash(bytes)));
  return {
    body: bytes.toString('base64'),
    integratedTime: 1_700_000_000,
    logID: 'c0ffee00',
    logIndex: 8,
    verification: {
      signedEntryTimestamp: 'c2V0',
      inclusionProof: {
        logIndex: 1,
        treeSize: 2,
        rootHash: root.toString('hex'),
        hashes: [Buffer.from(beside).toString('hex')],
        checkpoint: `log.test - 1\n2\n${root.toString('base64')}\n\n— log.test x\n`,
      },
    },
  };
}

describe('a request to the first Rekor', () => {
  const contentOf = (request: JsonObject) => {
    const { spec } = request as { spec: { proposedContent: { envelope: string; verifiers: [string] } } };
    const { envelope, verifiers } = spec.proposedContent;
    return {
      envelope: JSON.parse(envelope) as unknown,
      verifiers: verifiers.map((one) => Buffer.from(one, 'base64').toString()),
    };
  };

  it('has the envelope without a key ID, and the certificate in lines of 64', () => {
    const request = encodeFirstLogRequest(logged);
    assert.deepEqual([request.apiVersion, request.kind], ['0.0.1', 'dsse']);
    const text = Buffer.alloc(100, 7).toString('base64');
    assert.deepEqual(contentOf(request), {
      envelope: {
        payload: statement.toString('base64'),
        payloadType: 'application/vnd.in-toto+json',
        signatures: [{ sig: signature.toString('base64') }],
      },
      verifiers: [
        `-----BEGIN CERTIFICATE-----\n${text.slice(0, 64)}\n${text.slice(64, 128)}\n${text.slice(128)}\n-----END CERTIFICATE-----\n`,
      ],
    });
  });

  it('has a public key under its own name, and no empty line where the last one is full', () => {
    const der = Buffer.alloc(96, 1);
    const text = der.toString('base64');
    const { verifiers } = contentOf(encodeFirstLogRequest({ ...logged, verifier: { kind: 'key', der } }));
    assert.deepEqual(verifiers, [
      `-----BEGIN PUBLIC KEY-----\n${text.slice(0, 64)}\n${text.slice(64)}\n-----END PUBLIC KEY-----\n`,
    ]);
  });
});

describe('an entry of the first Rekor', () => {
  const read = (entry: unknown) => readFirstLogEntry({ uuid: entry }, logged);

  it('becomes what bundles have', () => {
    const entry = entryOf();
    const { inclusionProof: proof } = entry.verification;
    assert.deepEqual(read(entry), {
      logIndex: '8',
      logId: { keyId: Buffer.from('c0ffee00', 'hex').toString('base64') },
      kindVersion: { kind: 'dsse', version: '0.0.1' },
      integratedTime: '1700000000',
      inclusionPromise: { signedEntryTimestamp: 'c2V0' },
      inclusionProof: {
        logIndex: '1',
        rootHash: Buffer.from(String(proof.rootHash), 'hex').toString('base64'),
        treeSize: '2',
        hashes: [Buffer.from(beside).toString('base64')],
        checkpoint: { envelope: proof.checkpoint },
      },
      canonicalizedBody: entry.body,
    });
  });

  it('is one', () => {
    const refused = { message: 'expected one entry with a proof of inclusion, got something else' };
    assert.throws(() => readFirstLogEntry({}, logged), refused);
    assert.throws(() => readFirstLogEntry({ a: entryOf(), b: entryOf() }, logged), refused);
    assert.throws(() => readFirstLogEntry({ a: 'x' }, logged), refused);
  });

  const entry = entryOf();
  const withProof = (part: JsonObject) => ({
    ...entry,
    verification: {
      ...entry.verification,
      inclusionProof: { ...entry.verification.inclusionProof, ...part },
    },
  });
  const refusals: readonly (readonly [name: string, entry: unknown, message: RegExp])[] = [
    ['no body', { ...entry, body: undefined }, /^expected one entry with a proof/],
    ['no verification', { ...entry, verification: undefined }, /^expected one entry with a proof/],
    [
      'no proof',
      { ...entry, verification: { ...entry.verification, inclusionProof: undefined } },
      /^expected one entry with a proof/,
    ],
    [
      'no promise',
      { ...entry, verification: { ...entry.verification, signedEntryTimestamp: 1 } },
      /^expected an entry that the log has signed with its time/,
    ],
    [
      'a time in words',
      { ...entry, integratedTime: '1' },
      /^expected an entry that the log has signed with its time/,
    ],
    ['hashes that are no list', withProof({ hashes: 'x' }), /^expected a longer proof/],
    ['another root', withProof({ rootHash: '00' }), /^expected a proof of inclusion that holds/],
    ['no size', withProof({ treeSize: undefined }), /^expected a number/],
    ['a place outside of the tree', withProof({ logIndex: 2 }), /^expected an entry below 2/],
    [
      'a checkpoint of another size',
      withProof({ checkpoint: 'log.test\n3\nx\n' }),
      /^expected a proof .* that holds/,
    ],
  ];
  for (const [name, one, message] of refusals) {
    it(`is refused with ${name}`, () => {
      assert.throws(() => read(one), { message });
    });
  }

  const { spec } = ownBody;
  const bodies: readonly (readonly [name: string, body: JsonObject])[] = [
    ['kind', { ...ownBody, kind: 'intoto' }],
    ['version', { ...ownBody, apiVersion: '0.0.2' }],
    ['form', { ...ownBody, spec: [] }],
    ['payload', { ...ownBody, spec: { ...spec, payloadHash: { value: '00' } } }],
    ['payload that is no object', { ...ownBody, spec: { ...spec, payloadHash: 'x' } }],
    ['signature', { ...ownBody, spec: { ...spec, signatures: [{ signature: 'eA==' }] } }],
    ['list of signatures', { ...ownBody, spec: { ...spec, signatures: 'x' } }],
    ['list of texts', { ...ownBody, spec: { ...spec, signatures: ['x'] } }],
    ['empty list of signatures', { ...ownBody, spec: { ...spec, signatures: [] } }],
  ];
  for (const [name, body] of bodies) {
    it(`is refused when its body has another ${name}`, () => {
      assert.throws(() => read(entryOf(body)), {
        message: 'expected an entry of this signature, got one of something else',
      });
    });
  }
});
