// The bytes of an image's two documents (OCI image-spec, config.md and manifest.md).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDocument } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { encodeImage } from '../../../src/core/oci/encode-image.ts';
import type { ImageParts } from '../../../src/core/oci/encode-image.ts';

const text = async (blob: Blob) => Buffer.from(await readDocument(blob, 'here')).toString();
const layer = {
  descriptor: describeBytes('application/vnd.oci.image.layer.v1.tar+gzip', Buffer.from('layer')),
  diffId: digestOf(Buffer.from('tar')),
};
const platform = { os: 'linux', architecture: 'amd64' };
const least: ImageParts = { platform, layers: [], history: [], labels: {}, annotations: {}, created: 0 };

describe('encodeImage', () => {
  it('writes what every image has', async () => {
    const { config, manifest } = encodeImage(least);
    assert.equal(
      await text(config),
      '{"created":"1970-01-01T00:00:00Z","os":"linux","architecture":"amd64","config":{"Labels":{}},' +
        '"rootfs":{"type":"layers","diff_ids":[]},"history":[]}',
    );
    assert.deepEqual(config.descriptor, {
      ...describeBytes('application/vnd.oci.image.config.v1+json', Buffer.from(await text(config))),
    });
    const written = await text(manifest);
    assert.equal(
      written,
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",' +
        `"config":${JSON.stringify(config.descriptor)},"layers":[],"annotations":{}}`,
    );
    assert.deepEqual(manifest.descriptor, {
      ...describeBytes('application/vnd.oci.image.manifest.v1+json', Buffer.from(written)),
      platform,
    });
  });

  it('writes all that it is given, in an order of its own', async () => {
    const { config, manifest } = encodeImage({
      ...least,
      fields: { Env: ['A=b'], Entrypoint: ['old'], Cmd: ['old'], Labels: { old: 'x' }, User: 'u' },
      author: 'somebody',
      inheritedHistory: [{ comment: 'base' }],
      layers: [layer, layer],
      history: [{ created_by: 'COPY a /' }, { created_by: 'CMD x', comment: 'c', empty_layer: true }],
      // Sorted as bytes: by UTF-16, the pair of surrogates would come before U+FF5E.
      labels: { '\u{1f600}': '4', '\uff5e': '3', b: '2', a: '1' },
      annotations: { b: '2', a: '1' },
      entrypoint: ['e'],
      cmd: ['c'],
      created: 1_700_000_000,
    });
    assert.equal(
      await text(config),
      '{"created":"2023-11-14T22:13:20Z","author":"somebody","os":"linux","architecture":"amd64",' +
        '"config":{"Env":["A=b"],"User":"u","Entrypoint":["e"],"Cmd":["c"],' +
        '"Labels":{"a":"1","b":"2","\uff5e":"3","\u{1f600}":"4"}},' +
        `"rootfs":{"type":"layers","diff_ids":["${layer.diffId}","${layer.diffId}"]},` +
        '"history":[{"comment":"base"},{"created":"2023-11-14T22:13:20Z","created_by":"COPY a /"},' +
        '{"created":"2023-11-14T22:13:20Z","created_by":"CMD x","comment":"c","empty_layer":true}]}',
    );
    const document = JSON.parse(await text(manifest)) as Record<string, unknown>;
    assert.deepEqual(document.layers, [layer.descriptor, layer.descriptor]);
    assert.equal(JSON.stringify(document.annotations), '{"a":"1","b":"2"}');
  });
});
