// One image as it is read: its documents have to fit each other.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { readIfImage, readImage } from '../../../src/core/oci/image.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { parseManifest } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { bytesOf, sampleImage } from '../../support/sample-image.ts';

function sourceOf(...blobs: readonly Blob[]): Source {
  const known = new Map(blobs.map((blob) => [blob.descriptor.digest, blob]));
  return {
    name: 'here',
    open: (descriptor) => known.get(descriptor.digest) ?? assert.fail(descriptor.digest),
  };
}

function imageOf(diffIds: number, layers: readonly Descriptor[], mediaType: string = mediaTypes.manifest) {
  const config = blobOf(
    mediaTypes.config,
    encodeJson({
      ...{ os: 'linux', architecture: 'amd64' },
      rootfs: {
        type: 'layers',
        diff_ids: Array.from({ length: diffIds }, () => digestOf(Buffer.from('tar'))),
      },
    }),
  );
  const manifest = blobOf(mediaType, encodeJson({ schemaVersion: 2, config: config.descriptor, layers }));
  return { config, manifest, source: sourceOf(config, manifest) };
}

describe('readImage', () => {
  it('reads manifest and config, and gives each layer its diff ID', async () => {
    const image = sampleImage({ tars: [Buffer.alloc(1024), Buffer.alloc(2048)] });
    const [config] = image.configs;
    assert.ok(config);
    const diffIds = [digestOf(Buffer.alloc(1024)), digestOf(Buffer.alloc(2048))];
    const read = await readImage(image.source, image.root);
    assert.deepEqual(read, {
      manifest: parseManifest(bytesOf(image, image.root.digest), 'm'),
      config: {
        platform: { os: 'linux', architecture: 'amd64' },
        created: '2024-01-01T00:00:00Z',
        labels: { seed: 'sample' },
        diffIds,
      },
      configBytes: Buffer.from(bytesOf(image, config.digest)),
      layers: image.layers.map((descriptor, at) => ({ descriptor, diffId: diffIds[at] })),
    });
    assert.deepEqual(await readIfImage(image.source, image.root), read);
  });

  it('does not read a manifest that is known', async () => {
    const { source, manifest, config } = imageOf(0, []);
    const known = parseManifest(await readDocument(manifest, 'x'), 'm');
    const read = await readImage(sourceOf(config), manifest.descriptor, known);
    assert.deepEqual(read, await readImage(source, manifest.descriptor));
  });

  for (const [diffIds, layers] of [
    [0, 1],
    [2, 1],
    [1, 0],
  ] as const)
    it(`refuses a config of ${diffIds} layers for ${layers}`, async () => {
      const layer = blobOf(mediaTypes.layerTar, Buffer.from('x')).descriptor;
      const { source, manifest, config } = imageOf(diffIds, layers === 0 ? [] : [layer]);
      await assert.rejects(readImage(source, manifest.descriptor), {
        code: 'LAYOUT_INVALID',
        message: `expected ${layers} layers in the config ${config.descriptor.digest}, got ${diffIds}`,
      });
    });

  it('names the document that is wrong, and where it is', async () => {
    const manifest = blobOf(mediaTypes.manifest, encodeJson({ schemaVersion: 1 }));
    await assert.rejects(readImage(sourceOf(manifest), manifest.descriptor), {
      message: `manifest ${manifest.descriptor.digest}: expected "schemaVersion" 2, got 1`,
    });
    const config = blobOf(mediaTypes.config, encodeJson({}));
    const other = blobOf(
      mediaTypes.manifest,
      encodeJson({ schemaVersion: 2, config: config.descriptor, layers: [] }),
    );
    await assert.rejects(readImage(sourceOf(other, config), other.descriptor), {
      message: `config ${config.descriptor.digest} has no "os" and "architecture"`,
    });
    const damaged = { ...manifest, descriptor: { ...manifest.descriptor, size: 1 } };
    await assert.rejects(readImage(sourceOf(damaged), damaged.descriptor), {
      code: 'DIGEST_MISMATCH',
      message: /^here: /,
    });
    const damagedConfig = { ...config, open: () => blobOf('x', Buffer.from('[]')).open() };
    await assert.rejects(readImage(sourceOf(other, damagedConfig), other.descriptor), {
      code: 'DIGEST_MISMATCH',
      message: /^here: /,
    });
  });
});

describe('readIfImage', () => {
  it('opens nothing that is no manifest, and no config of what is no image', async () => {
    const index = blobOf(mediaTypes.index, Buffer.from('{}'));
    assert.equal(await readIfImage(sourceOf(), index.descriptor), undefined);
    const statement = blobOf('application/vnd.in-toto+json', Buffer.from('{}'));
    const { manifest } = imageOf(1, [statement.descriptor]);
    assert.equal(await readIfImage(sourceOf(manifest), manifest.descriptor), undefined);
  });
});
