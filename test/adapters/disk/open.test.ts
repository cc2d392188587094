// Images on disk by their paths: what is opened, and what is said of what can't be.

import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { writeArchive } from '../../../src/adapters/disk/archive.ts';
import {
  findLocal,
  mustOpenLocalImages,
  mustOpenNamed,
  openLocalImages,
} from '../../../src/adapters/disk/open.ts';
import { bytesOf, sampleImage, writeSampleLayout } from '../../support/sample-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

const image = sampleImage();
const entry = { ...image.root, annotations: { 'org.opencontainers.image.ref.name': '1' } };

describe('images on disk', () => {
  it('are those of a layout, of an archive and of a folder of skopeo', async (test) => {
    const folder = temporaryFolder(test, {
      'dir/manifest.json': bytesOf(image, image.root.digest),
      'dir/version': '',
    });
    writeSampleLayout(join(folder, 'layout'), image, '1');
    await writeArchive(image.source, image.root, [], join(folder, 'a.tar'));
    for (const [name, roots] of [
      ['layout', [entry]],
      ['a.tar', [image.root]],
      ['dir', [image.root]],
    ] as const) {
      const path = join(folder, name);
      const opened = await openLocalImages(path);
      assert.equal(opened?.source.name, path);
      assert.deepEqual(opened.roots, roots);
      assert.deepEqual((await mustOpenLocalImages(path)).roots, roots);
    }
  });

  it('are none where nothing is', async (test) => {
    const folder = temporaryFolder(test, { file: 'x' });
    for (const name of ['missing', 'file/below']) {
      const path = join(folder, name);
      assert.equal(await openLocalImages(path), undefined);
      await assert.rejects(mustOpenLocalImages(path), {
        code: 'LAYOUT_INVALID',
        message: `"${path}" does not exist`,
      });
      await assert.rejects(mustOpenLocalImages(path, 'shown'), { message: '"shown" does not exist' });
    }
  });

  it('are not to be read at a link to itself', { skip: process.platform === 'win32' }, async (test) => {
    const path = join(temporaryFolder(test), 'link');
    symlinkSync('link', path);
    await assert.rejects(
      openLocalImages(path),
      (error: Error & { code?: string }) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message === `can't read "${path}"` &&
        (error.cause as { code?: string }).code === 'ELOOP',
    );
  });
});

describe('a place on disk', () => {
  const places: [text: string, place: object][] = [
    ['oci:x:1', { path: 'x', image: '1' }],
    ['oci:x@1', { path: 'x', image: '@1' }],
    ['oci:x@1a', { path: 'x', image: '1a' }],
    ['oci:x@a1', { path: 'x', image: 'a1' }],
    ['oci:x:@1:a', { path: 'x', image: '@1:a' }],
    ['oci:x@sha256:ab@sha256:cd', { path: 'x', image: 'sha256:cd' }],
    ['oci:x:a@sha256:cd', { path: 'x', image: 'sha256:cd' }],
    ['oci:x@', { path: 'x' }],
    ['oci::1', { path: '' }],
    ['oci:gone:1', { path: 'gone' }],
    ['oci:gone@sha256:ab', { path: 'gone' }],
    ['oci:gone:a@sha256:ab', { path: 'gone' }],
    ['oci:gone@12', { path: 'gone' }],
    ['oci:gone@x', { path: 'gone@x' }],
    ['oci:C:\\gone:1', { path: 'C:\\gone' }],
    ['oci:a:b/gone', { path: 'a:b/gone' }],
    ['oci:gone\n:1', { path: 'gone\n' }],
    ['oci:gone', { path: 'gone' }],
  ];
  for (const [text, place] of places)
    it(`is split as it is written: ${JSON.stringify(text)}`, async (test) => {
      assert.deepEqual(await findLocal(text, temporaryFolder(test, { x: '' })), place);
    });

  it('is looked for from a folder, and named as it was written', async (test) => {
    const folder = temporaryFolder(test);
    writeSampleLayout(join(folder, 'x'), image, '1');
    const opened = await mustOpenNamed('oci:x:1', folder);
    assert.equal(opened.source.name, join(folder, 'x'));
    assert.equal(opened.image, '1');
    assert.deepEqual(opened.roots, [entry]);
    await assert.rejects(mustOpenNamed('oci:y:1', folder), { message: '"y" does not exist' });
    const path = relative('.', join(folder, 'x'));
    const here = await mustOpenNamed(`oci:${path}:1`);
    assert.equal(here.source.name, path);
    assert.equal('image' in (await mustOpenNamed(`oci:${path}`)), false);
  });
});
