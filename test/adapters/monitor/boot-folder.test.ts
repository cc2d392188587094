// Root file systems as QEMU's 9p server keeps them; test/integration/bima-run.test.ts has a guest look at one.

import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkNames, placeTree } from '../../../src/adapters/monitor/boot-folder.ts';
import type { Entry, FileEntry } from '../../../src/core/files/entry.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';

const owner = { uid: 0, gid: 0 };

function fileEntry(path: string, text: string): FileEntry {
  const bytes = Buffer.from(text);
  return { type: 'file', path, mode: 0o644, ...owner, size: bytes.length, open: () => streamOf(bytes) };
}

/** As the metadata has it: in decimal digits. */
const modeLine = (mode: number) => `virtfs.mode=${mode}\n`;

describe('placeTree', () => {
  it('makes nothing but plain files and folders, with what they are beside them', async (test) => {
    const folder = temporaryFolder(test);
    const entries: Entry[] = [
      { ...fileEntry('etc/shadow', 'secret'), mode: 0o4640, uid: 5, gid: 6 },
      { type: 'directory', path: 'etc', mode: 0o750, uid: 1, gid: 2 },
      { type: 'symlink', path: 'out', mode: 0o777, target: '/etc', ...owner },
      { ...fileEntry('dev/tty', ''), mode: 0o620, special: { kind: 'character', major: 5, minor: 300 } },
      { ...fileEntry('one', 'same'), inode: 'x' },
      { ...fileEntry('two', 'same'), inode: 'x' },
    ];
    const root = await placeTree(folder, 'root', entries);
    const all = readdirSync(root, { recursive: true, withFileTypes: true });
    assert.ok(all.every((entry) => entry.isFile() || entry.isDirectory()));
    const meta = (path: string) => readFileSync(join(root, path), 'utf8');
    assert.equal(readFileSync(join(root, 'etc/shadow'), 'utf8'), 'secret');
    assert.equal(lstatSync(join(root, 'etc/shadow')).mode & 0o777, 0o600);
    assert.equal(meta('etc/.virtfs_metadata/shadow'), `virtfs.uid=5\nvirtfs.gid=6\n${modeLine(0o104640)}`);
    assert.equal(meta('.virtfs_metadata/etc'), `virtfs.uid=1\nvirtfs.gid=2\n${modeLine(0o040750)}`);
    assert.equal(meta('out'), '/etc');
    assert.ok(meta('.virtfs_metadata/out').endsWith(modeLine(0o120777)));
    if (process.platform === 'linux') assert.match(meta('dev/.virtfs_metadata/tty'), /rdev=1049900\n$/);
    assert.equal(meta('.virtfs_metadata_root'), `virtfs.uid=0\nvirtfs.gid=0\n${modeLine(0o040755)}`);
    assert.equal(statSync(join(root, 'one')).ino, statSync(join(root, 'two')).ino);
  });
});

describe('checkNames', () => {
  it('refuses names that a disk may take for one', () => {
    checkNames([fileEntry('a/b', ''), fileEntry('a/c', '')]);
    assert.throws(
      () => {
        checkNames([fileEntry('etc/Name', ''), fileEntry('etc/name', '')]);
      },
      { code: 'OUTPUT_FAILED', message: /"\/etc\/Name" and "\/etc\/name"/ },
    );
  });
});
