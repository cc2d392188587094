// What previous images say of their layers: which failures are none, and when a layer on disk counts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { PreviousLayers } from '../../../src/adapters/layers/previous-layers.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { notingReporter } from '../../support/noting-reporter.ts';

const tar = Buffer.alloc(1024, 7);
const diffId = digestOf(tar);
const compression = parseCompression('none');

function imageIn(store: MemoryStore) {
  const layer = store.add(mediaTypes.layerTar, tar);
  const config = store.add(
    mediaTypes.config,
    encodeJson({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } }),
  );
  const document = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };
  return { layer, root: store.add(mediaTypes.manifest, encodeJson(document)) };
}

const key = (of: Digest = diffId) => ({ diffId: of, contentSize: 1 });

describe('layers of previous images', () => {
  it('are none where there is no image', async () => {
    const reporter = notingReporter();
    const layers = new PreviousLayers({ compression, reporter });
    await layers.read(() => Promise.resolve(undefined));
    assert.deepEqual([layers.mayHave(), await layers.find(key()), reporter.debugged], [false, undefined, []]);
  });

  it('are found by their diff ID, with their bytes where these are on this machine', async () => {
    for (const isLocal of [true, false]) {
      const store = new MemoryStore();
      const { layer, root } = imageIn(store);
      const layers = new PreviousLayers({ compression, reporter: notingReporter() });
      await layers.read(() => Promise.resolve({ source: store, roots: [root], isLocal }));
      assert.equal(layers.mayHave(), true);
      const found = await layers.find(key());
      assert.deepEqual(found?.descriptor, layer);
      assert.equal(found.open !== undefined, isLocal);
      assert.equal(await layers.find(key(layer.digest.replace(/.$/, '0') as Digest)), undefined);
    }
  });

  it('are those of the roots that can be read', async () => {
    const store = new MemoryStore();
    const { root } = imageIn(store);
    const broken = store.add(mediaTypes.index, Buffer.from('{'));
    const reporter = notingReporter();
    const layers = new PreviousLayers({ compression, reporter });
    await layers.read(() => Promise.resolve({ source: store, roots: [broken, root], isLocal: false }));
    assert.ok((await layers.find(key())) !== undefined);
    assert.equal(reporter.debugged.length, 1);
    assert.match(reporter.debugged[0] ?? '', /^no layer of the previous image is reused: index sha256:/);
  });

  it('are given up with the build', async () => {
    const reason = new Error('enough');
    const store = new MemoryStore();
    const { root } = imageIn(store);
    const layers = new PreviousLayers({
      compression,
      reporter: notingReporter(),
      signal: AbortSignal.abort(reason),
    });
    await layers.read(() => Promise.resolve({ source: store, roots: [root], isLocal: true }));
    await assert.rejects(layers.find(key()), reason);
  });

  it('fail with what will be wrong later, too', async () => {
    const layers = new PreviousLayers({ compression, reporter: notingReporter() });
    for (const error of [
      new BimaError('INTERRUPTED', 'enough'),
      new BimaError('INPUT_INVALID', 'wrong'),
      new TypeError('oops'),
    ])
      await assert.rejects(
        layers.read(() => Promise.reject(error)),
        error,
      );
    await layers.read(() => Promise.reject(new BimaError('REGISTRY_DENIED', 'no')));
  });
});
