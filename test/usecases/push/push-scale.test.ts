// What a push asks about an image that the registry has under another tag, and about one of which it has lost a part.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { pushImage } from '../../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { startRegistry } from '../../support/registry.ts';
import type { Registry } from '../../support/registry.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';

async function push(registry: Registry, image: SampleImage, tag: string, lookAtAll = false): Promise<void> {
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: silentReporter,
  });
  try {
    const reference = parseReference(`${registry.host}/a:${tag}`);
    await pushImage(image.source, image.root, [reference], { client, reporter: silentReporter, lookAtAll });
  } finally {
    await client.close();
  }
}

describe('an image that is under another tag', () => {
  it('costs no request for each of its thousand layers', async () => {
    const image = sampleImage({ layers: Array.from({ length: 1000 }, (_, at) => at + 1) });
    await using registry = await startRegistry();
    storeImage(registry.store, 'a', image, 'one');
    await push(registry, image, 'two');
    assert.equal(registry.store.tags('a').two, image.root.digest);
    assert.equal(registry.requests.length, 3);
    registry.assertRules();
  });

  it('is made whole when a layer was lost', async () => {
    const image = sampleImage({ layers: Array.from({ length: 10 }, (_, at) => at + 1) });
    await using registry = await startRegistry();
    storeImage(registry.store, 'a', image, 'one');
    const lost = image.layers[3]?.digest;
    assert.ok(lost);
    registry.store.repository('a').blobs.delete(lost);
    await push(registry, image, 'two');
    registry.store.pull('a', 'two');
    registry.assertRules('manifest-before-content');
  });
});

describe('an image at its tag of which the registry lost a layer', () => {
  for (const lookAtAll of [true, false]) {
    it(`is ${lookAtAll ? 'made whole when everything is looked at' : 'taken for whole otherwise'}`, async () => {
      const image = sampleImage();
      await using registry = await startRegistry();
      storeImage(registry.store, 'a', image, 'one');
      const lost = image.layers[0]?.digest;
      assert.ok(lost);
      registry.store.repository('a').blobs.delete(lost);
      await push(registry, image, 'one', lookAtAll);
      if (lookAtAll) registry.store.pull('a', 'one');
      else assert.throws(() => registry.store.pull('a', 'one'));
      registry.assertRules();
    });
  }
});
