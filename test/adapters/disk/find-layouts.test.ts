// Layouts and archives in folders, as downloads of artifacts leave them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { findLayouts } from '../../../src/adapters/disk/find-layouts.ts';
import { encodeHeader } from '../../../src/core/files/tar-header.ts';
import { temporaryFolder } from '../../support/folder.ts';

const tar = Buffer.concat([
  encodeHeader({ type: 'file', path: 'a', mode: 0o644, uid: 0, gid: 0, size: 0 }, 0),
  Buffer.alloc(1024),
]);
const gzip = gzipSync(tar);
const zstd = Buffer.from('28b52ffd00', 'hex');

describe('findLayouts', () => {
  const rows: [name: string, files: Record<string, string | Uint8Array>, found: string[]][] = [
    ['a layout', { 'oci-layout': 'x' }, ['']],
    ['a layout without its marker', { 'index.json': '', 'blobs/x': '' }, ['']],
    ["a folder of skopeo's", { 'manifest.json': '', version: '' }, ['']],
    [
      'layouts in folders, in order',
      { 'b/oci-layout': 'x', 'a/oci-layout': 'x', 'c/x/oci-layout': 'x' },
      ['a', 'b', 'c/x'],
    ],
    ['a layout with folders of its own', { 'oci-layout': 'x', 'x/oci-layout': 'x' }, ['']],
    ['an archive of any name', { 'a/name': tar, 'b/x.txt': 'text', 'b/y': tar }, ['a/name', 'b/y']],
    [
      'compressed archives by their names',
      {
        ...{ 'a.tgz': gzip, 'b.tar.gz': gzip, 'c.TAR.ZST': zstd, 'd.tar.zstd': zstd, 'e.gz': gzip },
        ...{ 'f.tar': gzip, 'g.tgz': 'text', 'h.tgz.x': gzip, 'i.xtgz': gzip, 'j.tar.gz2': gzip },
      },
      ['a.tgz', 'b.tar.gz', 'c.TAR.ZST', 'd.tar.zstd'],
    ],
    ['what is three folders deep', { 'a/b/oci-layout': 'x' }, ['a/b']],
    ['files beside folders', { 'a/oci-layout': 'x', 'x.txt': '', y: '' }, ['a']],
    ['a folder of something else beside a layout', { 'a/oci-layout': 'x', 'b/c/text': 'x' }, ['a']],
  ];
  for (const [name, files, found] of rows)
    it(`finds ${name}`, async (test) => {
      const folder = temporaryFolder(test, files);
      assert.deepEqual(
        await findLayouts([folder]),
        found.map((path) => join(folder, path)),
      );
    });

  it('takes a file for what it is said to be, and keeps the order of several', async (test) => {
    const folder = temporaryFolder(test, { file: 'x', 'layout/oci-layout': 'x' });
    const paths = ['file', 'layout', 'missing'].map((name) => join(folder, name));
    assert.deepEqual(await findLayouts(paths), paths);
  });

  const empty: [name: string, files: Record<string, string>][] = [
    ['an index alone', { 'index.json': '' }],
    ['blobs alone', { 'blobs/x': 'y' }],
    ['nothing', {}],
    ['text alone', { 'a.txt': 'text' }],
    ['something four folders deep', { 'a/b/c/oci-layout': 'x' }],
  ];
  for (const [name, files] of empty)
    it(`says that a folder with ${name} holds no layout`, async (test) => {
      const folder = temporaryFolder(test, files);
      await assert.rejects(findLayouts([folder]), {
        code: 'LAYOUT_INVALID',
        message: `"${folder}" holds no OCI image layout and no archive of one`,
        hint: 'Name the folder that the input "oci-layout" was set to, or the "path" of actions/download-artifact.',
      });
    });

  const failed: [name: string, files: Record<string, string>][] = [
    ['nothing', {}],
    ['empty files', { 'b/c': '', 'b/d/e': '' }],
    ["a desktop's file", { 'b/.DS_Store': 'x' }],
  ];
  for (const [name, files] of failed)
    it(`takes a folder with ${name} for a download that failed`, async (test) => {
      const folder = temporaryFolder(test, { 'a/oci-layout': 'x', ...files });
      mkdirSync(join(folder, 'b/more'), { recursive: true });
      await assert.rejects(findLayouts([folder]), {
        code: 'LAYOUT_INVALID',
        message: `"${join(folder, 'b')}" is empty, where a layout or an archive was expected`,
        hint: 'The download of that artifact failed, or it holds nothing: an image would be missing. Remove the folder if that is meant.',
      });
    });

  it(
    'takes no pipe for an archive, and follows links',
    { skip: process.platform === 'win32' },
    async (test) => {
      const folder = temporaryFolder(test, { 'a/file': tar });
      assert.equal(spawnSync('mkfifo', [join(folder, 'a/pipe')]).status, 0);
      symlinkSync('file', join(folder, 'a/link'));
      symlinkSync('nowhere', join(folder, 'a/lost'));
      assert.deepEqual(await findLayouts([folder]), [join(folder, 'a/file'), join(folder, 'a/link')]);
    },
  );

  it('closes what it looks into', { skip: process.platform !== 'linux' }, async (test) => {
    const folder = temporaryFolder(test, { 'a/file': tar });
    await findLayouts([folder]);
    const open = readdirSync('/proc/self/fd').filter((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`).startsWith(folder);
      } catch {
        return false;
      }
    });
    assert.deepEqual(open, []);
  });
});
