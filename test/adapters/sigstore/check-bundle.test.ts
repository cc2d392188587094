// What is believed of a bundle, and what is said of one that isn't. The bundles are those of the tests' own signer, or of
// a key; the roots are of two sigstores, one of which knows nothing of the other.

import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { checkCertified, checkKeyed } from '../../../src/adapters/sigstore/check-bundle.ts';
import { createKeySigner } from '../../../src/adapters/sigstore/key-signer.ts';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { isObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { parseBundle } from '../../../src/core/trust/signed-statement.ts';
import type { UncheckedBundle } from '../../../src/core/trust/signed-statement.ts';
import { readSigningKey } from '../../../src/core/trust/signing-key.ts';
import { readTrustConfiguration } from '../../../src/core/trust/trust-configuration.ts';
import { signForTest } from '../../support/sigstore/sign.ts';
import { startSigstore } from '../../support/sigstore/sigstore.ts';
import type { Sigstore } from '../../support/sigstore/sigstore.ts';

const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}');
const subject = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';

const object = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** A bundle with one place of it changed. */
function changed(bundle: UncheckedBundle, change: (document: JsonObject) => JsonObject): UncheckedBundle {
  return { ...bundle, document: change(structuredClone(bundle.document)) };
}

function withMaterial(change: (material: JsonObject) => JsonObject): (document: JsonObject) => JsonObject {
  return (document) => ({ ...document, verificationMaterial: change(object(document.verificationMaterial)) });
}

async function refusal(check: Promise<unknown>): Promise<BimaError> {
  try {
    await check;
  } catch (error) {
    assert.ok(error instanceof BimaError);
    return error;
  }
  return assert.fail('it was believed');
}

describe('a bundle that is signed with a certificate', () => {
  let sigstore: Sigstore;
  let other: Sigstore;
  let bundle: UncheckedBundle;
  before(async () => {
    [sigstore, other] = [await startSigstore(), await startSigstore()];
    bundle = parseBundle(await signForTest(statement, sigstore), 'the bundle');
  });
  after(async () => {
    await sigstore[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  it('is believed by one of several roots, with who signed it and when', async () => {
    for (const roots of [[sigstore.trustedRoot], [other.trustedRoot, sigstore.trustedRoot]]) {
      const { signedBy, times, ...rest } = await checkCertified(bundle, roots);
      assert.deepEqual(rest, {
        statement,
        checks: ['signature', 'certificate', 'certificate log', 'log entry', 'timestamp'],
      });
      assert.ok(signedBy.kind === 'certificate');
      assert.equal(signedBy.identity.subject, subject);
      assert.equal(signedBy.identity.issuer, sigstore.issuer.url);
      const [time = 0, ...more] = times;
      assert.deepEqual(more, []);
      assert.ok(Math.abs(time - Date.now()) < 60_000);
    }
  });

  it('needs a root', async () => {
    const { code, message } = await refusal(checkCertified(bundle, []));
    assert.deepEqual([code, message], ['SIGNATURE_INVALID', 'expected a trusted root, got none']);
  });

  it('is refused by a root that knows nothing of it', async () => {
    const { code, message } = await refusal(checkCertified(bundle, [other.trustedRoot]));
    assert.equal(code, 'SIGNATURE_INVALID');
    assert.match(message, /^no trusted authority says when it was signed \(.+\)$/);
  });

  it('is refused for what the root of its own sigstore says, if several refuse it', async () => {
    const broken = changed(
      bundle,
      withMaterial((material) => ({ ...material, tlogEntries: [] })),
    );
    const alone = await refusal(checkCertified(broken, [sigstore.trustedRoot]));
    assert.match(alone.message, /^no trusted transparency log has the signature/);
    // The other root trusts the timestamps, and not the certificate.
    const half = { ...other.trustedRoot, timestampAuthorities: sigstore.trustedRoot.timestampAuthorities };
    const least = await refusal(checkCertified(bundle, [half]));
    assert.match(least.message, /^the certificate was not issued by a trusted authority, .+ \(.+\)$/);
    assert.equal((least.cause as { code?: string }).code, 'CERTIFICATE_ERROR');
    for (const roots of [
      [half, sigstore.trustedRoot],
      [sigstore.trustedRoot, half],
    ])
      assert.equal((await refusal(checkCertified(broken, roots))).message, alone.message);
    assert.equal((await refusal(checkCertified(bundle, [half, half]))).message, least.message);
  });

  it('names a root that can not be read', async () => {
    const root = { ...sigstore.trustedRoot, tlogs: [{ hashAlgorithm: 'MD5' }] };
    const { code, message, hint, cause } = await refusal(checkCertified(bundle, [root]));
    assert.equal(code, 'TRUST_CONFIGURATION_INVALID');
    assert.match(message, /^the trusted root can't be read: .+$/);
    assert.equal(hint, 'Make one with `gh attestation trusted-root` or `cosign trusted-root create`.');
    assert.ok(cause instanceof Error);
  });

  const refusals: readonly [name: string, change: (document: JsonObject) => JsonObject, message: RegExp][] = [
    [
      'no timestamp',
      withMaterial((material) => ({ ...material, timestampVerificationData: {} })),
      /^no trusted authority says when it was signed \(/,
    ],
    [
      'no log entry',
      withMaterial((material) => ({ ...material, tlogEntries: [] })),
      /^no trusted transparency log has the signature \(/,
    ],
    [
      'another statement',
      (document) => ({
        ...document,
        dsseEnvelope: { ...object(document.dsseEnvelope), payload: Buffer.from('{}').toString('base64') },
      }),
      /^the bundle can be read in two ways$/,
    ],
    [
      'a key in the place of a certificate',
      withMaterial(({ tlogEntries, timestampVerificationData }) => ({
        publicKey: { hint: 'x' },
        tlogEntries,
        timestampVerificationData,
      })),
      /^expected a signature with a certificate, got another$/,
    ],
    ['nothing in it', () => ({}), /^(?!undefined)./],
  ];
  for (const [name, change, message] of refusals) {
    it(`is refused with ${name}`, async () => {
      const error = await refusal(checkCertified(changed(bundle, change), [sigstore.trustedRoot]));
      assert.equal(error.code, 'SIGNATURE_INVALID');
      assert.match(error.message, message);
    });
  }

  it('is refused where its certificate is another than the one that is looked at', async () => {
    const second = parseBundle(await signForTest(statement, sigstore), 'the bundle');
    for (const certificate of [second.certificate, undefined]) {
      const error = await refusal(checkCertified({ ...bundle, certificate }, [sigstore.trustedRoot]));
      assert.equal(error.message, 'the bundle can be read in two ways');
    }
  });

  it('is believed in the form of a chain, whose first certificate is its own', async () => {
    const chain = (...certificates: readonly unknown[]) =>
      changed(
        bundle,
        withMaterial(({ certificate, ...material }) => ({
          ...material,
          x509CertificateChain: { certificates: certificates.length > 0 ? certificates : [certificate] },
        })),
      );
    const { checks } = await checkCertified(
      {
        ...chain(),
        document: { ...chain().document, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2' },
      },
      [sigstore.trustedRoot],
    );
    assert.ok(checks.includes('certificate'));
  });

  it('is believed without logs by a root that has none', async () => {
    await using own = await startSigstore({ hasNoLog: true });
    const without = withMaterial((material) => ({ ...material, tlogEntries: [] }));
    const signed = parseBundle(await signForTest(statement, own), 'the bundle');
    const { checks, times } = await checkCertified(changed(signed, without), [own.trustedRoot]);
    assert.deepEqual(checks, ['signature', 'certificate', 'certificate log', 'timestamp']);
    assert.equal(times.length, 1);
  });

  it('is refused with a certificate that no log has seen, or that was over', async () => {
    for (const options of [{ isUnlogged: true }, { certificateAge: 24 * 60 * 60 * 1000 }]) {
      await using own = await startSigstore(options);
      const signed = parseBundle(await signForTest(statement, own), 'the bundle');
      const error = await refusal(checkCertified(signed, [own.trustedRoot]));
      assert.match(error.message, /^the certificate was not issued by a trusted authority, /);
    }
  });
});

describe('a bundle that is signed with a key', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = createPublicKey(privateKey);
  const fingerprintOf = (one: KeyObject) =>
    `sha256:${createHash('sha256')
      .update(one.export({ type: 'spki', format: 'der' }))
      .digest('hex')}`;
  const signedBy = { kind: 'key', fingerprint: fingerprintOf(key) };
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  async function sign(sigstore?: Sigstore): Promise<UncheckedBundle> {
    const tools = openSigningTools({ reporter: silentReporter });
    const trust =
      sigstore === undefined
        ? undefined
        : readTrustConfiguration(sigstore.trustConfiguration, 'the configuration');
    const signer = createKeySigner(readSigningKey(pem), tools, trust);
    const bytes = await signer.sign(statement).finally(() => tools.close());
    return parseBundle(bytes, 'the bundle');
  }

  it('needs nobody else', async () => {
    assert.deepEqual(await checkKeyed(await sign(), key, []), {
      statement,
      signedBy,
      times: [],
      checks: ['signature'],
    });
  });

  it('is refused with another key', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { code, message } = await refusal(checkKeyed(await sign(), publicKey, []));
    assert.deepEqual(
      [code, message],
      ['SIGNATURE_INVALID', `the signature was not made with the key ${fingerprintOf(publicKey)}`],
    );
  });

  it('is held against the log of a root, where one is named', async () => {
    await using sigstore = await startSigstore();
    await using other = await startSigstore();
    const bundle = await sign(sigstore);
    for (const roots of [[sigstore.trustedRoot], [other.trustedRoot, sigstore.trustedRoot]]) {
      const { times, ...rest } = await checkKeyed(bundle, key, roots);
      assert.deepEqual(rest, { statement, signedBy, checks: ['signature', 'log entry', 'timestamp'] });
      assert.equal(times.length, 1);
    }
    const first = await refusal(checkKeyed(bundle, key, [other.trustedRoot]));
    assert.equal(first.code, 'SIGNATURE_INVALID');
    const unlogged = await refusal(checkKeyed(await sign(), key, [sigstore.trustedRoot]));
    assert.match(unlogged.message, /^no trusted transparency log has the signature \(/);
  });

  it('is believed without a log by a root that has none', async () => {
    await using sigstore = await startSigstore({ hasNoLog: true });
    const found = await checkKeyed(await sign(), key, [sigstore.trustedRoot]);
    assert.deepEqual(found, { statement, signedBy, times: [], checks: ['signature'] });
  });

  it('is not one that has a certificate', async () => {
    await using sigstore = await startSigstore();
    const certified = parseBundle(await signForTest(statement, sigstore), 'the bundle');
    const own = await sign(sigstore);
    const error = await refusal(
      checkKeyed({ ...own, document: certified.document }, key, [sigstore.trustedRoot]),
    );
    assert.equal(error.message, 'expected a signature with a key, got another');
  });
});
