// The files of a tar, found and read where they are.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openTarFiles } from '../../../src/adapters/disk/tar-files.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import { packTar } from '../../support/pack-tar.ts';
import type { TarPart } from '../../support/pack-tar.ts';
import { temporaryFolder } from '../../support/folder.ts';

const large = randomBytes(300_000)
  .toString('latin1')
  .replaceAll(/[^ -~]/g, 'x');

const parts: TarPart[] = [
  { name: 'a', content: 'first' },
  { name: './b/c', content: 'of c' },
  { name: 'empty' },
  { name: 'large', content: large },
  { name: 'a', content: 'the last one counts' },
  { name: 'b/link', target: 'c' },
  { name: 'b/up', target: '../a' },
  { name: 'b/absolute', target: '/b/c' },
  { name: 'hard', target: 'b/c', type: 'link' },
  { name: 'b/hard', target: './b/c', type: 'link' },
  { name: 'to-link', target: 'b/link' },
  { name: 'folder', type: 'directory' },
  { name: 'gone', content: 'x' },
  { name: 'gone', type: 'directory' },
  { name: 'link-that-was', target: 'a' },
  { name: 'link-that-was', type: 'directory' },
  { name: 'file-that-was', content: 'x' },
  { name: 'file-that-was', target: 'a' },
  { name: 'link-before', target: 'b/c' },
  { name: 'link-before', content: 'a file now' },
  { name: 'lost', target: 'nowhere' },
  { name: 'circle', target: 'circle' },
];

const contents: [name: string, content: string | undefined][] = [
  ['a', 'the last one counts'],
  ['b/c', 'of c'],
  ['empty', ''],
  ['large', large],
  ['b/link', 'of c'],
  ['b/up', 'the last one counts'],
  ['b/absolute', 'of c'],
  ['hard', 'of c'],
  ['b/hard', 'of c'],
  ['to-link', 'of c'],
  ['file-that-was', 'the last one counts'],
  ['link-before', 'a file now'],
  ['folder', undefined],
  ['gone', undefined],
  ['link-that-was', undefined],
  ['lost', undefined],
  ['circle', undefined],
  ['missing', undefined],
  ['/a', undefined],
];

function write(test: TestContext, bytes: Uint8Array): string {
  return join(temporaryFolder(test, { file: bytes }), 'file');
}

/** Also with a tar that is compressed, which is read from its start for each file. */
const forms: [name: string, pack: (bytes: Buffer) => Buffer][] = [
  ['a tar', (bytes) => bytes],
  ['a compressed tar', (bytes) => gzipSync(bytes)],
];

for (const [form, pack] of forms)
  describe(`the files of ${form}`, () => {
    it('are found by name, also behind links', async (test) => {
      const path = write(test, pack(packTar(parts)));
      const files = await openTarFiles(path);
      assert.equal(files.path, path);
      for (const [name, content] of contents) {
        const place = files.find(name);
        if (content === undefined || place === undefined) {
          assert.equal(place, content, name);
          continue;
        }
        assert.equal(place.size, content.length, name);
        assert.equal(Buffer.from(await readAll(files.read(place))).toString(), content, name);
        assert.equal(Buffer.from(await files.readDocument(name)).toString(), content, name);
      }
    });

    it('are listed in their order', async (test) => {
      const files = await openTarFiles(write(test, pack(packTar(parts))));
      const names: string[] = [];
      for await (const { name } of files.entries()) names.push(name);
      assert.deepEqual(
        names,
        parts.map(({ name }) => name),
      );
    });

    it('are read in parts that lie anywhere', async (test) => {
      const files = await openTarFiles(write(test, pack(packTar([{ name: 'a', content: large }]))));
      const { start } = files.find('a') ?? assert.fail();
      for (const [from, size] of [
        [0, 1],
        [0, large.length],
        [1, 65_535],
        [262_143 - start, 2],
        [large.length - 1, 1],
        [5, 0],
      ] as const) {
        const bytes = await readAll(files.read({ start: start + from, size }));
        assert.equal(Buffer.from(bytes).toString(), large.slice(from, from + size));
      }
    });
  });

describe('links in a tar', () => {
  const chain = (length: number): TarPart[] => [
    { name: 'a0', content: 'end' },
    ...Array.from({ length }, (_, at) => ({ name: `a${at + 1}`, target: `a${at}` })),
  ];

  it('are followed forty times', async (test) => {
    const files = await openTarFiles(write(test, packTar(chain(41))));
    assert.equal(files.find('a40')?.size, 3);
    assert.equal(files.find('a41'), undefined);
  });
});

describe('a tar that is refused', () => {
  const hint = 'Name an OCI image layout, an archive of one, or one that docker save wrote.';

  it('is one that is not there', async (test) => {
    const path = join(temporaryFolder(test), 'none');
    await assert.rejects(
      openTarFiles(path),
      (error: BimaError) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message === `"${path}" does not exist` &&
        error.hint === undefined &&
        (error.cause as { code?: string }).code === 'ENOENT',
    );
  });

  it('is one that can not be read', { skip: process.platform === 'win32' }, async (test) => {
    const folder = temporaryFolder(test);
    symlinkSync('link', join(folder, 'link'));
    const path = join(folder, 'link');
    await assert.rejects(
      openTarFiles(path),
      (error: BimaError) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message === `can't read "${path}": ELOOP` &&
        error.hint === hint &&
        (error.cause as { code?: string }).code === 'ELOOP',
    );
  });

  it('is a folder', { skip: process.platform === 'win32' }, async (test) => {
    const path = temporaryFolder(test);
    await assert.rejects(openTarFiles(path), {
      code: 'LAYOUT_INVALID',
      message: `expected "${path}" to be a file, got a directory`,
      hint,
    });
  });

  it('is one that is cut off, compressed or not', async (test) => {
    const tar = packTar([{ name: 'a', content: large }]);
    const cut = write(test, tar.subarray(0, 5000));
    await assert.rejects(
      openTarFiles(cut),
      (error: BimaError) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message.includes(`"${cut}"`) &&
        error.hint === hint &&
        error.cause instanceof BimaError,
    );
    const damaged = write(test, gzipSync(tar).subarray(0, 5000));
    await assert.rejects(openTarFiles(damaged), {
      code: 'LAYOUT_INVALID',
      message: `"${damaged}" is damaged: it can't be decompressed as gzip`,
      hint,
    });
  });

  it('is one of sparse files', { skip: process.platform !== 'linux' }, async (test) => {
    const folder = temporaryFolder(test);
    mkdirSync(join(folder, 'in'));
    writeFileSync(join(folder, 'in/sparse'), 'x');
    truncateSync(join(folder, 'in/sparse'), 1_000_000);
    const path = join(folder, 'a.tar');
    execFileSync('tar', ['-cSf', path, '-C', join(folder, 'in'), 'sparse']);
    await assert.rejects(
      openTarFiles(path),
      (error: BimaError) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message === `"sparse" in "${path}" is a sparse file` &&
        (error.cause as BimaError).hint === 'Make the archive without --sparse.',
    );
  });

  it('is one without a document that is asked for, or with one over 16 MiB', async (test) => {
    const path = write(test, packTar([{ name: 'a', content: 'x' }]));
    const files = await openTarFiles(path);
    await assert.rejects(files.readDocument('b'), {
      code: 'LAYOUT_INVALID',
      message: `"${path}" is no archive of an image: it has no "b"`,
      hint: 'Archives that docker, podman, skopeo, buildah, Nix and bima write are read, also compressed.',
    });
    const limit = 16 * 1024 * 1024;
    for (const size of [limit, limit + 1]) {
      const huge = write(test, packTar([{ name: 'a', content: 'x'.repeat(size) }]));
      const opened = (await openTarFiles(huge)).readDocument('a');
      if (size === limit) assert.equal((await opened).length, limit);
      else
        await assert.rejects(opened, {
          code: 'LAYOUT_INVALID',
          message: `expected at most ${limit} bytes in "a" of "${huge}", got ${size}`,
        });
    }
  });
});
