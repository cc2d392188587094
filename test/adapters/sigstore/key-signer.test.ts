import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';
import { createKeySigner } from '../../../src/adapters/sigstore/key-signer.ts';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import type { Signer } from '../../../src/core/trust/signer.ts';
import { readTrustConfiguration } from '../../../src/core/trust/trust-configuration.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { startSigstore } from '../../support/sigstore/sigstore.ts';
import type { Sigstore } from '../../support/sigstore/sigstore.ts';
import { readSigningKey } from '../../../src/core/trust/signing-key.ts';

const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');

describe('a signer with a key', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(privateKey);
  const hash = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  const fingerprint = hash.copy().digest('hex');
  const hint = hash.digest('base64');
  const signer = createKeySigner(
    readSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    openSigningTools({ reporter: silentReporter }),
  );

  it('is known by the fingerprint of its public key', () => {
    assert.equal(signer.identity, `key sha256:${fingerprint}`);
  });

  it('leaves the keyid of the envelope empty, or cosign finds no signature (trap 3)', async () => {
    const bundle = JSON.parse(String(await signer.sign(statement))) as {
      dsseEnvelope: { signatures: { sig: string; keyid?: string }[] };
    };
    const [signature, ...others] = bundle.dsseEnvelope.signatures;
    assert.ok(signature !== undefined && others.length === 0);
    assert.equal(signature.keyid ?? '', '');
    const signed = Buffer.from(
      `DSSEv1 28 application/vnd.in-toto+json ${statement.length} ${String(statement)}`,
    );
    assert.ok(verify(null, signed, publicKey, Buffer.from(signature.sig, 'base64')));
  });

  it('writes a bundle that has the statement as it is, and the same bytes for it', async () => {
    const bytes = String(await signer.sign(statement));
    assert.equal(String(await signer.sign(statement)), bytes);
    const { dsseEnvelope, ...rest } = JSON.parse(bytes) as { dsseEnvelope: { payload: string } };
    assert.equal(Buffer.from(dsseEnvelope.payload, 'base64').toString(), statement.toString());
    assert.deepEqual(rest, {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        publicKey: { hint },
        timestampVerificationData: {},
      },
    });
  });
});

describe('a signer with a key, before the eyes of a sigstore', () => {
  const open = async (key: KeyObject, body: (signer: Signer, sigstore: Sigstore) => Promise<void>) => {
    await using sigstore = await startSigstore();
    const tools = openSigningTools({ reporter: silentReporter, clock: createFastClock() });
    const trust = readTrustConfiguration(sigstore.trustConfiguration, 'it');
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    try {
      await body(createKeySigner(readSigningKey(pem), tools, trust), sigstore);
    } finally {
      await tools.close();
    }
  };

  for (const [name, { privateKey, publicKey }] of [
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    it(`is logged and gets a timestamp: ${name}`, () =>
      open(privateKey, async (signer, { trustedRoot, rekor, calls }) => {
        const bundle = bundleFromJSON(JSON.parse(Buffer.from(await signer.sign(statement)).toString()));
        const material = toTrustMaterial(TrustedRoot.fromJSON(trustedRoot), () => ({
          publicKey,
          validFor: () => true,
        }));
        new Verifier(material, { tsaThreshold: 1, tlogThreshold: 1 }).verify(toSignedEntity(bundle));
        assert.equal(rekor.entries.length, 1);
        assert.ok(calls.every(({ service }) => service !== 'fulcio'));
      }));
  }

  it('signs the same twice, with another signature', () =>
    open(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, async (signer, { rekor }) => {
      await signer.sign(statement);
      await signer.sign(statement);
      assert.equal(rekor.entries.length, 2);
    }));

  it('says so when the log has the very same signature, which RSA makes', () =>
    open(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, async (signer) => {
      await signer.sign(statement);
      await assert.rejects(
        signer.sign(statement),
        (error) =>
          error instanceof BimaError &&
          error.code === 'SIGNING_FAILED' &&
          error.message.includes('has the very same signature already'),
      );
    }));

  it('refuses a key that no log takes before anything is asked', () =>
    assert.rejects(
      open(generateKeyPairSync('ed25519').privateKey, () => Promise.resolve()),
      (error) => error instanceof BimaError && error.code === 'SIGNING_KEY_INVALID',
    ));
});
