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
import { json } from '../../support/sigstore/service.ts';
import type { ServiceFault } from '../../support/sigstore/service.ts';
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

function verifyWith(publicKey: KeyObject, bytes: Uint8Array, { trustedRoot }: Sigstore): void {
  const bundle = bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
  const material = toTrustMaterial(TrustedRoot.fromJSON(trustedRoot), () => ({
    publicKey,
    validFor: () => true,
  }));
  new Verifier(material, { tsaThreshold: 1, tlogThreshold: 1 }).verify(toSignedEntity(bundle));
}

interface LoggedBundle {
  readonly verificationMaterial: { readonly tlogEntries: [{ readonly logIndex: string }] };
}

function entriesOf(bundle: Uint8Array): LoggedBundle['verificationMaterial']['tlogEntries'] {
  return (JSON.parse(Buffer.from(bundle).toString()) as LoggedBundle).verificationMaterial.tlogEntries;
}

describe('a signer with a key, before the eyes of a sigstore', () => {
  const open = async (
    key: KeyObject,
    body: (signer: Signer, sigstore: Sigstore) => Promise<void>,
    fault: ServiceFault = () => undefined,
  ) => {
    await using sigstore = await startSigstore({ fault });
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
      open(privateKey, async (signer, sigstore) => {
        verifyWith(publicKey, await signer.sign(statement), sigstore);
        assert.equal(sigstore.rekor.entries.length, 1);
        assert.ok(sigstore.calls.every(({ service }) => service !== 'fulcio'));
      }));
  }

  it('signs the same twice, with another signature', () =>
    open(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, async (signer, { rekor }) => {
      await signer.sign(statement);
      await signer.sign(statement);
      assert.equal(rekor.entries.length, 2);
    }));

  it('finds the entry that the log has already of the very same signature, which RSA makes', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return open(privateKey, async (signer, sigstore) => {
      await signer.sign(Buffer.from('{}'));
      const first = await signer.sign(statement);
      for (let count = 0; count < 5; count += 1) await signer.sign(Buffer.from(`{"number":${count}}`));
      const again = await signer.sign(statement);
      assert.equal(sigstore.rekor.entries.length, 7);
      const [{ logIndex }] = entriesOf(again);
      assert.deepEqual([logIndex, entriesOf(first)[0].logIndex], ['1', '1']);
      verifyWith(publicKey, again, sigstore);
    });
  });

  it('says so when what the log publishes of such an entry can not be read', async () => {
    const hides: readonly ServiceFault[] = [
      ({ path }) => (path.startsWith('/api/v2/tile/') ? json(404, {}) : undefined),
      ({ path }) => (path === '/api/v2/checkpoint' ? json(501, {}) : undefined),
    ];
    for (const fault of hides) {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      await open(
        privateKey,
        async (signer) => {
          await signer.sign(Buffer.from('{}'));
          await signer.sign(statement);
          await assert.rejects(
            signer.sign(statement),
            (error) =>
              error instanceof BimaError &&
              error.code === 'SIGNING_FAILED' &&
              error.message.includes('has the very same signature already'),
          );
        },
        fault,
      );
    }
    const wrong: ServiceFault = ({ path }) =>
      path.startsWith('/api/v2/tile/0/') ? { status: 200, body: Buffer.alloc(32 * 2) } : undefined;
    await open(
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      async (signer) => {
        await signer.sign(Buffer.from('{}'));
        await signer.sign(statement);
        await assert.rejects(signer.sign(statement), /expected a proof of inclusion that holds/);
      },
      wrong,
    );
  });

  it('refuses a key that no log takes before anything is asked', () =>
    assert.rejects(
      open(generateKeyPairSync('ed25519').privateKey, () => Promise.resolve()),
      (error) => error instanceof BimaError && error.code === 'SIGNING_KEY_INVALID',
    ));
});
