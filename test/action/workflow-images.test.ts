// The action with a base image: what is fetched, what the output `layout` says, and where the runner keeps it.

import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startBaseRegistry } from '../support/base-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { runInputs } from '../support/run-inputs.ts';
import { verifyLayout } from '../support/verify-layout.ts';

describe('the action on a base image', () => {
  it('leaves its layers where they are when the image is only pushed, and says that there is no layout', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { registry, context } = setup;
    const given = { context, strict: 'false', push: 'true', tags: `${registry.host}/own/app:1` };
    const outputs = await runInputs(test, given);
    assert.equal(setup.downloads(), 0);
    assert.equal(outputs.layout, '');
    assert.equal(outputs.pushed, 'true');
    assert.equal(registry.store.tags('own/app')['1'], outputs.digest);
    registry.store.pull('own/app', '1');
    registry.assertRules();
  });

  for (const [name, more] of [
    ['is not pushed', { push: 'false' }],
    ['is wanted as a layout too', { push: 'true', 'oci-layout': 'layout' }],
    ['is wanted as an archive too', { push: 'true', tar: 'image.tar' }],
    ['gets a bill of materials', { push: 'true', sbom: 'true' }],
  ] as const) {
    it(`has a whole layout when the image ${name}`, async (test) => {
      await using setup = await startBaseRegistry(test);
      const { registry, context, layers } = setup;
      const folder = temporaryFolder(test);
      const placed = Object.entries(more).map(([input, value]) => {
        return [input, input === 'tar' || input === 'oci-layout' ? join(folder, value) : value];
      });
      const outputs = await runInputs(test, {
        ...{ context, strict: 'false', tags: `${registry.host}/own/app:1` },
        ...(Object.fromEntries(placed) as Record<string, string>),
      });
      assert.equal(setup.downloads(), layers.length);
      const [image] = verifyLayout(outputs.layout ?? '');
      assert.equal(image?.entry.digest, outputs.digest);
    });
  }

  it('keeps what it fetched beside the tools of the runner', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { registry, context, layers } = setup;
    const tools = temporaryFolder(test);
    const given = { context, strict: 'false', tags: `${registry.host}/own/app:1` };
    const first = await runInputs(test, given, { RUNNER_TOOL_CACHE: tools });
    const second = await runInputs(test, given, { RUNNER_TOOL_CACHE: tools });
    assert.equal(first.digest, second.digest);
    assert.equal(setup.downloads(), layers.length);
    // The manifest and the config are there besides.
    assert.equal(readdirSync(join(tools, 'bima/blobs/sha256')).length, layers.length + 2);
  });

  it(
    'does without a cache where it may not write',
    { skip: process.getuid?.() === 0 && 'root may write anywhere' },
    async (test) => {
      await using setup = await startBaseRegistry(test);
      const tools = temporaryFolder(test);
      chmodSync(tools, 0o500);
      const given = { context: setup.context, strict: 'false', tags: `${setup.registry.host}/own/app:1` };
      const { layout = '' } = await runInputs(test, given, { RUNNER_TOOL_CACHE: tools });
      verifyLayout(layout);
    },
  );
});
