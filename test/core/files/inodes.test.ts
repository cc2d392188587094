// The files of a root file system once each, and what a COPY makes of the sources of one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry } from '../../../src/core/files/entry.ts';
import { contentOf, folderOf, inodesOf, kindOf, modeOf, treeOf } from '../../../src/core/files/inodes.ts';
import type { Found, FoundDirectory, Match } from '../../../src/core/files/match.ts';
import { findOwner } from '../../../src/core/files/owners.ts';
import { itemOf, rootfsTree } from '../../../src/core/files/rootfs-tree.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import { fileEntry } from '../../support/root-tree.ts';

const owner = { uid: 3, gid: 4 };
const folder = (path: string, mode = 0o700): Entry => ({ type: 'directory', path, mode, ...owner });
const link = (path: string, target: string): Entry => ({
  type: 'symlink',
  path,
  mode: 0o777,
  ...owner,
  target,
});

describe('inodesOf', () => {
  const told = (...[entries, root]: Parameters<typeof inodesOf>) =>
    inodesOf(entries, root).map(({ entry, names }) => [
      entry.type,
      entry.path,
      entry.mode,
      entry.uid,
      ...names,
    ]);

  it('has the root first, and folders that no entry stands for', () => {
    assert.deepEqual(told([fileEntry('b/c/f', ''), folder('a')]), [
      ['directory', '', 0o755, 0, ''],
      ['directory', 'a', 0o700, 3, 'a'],
      ['directory', 'b', 0o755, 0, 'b'],
      ['directory', 'b/c', 0o755, 0, 'b/c'],
      ['file', 'b/c/f', 0o644, 0, 'b/c/f'],
    ]);
  });

  it('has the root as it is said to be', () => {
    const xattrs = new Map([['user.a', Buffer.from('x')]]);
    const [root] = inodesOf([], { mode: 0o711, uid: 1, gid: 2, xattrs });
    assert.deepEqual(root, {
      entry: { type: 'directory', path: '', mode: 0o711, uid: 1, gid: 2, xattrs },
      names: [''],
    });
  });

  it('has one inode for the names of a file, in their order', () => {
    const [one, other] = [{ inode: '1' }, { inode: '2' }];
    assert.deepEqual(
      told([
        fileEntry('c', '', one),
        fileEntry('b', '', other),
        fileEntry('a', '', one),
        link('d', 'a'),
      ]).slice(1),
      [
        ['file', 'a', 0o644, 0, 'a', 'c'],
        ['file', 'b', 0o644, 0, 'b'],
        ['symlink', 'd', 0o777, 3, 'd'],
      ],
    );
  });

  it('takes the last of several entries for one path', () => {
    assert.deepEqual(told([fileEntry('a', ''), folder('a')]).slice(1), [['directory', 'a', 0o700, 3, 'a']]);
  });
});

describe('kinds and modes', () => {
  const special = (kind: 'character' | 'block' | 'fifo' | 'socket') =>
    fileEntry('s', '', { special: { kind, major: 1, minor: 2 } });
  it('are those of POSIX', () => {
    const rows: readonly (readonly [Entry, string, number])[] = [
      [fileEntry('f', ''), 'file', 0o100644],
      [folder('d'), 'directory', 0o040700],
      [link('l', 'x'), 'symlink', 0o120777],
      [special('fifo'), 'fifo', 0o010644],
      [special('character'), 'character', 0o020644],
      [special('block'), 'block', 0o060644],
      [special('socket'), 'socket', 0o140644],
    ];
    for (const [entry, kind, mode] of rows) assert.deepEqual([kindOf(entry), modeOf(entry)], [kind, mode]);
  });

  it('are in folders', () => {
    assert.deepEqual(['', 'a', 'a/b', 'a/b/c'].map(folderOf), ['', '', 'a', 'a/b']);
  });
});

describe('the content of a file', () => {
  const sized = (content: string, size: number): Entry => ({ ...fileEntry('d/f', content), size }) as Entry;
  const read = async (entry: Entry) => {
    assert.ok(entry.type === 'file');
    return String(await readAll(contentOf(entry)));
  };

  it('has as many bytes as its entry says', async () => {
    assert.equal(await read(sized('four', 4)), 'four');
    assert.equal(await read(sized('', 0)), '');
    await assert.rejects(read(sized('four', 5)), {
      code: 'CONTEXT_CHANGED',
      message: 'expected 5 bytes of "d/f", got 4',
    });
    await assert.rejects(read(sized('four', 3)), {
      code: 'CONTEXT_CHANGED',
      message: 'expected 3 bytes of "d/f", got more',
    });
  });
});

const position = { file: 'Containerfile', line: 2, column: 6 };
const matchOf = (found: Found, path = found.name): Match => ({ source: { path, position }, found });
const foundFile = (name: string, more: Partial<Extract<Found, { type: 'file' }>> = {}): Found => ({
  type: 'file',
  name,
  size: 0,
  executable: false,
  open: () => streamOf(),
  ...more,
});
const foundFolder = (
  name: string,
  children: readonly Found[],
  more: Partial<FoundDirectory> = {},
): Found => ({
  type: 'directory',
  name,
  children,
  ...more,
});
const foundLink = (name: string, target: string): Found => ({ type: 'symlink', name, target });

describe('treeOf', () => {
  const told = (...found: readonly Found[]) => {
    const { entries, root } = treeOf(found.map((one) => matchOf(one)));
    return {
      root,
      entries: [...entries].map(([path, { type, mode, uid, gid }]) => [
        path,
        type,
        mode.toString(8),
        uid,
        gid,
      ]),
    };
  };
  const plain = { mode: 0o755, uid: 0, gid: 0 };

  it('has what is in folders, and files by their names, as root’s', () => {
    const { root, entries } = told(
      foundFolder('x', [
        foundFolder('d', [foundFile('f'), foundFile('p', { executable: true })], { mode: 0o711 }),
        foundLink('l', 'd'),
        foundFolder('e', []),
      ]),
      foundFile('g', { mode: 0o600, executable: true }),
    );
    assert.deepEqual(root, plain);
    assert.deepEqual(entries.sort(), [
      ['d', 'directory', '711', 0, 0],
      ['d/f', 'file', '644', 0, 0],
      ['d/p', 'file', '755', 0, 0],
      ['e', 'directory', '755', 0, 0],
      ['g', 'file', '600', 0, 0],
      ['l', 'symlink', '777', 0, 0],
    ]);
  });

  it('keeps size, bytes and hard links of the context', () => {
    const open = () => streamOf();
    const { entries } = treeOf([
      matchOf(foundFile('a', { size: 3, open, inode: '7' })),
      matchOf(foundFile('b', { size: 4, open })),
      matchOf(foundLink('l', 't')),
    ]);
    assert.deepEqual(
      [...entries.values()],
      [
        { type: 'file', path: 'a', uid: 0, gid: 0, mode: 0o644, size: 3, open, inode: '7' },
        { type: 'file', path: 'b', uid: 0, gid: 0, mode: 0o644, size: 4, open },
        { type: 'symlink', path: 'l', uid: 0, gid: 0, mode: 0o777, target: 't' },
      ],
    );
  });

  it('keeps what is found in another rootfs as it is there, under its new name, and the root too', () => {
    const xattrs = new Map([['user.a', Buffer.from('x')]]);
    const origin = { ...folder('etc', 0o750), xattrs } as Entry;
    const file = fileEntry('etc/f', 'x', { mode: 0o4755, uid: 9, inode: 'i' });
    const { entries, root } = treeOf([
      matchOf(foundFolder('etc', [{ ...foundFile('f'), origin: file }], { origin })),
    ]);
    assert.deepEqual(root, { mode: 0o750, ...owner, xattrs });
    assert.deepEqual([...entries], [['f', { ...file, path: 'f' }]]);
    const [bare] = [treeOf([matchOf(foundFolder('d', [], { origin: folder('d') }))])];
    assert.deepEqual(bare.root, { mode: 0o700, ...owner });
    // That of a file says nothing of the root.
    assert.deepEqual(treeOf([matchOf({ ...foundFile('f'), origin: file })]).root, plain);
  });

  it('has the last of two files, and one folder of two', () => {
    const { entries } = told(
      foundFolder('x', [foundFolder('d', [foundFile('a')])]),
      foundFolder('y', [foundFolder('d', [foundFile('b')], { mode: 0o700 })]),
    );
    assert.deepEqual(entries, [
      ['d', 'directory', '700', 0, 0],
      ['d/a', 'file', '644', 0, 0],
      ['d/b', 'file', '644', 0, 0],
    ]);
    assert.deepEqual(told(foundFile('a'), foundLink('a', 'x')).entries, [['a', 'symlink', '777', 0, 0]]);
  });

  it('refuses a file in the place of a folder, and a folder in that of a file', () => {
    const hint = 'Name sources that fit into one tree.';
    assert.throws(() => told(foundFolder('x', [foundFolder('d', [])]), foundFile('d')), {
      code: 'CONTEXT_PATH',
      message: '"d" needs a file at "/d" of the root file system, where a directory is already',
      hint,
      position,
    });
    assert.throws(() => told(foundFile('d'), foundFolder('x', [foundFolder('d', [])])), {
      code: 'CONTEXT_PATH',
      message: '"x" needs a directory at "/d" of the root file system, where a file is already',
      hint,
      position,
    });
  });
});

describe('findOwner', () => {
  const rootfs = (passwd?: string, group?: string) => ({
    entries: new Map<string, Entry>([
      ...(passwd === undefined ? [] : [['etc/passwd', fileEntry('etc/passwd', passwd)] as const]),
      ...(group === undefined ? [] : [['etc/group', fileEntry('etc/group', group)] as const]),
    ]),
  });

  it('looks names up in the files of the rootfs', async () => {
    const both = rootfs('web:x:10:20::/:/bin/sh\n', 'staff:x:30:\n');
    assert.deepEqual(await findOwner(both, { user: 'web' }), { uid: 10, gid: 20 });
    assert.deepEqual(await findOwner(both, { user: 'web', group: 'staff' }), { uid: 10, gid: 30 });
    assert.deepEqual(await findOwner(both, { user: 'me' }), { missing: 'me' });
    assert.deepEqual(await findOwner(both, { user: 'web', group: 'x' }), { missing: 'x' });
  });

  it('needs no files for numbers, and finds no name without them', async () => {
    assert.deepEqual(await findOwner(rootfs(), { user: 1, group: 2 }), { uid: 1, gid: 2 });
    assert.deepEqual(await findOwner(rootfs(), { user: 'web' }), { missing: 'web' });
  });

  it('reads no list that is larger than any', async () => {
    const entry = { ...fileEntry('etc/passwd', 'web:x:10:20::/:\n'), size: 4 * 1024 * 1024 } as Entry;
    const found = { entries: new Map([['etc/passwd', entry]]) };
    assert.deepEqual(await findOwner(found, { user: 'web' }), { uid: 10, gid: 20 });
    found.entries.set('etc/passwd', { ...entry, size: 4 * 1024 * 1024 + 1 } as Entry);
    assert.deepEqual(await findOwner(found, { user: 'web' }), { missing: 'web' });
  });
});

describe('a rootfs as a tree', () => {
  const entries = [
    folder('d'),
    fileEntry('d/b', 'x', { mode: 0o755 }),
    fileEntry('d/a', ''),
    link('l', 'd'),
    folder('a'),
  ];
  const tree = rootfsTree({ entries: new Map(entries.map((entry) => [entry.path, entry])) }, 'alpine');

  it('is looked up name by name', () => {
    const d = tree.lookUp(tree.root, 'd');
    assert.deepEqual(d, { type: 'directory', path: 'd', entry: entries[0] });
    assert.deepEqual(tree.lookUp(d, 'b')?.entry, entries[1]);
    assert.equal(tree.lookUp(d, 'c'), undefined);
    assert.deepEqual(tree.lookUp(tree.root, 'l'), {
      type: 'symlink',
      path: 'l',
      entry: entries[3],
      target: 'd',
    });
    assert.ok(!('target' in itemOf(folder('d'))));
  });

  it('lists the names of a folder in their order, and none of anything else', () => {
    assert.deepEqual([...tree.list(tree.root)], ['a', 'd', 'l']);
    assert.deepEqual([...tree.list({ type: 'directory', path: 'd' })], ['a', 'b']);
    assert.deepEqual([...tree.list({ type: 'directory', path: 'a' })], []);
  });

  it('is the whole of an image, in which links are followed', () => {
    assert.deepEqual([tree.name, tree.isConfined, tree.rules.ignores('d')], ['"alpine"', false, false]);
    assert.equal(
      tree.adviseOn('x'),
      'Paths start at the root of the image, and links are followed inside it.',
    );
    assert.deepEqual(tree.explainIgnored('x'), { message: '"x" is left out', hint: 'Name another source.' });
    assert.deepEqual(tree.attributesOf(itemOf(folder('d'))), { mode: 0o700, origin: folder('d') });
    assert.deepEqual(tree.attributesOf(tree.root), {});
    assert.deepEqual(tree.attributesOf(itemOf(link('l', 'd'))), {});
  });

  it('gives files as they are there', () => {
    const take = (entry: Entry) => tree.take(itemOf(entry), 'n', true);
    const file = fileEntry('f', 'x', { mode: 0o640 });
    assert.ok(file.type === 'file');
    const { open } = file;
    assert.deepEqual(take(file), {
      type: 'file',
      name: 'n',
      size: 1,
      executable: false,
      mode: 0o640,
      open,
      origin: file,
    });
    for (const [mode, executable] of [
      [0o100, true],
      [0o010, true],
      [0o001, true],
      [0o666, false],
    ] as const)
      assert.equal((take({ ...file, mode }) as { executable?: boolean }).executable, executable);
    const more = { openRange: () => streamOf(), identify: () => 'i', stamp: () => undefined };
    const rich: Entry = { ...file, ...more };
    assert.deepEqual(take(rich), { ...take(file), ...more, origin: rich });
    const guessed: Entry = { ...file, isGuessed: true };
    assert.deepEqual(take(guessed), {
      type: 'file',
      name: 'n',
      size: 1,
      executable: false,
      isGuessed: true,
      open,
      origin: guessed,
    });
    assert.deepEqual(take(link('l', 't')), {
      type: 'symlink',
      name: 'n',
      target: 't',
      origin: link('l', 't'),
    });
    assert.throws(() => take(folder('d')), /a folder is taken for the file "n"/);
    assert.throws(() => tree.take(tree.root, 'n', true), /a folder is taken/);
  });

  it('announces the files that will be opened', () => {
    let count = 0;
    const file = fileEntry('f', '');
    assert.ok(file.type === 'file');
    tree.take(itemOf({ ...file, expect: () => (count += 1) }), 'f', false);
    assert.equal(count, 1);
  });
});
