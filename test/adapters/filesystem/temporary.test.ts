// Temporary files and folders, and what is said of places that can't be written.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { nameOwner } from '../../../src/adapters/filesystem/process-owner.ts';
import {
  isTemporaryName,
  nameSystemError,
  outputError,
  outputErrors,
  sweep,
  temporaryName,
  withTemporaryFolder,
  writeWhole,
} from '../../../src/adapters/filesystem/temporary.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { temporaryFolder } from '../../support/folder.ts';

const systemError = (code: string, more: object = {}) =>
  Object.assign(new Error(`${code}: not now`), { code, errno: -1, ...more });

describe('a temporary folder', () => {
  it('is beside the path, for this user alone, and gone afterwards', async (test) => {
    const folder = join(temporaryFolder(test), 'made');
    const path = join(folder, 'out.tar');
    const result = await withTemporaryFolder(path, (inner) => {
      assert.equal(dirname(inner), folder);
      assert.match(basename(inner), /^\.out\.tar\.bima-[0-9a-f]{12}-\d+-\d+-[0-9a-f]{12}$/);
      if (process.platform !== 'win32') assert.equal(statSync(inner).mode & 0o777, 0o700);
      writeFileSync(join(inner, 'x'), '');
      return Promise.resolve(5);
    });
    assert.equal(result, 5);
    assert.deepEqual(readdirSync(folder), []);
    await assert.rejects(
      withTemporaryFolder(path, () => Promise.reject(new Error('a fault'))),
      /a fault/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is in another one where that is named, and both are swept', async (test) => {
    const [folder, other] = [temporaryFolder(test), temporaryFolder(test)];
    const [place, , , random] = (await nameOwner()).split('-');
    const dead = `.x.bima-${place}-4194300-1-${random}`;
    for (const parent of [folder, other]) mkdirSync(join(parent, dead, 'inside'), { recursive: true });
    await withTemporaryFolder(
      join(folder, 'out'),
      (inner) => {
        assert.equal(dirname(inner), other);
        return Promise.resolve();
      },
      other,
    );
    assert.deepEqual([readdirSync(folder), readdirSync(other)], [[], []]);
  });

  for (const [name, shown] of [
    ['x'.repeat(150), 'x'.repeat(150)],
    ['x'.repeat(151), 'output'],
    ['ä'.repeat(76), 'output'],
  ] as const)
    it(`has a name of at most 255 bytes for one of ${Buffer.byteLength(name)}`, async (test) => {
      await withTemporaryFolder(join(temporaryFolder(test), name), (inner) => {
        assert.ok(basename(inner).startsWith(`.${shown}.bima-`));
        return Promise.resolve();
      });
    });

  it('can not be made in a file', async (test) => {
    const path = join(temporaryFolder(test, { file: '' }), 'file', 'out');
    await assert.rejects(
      withTemporaryFolder(path, () => assert.fail('called')),
      { code: 'OUTPUT_FAILED', message: `can't write "${path}": a file is in the way` },
    );
  });
});

describe('writeWhole', () => {
  it('replaces a file, and leaves nothing beside it', async (test) => {
    const folder = temporaryFolder(test, { a: 'old' });
    await writeWhole(join(folder, 'a'), Buffer.from('new'));
    await writeWhole(join(folder, 'b/c'), Buffer.from('in a folder'));
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'new');
    assert.equal(readFileSync(join(folder, 'b/c'), 'utf8'), 'in a folder');
    assert.deepEqual(readdirSync(folder), ['a', 'b']);
    mkdirSync(join(folder, 'd/e'), { recursive: true });
    await assert.rejects(writeWhole(join(folder, 'd'), Buffer.from('x')), { code: 'OUTPUT_FAILED' });
    assert.deepEqual(readdirSync(folder), ['a', 'b', 'd']);
  });
});

describe('temporary names', () => {
  it('are those that are made here', async () => {
    const name = await temporaryName();
    assert.match(name, /^\.bima-[0-9a-f]{12}-\d+-\d+-[0-9a-f]{12}$/);
    assert.notEqual(name, await temporaryName());
    for (const each of [name, `.out.tar.${name.slice(1)}`, '.bima-lock-x', '..bima-x.bima-y'])
      assert.equal(isTemporaryName(each), true, each);
    for (const other of ['bima-x', '.bima-', '.bima-x.y', '.x.bima-', 'x.bima-y', '.xbima-y', '..bima-x', ''])
      assert.equal(isTemporaryName(other), false, other);
  });

  it('of this user, of the dead and of long ago are swept', async (test) => {
    const own = await nameOwner();
    const [place, , , random] = own.split('-');
    const dead = `.bima-${place}-4194300-1-${random}`;
    const foreign = (letter: string) => `.bima-${letter.repeat(12)}-1-1-${random}`;
    const names = [
      dead,
      foreign('a'),
      foreign('b'),
      `.bima-${own}`,
      '.bima-nobody',
      `x-${place}-4194300-1-${random}`,
    ];
    const folder = temporaryFolder(test, Object.fromEntries(names.map((name) => [name, ''])));
    const day = 24 * 60 * 60;
    const touch = (name: string, age: number) => {
      utimesSync(join(folder, name), Date.now() / 1000 - age, Date.now() / 1000 - age);
    };
    touch(foreign('a'), day + 60);
    touch(foreign('b'), day - 60);
    for (const name of [`.bima-${own}`, '.bima-nobody']) touch(name, 9 * day);
    await sweep(folder);
    const left = process.platform === 'linux' ? names.slice(2) : readdirSync(folder);
    assert.deepEqual(readdirSync(folder).sort(), left.sort());
    await sweep(join(folder, 'none'));
  });
});

describe('what the file system says', () => {
  const rows: [code: string, reason: string, hint: string][] = [
    ['ENOSPC', 'the disk is full', 'Free some space or write to another disk; nothing was left behind.'],
    [
      'EDQUOT',
      'the disk quota is used up',
      'Free some space or write to another disk; nothing was left behind.',
    ],
    ['ENXIO', 'it is a FIFO that nobody reads', 'Start its reader, or name a file.'],
    ['EPIPE', 'its reader has gone', 'See why the program that reads it has stopped.'],
    ['ELOOP', 'its symbolic links lead in a circle', 'Choose another place.'],
    ['EACCES', 'permission denied', 'Choose a place that you may write to.'],
    ['EPERM', 'not permitted', 'Choose a place that you may write to.'],
    ['EBUSY', 'it is in use', 'Close the program that has it open, or choose another place.'],
    ['EROFS', 'the file system is read-only', 'Choose a place that you may write to.'],
    ['ENOENT', 'there is no such file or folder', 'Make the folder, or choose another place.'],
    ['ENOTDIR', 'a part of the path is a file', 'Choose another place.'],
    ['EEXIST', 'a file is in the way', 'Choose another place.'],
    ['EISDIR', 'it is a directory', 'Choose another name.'],
  ];
  for (const [code, reason, hint] of rows)
    it(`is put in words: ${code}`, async () => {
      const cause = systemError(code);
      await assert.rejects(
        outputErrors('out', () => Promise.reject(cause)),
        (error: BimaError) =>
          error.code === 'OUTPUT_FAILED' &&
          error.message === `can't write "out": ${reason}` &&
          error.hint === hint &&
          error.cause === cause,
      );
    });

  it('is passed on where nobody knows what to do', async () => {
    const cause = systemError('EIO');
    const error = outputError('do it', cause) as BimaError;
    assert.deepEqual(
      [error.code, error.message, error.hint, error.cause],
      ['OUTPUT_FAILED', "can't do it: EIO: not now", undefined, cause],
    );
    const [own, fault] = [new BimaError('INPUT_INVALID', 'x'), new Error('a fault')];
    for (const other of [own, fault, Object.assign(own, { errno: -1 })])
      assert.equal(outputError('x', other), other);
    assert.equal(await outputErrors('x', () => Promise.resolve(5)), 5);
  });

  it('is named with what was tried, for a shell', () => {
    const named = (more: object) => (nameSystemError(systemError('ENOSPC', more)) as BimaError).message;
    assert.equal(named({ syscall: 'write', path: '/a' }), 'can\'t write "/a": the disk is full');
    assert.equal(named({ syscall: 'write' }), "can't write: the disk is full");
    assert.equal(named({ path: '/a' }), 'can\'t use "/a": the disk is full');
    assert.equal(named({}), "can't use: the disk is full");
    const fault = new Error('a fault');
    assert.equal(nameSystemError(fault), fault);
  });
});

describe('what is there before', () => {
  it('stays where a temporary folder is made in it', async (test) => {
    const folder = temporaryFolder(test, { a: 'x' });
    await withTemporaryFolder(join(folder, 'a'), (inner) => {
      assert.ok(existsSync(inner));
      return Promise.resolve();
    });
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'x');
  });
});
