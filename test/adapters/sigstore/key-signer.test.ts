import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { createKeySigner } from '../../../src/adapters/sigstore/key-signer.ts';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
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
