// The entries of a rootfs that is in an image: what each has, and what is read for it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { join } from 'node:path';
import { createImageFiles } from '../../../src/adapters/layers/image-files.ts';
import type { FoundFile } from '../../../src/core/files/match.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { packTar } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { MemoryStore } from '../../support/memory-store.ts';

async function read(test: TestContext, layers: readonly (readonly SampleEntry[])[]) {
  const store = new MemoryStore();
  const stored = [];
  for (const entries of layers) {
    const tar = await packTar(entries);
    stored.push({ descriptor: store.add(mediaTypes.layerTar, tar), diffId: digestOf(tar) });
  }
  const files = createImageFiles(join(temporaryFolder(test), 'files'));
  const { entries } = await files.read(store, stored);
  return { entries, store, stored, files };
}

describe('an entry of a rootfs in an image', () => {
  const owner = { uid: 3, gid: 4 };

  it('is a folder, a link or a file, with all that it has', async (test) => {
    const { entries, stored } = await read(test, [
      [
        { path: 'd/', mode: 0o750, ...owner },
        { path: 'l', target: 'd', ...owner },
        { path: 'before', content: 'x' },
        { path: 'f', content: 'content', mode: 0o4755, ...owner },
        { path: 'g', target: 'f', hard: true },
      ],
    ]);
    assert.deepEqual(entries.get('d'), { type: 'directory', path: 'd', mode: 0o750, ...owner });
    assert.deepEqual(entries.get('l'), { type: 'symlink', path: 'l', mode: 0o777, target: 'd', ...owner });
    const [file, twin] = [entries.get('f'), entries.get('g')];
    assert.ok(file?.type === 'file' && twin?.type === 'file');
    const { type, path, mode, size, inode, uid, gid, identify, open } = file;
    const name = `layer ${stored[0]?.descriptor.digest} 1`;
    assert.deepEqual([type, path, mode, size, inode, uid, gid], ['file', 'f', 0o4755, 7, name, 3, 4]);
    assert.deepEqual([identify?.(), twin.identify?.(), twin.inode], [name, name, name]);
    assert.equal(Buffer.from(await readAll(open())).toString(), 'content');
  });

  it('has extended attributes where it has some, of any type', async (test) => {
    const xattrs = { 'user.a': 'b' };
    const { entries } = await read(test, [
      [
        { path: 'd/', xattrs },
        { path: 'f', content: 'x', xattrs },
        { path: 'plain', content: 'x' },
      ],
    ]);
    for (const path of ['d', 'f']) {
      const found = [...(entries.get(path)?.xattrs ?? [])].map(([key, value]) => [
        key,
        Buffer.from(value).toString(),
      ]);
      assert.deepEqual(found, [['user.a', 'b']]);
    }
    assert.ok(!('xattrs' in (entries.get('plain') ?? {})));
  });

  it('is a device, a FIFO or a socket that nobody can copy', async (test) => {
    const { entries } = await read(test, [
      [
        {
          path: 'dev/null',
          mode: 0o666,
          special: { type: 'character-device', major: 1, minor: 3 },
          ...owner,
        },
        { path: 'pipe', special: { type: 'fifo' } },
      ],
    ]);
    const device = entries.get('dev/null');
    assert.ok(device?.type === 'file');
    const { open, ...rest } = device;
    assert.deepEqual(rest, {
      type: 'file',
      path: 'dev/null',
      mode: 0o666,
      size: 0,
      special: { kind: 'character', major: 1, minor: 3 },
      ...owner,
    });
    assert.throws(open, {
      code: 'CONTEXT_PATH',
      message: '"/dev/null" is a device, a FIFO or a socket, which can\'t be copied',
      hint: 'Copy the files beside it by their names.',
    });
    const pipe = entries.get('pipe');
    assert.deepEqual(pipe?.type === 'file' ? pipe.special : undefined, { kind: 'fifo', major: 0, minor: 0 });
  });

  it('is read with all others that are expected, layer by layer', async (test) => {
    const { entries, store } = await read(test, [
      [
        { path: 'a', content: 'a' },
        { path: 'b', content: 'b' },
      ],
      [{ path: 'c', content: 'c' }],
    ]);
    assert.equal(store.opened.length, 2);
    const files = ['a', 'b', 'c'].map((path) => entries.get(path));
    for (const file of files) if (file?.type === 'file') file.expect?.();
    for (const file of files) {
      assert.ok(file?.type === 'file');
      assert.equal(Buffer.from(await readAll(file.open())).toString(), file.path);
    }
    assert.equal(store.opened.length, 4);
  });

  it('comes from a layer that is listed once, whatever number of images has it', async (test) => {
    const { store, stored, files } = await read(test, [[{ path: 'a' }], [{ path: 'b' }]]);
    const { entries } = await files.read(store, [...stored].reverse());
    assert.deepEqual([...entries.keys()].sort(), ['a', 'b']);
    assert.equal(store.opened.length, 2);
  });

  it('is none of a layer that is damaged, which is named', async (test) => {
    const { store, stored, files } = await read(test, [[{ path: 'a' }]]);
    const digest = digestOf(Buffer.from('other'));
    const other = stored.map(({ diffId }) => ({
      descriptor: { ...store.add(mediaTypes.layerTar, Buffer.from('other')) },
      diffId,
    }));
    await assert.rejects(files.read(store, other), { message: new RegExp(`^layer ${digest}`) });
  });
});

describe('an archive that is unpacked', () => {
  it('is read once where it is known to be the same', async (test) => {
    const tar = await packTar([{ path: 'a', content: 'a' }]);
    const { files } = await read(test, []);
    let opened = 0;
    const found = (more: Partial<FoundFile>): FoundFile => ({
      type: 'file',
      name: 'a.tar',
      size: tar.length,
      executable: false,
      open: () => {
        opened += 1;
        return streamOf(tar);
      },
      ...more,
    });
    const count = async (file: FoundFile) => {
      opened = 0;
      assert.equal((await files.unpack(file, '"a.tar"'))?.length, 1);
      return opened;
    };
    const first = await count(found({ identify: () => 'one' }));
    assert.ok(first > 0);
    assert.equal(await count(found({ identify: () => 'one' })), 0);
    assert.equal(await count(found({ identify: () => 'two' })), first);
    assert.equal(await count(found({})), first);
    assert.equal(await count(found({})), first);
  });
});
