// The images of an index under their own names, or under others.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namedImages, renameImages } from '../../../src/adapters/disk/images.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { formatReference, parseReference } from '../../../src/core/oci/reference.ts';

const one = describeBytes(mediaTypes.manifest, Buffer.from('one'));
const two = describeBytes(mediaTypes.manifest, Buffer.from('two'));

function entry(image: Descriptor, full?: string, short?: string): Descriptor {
  const annotations = {
    ...(full === undefined ? {} : { 'io.containerd.image.name': full }),
    ...(short === undefined ? {} : { 'org.opencontainers.image.ref.name': short }),
  };
  return Object.keys(annotations).length === 0 ? image : { ...image, annotations };
}

describe('the names of images', () => {
  const cases: [name: string, entries: Descriptor[], expected: string[][]][] = [
    ['one full name', [entry(one, 'docker.io/a/b:1', '1')], [['docker.io/a/b:1']]],
    [
      'two of one image',
      [entry(one, 'a:1'), entry(one, 'ghcr.io/b/c:2')],
      [['docker.io/library/a:1', 'ghcr.io/b/c:2']],
    ],
    [
      'two images',
      [entry(one, 'a:1'), entry(two, 'a:2')],
      [['docker.io/library/a:1'], ['docker.io/library/a:2']],
    ],
    ['a full name where podman writes it', [entry(one, undefined, 'localhost/a:1')], [['localhost/a:1']]],
    ['a name with a tag there', [entry(one, undefined, 'a:1')], [['docker.io/library/a:1']]],
    ['a name with a slash there', [entry(one, undefined, 'b/c')], [['docker.io/b/c:latest']]],
    ['a tag alone, which is no name', [entry(one, undefined, 'latest')], [[]]],
    ['none', [entry(one)], [[]]],
    ['a name without a tag', [entry(one, 'ghcr.io/b/c')], [['ghcr.io/b/c:latest']]],
  ];
  for (const [name, entries, expected] of cases) {
    it(`are read: ${name}`, () => {
      const images = namedImages(entries);
      assert.deepEqual(
        images.map(({ references }) => references.map(formatReference)),
        expected,
      );
    });
  }

  it('are no part of the descriptor, as other annotations are', () => {
    const named = entry(one, 'a:1', '1');
    const [image] = namedImages([{ ...named, annotations: { ...named.annotations, other: 'kept' } }]);
    assert.deepEqual(image?.descriptor, { ...one, annotations: { other: 'kept' } });
    assert.deepEqual(namedImages([named])[0]?.descriptor, one);
    const again = { ...entry(one, 'a:2'), annotations: { 'io.containerd.image.name': 'a:2', other: 'x' } };
    assert.deepEqual(namedImages([named, again])[0]?.descriptor, one);
  });

  it('that are no references are refused', () => {
    assert.throws(() => namedImages([entry(one, 'Upper/Case')]), { code: 'REFERENCE_INVALID' });
  });
});

describe('renaming', () => {
  const references = [parseReference('x:1'), parseReference('y:2')];

  it('gives the one image the new names instead of its own', () => {
    const [image, ...others] = renameImages(namedImages([entry(one, 'a:1')]), references, 'x');
    assert.deepEqual(others, []);
    assert.deepEqual(image, { descriptor: one, references });
  });

  it('leaves every image its own without new ones', () => {
    const images = namedImages([entry(one, 'a:1'), entry(two, 'a:2')]);
    assert.deepEqual(renameImages(images, [], 'x'), images);
  });

  const refused: [
    name: string,
    entries: Descriptor[],
    isNamed: boolean,
    error: { code: string; message: string; hint: string | undefined },
  ][] = [
    ['no image', [], true, { code: 'LAYOUT_INVALID', message: '"x" holds no image', hint: undefined }],
    [
      'several images for one name',
      [entry(one, 'a:1'), entry(two, 'a:2')],
      true,
      {
        code: 'INPUT_INVALID',
        message: 'expected one image for the given name, got 2 in "x"',
        hint: 'Leave the name out: each image then gets the name that the index has for it.',
      },
    ],
    [
      'an image without a name',
      [entry(one, 'a:1'), entry(two)],
      false,
      {
        code: 'INPUT_INVALID',
        message: `"x" has no full name for the image ${two.digest}`,
        hint: 'Name it, for example with --tag nubificus/image:tag.',
      },
    ],
  ];
  for (const [name, entries, isNamed, error] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => renameImages(namedImages(entries), isNamed ? references : [], 'x'), error);
    });
  }

  it('gives one image without a name the new ones', () => {
    assert.deepEqual(renameImages(namedImages([one]), references, 'x'), [{ descriptor: one, references }]);
  });
});
