// What is at the path of an output: what is taken, and what is refused with which words.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { findFileTarget, findFolderTarget } from '../../../src/adapters/filesystem/output-path.ts';
import { temporaryFolder } from '../../support/folder.ts';

const skip = process.platform === 'win32' && 'Windows has other kinds of files';
const leftAsItIs = 'It is left as it is: name another path.';

function scene(test: TestContext): string {
  const folder = realpathSync(temporaryFolder(test, { file: 'x', 'folder/inner': '' }));
  assert.equal(spawnSync('mkfifo', [join(folder, 'fifo')]).status, 0);
  for (const [name, target] of [
    ['to-file', 'file'],
    ['to-link', 'to-file'],
    ['to-folder', 'folder'],
    ['to-nothing', 'folder/new'],
    ['to-fifo', 'fifo'],
    ['to-itself', 'to-itself'],
    ['absolute', join(folder, 'folder/new')],
  ] as const)
    symlinkSync(target, join(folder, name));
  return folder;
}

describe('the target of a file', { skip }, () => {
  const rows: [name: string, type: string, target: string][] = [
    ['file', 'file', 'file'],
    ['new', 'file', 'new'],
    ['a/b/new', 'file', 'a/b/new'],
    ['to-file', 'file', 'file'],
    ['to-link', 'file', 'file'],
    ['to-nothing', 'file', 'folder/new'],
    ['absolute', 'file', 'folder/new'],
    ['to-folder/new', 'file', 'to-folder/new'],
    ['fifo', 'fifo', 'fifo'],
    ['to-fifo', 'fifo', 'to-fifo'],
  ];
  for (const [name, type, target] of rows)
    it(`is ${target} for ${name}`, async (test) => {
      const folder = scene(test);
      assert.deepEqual(await findFileTarget(join(folder, name)), { type, path: join(folder, target) });
    });

  it('is the path as it was written, where no link is followed', async () => {
    assert.deepEqual(await findFileTarget('./not-there.tar'), { type: 'file', path: './not-there.tar' });
  });

  it('is no folder', async (test) => {
    const folder = scene(test);
    for (const name of ['folder', 'to-folder', 'new/', 'new\\'])
      await assert.rejects(findFileTarget(`${folder}/${name}`), {
        code: 'OUTPUT_FAILED',
        message: `expected the name of a file, got the folder "${folder}/${name}"`,
        hint: `Name a file in it, such as ${join(`${folder}/${name}`, 'FILE')}.`,
      });
  });

  it('is nothing below a file, and no circle', async (test) => {
    const folder = scene(test);
    const path = join(folder, 'file/new');
    await assert.rejects(findFileTarget(path), {
      code: 'OUTPUT_FAILED',
      message: `can't write "${path}": a part of the path is a file`,
    });
    symlinkSync('file/new', join(folder, 'into-file'));
    await assert.rejects(findFileTarget(join(folder, 'to-itself')), {
      code: 'OUTPUT_FAILED',
      message: `can't write "${join(folder, 'to-itself')}": its symbolic links lead in a circle`,
    });
  });

  it('is no socket and no device', async (test) => {
    const folder = scene(test);
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(folder, 'socket'), done));
    try {
      await assert.rejects(findFileTarget(join(folder, 'socket')), {
        code: 'OUTPUT_FAILED',
        message: `expected a file, got a socket at "${join(folder, 'socket')}"`,
        hint: leftAsItIs,
      });
    } finally {
      server.close();
    }
    await assert.rejects(findFileTarget('/dev/null'), {
      message: 'expected a file, got a character device at "/dev/null"',
      hint: leftAsItIs,
    });
  });
});

describe('the target of a folder', { skip }, () => {
  for (const [name, target] of [
    ['folder', 'folder'],
    ['to-folder', 'folder'],
    ['new', 'new'],
    ['a/b', 'a/b'],
    ['to-nothing', 'folder/new'],
  ] as const)
    it(`is ${target} for ${name}`, async (test) => {
      const folder = scene(test);
      assert.equal(await findFolderTarget(join(folder, name)), join(folder, target));
    });

  for (const [name, kind] of [
    ['file', 'a file'],
    ['to-file', 'a file'],
    ['fifo', 'a FIFO'],
  ] as const)
    it(`is not ${name}`, async (test) => {
      const path = join(scene(test), name);
      await assert.rejects(findFolderTarget(path), {
        code: 'OUTPUT_FAILED',
        message: `expected a folder, got ${kind} at "${path}"`,
        hint: leftAsItIs,
      });
    });

  it('is nothing below what is no folder', async (test) => {
    const folder = scene(test);
    symlinkSync('../fifo/new', join(folder, 'folder/odd'));
    mkdirSync(join(folder, 'other'));
    await assert.rejects(findFolderTarget(join(folder, 'fifo/a/b')), {
      code: 'OUTPUT_FAILED',
      message: `can't write "${join(folder, 'fifo/a/b')}": a part of the path is a file`,
    });
  });
});
