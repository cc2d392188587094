// Entries of the second Rekor, in trees that are made here; golden-bundle.test.ts has one that a log made.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import {
  assembleLogEntry,
  checkInclusion,
  checkLogEntry,
  encodeLogBody,
  encodeLogRequest,
} from '../../../src/core/trust/log-entry.ts';
import type { LoggedSignature } from '../../../src/core/trust/log-entry.ts';
import { leafHash, nodeHash } from '../../../src/core/trust/merkle-tree.ts';

const der = Buffer.from('der');
const withCertificate: LoggedSignature = {
  statement: Buffer.from('{}'),
  signed: Buffer.from('what was signed'),
  signature: Buffer.from('a signature'),
  verifier: { kind: 'certificate', der },
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
};
const withKey: LoggedSignature = { ...withCertificate, verifier: { kind: 'key', der } };
const digest = createHash('sha256').update('what was signed').digest('base64');
const content = Buffer.from('a signature').toString('base64');
const rawBytes = der.toString('base64');
const beside = Buffer.from(leafHash(Buffer.from('another entry')));

/** The second entry of a tree of two. */
function placeOf(logged: LoggedSignature, name = 'log.test') {
  const root = Buffer.from(nodeHash(beside, leafHash(encodeLogBody(logged)))).toString('base64');
  const checkpoint = `${name}\n2\n${root}\n\n— log.test x\n`;
  return { place: { keyId: 'a2V5', index: 1n, checkpoint, path: [beside] }, root, checkpoint };
}

const entryOf = (logged: LoggedSignature, name?: string) =>
  assembleLogEntry(logged, placeOf(logged, name).place);

describe('what a log is asked', () => {
  it('names the certificate, or the public key', () => {
    const request = (verifier: JsonObject) => ({
      hashedRekordRequestV002: {
        digest,
        signature: { content, verifier: { ...verifier, keyDetails: 'PKIX_ECDSA_P256_SHA_256' } },
      },
    });
    assert.deepEqual(encodeLogRequest(withCertificate), request({ x509Certificate: { rawBytes } }));
    assert.deepEqual(encodeLogRequest(withKey), request({ publicKey: { rawBytes } }));
  });

  it('is logged with its keys in the order of the alphabet (RFC 8785)', () => {
    const body = (verifier: string) =>
      `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"${digest}"},` +
      `"signature":{"content":"${content}","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256",${verifier}}}}}}`;
    assert.equal(String(encodeLogBody(withKey)), body(`"publicKey":{"rawBytes":"${rawBytes}"}`));
    assert.equal(
      String(encodeLogBody(withCertificate)),
      body(`"x509Certificate":{"rawBytes":"${rawBytes}"}`),
    );
  });
});

describe('an entry that is put together from what a log publishes', () => {
  it('is what the log answers', () => {
    const { place, root, checkpoint } = placeOf(withKey);
    assert.deepEqual(assembleLogEntry(withKey, place), {
      logIndex: '1',
      logId: { keyId: 'a2V5' },
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      inclusionProof: {
        logIndex: '1',
        rootHash: root,
        treeSize: '2',
        hashes: [beside.toString('base64')],
        checkpoint: { envelope: checkpoint },
      },
      canonicalizedBody: Buffer.from(encodeLogBody(withKey)).toString('base64'),
    });
  });

  it('is found in the log, under the name that its checkpoint has', () => {
    const { body, name } = checkInclusion(entryOf(withKey));
    assert.equal(name, 'log.test');
    assert.deepEqual(Buffer.from(body), Buffer.from(encodeLogBody(withKey)));
  });

  it('is of a log whose name is its host, also with a port or a path', () => {
    const check = (name: string, url: string) => () => {
      checkLogEntry(entryOf(withKey, name), withKey, url);
    };
    for (const [name, url] of [
      ['log.test', 'https://log.test'],
      ['log.test', 'https://log.test:8080/'],
      ['log.test', 'https://log.test/a/b'],
      ['log.test:8080', 'https://log.test:8080'],
      ['log.test/a/b', 'https://log.test/a/b'],
      ['log.test/a/b', 'https://log.test/a/b/'],
      ['log.test:8080/a', 'https://log.test:8080/a'],
    ] as const)
      check(name, url)();
    for (const [name, url] of [
      ['', 'https://log.test'],
      ['log.test/', 'https://log.test/'],
      ['log.testa/b', 'https://log.test/a/b'],
      ['log.test/a', 'https://log.test/a/b'],
      ['other.test', 'https://log.test'],
    ] as const)
      assert.throws(check(name, url), {
        message: `expected a log with the name of its host, "log.test", got "${name}", by which no verifier finds it`,
      });
  });
});

describe('a proof of inclusion', () => {
  const entry = entryOf(withKey);
  const { inclusionProof: proof } = entry as { inclusionProof: JsonObject };
  const withProof = (part: JsonObject) => () =>
    checkInclusion({ ...entry, inclusionProof: { ...proof, ...part } });

  it('may have its numbers as numbers', () => {
    withProof({ logIndex: 1, treeSize: 2 })();
  });

  it('of the first entry may leave its index out, and of the only one its hashes', () => {
    const leaf = leafHash(encodeLogBody(withKey));
    const [one, two] = [leaf, nodeHash(leaf, beside)].map((root) => Buffer.from(root).toString('base64'));
    const check = (inclusionProof: JsonObject) => checkInclusion({ ...entry, inclusionProof });
    check({ treeSize: '1', rootHash: one, checkpoint: { envelope: `log.test\n1\n${one}\n` } });
    check({
      treeSize: '2',
      rootHash: two,
      hashes: [beside.toString('base64')],
      checkpoint: { envelope: `log.test\n2\n${two}\n` },
    });
  });

  for (const value of [' 1', '1 ', '1'.repeat(21), '', '-1', '0x1', -1, 0.5, 2 ** 53, null, true, {}, [1]]) {
    it(`is refused with the number ${JSON.stringify(value)}`, () => {
      const message = 'expected a number in the proof of inclusion, got something else';
      assert.throws(withProof({ logIndex: value }), { message });
      assert.throws(withProof({ treeSize: value }), { message });
    });
  }

  it('holds twenty digits, and no more', () => {
    assert.throws(withProof({ logIndex: '1'.repeat(20) }), { message: /^expected an entry below 2/ });
  });

  const broken: readonly (readonly [name: string, part: JsonObject, message: RegExp])[] = [
    ['hashes that are no list', { hashes: 'x' }, /^expected a longer proof/],
    ['another root', { rootHash: beside.toString('base64') }, /that holds/],
    ['no checkpoint', { checkpoint: undefined }, /that holds/],
    ['a checkpoint that is no object', { checkpoint: 'x' }, /that holds/],
    ['a checkpoint that is no text', { checkpoint: { envelope: 1 } }, /that holds/],
    ['a checkpoint with another root', { checkpoint: { envelope: 'log.test\n2\nx\n' } }, /that holds/],
    [
      'a checkpoint of another size',
      { checkpoint: { envelope: placeOf(withKey).checkpoint.replace('\n2\n', '\n3\n') } },
      /that holds/,
    ],
  ];
  for (const [name, part, message] of broken) {
    it(`is refused with ${name}`, () => {
      assert.throws(withProof(part), { message });
    });
  }

  for (const part of [{ canonicalizedBody: 1 }, { inclusionProof: 'x' }, { inclusionProof: undefined }])
    it(`is refused in an entry with ${JSON.stringify(part)}`, () => {
      assert.throws(() => checkInclusion({ ...entry, ...part }), {
        message: 'expected an entry with a proof of inclusion, got something else',
      });
    });

  for (const part of [{ logId: 'x' }, { kindVersion: 'x' }])
    it(`is refused in an entry with ${JSON.stringify(part)}`, () => {
      assert.throws(() => checkInclusion({ ...entry, ...part }), {
        message: 'expected an entry that names its log and its kind, got something else',
      });
    });
});

describe('the body of an entry', () => {
  /** An entry with this body, in a tree of its own. */
  const check = (body: unknown) => () => {
    const bytes = Buffer.from(JSON.stringify(body));
    const root = Buffer.from(leafHash(bytes)).toString('base64');
    const entry = {
      ...entryOf(withKey),
      inclusionProof: { treeSize: '1', rootHash: root, checkpoint: { envelope: `log.test\n1\n${root}\n` } },
      canonicalizedBody: bytes.toString('base64'),
    };
    checkLogEntry(entry, withKey, 'https://log.test');
  };
  const record = { data: { digest }, signature: { content } };
  const body = (part: JsonObject) => ({ spec: { hashedRekordV002: { ...record, ...part } } });

  it('is about the signature', () => {
    check(body({}))();
  });

  for (const other of [
    {},
    { spec: 1 },
    { spec: { hashedRekordV002: 'x' } },
    { spec: { hashedRekordV001: record } },
    body({ data: undefined }),
    body({ data: { digest: 'x' } }),
    body({ signature: undefined }),
    body({ signature: { content: 'x' } }),
  ])
    it(`is refused when it is ${JSON.stringify(other)}`, () => {
      assert.throws(check(other), {
        message: 'expected an entry of this signature, got one of something else',
      });
    });
});
