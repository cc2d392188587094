// Root file systems as QEMU's 9p server keeps them; test/integration/bima-run.test.ts has a guest look at one.

import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  appendBytes,
  checkNames,
  placeBytes,
  placeFile,
  placeTree,
} from '../../../src/adapters/monitor/boot-folder.ts';
import type { Entry, FileEntry } from '../../../src/core/files/entry.ts';
import { onPlatform } from '../../support/other-platform.ts';
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

  it('gives folders without an entry to everybody to read, and those with one to nobody else', async (test) => {
    const root = await placeTree(temporaryFolder(test), 'root', [
      fileEntry('usr/lib/a', 'a'),
      { type: 'directory', path: 'own', mode: 0o777, ...owner },
      { type: 'directory', path: 'own/sub', mode: 0o755, ...owner },
    ]);
    const modeOf = (path: string) => (statSync(join(root, path)).mode & 0o777).toString(8);
    if (process.platform !== 'win32') {
      assert.deepEqual(['.', 'own', 'own/sub', 'own/.virtfs_metadata'].map(modeOf), [
        '700',
        '700',
        '700',
        '700',
      ]);
      assert.deepEqual(['usr', 'usr/lib'].map(modeOf), ['755', '755']);
    }
    const all = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((path) =>
      path.replaceAll('\\', '/'),
    );
    assert.deepEqual(all.sort(), [
      '.virtfs_metadata',
      '.virtfs_metadata/own',
      '.virtfs_metadata_root',
      'own',
      'own/.virtfs_metadata',
      'own/.virtfs_metadata/sub',
      'own/sub',
      'usr',
      'usr/lib',
      'usr/lib/.virtfs_metadata',
      'usr/lib/.virtfs_metadata/a',
      'usr/lib/a',
    ]);
  });

  it('opens no device, and links only what is one file', async (test) => {
    const never = () => assert.fail('a device has no content');
    const special = { kind: 'block', major: 0x1ff, minor: 0x12ff } as const;
    const root = await placeTree(temporaryFolder(test), 'root', [
      { ...fileEntry('disk', ''), open: never, special },
      { ...fileEntry('one', 'first'), inode: 'x' },
      { ...fileEntry('two', 'second'), inode: 'y' },
      { ...fileEntry('three', 'first'), inode: 'x' },
      fileEntry('four', 'fourth'),
      fileEntry('five', 'fifth'),
    ]);
    const inode = (path: string) => statSync(join(root, path)).ino;
    assert.equal(inode('one'), inode('three'));
    assert.equal(new Set(['one', 'two', 'four', 'five'].map(inode)).size, 4);
    const text = (path: string) => readFileSync(join(root, path), 'utf8');
    assert.deepEqual(['disk', 'one', 'two', 'four', 'five'].map(text), [
      '',
      'first',
      'second',
      'fourth',
      'fifth',
    ]);
    // As makedev(3): the low byte of the minor number, twelve bits of the major one, and the rest of the minor one.
    if (process.platform === 'linux')
      assert.match(text('.virtfs_metadata/disk'), new RegExp(`\nvirtfs.rdev=${0x12_1ff_ff >>> 0}\n$`));
  });

  it('makes a folder before what is in it, in whatever order they come', async (test) => {
    const entries: Entry[] = [
      fileEntry('a/b/c', 'c'),
      { type: 'directory', path: 'a/b', mode: 0o755, ...owner },
      { type: 'directory', path: 'a', mode: 0o755, ...owner },
    ];
    const root = await placeTree(join(temporaryFolder(test), 'new'), 'deep/root', entries);
    if (process.platform === 'win32') return;
    for (const path of ['a', 'a/b']) assert.equal(statSync(join(root, path)).mode & 0o777, 0o700, path);
  });

  it('writes no file over another, and none through a link', async (test) => {
    const link: Entry = { type: 'symlink', path: 'a', mode: 0o777, target: 'x', ...owner };
    for (const second of [fileEntry('a', 'two'), link]) {
      const entries = [fileEntry('a', 'one'), second];
      await assert.rejects(placeTree(temporaryFolder(test), 'root', entries), { code: 'OUTPUT_FAILED' });
    }
    const root = await placeTree(temporaryFolder(test), 'root', [link]);
    if (process.platform !== 'win32') assert.equal(lstatSync(join(root, 'a')).mode & 0o777, 0o600);
  });

  it('has the numbers of devices that macOS has', { skip: process.platform === 'win32' }, async (test) => {
    const folder = temporaryFolder(test);
    const special = { kind: 'character', major: 5, minor: 300 } as const;
    const root = await onPlatform('darwin', () =>
      placeTree(folder, 'root', [{ ...fileEntry('tty', ''), special }]),
    );
    const text = readFileSync(join(root, '.virtfs_metadata/tty'), 'utf8');
    assert.match(text, new RegExp(`\nvirtfs.rdev=${5 * 16_777_216 + 300}\n$`));
  });

  it('says where it could not write', async (test) => {
    const folder = temporaryFolder(test, { file: '' });
    await assert.rejects(placeTree(join(folder, 'file'), 'root', []), {
      code: 'OUTPUT_FAILED',
      message: /root/,
    });
  });
});

describe('a file in a boot folder', () => {
  it('is written from bytes or a text, with the folders above it', async (test) => {
    const folder = temporaryFolder(test);
    const path = await placeBytes(join(folder, 'new'), 'a/b', 'text');
    assert.equal(path, join(folder, 'new', 'a/b'));
    assert.equal(readFileSync(path, 'utf8'), 'text');
    if (process.platform !== 'win32') assert.equal(statSync(join(folder, 'new', 'a')).mode & 0o777, 0o700);
    const other = await placeBytes(folder, 'c', streamOf(Buffer.from('by'), Buffer.from('tes')));
    assert.equal(readFileSync(other, 'utf8'), 'bytes');
    await appendBytes(other, streamOf(Buffer.from(' and '), Buffer.from('more')));
    assert.equal(readFileSync(other, 'utf8'), 'bytes and more');
  });

  it('is moved where it is a file already, and copied where it is not', async (test) => {
    const folder = temporaryFolder(test, { there: 'moved' });
    const openNever = () => assert.fail('it is a file already');
    const there = { size: 5, path: join(folder, 'there'), open: openNever, openRange: openNever };
    const moved = await placeFile(folder, 'kernel', there);
    assert.equal(moved, join(folder, 'kernel'));
    assert.equal(readFileSync(moved, 'utf8'), 'moved');
    assert.equal(existsSync(there.path), false);
    const bytes = Buffer.from('copied');
    const open = () => streamOf(bytes);
    const copied = await placeFile(folder, 'initrd', { size: bytes.length, open, openRange: open });
    assert.equal(readFileSync(copied, 'utf8'), 'copied');
  });

  it('that can not be written is an error that names it', async (test) => {
    const folder = temporaryFolder(test, { file: '' });
    const expected = { code: 'OUTPUT_FAILED', message: /file/ };
    await assert.rejects(placeBytes(join(folder, 'file'), 'a', 'x'), expected);
    await assert.rejects(appendBytes(join(folder, 'file', 'a'), streamOf(Buffer.from('x'))), expected);
  });
});

describe('checkNames', () => {
  const same: readonly [one: string, other: string][] = [
    ['etc/Name', 'etc/name'],
    ['caf\u00e9', 'cafe\u0301'],
    ['A/b', 'a/B'],
  ];
  for (const [one, other] of same) {
    it(`refuses ${JSON.stringify(one)} beside ${JSON.stringify(other)}`, () => {
      assert.throws(
        () => {
          checkNames([fileEntry('x', ''), fileEntry(one, ''), fileEntry('y', ''), fileEntry(other, '')]);
        },
        { code: 'OUTPUT_FAILED', message: `"/${one}" and "/${other}" can't both be in a folder here` },
      );
    });
  }

  it('takes names that differ in more than that', () => {
    checkNames([]);
    checkNames(['stra\u00dfe', 'strasse'].map((path) => fileEntry(path, '')));
    checkNames(['a', 'b', 'a/b', 'b/a', 'ab', 'a.b', 'e', '\u00e9'].map((path) => fileEntry(path, '')));
  });
});
