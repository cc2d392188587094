// The folders of skopeo's dir:, and what is at a path at all.

import assert from 'node:assert/strict';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { isImageFolder, namesIn, openImageFolder } from '../../../src/adapters/disk/image-folder.ts';
import { kindOfImages } from '../../../src/adapters/disk/image-kind.ts';
import { readAll, readDocument } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { hexOf } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { sampleImage } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';

describe('the names of an image folder', () => {
  const rows: [names: string[], isOne: boolean][] = [
    [['manifest.json', 'version', 'abc'], true],
    [['manifest.json'], false],
    [['version'], false],
    [['manifest.json', 'version', 'oci-layout'], false],
  ];
  for (const [names, isOne] of rows)
    it(`are ${isOne ? '' : 'not '}${names.join(' ')}`, () => {
      assert.equal(isImageFolder(names), isOne);
    });

  it('are those of a folder alone', async (test) => {
    const folder = temporaryFolder(test, { a: '' });
    assert.deepEqual(await namesIn(folder), ['a']);
    assert.equal(await namesIn(join(folder, 'a')), undefined);
    assert.equal(await namesIn(join(folder, 'b')), undefined);
  });
});

/** As skopeo writes it: the manifests of an index have an ending. */
function write(test: TestContext, image: SampleImage): string {
  const folder = temporaryFolder(test, { version: 'Directory Transport Version: 1.1\n' });
  const manifests = new Set(image.manifests.map(({ digest }) => digest));
  for (const [digest, { bytes }] of image.blobs) {
    const name = manifests.has(digest) ? `${hexOf(digest)}.manifest.json` : hexOf(digest);
    writeFileSync(join(folder, digest === image.root.digest ? 'manifest.json' : name), bytes);
  }
  return folder;
}

describe('an image folder', () => {
  for (const [name, image] of [
    ['an image', sampleImage()],
    ['an index', sampleImage({ architectures: ['amd64', 'arm64'] })],
    ["an image with Docker's types", sampleImage({ docker: true, architectures: ['amd64', 'arm64'] })],
  ] as const)
    it(`gives back ${name}`, async (test) => {
      const folder = write(test, image);
      const { source, roots } = await openImageFolder(folder);
      assert.equal(source.name, folder);
      assert.deepEqual(roots, [image.root]);
      for (const { descriptor, bytes } of image.blobs.values()) {
        const blob = source.open(descriptor);
        assert.equal(blob.descriptor, descriptor);
        assert.deepEqual(Buffer.from(await readDocument(blob, 'x')), Buffer.from(bytes));
      }
    });

  for (const [name, document, mediaType] of [
    ['manifest', { schemaVersion: 2, config: 1 }, mediaTypes.manifest],
    ['index', { schemaVersion: 2, manifests: [] }, mediaTypes.index],
    ['manifest', { mediaType: 5 }, mediaTypes.manifest],
    ['document of another type', { mediaType: 'a/b', manifests: [] }, 'a/b'],
  ] as const)
    it(`tells a ${name} by what is in it: ${JSON.stringify(document)}`, async (test) => {
      const bytes = encodeJson(document);
      const { roots } = await openImageFolder(temporaryFolder(test, { 'manifest.json': bytes }));
      assert.deepEqual(roots, [describeBytes(mediaType, bytes)]);
    });

  it('says what is wrong with its manifest', async (test) => {
    const folder = temporaryFolder(test, { 'manifest.json': '[]' });
    await assert.rejects(openImageFolder(folder), {
      code: 'LAYOUT_INVALID',
      message: `${join(folder, 'manifest.json')} is not a JSON object`,
    });
  });

  it('refuses a link in the place of its manifest', { skip: process.platform === 'win32' }, async (test) => {
    const folder = temporaryFolder(test, { other: '{}' });
    symlinkSync('other', join(folder, 'manifest.json'));
    await assert.rejects(openImageFolder(folder), {
      code: 'LAYOUT_INVALID',
      message: `expected "${join(folder, 'manifest.json')}" to be a file, got a symbolic link`,
    });
  });

  it('says which blob is missing or damaged', async (test) => {
    const image = sampleImage();
    const folder = write(test, image);
    const { source } = await openImageFolder(folder);
    const [layer] = image.layers;
    assert.ok(layer);
    const path = join(folder, hexOf(layer.digest));
    writeFileSync(path, 'x');
    await assert.rejects(readAll(source.open(layer).open()), {
      code: 'DIGEST_MISMATCH',
      message: new RegExp(`^${folder}: `),
    });
    rmSync(path);
    await assert.rejects(
      readAll(source.open(layer).open()),
      (error: Error & { code?: string }) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message === `"${folder}" lacks the blob ${layer.digest}` &&
        (error.cause as { code?: string }).code === 'ENOENT',
    );
  });
});

describe('kindOfImages', () => {
  it('tells a layout and a file from other folders, and from nothing', async (test) => {
    const folder = temporaryFolder(test, {
      'layout/oci-layout': '',
      'other/x': '',
      'odd/oci-layout/x': '',
      file: '',
    });
    for (const [name, kind] of [
      ['layout', 'images'],
      ['file', 'images'],
      ['other', 'other'],
      ['odd', 'other'],
      ['none', 'missing'],
      ['file/below', 'missing'],
    ] as const)
      assert.equal(await kindOfImages(join(folder, name)), kind, name);
  });
});
