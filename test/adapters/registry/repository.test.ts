// What one repository of a client does once for all who ask.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { blobOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import type { RegistryClient } from '../../../src/adapters/registry/client.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';
import { startRegistry } from '../../support/registry.ts';

const blob = blobOf(mediaTypes.layerTar, Buffer.from('content'));

function openClient(test: TestContext): RegistryClient {
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: silentReporter,
    clock: createFastClock(),
  });
  test.after(() => client.close());
  return client;
}

describe('a client', () => {
  it('has one repository for each name and way of access', (test) => {
    const client = openClient(test);
    const name = { registry: 'reg.test', repository: 'a/b' };
    const first = client.repository(name, { access: 'push' });
    assert.equal(client.repository({ ...name }, { access: 'push' }), first);
    assert.notEqual(client.repository(name), first);
    assert.notEqual(client.repository({ ...name, repository: 'a/c' }, { access: 'push' }), first);
  });
});

describe('a blob that is put twice', () => {
  it('is sent once, at the same time and later, and both hear what was done', async (test) => {
    await using registry = await startRegistry();
    const repository = openClient(test).repository(
      { registry: registry.host, repository: 'a/b' },
      { access: 'push' },
    );
    const [one, other] = await Promise.all([repository.put(blob), repository.put(blob)]);
    assert.equal(one.stored, 'pushed');
    assert.deepEqual(other, one);
    assert.deepEqual(await repository.put(blob), one);
    assert.equal(registry.count('PUT', /uploads/), 1);
    assert.equal(registry.count('HEAD', /blobs/), 1);
  });

  it('is sent again where its registry was found not to have it', async (test) => {
    await using registry = await startRegistry();
    const repository = openClient(test).repository(
      { registry: registry.host, repository: 'a/b' },
      { access: 'push' },
    );
    await repository.put(blob);
    registry.store.repository('a/b').blobs.clear();
    await repository.put(blob, { force: true });
    assert.ok(registry.store.repository('a/b').blobs.has(blob.descriptor.digest));
  });

  it('is tried again after a failure', async (test) => {
    let refusals = 0;
    await using registry = await startRegistry({
      intercept: ({ method }) => (method === 'POST' && refusals++ === 0 ? { status: 418 } : undefined),
    });
    const repository = openClient(test).repository(
      { registry: registry.host, repository: 'a/b' },
      { access: 'push' },
    );
    await assert.rejects(repository.put(blob), /418/);
    assert.equal((await repository.put(blob)).stored, 'pushed');
  });
});

describe('looks at a tag', () => {
  it('are one when they are at the same time, and each anew afterwards', async (test) => {
    await using registry = await startRegistry();
    const image = sampleImage();
    const repository = openClient(test).repository({ registry: registry.host, repository: 'a/b' });
    const before = await Promise.all([repository.describe('v1'), repository.describe('v1')]);
    assert.deepEqual(before, [undefined, undefined]);
    assert.equal(registry.count('HEAD', /manifests/), 1);
    storeImage(registry.store, 'a/b', image, 'v1');
    assert.equal((await repository.describe('v1'))?.digest, image.root.digest);
  });
});
