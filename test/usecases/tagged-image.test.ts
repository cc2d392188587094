// The image at the tags of a push: what is asked for it, and what it is.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BlobCache } from '../../src/adapters/disk/blob-cache.ts';
import { parseCompression } from '../../src/adapters/layers/compression.ts';
import { createRegistryClient } from '../../src/adapters/registry/client.ts';
import { readDocument } from '../../src/core/oci/blob.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { openImagesAt, openLayerCache, openTaggedImage } from '../../src/usecases/layer-sources.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import type { RegistryOptions } from '../support/registry.ts';
import { sampleImage, storeImage, writeSampleLayout } from '../support/sample-image.ts';

const image = sampleImage();

async function open(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: silentReporter,
    clock: createFastClock(),
  });
  return {
    registry,
    client,
    look: (...texts: readonly string[]) =>
      openTaggedImage(
        client,
        texts.map((text) => parseReference(text.replace('HOST', registry.host))),
      ),
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await registry.close();
    },
  };
}

describe('the image at the tags of a push', () => {
  it('is what the first of them that is there stands for, read once', async () => {
    await using setup = await open();
    const { registry, look } = setup;
    storeImage(registry.store, 'a/b', image, '2');
    storeImage(registry.store, 'c/d', sampleImage({ seed: 'other' }), 'latest');
    const found = await look('HOST/a/b:1', 'HOST/a/b:2', 'HOST/c/d');
    assert.ok(found !== undefined);
    assert.equal(found.isLocal, false);
    assert.deepEqual(
      found.roots.map(({ digest, mediaType, size }) => ({ digest, mediaType, size })),
      [image.root],
    );
    const requests = registry.requests.length;
    const [root] = found.roots;
    assert.ok(root !== undefined);
    // The document is at hand; what it names is in the registry.
    await readDocument(found.source.open(root), 'it');
    assert.equal(registry.requests.length, requests);
    assert.ok(registry.requests.every(({ path }) => !path.includes('/c/d/')));
    const [config] = image.configs;
    assert.ok(config !== undefined);
    await readDocument(found.source.open(config), 'it');
    assert.equal(registry.requests.length, requests + 1);
  });

  it('is that of the tag latest where none is named, and none of a digest', async () => {
    await using setup = await open();
    const { registry, look } = setup;
    storeImage(registry.store, 'c/d', image, 'latest');
    assert.equal((await look('HOST/c/d'))?.roots[0]?.digest, image.root.digest);
    assert.equal(await look(`HOST/c/d@${image.root.digest}`), undefined);
    assert.equal(await look(), undefined);
  });

  it('says that a registry is down only where it could not be reached', async () => {
    await using refusing = await open({ intercept: () => ({ status: 403 }) });
    await assert.rejects(refusing.look('HOST/a/b:1'));
    assert.equal(refusing.client.down.size, 0);
    const { client } = refusing;
    await assert.rejects(openTaggedImage(client, [parseReference('registry.invalid/a/b:1')]));
    assert.deepEqual([...client.down], ['registry.invalid']);
  });
});

describe('the images at a path', () => {
  it('are on this machine, or none', async (test) => {
    const folder = join(temporaryFolder(test), 'layout');
    assert.equal(await openImagesAt(folder), undefined);
    writeSampleLayout(folder, image, '1');
    const found = await openImagesAt(folder);
    assert.deepEqual([found?.isLocal, found?.roots[0]?.digest], [true, image.root.digest]);
  });
});

describe('the cache of layers', () => {
  it('is none without a place, and for layers that are not compressed', (test) => {
    const blobs = new BlobCache({ directory: temporaryFolder(test), reporter: silentReporter });
    const request = (text: string) => ({
      compression: parseCompression(text),
      reuse: true,
      reporter: silentReporter,
    });
    assert.equal(openLayerCache(undefined, request('gzip')), undefined);
    assert.equal(openLayerCache(blobs, request('none')), undefined);
    assert.ok(openLayerCache(blobs, request('gzip')) !== undefined);
  });
});
