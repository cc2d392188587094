// Folders that change places with links while the build walks through them.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withPlace } from '../../../src/adapters/context/disk.ts';
import { diskTree } from '../../../src/adapters/context/disk-tree.ts';
import { withFolders } from '../../../src/adapters/context/folders.ts';
import { findSources } from '../../../src/core/files/find-sources.ts';
import { noIgnoreRules } from '../../../src/core/files/ignore.ts';
import { listTree } from '../../../src/core/files/source-tree.ts';
import { position } from '../../core/files/outline.ts';
import { temporaryFolder } from '../../support/folder.ts';

const onLinux = { skip: process.platform !== 'linux' && 'needs paths of descriptors' };

/** `in/dir` of `context` becomes a link to `outside`. */
function swap(folder: string): void {
  renameSync(join(folder, 'context/in/dir'), join(folder, 'context/in/was'));
  symlinkSync(join(folder, 'outside'), join(folder, 'context/in/dir'), 'junction');
}

const files = { 'context/in/dir/own': 'own', 'context/in/other/x': '', 'outside/secret': 'secret' };
const replaced = { code: 'CONTEXT_CHANGED', message: /"in\/dir" was replaced/ };

describe('withFolders', () => {
  for (const pinned of process.platform === 'linux' ? [true, false] : [false]) {
    const how = pinned ? 'held open' : 'looked at';

    it(`gives the folders of a tree, ${how}`, async (test) => {
      const folder = temporaryFolder(test, files);
      const list = () =>
        withFolders(
          join(folder, 'context'),
          (folders) =>
            Promise.resolve(
              ['in/dir', '', 'in', 'in/other', 'in/dir'].map((path) => readdirSync(folders.enter(path))),
            ),
          pinned,
        );
      const expected = [['own'], ['in'], ['dir', 'other'], ['x'], ['own']];
      assert.deepEqual(await list(), expected);
    });

    it(`goes into no folder that has become a link, ${how}`, async (test) => {
      const folder = temporaryFolder(test, files);
      const root = join(folder, 'context');
      const enterLate = withFolders(
        root,
        (folders) => {
          folders.enter('in');
          swap(folder);
          return Promise.resolve(folders.enter('in/dir'));
        },
        pinned,
      );
      await assert.rejects(enterLate, replaced);
    });

    it(`goes into no file and into nothing, ${how}`, async (test) => {
      const folder = temporaryFolder(test, files);
      for (const path of ['in/dir/own', 'in/nothing']) {
        const enter = withFolders(
          join(folder, 'context'),
          (folders) => Promise.resolve(folders.enter(path)),
          pinned,
        );
        await assert.rejects(enter, { code: 'CONTEXT_CHANGED' });
      }
    });
  }

  it('stays in a folder that becomes a link later', onLinux, async (test) => {
    const folder = temporaryFolder(test, files);
    const names = await withFolders(join(folder, 'context'), (folders) => {
      folders.enter('in/dir');
      swap(folder);
      return Promise.resolve(readdirSync(folders.enter('in/dir')));
    });
    assert.deepEqual(names, ['own']);
  });

  it('says at the end that a folder became a link, where none can be held', async (test) => {
    const folder = temporaryFolder(test, files);
    const look = withFolders(
      join(folder, 'context'),
      (folders) => {
        folders.enter('in/dir');
        swap(folder);
        return Promise.resolve(readdirSync(folders.enter('in/dir')));
      },
      false,
    );
    await assert.rejects(look, replaced);
  });

  it('goes far down and back with few files open', onLinux, async (test) => {
    const folder = temporaryFolder(test);
    const depth = 300;
    const names = Array.from({ length: depth }, (_, index) => `d${index}`);
    mkdirSync(join(folder, ...names), { recursive: true });
    const pathOf = (length: number) => names.slice(0, length).join('/');
    await withFolders(folder, (folders) => {
      const open = () => readdirSync('/proc/self/fd').length;
      const before = open();
      for (const length of [depth, depth - 1, 150, 151, 20, 0, 299]) {
        assert.deepEqual(readdirSync(folders.enter(pathOf(length))), names.slice(length, length + 1));
        assert.ok(open() - before < 80, `${open() - before} files are open`);
      }
      return Promise.resolve();
    });
  });

  it('closes what it opened', onLinux, async (test) => {
    const folder = temporaryFolder(test, files);
    const before = readdirSync('/proc/self/fd').length;
    await withFolders(folder, (folders) => Promise.resolve(folders.enter('context/in/dir')));
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });
});

describe('listTree', () => {
  it('lists no folder that was swapped for a link after it was looked at', async (test) => {
    const folder = temporaryFolder(test, files);
    const root = join(folder, 'context');
    let looked = 0;
    const list = withPlace({ root }, new Map(), (place) => {
      const tree = diskTree(place, noIgnoreRules);
      const lookUp: typeof tree.lookUp = (parent, name) => {
        const item = tree.lookUp(parent, name);
        looked += 1;
        if (item?.path === 'in/dir') swap(folder);
        return item;
      };
      return listTree({ ...tree, lookUp }, tree.root, '', '', noIgnoreRules);
    });
    await assert.rejects(list, replaced);
    assert.ok(looked > 0);
    assert.equal(readFileSync(join(root, 'in/dir/secret'), 'utf8'), 'secret');
  });

  it('reads no file through a folder that was swapped for a link', async (test) => {
    const folder = temporaryFolder(test, files);
    const root = join(folder, 'context');
    writeFileSync(join(folder, 'outside/own'), 'its');
    const [match] = await withPlace({ root }, new Map(), (place) =>
      findSources(diskTree(place, noIgnoreRules), { path: 'in/dir/own', position }),
    );
    swap(folder);
    const found = match?.found;
    assert.ok(found?.type === 'file');
    await assert.rejects(
      async () => {
        for await (const chunk of found.open()) assert.fail(`got ${Buffer.from(chunk).toString()}`);
      },
      { code: 'CONTEXT_CHANGED' },
    );
  });
});
