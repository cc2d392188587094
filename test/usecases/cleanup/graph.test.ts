// What a cleanup reads of a manifest: which others it needs, and what it is.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { readLinks } from '../../../src/usecases/cleanup/graph.ts';
import type { ManifestLinks } from '../../../src/usecases/cleanup/graph.ts';
import { sampleImage } from '../../support/sample-image.ts';

const { index: indexType, manifest: manifestType } = mediaTypes;
const one = describeBytes(manifestType, Buffer.from('one'));
const other = describeBytes(manifestType, Buffer.from('other'));
const typed = { ...one, artifactType: 'application/spdx+json' };
const config = describeBytes('application/vnd.oci.empty.v1+json', Buffer.from('{}'));

function links(document: object, mediaType: string = indexType): ManifestLinks {
  return readLinks(encodeJson(document), mediaType, 'it');
}

describe('readLinks', () => {
  it('reads what an index lists, each once', () => {
    assert.deepEqual(links({ manifests: [one, other, one] }), { children: [one.digest, other.digest] });
  });

  it('reads nothing of an index that lists nothing', () => {
    assert.deepEqual(links({}), { children: [] });
    assert.deepEqual(links({ manifests: [] }), { children: [] });
    assert.deepEqual(links({ manifests: null }), { children: [] });
  });

  it('refuses an index whose list is none', () => {
    const error = { code: 'LAYOUT_INVALID', message: /^it: manifests is not a list/ };
    assert.throws(() => links({ manifests: {} }), error);
    assert.throws(() => links({ manifests: [one, 7] }), {
      code: 'LAYOUT_INVALID',
      message: /manifests\[1\]/,
    });
  });

  it('believes that it is an index when either says so', () => {
    assert.deepEqual(links({ mediaType: indexType, manifests: [one] }, 'application/x').children, [
      one.digest,
    ]);
    assert.deepEqual(links({ mediaType: 'application/x', manifests: [one] }).children, [one.digest]);
  });

  it('reads the subject, and none where there is null', () => {
    assert.equal(links({ subject: other }, manifestType).subject, other.digest);
    assert.ok(!('subject' in links({ subject: null }, manifestType)));
    assert.throws(() => links({ subject: { digest: 'x' } }), {
      code: 'LAYOUT_INVALID',
      message: /it: subject/,
    });
  });

  it('tells a list of referrers, all of which have a type, from another index', () => {
    const cases: [manifests: readonly unknown[], expected: true | undefined][] = [
      [[typed], true],
      [[typed, typed], true],
      [[typed, other], undefined],
      [[{ ...one, artifactType: '' }], undefined],
      [[{ ...one, artifactType: 5 }], undefined],
      [[], undefined],
    ];
    for (const [manifests, expected] of cases)
      assert.equal(links({ manifests }).isTypedList, expected, JSON.stringify(manifests));
  });

  it('tells an artifact from an image', () => {
    const artifact = {
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: 'application/x',
      config,
      layers: [config],
    };
    assert.equal(links(artifact, manifestType).isArtifact, true);
    const { root, blobs } = sampleImage({ layers: [10] });
    const image = blobs.get(root.digest);
    assert.ok(image);
    assert.ok(!('isArtifact' in readLinks(image.bytes, manifestType, 'it')));
    assert.ok(!('isArtifact' in links({ ...artifact, config: 'none' }, manifestType)));
    assert.ok(!('isArtifact' in links({ manifests: [one] })));
  });
});
