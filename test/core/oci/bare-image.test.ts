import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bareImage } from '../../../src/core/oci/bare-image.ts';
import { readDocument } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';

const text = async (blob: Blob) => Buffer.from(await readDocument(blob, 'here')).toString();
const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
const settings = { Env: ['A=b'], Labels: { a: 'b' } };

describe('an image without layers', () => {
  it('has the settings, the platform and the author that it is given', async () => {
    const { config, manifest } = bareImage(settings, platform, 'somebody');
    assert.equal(config.descriptor.mediaType, 'application/vnd.oci.image.config.v1+json');
    assert.equal(
      await text(config),
      '{"author":"somebody","os":"linux","architecture":"arm","variant":"v7",' +
        '"config":{"Env":["A=b"],"Labels":{"a":"b"}},"rootfs":{"type":"layers","diff_ids":[]},"history":[]}',
    );
    assert.equal(manifest.descriptor.mediaType, 'application/vnd.oci.image.manifest.v1+json');
    assert.deepEqual(JSON.parse(await text(manifest)), {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: config.descriptor,
      layers: [],
    });
  });

  it('says nothing of an author that nobody knows', async () => {
    const { config } = bareImage({}, { os: 'linux', architecture: 'amd64' });
    assert.equal(
      await text(config),
      '{"os":"linux","architecture":"amd64","config":{},"rootfs":{"type":"layers","diff_ids":[]},"history":[]}',
    );
  });
});
