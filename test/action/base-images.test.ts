// The action with a base image: what is fetched, what the output `layout` says, and where the runner keeps it.

import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readInputs } from '../../src/action/inputs.ts';
import { run } from '../../src/action/run.ts';
import { silentReporter } from '../../src/reporter.ts';
import { startBaseRegistry } from '../support/base-registry.ts';
import { eventFixture } from '../support/events.ts';
import { temporaryFolder } from '../support/folder.ts';
import { verifyLayout } from '../support/verify-layout.ts';

/** @returns the outputs */
async function runAction(
  test: TestContext,
  given: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const outputs: Record<string, string> = {};
  const nothing = () => undefined;
  const runner = {
    input: () => '',
    output: (name: string, value: string) => void (outputs[name] = value),
    ...{ mask: nothing, keep: nothing, line: nothing, debug: nothing, annotate: nothing },
    ...{ startGroup: nothing, endGroup: nothing, summarize: nothing },
  };
  await run(
    readInputs((input) => given[input] ?? '', {}),
    {
      environment: { GITHUB_SERVER_URL: 'https://example.com', ...environment },
      event: await eventFixture('push'),
      runner,
      reporter: silentReporter,
      folder: temporaryFolder(test),
      signal: new AbortController().signal,
    },
  );
  return outputs;
}

describe('the action on a base image', () => {
  it('leaves its layers where they are when the image is only pushed, and says that there is no layout', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { registry, context } = setup;
    const given = { context, strict: 'false', push: 'true', tags: `${registry.host}/own/app:1` };
    const outputs = await runAction(test, given);
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
      const outputs = await runAction(test, {
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
    const first = await runAction(test, given, { RUNNER_TOOL_CACHE: tools });
    const second = await runAction(test, given, { RUNNER_TOOL_CACHE: tools });
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
      const { layout = '' } = await runAction(test, given, { RUNNER_TOOL_CACHE: tools });
      verifyLayout(layout);
    },
  );
});
