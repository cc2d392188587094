// Which image of a layout is meant, by name or because there is no other.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseImage, rootsOf } from '../../../src/adapters/disk/choose-image.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';

const config = blobOf(mediaTypes.config, Buffer.from('{}'));
function manifest(name: string, subject?: Blob): Blob {
  const refers = subject === undefined ? {} : { subject: subject.descriptor };
  const document = {
    schemaVersion: 2,
    config: config.descriptor,
    layers: [],
    annotations: { name },
    ...refers,
  };
  return blobOf(mediaTypes.manifest, encodeJson(document));
}

const [one, two] = [manifest('one'), manifest('two')];
const signature = manifest('signature', one);
const source = withBlobs({ name: 'here', open: () => assert.fail('no blob') } satisfies Source, [
  one,
  two,
  signature,
]);
const named = ({ descriptor }: Blob, full?: string, short?: string): Descriptor => ({
  ...descriptor,
  annotations: {
    ...(full === undefined ? {} : { 'io.containerd.image.name': full }),
    ...(short === undefined ? {} : { 'org.opencontainers.image.ref.name': short }),
  },
});

const roots = [
  named(one, 'docker.io/library/a:latest', 'latest'),
  named(one, 'docker.io/library/a:1', '1'),
  named(two, 'ghcr.io/b/c:2', '2'),
  named(signature),
  named(two, undefined, 'Only a Tag'),
];

describe('chooseImage', () => {
  const rows: [name: string, root: Descriptor | undefined][] = [
    ['docker.io/library/a:latest', roots[0]],
    ['a', roots[0]],
    ['library/a:1', roots[1]],
    ['1', roots[1]],
    ['ghcr.io/b/c:2', roots[2]],
    ['Only a Tag', roots[4]],
    [two.descriptor.digest, roots[2]],
    [signature.descriptor.digest, roots[3]],
    ['@0', roots[0]],
    ['@1', roots[2]],
    ['@2', roots[3]],
  ];
  for (const [name, root] of rows)
    it(`finds ${name}`, async () => {
      assert.equal(await chooseImage({ source, roots }, name, ''), root);
    });

  const all =
    '"docker.io/library/a:latest", "docker.io/library/a:1", "ghcr.io/b/c:2", ' +
    `"${signature.descriptor.digest}", "Only a Tag"`;
  for (const name of ['a:2', 'b/c:2', '@3', '@', '@1x', 'x@1', 'Not There', ''])
    it(`says what there is in place of ${JSON.stringify(name)}`, async () => {
      await assert.rejects(chooseImage({ source, roots }, name, 'Name it.'), {
        code: 'INPUT_INVALID',
        message: `expected the image "${name}" in "here", got ${all}`,
        hint: undefined,
      });
    });

  it('takes the only one without a name, under all of its names, and not what refers to it', async () => {
    assert.equal(
      await chooseImage({ source, roots: [named(signature), ...roots.slice(0, 2)] }, undefined, ''),
      roots[0],
    );
    assert.equal(await chooseImage({ source, roots: [roots[2] ?? assert.fail()] }, undefined, ''), roots[2]);
  });

  it('asks for a name where there are several', async () => {
    await assert.rejects(chooseImage({ source, roots }, undefined, 'Name it.'), {
      code: 'INPUT_INVALID',
      message:
        'expected one image in "here", got "docker.io/library/a:latest", "docker.io/library/a:1", "ghcr.io/b/c:2", ' +
        '"Only a Tag"',
      hint: 'Name it.',
    });
    const twice = [named(one, undefined, '1'), named(two, undefined, '1')];
    await assert.rejects(chooseImage({ source, roots: twice }, '1', 'By digest.'), {
      message: 'expected one image in "here", got "1", "1"',
      hint: 'By digest.',
    });
  });

  it('says that there is none', async () => {
    await assert.rejects(chooseImage({ source, roots: [] }, undefined, 'Name it.'), {
      code: 'INPUT_INVALID',
      message: 'expected an image in "here", got none',
      hint: undefined,
    });
  });
});

describe('rootsOf', () => {
  it('is all of them, or one with each of its names', async () => {
    assert.deepEqual(await rootsOf({ source, roots }), roots);
    assert.deepEqual(await rootsOf({ source, roots, image: '1' }), roots.slice(0, 2));
    const twice = [named(one, undefined, '1'), named(two, undefined, '1')];
    await assert.rejects(rootsOf({ source, roots: twice, image: '1' }), { hint: 'Name it by its digest.' });
  });
});
