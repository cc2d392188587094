// The bundle of the libraries that verify, which the action loads when it verifies: whole, and on its own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.ts';
import { signForTest } from '../support/sigstore/sign.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';

const script = `
const trust = require(process.argv[2]);
const { root, bundle } = JSON.parse(require('node:fs').readFileSync(process.argv[3], 'utf8'));
const verifier = new trust.Verifier(trust.toTrustMaterial(trust.TrustedRoot.fromJSON(root)));
const { identity } = verifier.verify(trust.toSignedEntity(trust.bundleFromJSON(bundle)));
const seed = JSON.parse(Buffer.from(trust.sigstoreSeed, 'base64').toString());
console.log(identity.subjectAlternativeName, seed.signed._type, typeof trust.Updater, typeof trust.DownloadHTTPError);
`;

describe('dist/trust.cjs', () => {
  it('verifies a bundle, and brings the root that all others follow from', async (test) => {
    await using sigstore = await startSigstore();
    const folder = temporaryFolder(test);
    const bundle: unknown = JSON.parse(
      Buffer.from(await signForTest(Buffer.from('{}'), sigstore)).toString(),
    );
    const [program, input] = [join(folder, 'use.cjs'), join(folder, 'input.json')];
    writeFileSync(program, script);
    writeFileSync(input, JSON.stringify({ root: sigstore.trustedRoot, bundle }));
    const trust = resolve(import.meta.dirname, '../../dist/trust.cjs');
    const out = execFileSync(process.execPath, [program, trust, input], { encoding: 'utf8' });
    assert.match(out, /^https:\/\/github\.com\/owner\/app\S+ root function function\n$/);
  });
});
