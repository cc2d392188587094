// The outputs that follow from an image and its names.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageFacts } from '../../src/action/image-facts.ts';
import { imageOutputs, pushOutputs } from '../../src/action/outputs.ts';
import { parseReference } from '../../src/core/oci/reference.ts';

const digest = `sha256:${'a'.repeat(64)}` as const;
const config = `sha256:${'b'.repeat(64)}` as const;
const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 500 };
const references = ['ghcr.io/own/app:1.2', 'localhost:5000/app:latest'].map(parseReference);

function factsOf(architectures: readonly string[], isIndex: boolean): ImageFacts {
  const images = architectures.map((architecture) => ({
    platform: { os: 'linux', architecture },
    config,
    labels: {},
    layerSize: 1,
  }));
  return { root: descriptor, isIndex, images, size: 600 };
}

describe('the outputs of an image', () => {
  it('are those of a manifest, whose id is the digest of its config', () => {
    const { metadata, ...outputs } = imageOutputs(factsOf(['amd64'], false), references);
    assert.deepEqual(outputs, {
      digest,
      imageid: config,
      image: 'ghcr.io/own/app:1.2',
      tags: 'ghcr.io/own/app:1.2\nlocalhost:5000/app:latest',
      version: '1.2',
      name: 'ghcr.io/own/app',
      ref: `ghcr.io/own/app@${digest}`,
    });
    assert.deepEqual(JSON.parse(metadata ?? ''), {
      'containerimage.digest': digest,
      'containerimage.config.digest': config,
      'containerimage.descriptor': descriptor,
      'image.name': 'ghcr.io/own/app:1.2,localhost:5000/app:latest',
      'bima.platforms': ['linux/amd64'],
    });
  });

  it('are those of an index, which has no config and is known by its own digest', () => {
    const { metadata, imageid } = imageOutputs(factsOf(['amd64', 'arm64'], true), references);
    assert.equal(imageid, digest);
    assert.deepEqual(JSON.parse(metadata ?? ''), {
      'containerimage.digest': digest,
      'containerimage.descriptor': descriptor,
      'image.name': 'ghcr.io/own/app:1.2,localhost:5000/app:latest',
      'bima.platforms': ['linux/amd64', 'linux/arm64'],
    });
  });

  it('have an empty version for a name that has a digest alone', () => {
    const named = { registry: 'ghcr.io', repository: 'own/app', digest };
    const { version, image } = imageOutputs(factsOf(['amd64'], false), [named]);
    assert.deepEqual([version, image], ['', `ghcr.io/own/app@${digest}`]);
  });
});

describe('the outputs of a push', () => {
  it('list every name that the registries now have', () => {
    const repository = (name: string, tags: readonly string[]) => ({
      repository: name,
      references: tags.map((tag) => ({ reference: `${name}:${tag}`, stored: 'pushed' as const })),
      blobs: [],
    });
    const repositories = [repository('a.example/b', ['1', '2']), repository('c.example/d', ['3'])];
    assert.deepEqual(pushOutputs({ digest, repositories }), {
      pushed: 'true',
      'registry-paths': '["a.example/b:1","a.example/b:2","c.example/d:3"]',
    });
  });

  it('say that nothing was pushed', () => {
    assert.deepEqual(pushOutputs(undefined), { pushed: 'false', 'registry-paths': '[]' });
  });
});
