// The tar of a context, unpacked: what lands where, and what is refused.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { unpackTar } from '../../../src/adapters/context/unpack-tar.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { packTar } from '../../support/pack-tar.ts';
import type { TarPart } from '../../support/pack-tar.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { tree } from '../../support/tree.ts';

const skip = process.platform === 'win32' && 'Windows has neither modes nor such links';

async function unpack(test: TestContext, parts: readonly TarPart[]) {
  const folder = temporaryFolder(test);
  const leftOut = await unpackTar(streamOf(packTar(parts)), folder, 'the tar');
  const found = Object.entries(tree(folder)).map(([path, line]) => {
    const [kind, mode, , , content] = line.split(' ');
    if (kind === 'link') return `${path} -> ${mode}`;
    return kind === 'dir' ? `${path}/` : `${path} ${mode} ${content}`;
  });
  return { folder, leftOut, found };
}

describe('unpackTar', { skip }, () => {
  const rows: [name: string, parts: TarPart[], found: string[]][] = [
    ['files in folders that are made', [{ name: 'a/b/c', content: 'x' }], ['a/', 'a/b/', 'a/b/c 644 x']],
    [
      'modes of permissions alone, always for the owner to read and write',
      [
        { name: 'a', content: 'x', mode: 0o6755 },
        { name: 'b', content: 'x', mode: 0 },
      ],
      ['a 755 x', 'b 600 x'],
    ],
    ['names from the root', [{ name: '/./a//b/.', content: 'x' }], ['a/', 'a/b 644 x']],
    ['the root itself', [{ name: './', type: 'directory' }], []],
    [
      'a folder twice, with what is in it',
      [
        { name: 'a/', type: 'directory' },
        { name: 'a/b', content: 'x' },
        { name: 'a', type: 'directory' },
      ],
      ['a/', 'a/b 644 x'],
    ],
    [
      'the last of a name',
      [
        { name: 'a', content: 'x' },
        { name: 'a', target: 'b' },
        { name: 'b', target: 'a' },
        { name: 'b', content: 'y' },
        { name: 'c', content: 'x' },
        { name: 'c', type: 'directory' },
      ],
      ['a -> b', 'b 644 y', 'c/'],
    ],
    ['links as they are', [{ name: 'a', target: '/etc/../x' }], ['a -> /etc/../x']],
    [
      'hard links',
      [
        { name: 'a/b', content: 'x' },
        { name: 'c', target: './a/b', type: 'link' },
        { name: 'a/b', target: 'a/b', type: 'link' },
      ],
      ['a/', 'a/b 644 x', 'c 644 x'],
    ],
  ];
  for (const [name, parts, found] of rows)
    it(`makes ${name}`, async (test) => {
      assert.deepEqual((await unpack(test, parts)).found, found);
    });

  it('makes a hard link that is one', async (test) => {
    const { folder } = await unpack(test, [
      { name: 'a', content: 'x' },
      { name: 'b', target: 'a', type: 'link' },
    ]);
    assert.equal(statSync(join(folder, 'a')).ino, statSync(join(folder, 'b')).ino);
  });

  it('leaves out devices, and names as many as anybody reads', async (test) => {
    const devices = Array.from({ length: 101 }, (_, at) => ({
      name: `dev/./${at}`,
      type: 'character-device' as const,
    }));
    const { leftOut, found } = await unpack(test, [...devices, { name: 'a', content: 'x' }]);
    assert.deepEqual(
      leftOut,
      Array.from({ length: 100 }, (_, at) => `dev/${at}`),
    );
    assert.deepEqual(found, ['a 644 x']);
  });

  const long = 'x'.repeat(256);
  const outside = 'has a name that may lead out of the context';
  const refused: [name: string, parts: TarPart[], message: string][] = [
    ['a name that leads out', [{ name: '../a' }], `"../a" ${outside}`],
    ['one that leads out and back', [{ name: 'a/../b' }], `"a/../b" ${outside}`],
    ['a hard link that leads out', [{ name: 'a', target: '../b', type: 'link' }], `"../b" ${outside}`],
    [
      'a hard link to nothing',
      [{ name: 'a', target: 'b', type: 'link' }],
      '"a" is a hard link to "b", which is no file there',
    ],
    [
      'a hard link to nothing in no folder',
      [{ name: 'a', target: 'b/c', type: 'link' }],
      '"a" is a hard link to "b/c", which is no file there',
    ],
    [
      'a hard link to a folder',
      [
        { name: 'b', type: 'directory' },
        { name: 'a', target: 'b', type: 'link' },
      ],
      '"a" is a hard link to "b", which is no file there',
    ],
    [
      'a hard link through a link',
      [
        { name: 'b', target: '/etc' },
        { name: 'a', target: 'b/passwd', type: 'link' },
      ],
      '"a" leads through "b", which is a symbolic link',
    ],
    [
      'a file through a link',
      [
        { name: 'a', target: '/tmp' },
        { name: 'a/b', content: 'x' },
      ],
      '"a/b" leads through "a", which is a symbolic link',
    ],
    [
      'a file through a file',
      [
        { name: 'a/b', content: 'x' },
        { name: 'a/b/c/d', content: 'x' },
      ],
      '"a/b/c/d" leads through "b", which is a file',
    ],
    [
      'a file in the place of a folder',
      [{ name: 'a/b', content: 'x' }, { name: 'a' }],
      '"a" takes the place of a folder',
    ],
    [
      'a link in the place of a folder',
      [
        { name: 'a', type: 'directory' },
        { name: 'a', target: 'b' },
      ],
      '"a" takes the place of a folder',
    ],
    [
      'a name that is too long',
      [{ name: long }],
      `"${'x'.repeat(80)}…" has a name that is too long for this machine`,
    ],
  ];
  for (const [name, parts, message] of refused)
    it(`refuses ${name}`, async (test) => {
      const folder = join(temporaryFolder(test), 'inner');
      mkdirSync(folder);
      await assert.rejects(unpackTar(streamOf(packTar(parts)), folder, 'the tar'), {
        code: 'CONTEXT_PATH',
        message: `the tar can't be unpacked: ${message}`,
      });
      assert.deepEqual(readdirSync(join(folder, '..')), ['inner']);
    });

  it('refuses a name that is not UTF-8', async (test) => {
    const folder = temporaryFolder(test);
    const tar = packTar([{ name: 'Q', content: 'x' }]);
    tar[0] = 0xff;
    // The checksum of the header.
    tar.write(
      (Number.parseInt(tar.toString('latin1', 148, 154), 8) + 0xff - 0x51).toString(8).padStart(6, '0'),
      148,
    );
    await assert.rejects(unpackTar(streamOf(tar), folder, 'the tar'), {
      code: 'CONTEXT_PATH',
      message:
        'the tar can\'t be unpacked: "\ufffd" has a name that is not UTF-8, as other tools read the names in a layer',
    });
  });

  it('keeps a file to which a hard link can not be made', async (test) => {
    const folder = temporaryFolder(test);
    const tar = packTar([
      { name: 'a', content: 'x' },
      { name: 'a', target: 'none', type: 'link' },
    ]);
    await assert.rejects(unpackTar(streamOf(tar), folder, 'x'), { code: 'CONTEXT_PATH' });
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'x');
  });
});
