import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { preAuthenticationEncoding } from '../../../src/core/trust/dsse.ts';
import { statementMediaType } from '../../../src/core/trust/in-toto-statement.ts';
import { isSignedBy, parseBundle, parsePublicKey } from '../../../src/core/trust/signed-statement.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

const envelope = {
  payload: base64('the statement'),
  payloadType: 'application/vnd.in-toto+json',
  signatures: [{ sig: base64('the signature'), keyid: '' }],
};
const material = {
  certificate: { rawBytes: base64('the leaf') },
  tlogEntries: [{ logIndex: '1' }],
  timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: '' }, { signedTimestamp: '' }] },
};
const bundle = {
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: material,
  dsseEnvelope: envelope,
};

const parse = (document: unknown) => parseBundle(Buffer.from(JSON.stringify(document)), 'it');
const withMaterial = (part: JsonObject) => ({ ...bundle, verificationMaterial: part });
const withEnvelope = (part: JsonObject) => ({ ...bundle, dsseEnvelope: { ...envelope, ...part } });

describe('a bundle', () => {
  it('is read as it stands there', () => {
    assert.deepEqual(parse(bundle), {
      document: bundle,
      statement: Buffer.from('the statement'),
      signature: Buffer.from('the signature'),
      certificate: Buffer.from('the leaf'),
      logEntries: 1,
      timestamps: 2,
    });
  });

  it('may be of another version', () => {
    for (const mediaType of [
      'application/vnd.dev.sigstore.bundle+json;version=0.1',
      'application/vnd.dev.sigstore.bundle.v0.4+json',
    ])
      assert.equal(parse({ ...bundle, mediaType }).logEntries, 1);
  });

  it('may have nothing but a signature', () => {
    const { certificate, logEntries, timestamps } = parse(withMaterial({ publicKey: { hint: 'x' } }));
    assert.deepEqual([certificate, logEntries, timestamps], [undefined, 0, 0]);
    const odd = withMaterial({ tlogEntries: 'x', timestampVerificationData: { rfc3161Timestamps: 'xy' } });
    assert.deepEqual([parse(odd).logEntries, parse(odd).timestamps], [0, 0]);
    assert.equal(parse(withMaterial({ timestampVerificationData: 1 })).timestamps, 0);
  });

  it('has the leaf alone, or as the first of a chain', () => {
    const leafOf = (part: JsonObject) => parse(withMaterial(part)).certificate?.toString();
    const chain = { certificates: [{ rawBytes: base64('first') }, { rawBytes: base64('second') }] };
    assert.equal(leafOf({ x509CertificateChain: chain }), 'first');
    assert.equal(leafOf({ x509CertificateChain: chain, certificate: { rawBytes: base64('own') } }), 'own');
    assert.equal(leafOf({ x509CertificateChain: { certificates: [] } }), undefined);
    assert.equal(leafOf({ x509CertificateChain: { certificates: 'x' } }), undefined);
    assert.equal(leafOf({ x509CertificateChain: [] }), undefined);
    assert.equal(leafOf({ certificate: 'x' }), undefined);
    assert.equal(leafOf({ certificate: { rawBytes: 1 } }), undefined);
  });

  const wrong: readonly (readonly [document: unknown, message: string])[] = [
    [{ ...bundle, mediaType: undefined }, 'it: expected a sigstore bundle, got none'],
    [{ ...bundle, mediaType: 1 }, 'it: expected a sigstore bundle, got another'],
    [{ ...bundle, mediaType: 'text/plain' }, 'it: expected a sigstore bundle, got "text/plain"'],
    [
      { ...bundle, mediaType: ` ${bundle.mediaType}` },
      `it: expected a sigstore bundle, got " ${bundle.mediaType}"`,
    ],
    [
      { ...bundle, mediaType: 'application/vnd.dev.sigstore.bundles' },
      'it: expected a sigstore bundle, got "application/vnd.dev.sigstore.bundles"',
    ],
    [{ ...bundle, verificationMaterial: undefined }, 'it: expected verification material, got none'],
    [{ ...bundle, verificationMaterial: 'x' }, 'it: expected verification material, got "x"'],
    [{ ...bundle, dsseEnvelope: undefined }, 'it: expected a signed statement, got none'],
    [{ ...bundle, dsseEnvelope: [] }, 'it: expected a signed statement, got another'],
    [withEnvelope({ payloadType: 'x' }), 'it: expected an in-toto statement, got "x"'],
    [withEnvelope({ signatures: [] }), 'it: expected one signature, got none'],
    [withEnvelope({ signatures: undefined }), 'it: expected one signature, got none'],
    [withEnvelope({ signatures: 'x' }), 'it: expected one signature, got none'],
    [
      withEnvelope({ signatures: [...envelope.signatures, ...envelope.signatures] }),
      'it: expected one signature, got another',
    ],
    [withEnvelope({ signatures: ['x'] }), 'it: expected one signature, got another'],
    [withEnvelope({ signatures: [{ sig: 1 }] }), 'it: expected one signature, got another'],
    [withEnvelope({ payload: undefined }), 'it: expected a statement, got none'],
    [withEnvelope({ payload: 1 }), 'it: expected a statement, got another'],
  ];
  for (const [document, message] of wrong) {
    it(`is refused: ${message}`, () => {
      assert.throws(() => parse(document), { code: 'SIGNATURE_INVALID', message });
    });
  }

  it('is refused when it is no JSON', () => {
    assert.throws(() => parseBundle(Buffer.from('{'), 'it'), { code: 'SIGNATURE_INVALID' });
  });
});

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

describe('a public key', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('is read from PEM', () => {
    assert.ok(parsePublicKey(pemOf(publicKey), 'k.pub').equals(publicKey));
  });

  it('is refused when it is a private one, though that would do', () => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    assert.throws(
      () => parsePublicKey(pem, 'k.pub'),
      (error) =>
        error instanceof BimaError &&
        error.code === 'INPUT_INVALID' &&
        error.message === 'k.pub: expected a public key, got a private one' &&
        error.hint?.includes('-----BEGIN PUBLIC KEY-----') === true,
    );
  });

  it('is refused when it is something else, with the reason', () => {
    assert.throws(
      () => parsePublicKey('x', 'k.pub'),
      (error) =>
        error instanceof BimaError &&
        error.code === 'INPUT_INVALID' &&
        error.message === 'k.pub: expected a public key in PEM, got something else' &&
        error.hint?.includes('-----BEGIN PUBLIC KEY-----') === true &&
        error.cause instanceof Error,
    );
  });
});

describe('a signature', () => {
  const statement = Buffer.from('{"_type":"x"}');
  const signed = preAuthenticationEncoding(statementMediaType, statement);
  const bundleOf = (signature: Uint8Array) => ({ ...parse(bundle), statement, signature });
  const pairs = {
    'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    Ed25519: generateKeyPairSync('ed25519'),
    RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  } as const;
  const rows: readonly (readonly [keyof typeof pairs, hash: string | null, is: boolean])[] = [
    ['P-256', 'sha256', true],
    ['P-256', 'sha384', false],
    ['P-384', 'sha256', true],
    ['P-384', 'sha384', true],
    ['P-384', 'sha512', false],
    ['P-521', 'sha256', true],
    ['P-521', 'sha512', true],
    ['P-521', 'sha384', false],
    ['Ed25519', null, true],
    ['RSA', 'sha256', true],
    ['RSA', 'sha512', false],
  ];
  for (const [name, hash, is] of rows) {
    it(`of ${name} with ${hash ?? 'no hash of its own'} ${is ? 'holds' : 'does not hold'}`, () => {
      const { privateKey, publicKey } = pairs[name];
      assert.equal(
        isSignedBy(
          bundleOf(sign(hash, signed, privateKey)),
          createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
        ),
        is,
      );
    });
  }

  it('of another key, or over another statement, does not hold', () => {
    const { privateKey, publicKey } = pairs['P-256'];
    const { publicKey: another } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signature = sign('sha256', signed, privateKey);
    assert.equal(isSignedBy(bundleOf(signature), another), false);
    assert.equal(isSignedBy({ ...bundleOf(signature), statement: Buffer.from('{}') }, publicKey), false);
    // The payload alone is not what is signed.
    assert.equal(isSignedBy(bundleOf(sign('sha256', statement, privateKey)), publicKey), false);
  });
});
