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
      for (let count = 0; count < 11; count += 1) await signer.sign(Buffer.from(`{"before":${count}}`));
      const first = await signer.sign(statement);
      for (let count = 0; count < 5; count += 1) await signer.sign(Buffer.from(`{"number":${count}}`));
      const again = await signer.sign(statement);
      assert.equal(sigstore.rekor.entries.length, 17);
      const [{ logIndex }] = entriesOf(again);
      assert.deepEqual([logIndex, entriesOf(first)[0].logIndex], ['11', '11']);
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

  const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const isEntry = (path: string) => path === '/api/v2/log/entries';

  for (const index of [undefined, '', 'x1', '1x', '1'.repeat(19)]) {
    it(`says so when the log does not say where such an entry is: ${index ?? 'nothing'}`, () => {
      const headers: Record<string, string> = index === undefined ? {} : { 'x-log-index': index };
      const fault: ServiceFault = ({ path }) => (isEntry(path) ? { ...json(409, {}), headers } : undefined);
      return open(
        rsa(),
        async (signer, { rekor }) => {
          await assert.rejects(signer.sign(statement), {
            code: 'SIGNING_FAILED',
            message: `the transparency log (Rekor): ${rekor.url} has the very same signature already, and its proof can't be found`,
            hint: /^An RSA key signs the same statement alike each time/,
          });
        },
        fault,
      );
    });
  }

  it('says so when what the log publishes is older than the entry', () => {
    let old: ReturnType<ServiceFault>;
    return open(
      rsa(),
      async (signer, { rekor }) => {
        await signer.sign(Buffer.from('{}'));
        const published = await fetch(`${rekor.url}/api/v2/checkpoint`);
        const body = Buffer.from(await published.arrayBuffer());
        await signer.sign(statement);
        old = { status: 200, body };
        await assert.rejects(signer.sign(statement), /has the very same signature already/);
      },
      ({ path }) => (path === '/api/v2/checkpoint' ? old : undefined),
    );
  });

  it('makes a signature three times of a log that says each time that it has it', () => {
    const fault: ServiceFault = ({ path }) => (isEntry(path) ? json(409, {}) : undefined);
    return open(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      async (signer, { calls }) => {
        await assert.rejects(signer.sign(statement), /has the very same signature already/);
        assert.equal(calls.filter(({ path }) => isEntry(path)).length, 3);
      },
      fault,
    );
  });

  it('signs no more once the run is ended', async () => {
    await using sigstore = await startSigstore();
    const ending = new AbortController();
    const tools = openSigningTools({ reporter: silentReporter, signal: ending.signal });
    const trust = readTrustConfiguration(sigstore.trustConfiguration, 'it');
    const pem = rsa().export({ type: 'pkcs8', format: 'pem' }).toString();
    const signer = createKeySigner(readSigningKey(pem), tools, trust);
    await signer.sign(statement);
    ending.abort(new Error('cancelled'));
    const before = sigstore.calls.length;
    await assert.rejects(signer.sign(Buffer.from('{}')), { message: 'cancelled' });
    assert.equal(sigstore.calls.length, before);
    await tools.close();
  });

  for (const [status, isClosed] of [
    [404, true],
    [405, true],
    [400, false],
    [403, false],
  ] as const) {
    it(`says ${isClosed ? '' : 'nothing of'} a log that is closed for ${status}`, () => {
      const fault: ServiceFault = ({ path }) => (isEntry(path) ? json(status, {}) : undefined);
      return open(
        rsa(),
        async (signer) => {
          await assert.rejects(signer.sign(statement), (error: BimaError) => {
            assert.equal(error.hint?.startsWith('This log is closed, or of another version'), isClosed);
            return true;
          });
        },
        fault,
      );
    });
  }

  it('refuses a key that no log takes before anything is asked', () =>
    assert.rejects(
      open(generateKeyPairSync('ed25519').privateKey, () => Promise.resolve()),
      (error) =>
        error instanceof BimaError &&
        error.code === 'SIGNING_KEY_INVALID' &&
        error.hint === 'Take ECDSA on P-256, or a trust configuration without a log.',
    ));
});
