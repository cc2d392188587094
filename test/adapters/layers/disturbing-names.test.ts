// Which entries of a layer make a path mean something else than the file of that name.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSpool, disturbs, readNamedFiles } from '../../../src/adapters/layers/named-files.ts';
import type { ListedEntry } from '../../../src/core/files/list-layer.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { packTar } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { MemoryStore } from '../../support/memory-store.ts';

function entry(path: string, type: ListedEntry['type'] = 'file'): ListedEntry {
  return { path, type, size: 0, mode: 0o644, uid: 0, gid: 0 };
}

describe('an entry of a layer', () => {
  const wanted = 'a/b/c';
  const disturbing: readonly ListedEntry[] = [
    ...(['directory', 'symlink', 'hardlink', 'other'] as const).map((type) => entry('a/b/c', type)),
    ...(['file', 'symlink', 'hardlink', 'other'] as const).map((type) => entry('a/b', type)),
    entry('a', 'symlink'),
    ...[
      'a/b/.wh.c',
      'a/.wh.b',
      '.wh.a',
      'a/b/.wh..wh..opq',
      'a/.wh..wh..opq',
      '.wh..wh..opq',
      'a/b/c/.wh..wh..opq',
    ].map((path) => entry(path)),
  ];
  for (const one of disturbing)
    it(`disturbs ${wanted}: ${one.type} ${one.path}`, () => {
      assert.ok(disturbs(one, wanted));
    });

  const harmless: readonly ListedEntry[] = [
    entry('a/b/c'),
    entry('a/b', 'directory'),
    entry('a', 'directory'),
    entry('a/b/cd', 'symlink'),
    entry('a/b/c/d', 'symlink'),
    entry('a/bc', 'symlink'),
    entry('b', 'symlink'),
    ...['a/b/.wh.d', 'a/b/.wh.cd', 'a/b/.wx.c', 'a/.wh.c', 'a/.wh.bc', '.wh.b', '.wh.ab'].map((path) =>
      entry(path),
    ),
    ...['a/bc/.wh..wh..opq', 'b/.wh..wh..opq', 'a/b/wh.c', 'a/b/x.wh.c'].map((path) => entry(path)),
  ];
  for (const one of harmless)
    it(`leaves ${wanted} as it is: ${one.type} ${one.path}`, () => {
      assert.ok(!disturbs(one, wanted));
    });

  it('disturbs a file at the root by an opaque root, and by its own whiteout', () => {
    assert.ok(disturbs(entry('.wh..wh..opq'), 'c'));
    assert.ok(disturbs(entry('.wh.c'), 'c'));
    assert.ok(!disturbs(entry('x/.wh.c'), 'c'));
  });
});

async function store(layers: readonly (readonly SampleEntry[])[]) {
  const source = new MemoryStore();
  const stored = [];
  for (const entries of layers) {
    const tar = await packTar(entries);
    stored.push({ descriptor: source.add(mediaTypes.layerTar, tar), diffId: digestOf(tar) });
  }
  return { source, stored };
}

describe('files by their names', () => {
  it('are the last ones of their names, on disk and closed, with their sizes', async (test) => {
    const folder = join(temporaryFolder(test), 'new/folder');
    const { source, stored } = await store([
      [
        { path: 'a', content: 'one' },
        { path: 'b', content: 'b' },
        { path: 'a', content: 'another' },
      ],
    ]);
    const files = await readNamedFiles(source, stored, ['a', 'none'], folder);
    assert.deepEqual([...files.keys()], ['a']);
    const file = files.get('a');
    assert.equal(file?.size, 7);
    assert.equal(readFileSync(file.path ?? '', 'utf8'), 'another');
    assert.equal(Buffer.from(await readAll(file.open())).toString(), 'another');
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    // Both were read; nothing else was.
    assert.equal(readdirSync(folder).length, 2);
  });

  it('are not looked for where none is wanted', async (test) => {
    const { source, stored } = await store([[{ path: 'a' }]]);
    assert.equal((await readNamedFiles(source, stored, [], temporaryFolder(test))).size, 0);
    assert.deepEqual(source.opened, []);
  });

  it('are read from the whole rootfs where a link is on the way, all of them', async (test) => {
    const { source, stored } = await store([
      [
        { path: 'real/a', content: 'linked' },
        { path: 'plain', content: 'plain' },
      ],
      [{ path: 'link', target: 'real' }],
    ]);
    const files = await readNamedFiles(source, stored, ['link/a', 'plain', 'none'], temporaryFolder(test));
    const texts = [];
    for (const [path, { size, open }] of files)
      texts.push([path, size, Buffer.from(await readAll(open())).toString()]);
    assert.deepEqual(texts, [
      ['link/a', 6, 'linked'],
      ['plain', 5, 'plain'],
    ]);
    assert.ok([...files.values()].every((file) => !('path' in file)));
  });

  it('leave no descriptor open', { skip: process.platform !== 'linux' && 'needs /proc' }, async (test) => {
    const count = () => readdirSync('/proc/self/fd').length;
    const { source, stored } = await store([[{ path: 'b', content: 'b' }], [{ path: 'a', content: 'a' }]]);
    const before = count();
    await readNamedFiles(source, stored, ['a', 'b'], temporaryFolder(test));
    const wrong = stored.map(({ descriptor }) => ({ descriptor, diffId: digestOf(Buffer.from('x')) }));
    await assert.rejects(readNamedFiles(source, wrong, ['a'], temporaryFolder(test)));
    const spool = createSpool(temporaryFolder(test), new Set(['x', 'y']));
    for (const path of ['x', 'y', 'x']) spool.reader(entry(path));
    spool.close();
    assert.equal(count(), before);
  });
});

describe('a spool', () => {
  it('has no reader for what nobody wants, and may be closed any number of times', (test) => {
    const folder = join(temporaryFolder(test), 'spool');
    const spool = createSpool(folder, new Set(['a']));
    assert.equal(spool.reader({ ...entry('b'), size: 1 }), undefined);
    spool.close();
    const take = spool.reader({ ...entry('a'), size: 4 });
    take?.(Buffer.from('ab'));
    take?.(Buffer.from('cd'));
    // The next entry closes it.
    spool.reader(entry('b'));
    spool.close();
    spool.close();
    assert.equal(readFileSync(spool.files.get('a')?.path ?? '', 'utf8'), 'abcd');
    assert.equal(spool.files.get('a')?.size, 4);
    assert.deepEqual([...spool.files.keys()], ['a']);
  });
});
