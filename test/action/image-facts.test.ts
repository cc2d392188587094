// What is said of an image, read from the image itself.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFacts } from '../../src/action/image-facts.ts';
import { sampleImage } from '../support/sample-image.ts';

describe('the facts of an image', () => {
  const sizeOf = (items: readonly { readonly size: number }[]) =>
    items.reduce((sum, { size }) => sum + size, 0);

  it('are those of a manifest', async () => {
    const image = sampleImage({ seed: 'facts', layers: [3000, 50] });
    const { root, layers, configs } = image;
    assert.deepEqual(await readFacts(image.source, root), {
      root,
      isIndex: false,
      images: [
        {
          platform: { os: 'linux', architecture: 'amd64' },
          config: configs[0]?.digest,
          labels: { seed: 'facts' },
          layerSize: sizeOf(layers),
        },
      ],
      size: sizeOf([root, ...layers, ...configs]),
    });
  });

  it('are those of each image of an index, whose parts count once', async () => {
    const image = sampleImage({ architectures: ['amd64', 'arm64'], sharedLayers: true });
    const { root, manifests, configs } = image;
    const { isIndex, images, size } = await readFacts(image.source, root);
    assert.equal(isIndex, true);
    assert.deepEqual(
      images.map(({ platform, config }) => [platform.architecture, config]),
      [
        ['amd64', configs[0]?.digest],
        ['arm64', configs[1]?.digest],
      ],
    );
    assert.equal(size, image.blobBytes + sizeOf([root, ...manifests]));
  });
});
