import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildMetadata } from '../../../src/core/oci/build-metadata.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';

const root: Descriptor = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${'a'.repeat(64)}`,
  size: 10,
  annotations: {},
};

describe('buildMetadata', () => {
  it('has the keys of BuildKit, and no empty ones', () => {
    const config = `sha256:${'b'.repeat(64)}` as const;
    const references = ['a/b:1', 'ghcr.io/c/d:2'].map(parseReference);
    const platforms = [{ os: 'linux', architecture: 'arm64', variant: 'v8' }];
    assert.deepEqual(buildMetadata({ root, config, platforms, references }), {
      'containerimage.digest': root.digest,
      'containerimage.config.digest': config,
      'containerimage.descriptor': { mediaType: root.mediaType, digest: root.digest, size: 10 },
      'image.name': 'docker.io/a/b:1,ghcr.io/c/d:2',
      'bima.platforms': ['linux/arm64/v8'],
    });
  });

  it('has what the descriptor says of annotations and of a platform', () => {
    const platform = { os: 'linux', architecture: 'arm64' };
    const named: Descriptor = { ...root, annotations: { a: 'b' }, platform, artifactType: 'left/out' };
    const metadata = buildMetadata({ root: named, config: undefined, platforms: [], references: [] });
    assert.deepEqual(metadata, {
      'containerimage.digest': root.digest,
      'containerimage.descriptor': {
        ...{ mediaType: root.mediaType, digest: root.digest, size: 10 },
        annotations: { a: 'b' },
        platform,
      },
      'image.name': '',
      'bima.platforms': [],
    });
    const bare: Descriptor = { mediaType: root.mediaType, digest: root.digest, size: 10 };
    assert.deepEqual(
      buildMetadata({ root: bare, config: undefined, platforms: [], references: [] })[
        'containerimage.descriptor'
      ],
      bare,
    );
  });

  it('has no config of an index', () => {
    const metadata = buildMetadata({ root, config: undefined, platforms: [], references: [] });
    assert.equal('containerimage.config.digest' in metadata, false);
    assert.equal(metadata['image.name'], '');
  });
});
