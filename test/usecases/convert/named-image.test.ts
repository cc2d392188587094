// The name of the image to convert, and the paths that stand for one.

import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { nameOfImage } from '../../../src/usecases/convert/named-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

describe('the name of an image to convert', () => {
  it('is a reference, or has a transport', async () => {
    for (const name of [
      'alpine',
      'ghcr.io/a/b:1',
      'docker://alpine',
      'oci:none',
      'oci-archive:none.tar',
      'a.tar.b/c',
      'my.tarball',
    ])
      assert.equal(await nameOfImage(name), name);
  });

  it('is a path where an image is, as seen from the current directory', async (test) => {
    const folder = temporaryFolder(test, { 'layout/oci-layout': '{}', 'image.tar': 'x', 'odd name': 'x' });
    for (const name of ['layout', 'image.tar', 'odd name']) {
      const path = join(folder, name);
      assert.equal(await nameOfImage(path), `oci:${path}`);
      assert.equal(await nameOfImage(relative(process.cwd(), path)), `oci:${path}`);
    }
  });

  it('is a mistake where it can be no reference', async (test) => {
    const folder = temporaryFolder(test, { 'other/file': 'x' });
    for (const name of ['/none', './none', '../none', '~/none', 'a.tar', 'a.tgz', 'a.tar.gz', 'a.gz', 'a/'])
      await assert.rejects(nameOfImage(name), {
        code: 'LAYOUT_INVALID',
        message: `"${name}" does not exist`,
      });
    const other = join(folder, 'other');
    await assert.rejects(nameOfImage(other), {
      code: 'LAYOUT_INVALID',
      message: `"${other}" holds no image`,
    });
  });
});
