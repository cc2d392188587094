// A run takes over what it would sign itself, and nothing that doesn't verify: anybody who can push may have put it there.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { findIdentitySource } from '../../../src/adapters/sigstore/workflow-token.ts';
import { isObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { encodeBundleManifest } from '../../../src/core/trust/bundle-manifest.ts';
import { readSigningKey } from '../../../src/core/trust/signing-key.ts';
import { readTrustConfiguration } from '../../../src/core/trust/trust-configuration.ts';
import { attestImage } from '../../../src/usecases/attest/attest.ts';
import type { ImageStatement } from '../../../src/usecases/attest/attest.ts';
import { findOwnBundles } from '../../../src/usecases/attest/own-bundles.ts';
import { keylessSignerOf, keySignerOf } from '../../../src/usecases/attest/run-signer.ts';
import type { RunSigner } from '../../../src/usecases/attest/run-signer.ts';
import { sampleImage } from '../../support/sample-image.ts';
import { newKey } from '../../support/signed-image.ts';
import type { Claims } from '../../support/sigstore/issuer.ts';
import { signForTest } from '../../support/sigstore/sign.ts';
import { startSigstore } from '../../support/sigstore/sigstore.ts';
import type { Sigstore, SigstoreDocuments } from '../../support/sigstore/sigstore.ts';

const image = sampleImage({ architectures: ['amd64'], layers: [100] });

/** That the image is signed. */
async function signatureStatement(): Promise<ImageStatement> {
  const references = [parseReference('ghcr.io/owner/app:1')];
  const { statements } = await attestImage(image.source, image.root, {
    ...{ references, created: 0, isToBeSigned: true },
  });
  return statements[0] ?? assert.fail();
}

function toolsFor(test: TestContext) {
  const tools = openSigningTools({ reporter: silentReporter });
  test.after(() => tools.close());
  return tools;
}

/** @param root what bundles are held against, in place of the services' own */
function signerOf(
  test: TestContext,
  services: Sigstore,
  claims: Claims = {},
  root?: JsonObject,
): Promise<RunSigner> {
  const source = findIdentitySource(services.issuer.environment(claims)) ?? assert.fail();
  const trust = trustOf(services);
  return keylessSignerOf(source, { ...trust, trustedRoot: root ?? trust.trustedRoot }, toolsFor(test));
}

function trustOf({ trustConfiguration }: SigstoreDocuments) {
  return readTrustConfiguration(trustConfiguration, 'trust');
}

/** What is found where these bundles refer to the image; the last is looked at first. */
async function foundAmong(
  bundles: readonly Uint8Array[],
  signer: RunSigner,
): Promise<Uint8Array | undefined> {
  const statement = await signatureStatement();
  const { about, predicateType } = statement;
  const made = bundles.map((bundle) => encodeBundleManifest(about, predicateType, bundle, 0));
  const source = withBlobs(
    image.source,
    made.flatMap(({ blobs }) => blobs),
  );
  const referrers = made.map(({ referrer }) => referrer);
  const place = { source, referrersOf: () => Promise.resolve(referrers) };
  const found = await findOwnBundles([statement], signer, { place, reporter: silentReporter });
  return found.get(statement)?.bundle;
}

function changeMaterial(bundle: Uint8Array, change: (material: JsonObject) => JsonObject): Uint8Array {
  const document = JSON.parse(Buffer.from(bundle).toString()) as { verificationMaterial: JsonObject };
  const { verificationMaterial: material } = document;
  return Buffer.from(JSON.stringify({ ...document, verificationMaterial: change(material) }));
}

/** The entry of another signature. */
function withEntriesOf(bundle: Uint8Array, other: Uint8Array): Uint8Array {
  const { verificationMaterial } = JSON.parse(Buffer.from(other).toString()) as {
    verificationMaterial: JsonObject;
  };
  const { tlogEntries } = verificationMaterial;
  return changeMaterial(bundle, (material) => ({ ...material, tlogEntries }));
}

describe('a run of a workflow', () => {
  it('takes over what verifies, and finds it among bundles that do not', async (test) => {
    await using services = await startSigstore();
    const { bytes } = await signatureStatement();
    const [good, next] = [await signForTest(bytes, services), await signForTest(bytes, services)];
    const timestampsOf = (bundle: Uint8Array) =>
      (JSON.parse(Buffer.from(bundle).toString()) as { verificationMaterial: JsonObject })
        .verificationMaterial.timestampVerificationData;
    // All of them are by the very signer, over the very statement: no more than the proofs are wrong.
    const wrong: Readonly<Record<string, Uint8Array>> = {
      'no log entry': changeMaterial(good, (material) => ({ ...material, tlogEntries: [] })),
      'the log entry of another signature': withEntriesOf(good, next),
      'no timestamp': changeMaterial(good, (material) => ({ ...material, timestampVerificationData: {} })),
      'the timestamp of another signature': changeMaterial(good, (material) => ({
        ...material,
        timestampVerificationData: timestampsOf(next),
      })),
      'an inclusion proof that does not hold': changeMaterial(next, (material) => ({
        ...material,
        tlogEntries: breakProofs(material.tlogEntries),
      })),
    };
    const signer = await signerOf(test, services, { run_id: '43' });
    for (const [what, bundle] of Object.entries(wrong))
      assert.equal(await foundAmong([bundle], signer), undefined, what);
    assert.deepEqual(await foundAmong([good, ...Object.values(wrong)], signer), good);
  });

  it('takes over nothing whose certificate was over, was in no log, or is of another sigstore', async (test) => {
    const { bytes } = await signatureStatement();
    await using sound = await startSigstore();
    await using expired = await startSigstore({ certificateAge: 3_600_000 });
    await using unlogged = await startSigstore({ isUnlogged: true });
    for (const [services, { trustConfiguration }, isTaken] of [
      [sound, sound, true],
      [sound, expired, false],
      [expired, expired, false],
      [unlogged, unlogged, false],
    ] as const) {
      const { trustedRoot } = readTrustConfiguration(trustConfiguration, 'trust');
      const signer = await signerOf(test, services, {}, trustedRoot);
      const found = await foundAmong([await signForTest(bytes, services)], signer);
      assert.equal(found !== undefined, isTaken);
    }
  });

  it('takes over nothing of another commit, ref or workflow', async (test) => {
    await using services = await startSigstore();
    const { bytes } = await signatureStatement();
    const bundle = await signForTest(bytes, services);
    const others: readonly Claims[] = [
      { sha: '2'.repeat(40) },
      { ref: 'refs/heads/other' },
      { job_workflow_ref: 'owner/app/.github/workflows/other.yml@refs/heads/main' },
    ];
    for (const claims of others)
      assert.equal(await foundAmong([bundle], await signerOf(test, services, claims)), undefined);
  });
});

describe('a run with a key', () => {
  it('takes over what its key has signed, and with a log nothing that the log has not', async (test) => {
    await using services = await startSigstore();
    const tools = toolsFor(test);
    const { bytes } = await signatureStatement();
    const key = readSigningKey(newKey());
    const [alone, logged] = [keySignerOf(key, tools, undefined), keySignerOf(key, tools, trustOf(services))];
    const [bare, seen, next] = [await alone.sign(bytes), await logged.sign(bytes), await logged.sign(bytes)];
    assert.deepEqual(await foundAmong([bare], alone), bare);
    assert.deepEqual(await foundAmong([seen], alone), seen);
    assert.deepEqual(await foundAmong([bare, seen], logged), seen);
    assert.equal(await foundAmong([bare], logged), undefined);
    assert.equal(await foundAmong([withEntriesOf(seen, next)], logged), undefined);
    const other = keySignerOf(readSigningKey(newKey()), tools, undefined);
    assert.equal(await foundAmong([bare, seen], other), undefined);
  });
});

/** Of the second entry of a log, whose proof has a hash. */
function breakProofs(entries: unknown): unknown {
  const list: readonly unknown[] = Array.isArray(entries) ? entries : [];
  return list.map((entry) => {
    assert.ok(isObject(entry) && isObject(entry.inclusionProof));
    const hashes = [Buffer.alloc(32).toString('base64')];
    return { ...entry, inclusionProof: { ...entry.inclusionProof, hashes } };
  });
}
