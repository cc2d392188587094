// What the action sends before its push, and when it doesn't.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BimaError } from '../../src/core/errors.ts';
import { temporaryFolder } from '../support/folder.ts';
import { largeContext } from '../support/large-context.ts';
import { problem, startRegistry } from '../support/registry.ts';
import { runInputs, runWithLines } from '../support/run-inputs.ts';
import { verifyLayout } from '../support/verify-layout.ts';

describe('a run of the action with large layers', () => {
  it('sends each blob once, and has the layout that is wanted besides', async (test) => {
    await using registry = await startRegistry();
    const layout = join(temporaryFolder(test), 'layout');
    const tags = `${registry.host}/a/b:1 ${registry.host}/c/d:1`;
    const inputs = { context: largeContext(test), push: 'true', tags, 'oci-layout': layout };
    const { digest } = await runInputs(test, inputs);
    assert.equal(registry.count('PUT', /a\/b\/blobs\/uploads/), 4);
    assert.equal(registry.count('PUT', /c\/d\/blobs\/uploads/), 0);
    for (const name of ['a/b', 'c/d']) {
      assert.equal(registry.store.tags(name)['1'], digest);
      registry.store.pull(name, '1');
    }
    assert.equal(verifyLayout(layout)[0]?.entry.digest, digest);
    registry.assertRules();
  });

  for (const [name, push, event] of [
    ['push is false', 'false', 'push'],
    ["push is auto, in a fork's pull request", 'auto', 'pull-request-fork'],
  ] as const) {
    it(`asks no registry when ${name}`, async (test) => {
      await using registry = await startRegistry();
      const inputs = { context: largeContext(test), push, tags: `${registry.host}/a/b:1` };
      const { outputs } = await runWithLines(test, inputs, {}, event);
      assert.equal(outputs.pushed, 'false');
      assert.equal(registry.requests.length, 0);
    });
  }

  it('makes everything else when the push is refused, and fails with it', async (test) => {
    await using registry = await startRegistry({
      intercept: ({ method }) => (method === 'POST' ? problem(403, 'DENIED') : undefined),
    });
    const tar = join(temporaryFolder(test), 'image.tar');
    const inputs = { context: largeContext(test), push: 'true', tags: `${registry.host}/a/b:1`, tar };
    await assert.rejects(
      runInputs(test, inputs),
      (error) => error instanceof BimaError && error.code === 'REGISTRY_DENIED',
    );
    assert.ok(existsSync(tar));
    assert.deepEqual(registry.store.tags('a/b'), {});
  });
});
