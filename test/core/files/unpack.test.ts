// Archives as ADD unpacks them (moby, pkg/archive).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry } from '../../../src/core/files/entry.ts';
import type { ListedEntry } from '../../../src/core/files/list-layer.ts';
import { emptyRootfs } from '../../../src/core/files/rootfs.ts';
import type { Rootfs } from '../../../src/core/files/rootfs.ts';
import { applyArchive } from '../../../src/core/files/unpack.ts';
import type { ArchivedEntry, Unpacking } from '../../../src/core/files/unpack.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';

const position = { file: 'Containerfile', line: 3, column: 1 };

function archived(type: ListedEntry['type'], path: string, more: Partial<ListedEntry> = {}): ArchivedEntry {
  const entry: ListedEntry = {
    path,
    type,
    size: type === 'file' ? 3 : 0,
    mode: 0o750,
    uid: 5,
    gid: 6,
    ...more,
  };
  if (type !== 'file') return { entry };
  return { entry, content: { identify: () => path, open: () => streamOf(), expect: () => undefined } };
}

function unpack(
  entries: readonly ArchivedEntry[],
  part: Partial<Unpacking> = {},
  rootfs: Rootfs = emptyRootfs(),
) {
  const archive = { entries, destination: '/to', chown: undefined, source: 'a.tar', position, ...part };
  return { ...applyArchive(rootfs, archive), rootfs };
}

/** In one line: type, path, mode, owner, and what else there is. */
function told(entries: Iterable<Entry>): string[] {
  return [...entries].map((entry) => {
    const { type, path, mode, uid, gid } = entry;
    const more =
      type === 'symlink' ? ` ${entry.target}` : type === 'file' ? ` ${entry.identify?.() ?? ''}` : '';
    return `${type} ${path} ${mode.toString(8)} ${uid}:${gid}${more}`;
  });
}

function rootfsOf(...entries: readonly Entry[]): Rootfs {
  return { entries: new Map(entries.map((entry) => [entry.path, entry])) };
}

const owner = { uid: 1, gid: 2 };
const folder = (path: string): Entry => ({ type: 'directory', path, mode: 0o700, ...owner });
const link = (path: string, target: string): Entry => ({
  type: 'symlink',
  path,
  mode: 0o777,
  ...owner,
  target,
});
const file = (path: string): Entry => ({
  type: 'file',
  path,
  mode: 0o600,
  ...owner,
  size: 0,
  open: () => streamOf(),
});

describe('an archive that is unpacked', () => {
  it('brings what it holds, with the folders above in the layer', () => {
    const { entries, leftOut, rootfs } = unpack([
      archived('file', 'b/c/f'),
      archived('directory', 'd'),
      archived('symlink', 'd/l', { target: '../b' }),
      archived('hardlink', 'h', { target: 'b/c/f', mode: 0, uid: 9 }),
      archived('other', 'fifo'),
    ]);
    const expected = [
      'directory to 755 0:0',
      'directory to/b 755 0:0',
      'directory to/b/c 755 0:0',
      'file to/b/c/f 750 5:6 b/c/f',
      'directory to/d 750 5:6',
      'symlink to/d/l 777 5:6 ../b',
      'file to/h 750 5:6 b/c/f',
    ];
    assert.deepEqual(told(entries), expected);
    assert.deepEqual(told(rootfs.entries.values()).sort(), [...expected].sort());
    assert.deepEqual(leftOut, ['fifo']);
  });

  it('belongs to the owner that --chown names, with the folder that is made for it', () => {
    const { entries } = unpack(
      [archived('file', 'x/f'), archived('symlink', 'l'), archived('directory', 'd')],
      {
        chown: { uid: 7, gid: 8 },
      },
    );
    assert.deepEqual(told(entries), [
      'directory to 755 7:8',
      'directory to/d 750 7:8',
      'symlink to/l 777 7:8 ',
      // Which the archive implies, and doesn't hold.
      'directory to/x 755 0:0',
      'file to/x/f 750 7:8 x/f',
    ]);
  });

  it('goes into the root, or into a folder that is there, which stays as it is', () => {
    assert.deepEqual(told(unpack([archived('file', 'f')], { destination: '/' }).entries), [
      'file f 750 5:6 f',
    ]);
    const rootfs = rootfsOf(folder('to'), folder('to/b'), file('to/b/old'));
    const { entries } = unpack([archived('file', 'b/f')], {}, rootfs);
    assert.deepEqual(told(entries), [
      'directory to 700 1:2',
      'directory to/b 700 1:2',
      'file to/b/f 750 5:6 b/f',
    ]);
    assert.ok(rootfs.entries.has('to/b/old'));
  });

  it('goes where links lead, and never above its destination by those of its own', () => {
    const rootfs = rootfsOf(folder('real'), link('to', 'real'), folder('real/in'), link('real/l', '/in'));
    const { entries } = unpack([archived('file', 'l/f'), archived('file', 'g')], {}, rootfs);
    assert.deepEqual(told(entries), [
      'directory real 700 1:2',
      'file real/g 750 5:6 g',
      'directory real/in 700 1:2',
      'file real/in/f 750 5:6 l/f',
    ]);
  });

  it('takes the place of what is there, with all that a folder held', () => {
    const rootfs = rootfsOf(
      folder('to'),
      folder('to/a'),
      folder('to/a/b'),
      file('to/a/b/c'),
      file('to/ab'),
      file('to/f'),
    );
    const { entries } = unpack([archived('file', 'a'), archived('directory', 'f')], {}, rootfs);
    assert.deepEqual(told(entries), [
      'directory to 700 1:2',
      'file to/a 750 5:6 a',
      'directory to/f 750 5:6',
    ]);
    assert.deepEqual([...rootfs.entries.keys()].sort(), ['to', 'to/a', 'to/ab', 'to/f']);
  });

  it('takes the place of what it brought itself', () => {
    const { entries } = unpack([
      archived('file', 'a/b/c'),
      archived('file', 'a/x'),
      archived('file', 'a/b'),
      archived('directory', 'a/b'),
      archived('file', 'a/b/d'),
      archived('symlink', 'a', { target: 'z' }),
    ]);
    assert.deepEqual(told(entries), ['directory to 755 0:0', 'symlink to/a 777 5:6 z']);
    const again = unpack([
      archived('file', 'a/b/c'),
      archived('file', 'a/b'),
      archived('file', 'a/d'),
      archived('file', 'a'),
      archived('file', 'd'),
    ]);
    assert.deepEqual(told(again.entries), [
      'directory to 755 0:0',
      'file to/a 750 5:6 a',
      'file to/d 750 5:6 d',
    ]);
  });

  it('has a hard link to itself as what it is', () => {
    const { entries } = unpack([archived('file', 'f'), archived('hardlink', 'f', { target: 'f' })]);
    assert.deepEqual(told(entries), ['directory to 755 0:0', 'file to/f 750 5:6 f']);
  });

  const refused: readonly (readonly [name: string, entries: readonly ArchivedEntry[], message: string])[] = [
    [
      'a hard link to nothing',
      [archived('hardlink', 'h', { target: 'gone' })],
      '"a.tar" can\'t be unpacked: "h" is a hard link to "gone", which is no file there',
    ],
    [
      'a hard link without a target',
      [archived('hardlink', 'h')],
      '"a.tar" can\'t be unpacked: "h" is a hard link to "", which is no file there',
    ],
    [
      'a hard link to a folder',
      [archived('directory', 'd'), archived('hardlink', 'h', { target: 'd' })],
      '"a.tar" can\'t be unpacked: "h" is a hard link to "d", which is no file there',
    ],
    [
      'a file behind a file',
      [archived('file', 'f'), archived('file', 'f/g')],
      '"a.tar" can\'t be unpacked: "to/f/g" lies behind "/to/f", which is no folder',
    ],
    [
      'links in a circle',
      [archived('symlink', 'l', { target: 'l' }), archived('file', 'l/f')],
      '"a.tar" can\'t be unpacked: "l/f" lies behind links that lead in a circle',
    ],
    ['a whiteout', [archived('file', '.wh.x')], '"/to/.wh.x" is a name that an image can\'t hold'],
  ];
  for (const [name, entries, message] of refused) {
    it(`is refused with ${name}`, () => {
      assert.throws(() => unpack(entries), { code: 'CONTEXT_PATH', message, position });
    });
  }

  it('is refused where the destination is a file', () => {
    assert.throws(() => unpack([], {}, rootfsOf(file('to'))), { code: 'CONTEXT_PATH', position });
  });
});
