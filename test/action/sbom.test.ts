// The bill of materials of a workflow: of the image as it is pushed, with what only the run knows of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { startBaseRegistry } from '../support/base-registry.ts';
import { runInputs } from '../support/run-inputs.ts';
import { locatorsOf, verifySbom } from '../support/verify-sbom.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

describe('the bill of materials of a workflow', () => {
  for (const event of ['push', 'pull-request']) {
    it(`names owner, tool, unikernel and base: ${event}`, async (test) => {
      await using setup = await startBaseRegistry(test);
      const { registry, context } = setup;
      const given = {
        context,
        strict: 'false',
        push: 'true',
        sbom: 'true',
        tags: `${registry.host}/own/app:1`,
      };
      const environment = { GITHUB_REPOSITORY: 'own/app', GITHUB_REPOSITORY_OWNER: 'own' };
      const outputs = await runInputs(test, given, environment, event);
      const sbom = verifySbom(readFileSync(outputs.sbom ?? ''));
      assert.deepEqual(sbom.creationInfo.creators, [`Tool: bima-${version}`, 'Organization: own']);
      const [image, unikernel, base] = sbom.packages;
      assert.equal(`sha256:${image?.checksums[0]?.checksumValue ?? ''}`, outputs.digest);
      assert.equal(image?.supplier, 'Organization: own');
      assert.deepEqual([unikernel?.name, unikernel?.packageFileName], ['unikraft', './kernel']);
      assert.deepEqual(
        [base?.name, base?.versionInfo, base?.supplier],
        [`${registry.host}/lib/base`, '1', 'Organization: lib'],
      );
      assert.match(locatorsOf(base ?? assert.fail())[0] ?? '', /^pkg:oci\/base@sha256%3A[0-9a-f]{64}\?/);
    });
  }
});
