// A bundle is taken over by a re-run if it says the same of the same image, by the same workflow at the same commit.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseDigest } from '../../../src/core/oci/digest.ts';
import { readCertificateIdentity } from '../../../src/core/trust/certificate-identity.ts';
import { encodeStatement, predicateTypes } from '../../../src/core/trust/in-toto-statement.ts';
import { parseBundle } from '../../../src/core/trust/signed-statement.ts';
import { isReusable } from '../../../src/usecases/verify/reusable-bundle.ts';
import type { WantedBundle } from '../../../src/usecases/verify/reusable-bundle.ts';
import { parseTrustedRoots } from '../../../src/usecases/verify/trusted-roots.ts';
import { signForTest } from '../../support/sigstore/sign.ts';
import { startSigstore } from '../../support/sigstore/sigstore.ts';

const image = parseDigest(`sha256:${'a'.repeat(64)}`);
const predicateType = predicateTypes.signature;
const statement = encodeStatement({ subject: { name: 'x', digest: image }, predicateType, predicate: {} });

describe('a bundle of an earlier run', () => {
  it('is taken over for the same image, type, workflow and commit, and for nothing else', async () => {
    await using sigstore = await startSigstore();
    await using other = await startSigstore();
    const [bytes, next] = [
      await signForTest(statement, sigstore),
      await signForTest(statement, sigstore, { claims: { sha: '2'.repeat(40), run_id: '43' } }),
    ];
    const again = await signForTest(statement, sigstore, { claims: { run_id: '44', run_attempt: '2' } });
    const identityOf = (bundle: Uint8Array) =>
      readCertificateIdentity(parseBundle(bundle, 'it').certificate ?? assert.fail());
    const wanted: WantedBundle = {
      ...{ image, predicateType },
      signer: { kind: 'certificate', identity: identityOf(again) },
    };
    const roots = [sigstore.trustedRoot];
    assert.equal(await isReusable(bytes, wanted, roots), true);
    assert.equal(await isReusable(bytes, { ...wanted, statement }, roots), true);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const others: readonly WantedBundle[] = [
      { ...wanted, image: parseDigest(`sha256:${'b'.repeat(64)}`) },
      { ...wanted, predicateType: predicateTypes.spdx },
      { ...wanted, statement: Buffer.from('{}') },
      { ...wanted, signer: { kind: 'certificate', identity: identityOf(next) } },
      { ...wanted, signer: { kind: 'key', key: publicKey } },
    ];
    for (const one of others) assert.equal(await isReusable(bytes, one, roots), false);
    assert.equal(await isReusable(bytes, wanted, [other.trustedRoot]), false);
    assert.equal(await isReusable(Buffer.from('{}'), wanted, roots), false);
  });
});

describe('trusted roots of a file', () => {
  it('are one, one in a trust configuration, or several on a line each', async () => {
    await using sigstore = await startSigstore({ hasNoLog: true });
    const { trustedRoot, trustConfiguration } = sigstore;
    const read = (text: string) => parseTrustedRoots(Buffer.from(text), 'it').length;
    assert.equal(read(JSON.stringify(trustedRoot, null, 2)), 1);
    assert.equal(read(JSON.stringify(trustConfiguration)), 1);
    assert.equal(read(`${JSON.stringify(trustedRoot)}\n${JSON.stringify(trustedRoot)}\n`), 2);
    for (const text of ['', '{}', '[]', 'x', '{"trustedRoot":1}'])
      assert.throws(() => read(text), { code: 'TRUST_CONFIGURATION_INVALID' }, text);
  });
});
