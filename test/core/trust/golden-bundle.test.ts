// A bundle that was made with Fulcio 1.8.8, timestamp-authority 2.0.6 and rekor-tiles 2.3.0, and verified by cosign 3.1.3: what
// these programs write is read as they mean it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { readCertificateIdentity } from '../../../src/core/trust/certificate-identity.ts';
import { preAuthenticationEncoding } from '../../../src/core/trust/dsse.ts';
import { statementMediaType } from '../../../src/core/trust/in-toto-statement.ts';
import { checkLogEntry, encodeLogBody, encodeLogRequest } from '../../../src/core/trust/log-entry.ts';
import type { LoggedSignature } from '../../../src/core/trust/log-entry.ts';
import { encodeBundle } from '../../../src/core/trust/sigstore-bundle.ts';
import { encodeTimestampRequest, readTimestampResponse } from '../../../src/core/trust/timestamp-protocol.ts';

interface GoldenBundle {
  readonly verificationMaterial: {
    readonly certificate: { readonly rawBytes: string };
    readonly tlogEntries: readonly [JsonObject];
    readonly timestampVerificationData: {
      readonly rfc3161Timestamps: readonly [{ readonly signedTimestamp: string }];
    };
  };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly signatures: readonly [{ readonly sig: string }];
  };
}

const text = readFileSync(join(import.meta.dirname, 'golden-bundle.json'), 'utf8');
const { verificationMaterial: material, dsseEnvelope } = JSON.parse(text) as GoldenBundle;
const der = Buffer.from(material.certificate.rawBytes, 'base64');
const statement = Buffer.from(dsseEnvelope.payload, 'base64');
const signature = Buffer.from(dsseEnvelope.signatures[0].sig, 'base64');
const [entry] = material.tlogEntries;
const response = Buffer.from(
  material.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp,
  'base64',
);
const logged: LoggedSignature = {
  statement,
  signed: preAuthenticationEncoding(statementMediaType, statement),
  signature,
  verifier: { kind: 'certificate', der },
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
};

const url = 'http://localhost:18105';

describe('a bundle', () => {
  it('is written again byte for byte from its parts', async () => {
    const bytes = await encodeBundle({
      statement,
      signature,
      signedBy: { kind: 'certificate', der },
      logEntries: [entry],
      timestamps: [response],
    });
    assert.deepEqual(JSON.parse(String(bytes)), JSON.parse(text));
  });

  it('is not written of parts that make none', async () => {
    const parts = { statement, signature, signedBy: { kind: 'certificate', der } as const, timestamps: [] };
    await assert.rejects(encodeBundle({ ...parts, logEntries: [{ logIndex: '1' }] }), /invalid bundle/);
    await assert.rejects(encodeBundle({ ...parts, logEntries: [], statement: Buffer.from('') }));
  });
});

describe('the certificate of a workflow', () => {
  const identity = readCertificateIdentity(der);

  it('names the workflow and who vouches for it', () => {
    assert.equal(identity.subject, 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main');
    assert.equal(identity.issuer, 'http://localhost:18100');
    assert.equal(identity.notAfter - identity.notBefore, 600_000);
  });

  it('says what the run was of', () => {
    assert.deepEqual(identity.claims, {
      buildSignerUri: 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main',
      buildSignerDigest: 'b'.repeat(40),
      runnerEnvironment: 'github-hosted',
      sourceRepositoryUri: 'https://github.com/o/r',
      sourceRepositoryDigest: 'a'.repeat(40),
      sourceRepositoryRef: 'refs/heads/main',
      sourceRepositoryIdentifier: '1',
      sourceRepositoryOwnerUri: 'https://github.com/o',
      sourceRepositoryOwnerIdentifier: '2',
      buildConfigUri: 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main',
      buildConfigDigest: 'b'.repeat(40),
      buildTrigger: 'push',
      runInvocationUri: 'https://github.com/o/r/actions/runs/9/attempts/1',
      sourceRepositoryVisibility: 'public',
      tokenSubject: 'repo:o/r:ref:refs/heads/main',
    });
  });

  it('is refused when it is cut short', () => {
    assert.throws(() => readCertificateIdentity(der.subarray(0, 300)));
  });
});

describe('a timestamp', () => {
  it('is read with its time', () => {
    const time = readTimestampResponse(response, signature);
    assert.equal(new Date(time).toISOString(), '2026-11-27T01:43:39.000Z');
  });

  it('is refused for another signature, and when it is cut short at any byte', () => {
    const other = Buffer.from(signature);
    other[20] = (other[20] ?? 0) ^ 1;
    assert.throws(() => readTimestampResponse(response, other), /got one of something else/);
    for (let size = 0; size < response.length; size += 1)
      assert.throws(() => readTimestampResponse(response.subarray(0, size), signature), Error);
  });

  it('is refused with the words of the authority', () => {
    // PKIStatusInfo: rejection (2), "no such algorithm".
    const refusal = Buffer.from(
      `3019301702010230120c10${Buffer.from('no such algorith').toString('hex')}`,
      'hex',
    );
    assert.throws(
      () => readTimestampResponse(refusal, signature),
      /refused with status 2 \(no such algorith\)/,
    );
  });

  it('is asked for as OpenSSL asks', () => {
    // `openssl ts -query -data FILE -sha256 -no_nonce` of "hello".
    const golden =
      '30360201013031300d060960864801650304020105000420' +
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    assert.equal(Buffer.from(encodeTimestampRequest(Buffer.from('hello'))).toString('hex'), golden);
  });
});

describe('an entry of the log', () => {
  it('is a hashedrekord over the SHA-256 of what was signed, small whatever the statement (trap 1)', () => {
    const request = encodeLogRequest(logged);
    assert.deepEqual(Object.keys(request), ['hashedRekordRequestV002']);
    const large = { ...logged, statement: Buffer.alloc(5_000_000), signed: Buffer.alloc(5_000_000) };
    assert.equal(JSON.stringify(encodeLogRequest(large)).length, JSON.stringify(request).length);
  });

  it('has the body that the log hashes', () => {
    const body = encodeLogBody(logged);
    assert.equal(Buffer.from(body).toString('base64'), entry.canonicalizedBody);
  });

  it('is taken when its proof holds', () => {
    checkLogEntry(entry, logged, url);
  });

  it('is refused when it is of another signature or another statement', () => {
    const of = (other: Partial<LoggedSignature>) => () => {
      checkLogEntry(entry, { ...logged, ...other }, url);
    };
    assert.throws(of({ signature: Buffer.from('other') }), /of something else/);
    assert.throws(of({ signed: Buffer.from('other') }), /of something else/);
    // The payload alone is not what was signed.
    assert.throws(of({ signed: statement }), /of something else/);
  });

  it('is refused when any part of its proof is another', () => {
    const { inclusionProof: proof } = entry;
    assert.ok(isObject(proof) && Array.isArray(proof.hashes) && isObject(proof.checkpoint));
    const changed: readonly JsonObject[] = [
      { hashes: proof.hashes.slice(1) },
      { hashes: [...(proof.hashes as string[]), proof.rootHash] },
      { hashes: proof.hashes.toReversed() },
      { rootHash: Buffer.alloc(32).toString('base64') },
      { logIndex: '5' },
      { logIndex: '7' },
      { logIndex: 'six' },
      { treeSize: '8' },
      { treeSize: undefined },
      { checkpoint: { envelope: String(proof.checkpoint.envelope).replace('\n7\n', '\n8\n') } },
      { checkpoint: undefined },
    ];
    for (const part of changed) {
      const other = { ...entry, inclusionProof: { ...proof, ...part } };
      assert.throws(
        () => {
          checkLogEntry(other, logged, url);
        },
        `${JSON.stringify(part)} was taken`,
      );
    }
    for (const name of ['canonicalizedBody', 'inclusionProof', 'logId', 'kindVersion'])
      assert.throws(() => {
        checkLogEntry({ ...entry, [name]: undefined }, logged, url);
      }, `an entry without ${name} was taken`);
  });

  it('is refused of a log whose name is not the host of its address (trap 4)', () => {
    for (const address of ['https://localhost', 'https://localhost/log', 'http://localhost:1/'])
      checkLogEntry(entry, logged, address);
    for (const address of ['https://log.example.com', 'https://localhost.example.com'])
      assert.throws(() => {
        checkLogEntry(entry, logged, address);
      }, /expected a log with the name of its host, ".*example\.com", got "localhost"/);
  });
});
