// The servers of the tests are worth something only if a verifier that nobody here wrote believes them.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';
import { isObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { requestOf, sendToLog, wrongRequests } from './log-requests.ts';
import { signForTest } from './sign.ts';
import { startSigstore } from './sigstore.ts';
import type { Sigstore, SigstoreOptions } from './sigstore.ts';

const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}');
const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';

function verify(bytes: Uint8Array, { trustedRoot, issuer }: Sigstore, logs = 1): void {
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(trustedRoot)), { tlogThreshold: logs });
  const signed = toSignedEntity(bundleFromJSON(JSON.parse(Buffer.from(bytes).toString())));
  verifier.verify(signed, { subjectAlternativeName: workflow, extensions: { issuer: issuer.url } });
}

async function refusal(
  options: SigstoreOptions,
  change?: (bundle: JsonObject) => JsonObject,
): Promise<RegExp | string> {
  await using own = await startSigstore(options);
  const bundle = await signForTest(statement, own, change === undefined ? {} : { change });
  try {
    verify(bundle, own);
    return 'none';
  } catch (error) {
    return isObject(error) && typeof error.code === 'string' ? error.code : String(error);
  }
}

describe("sigstore's servers", () => {
  let sigstore: Sigstore;
  before(async () => {
    sigstore = await startSigstore();
  });
  after(() => sigstore[Symbol.asyncDispose]());

  it('make bundles that @sigstore/verify believes, one after the other', async () => {
    for (let count = 0; count < 5; count += 1) verify(await signForTest(statement, sigstore), sigstore);
    assert.equal(sigstore.rekor.entries.length, 5);
  });

  it('make no bundle that fits another identity', async () => {
    const claims = { job_workflow_ref: 'owner/app/.github/workflows/other.yml@refs/heads/main' };
    const bundle = await signForTest(statement, sigstore, { claims });
    assert.throws(() => {
      verify(bundle, sigstore);
    }, /identity/i);
  });

  it('give nothing to a token of another issuer, another audience or another time', async () => {
    await using other = await startSigstore();
    await assert.rejects(
      signForTest(statement, { ...sigstore, issuer: other.issuer }),
      /400 .*identity token/,
    );
    for (const claims of [{ aud: 'elsewhere' }, { exp: 1 }, { nbf: 9e9 }])
      await assert.rejects(signForTest(statement, sigstore, { claims }), /400 .*identity token/);
  });

  it('log no signature that does not hold, and none twice', async () => {
    const { url, entries } = sigstore.rekor;
    const before = entries.length;
    const request = requestOf(entries[0] ?? assert.fail());
    const again = await sendToLog(url, request);
    assert.deepEqual([again.status, again.headers.get('x-log-index')], [409, '0']);
    for (const wrong of wrongRequests(request)) {
      const { status } = await sendToLog(url, wrong);
      assert.equal(status, 400, JSON.stringify(wrong));
    }
    assert.equal(entries.length, before);
  });

  it('have variants that are refused', async () => {
    assert.equal(await refusal({}), 'none');
    assert.equal(await refusal({ certificateAge: 3600_000 }), 'CERTIFICATE_ERROR');
    assert.equal(await refusal({ isUnlogged: true }), 'CERTIFICATE_ERROR');
    assert.equal(await refusal({ hasNoLog: true }), 'TLOG_INCLUSION_PROOF_ERROR');
    const changed = (bundle: JsonObject): JsonObject => {
      const envelope = isObject(bundle.dsseEnvelope) ? bundle.dsseEnvelope : assert.fail();
      return { ...bundle, dsseEnvelope: { ...envelope, payload: Buffer.from('{}').toString('base64') } };
    };
    assert.match(String(await refusal({}, changed)), /SIGNATURE_ERROR|TLOG_BODY_ERROR/);
  });
});
