import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAll } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import {
  encodeBundleManifest,
  isBundleReferrer,
  listedPredicateType,
} from '../../../src/core/trust/bundle-manifest.ts';

const image = {
  ...describeBytes('application/vnd.oci.image.manifest.v1+json', Buffer.from('image')),
  annotations: { a: 'b' },
};
const bundle = Buffer.from('{"mediaType":"x"}');
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

describe('the manifest of a bundle', () => {
  const { referrer, blobs } = encodeBundleManifest(
    image,
    'https://slsa.dev/provenance/v1',
    bundle,
    1_700_000_000,
  );
  const annotations = {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1',
    'org.opencontainers.image.created': '2023-11-14T22:13:20Z',
  };

  it('is what cosign 3 writes, and refers to the image by a bare descriptor', async () => {
    const [config, payload, manifest] = blobs;
    assert.ok(config !== undefined && payload !== undefined && manifest !== undefined);
    assert.equal(blobs.length, 3);
    assert.equal(String(await readAll(config.open())), '{}');
    assert.equal(String(await readAll(payload.open())), String(bundle));
    const bytes = await readAll(manifest.open());
    const { mediaType, digest, size } = image;
    assert.deepEqual(JSON.parse(String(bytes)), {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: bundleType,
      config: describeBytes('application/vnd.oci.empty.v1+json', Buffer.from('{}')),
      layers: [describeBytes(bundleType, bundle)],
      subject: { mediaType, digest, size },
      annotations,
    });
    assert.deepEqual(referrer, {
      ...describeBytes('application/vnd.oci.image.manifest.v1+json', bytes),
      artifactType: bundleType,
      annotations,
    });
  });

  it('is found in a list of referrers, of whatever version', () => {
    assert.ok(isBundleReferrer(referrer));
    assert.ok(isBundleReferrer({ artifactType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }));
    assert.ok(!isBundleReferrer({ artifactType: `x${bundleType}` }));
    assert.ok(!isBundleReferrer({ artifactType: 'application/vnd.in-toto+json' }));
    assert.ok(!isBundleReferrer({}));
    assert.equal(listedPredicateType(referrer), 'https://slsa.dev/provenance/v1');
    assert.equal(listedPredicateType({ annotations: {} }), undefined);
    assert.equal(listedPredicateType({}), undefined);
  });
});
