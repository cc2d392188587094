// The archives that ADD unpacks: which files are some, what they hold, and what is refused.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { openArchiveFile } from '../../../src/adapters/layers/archive-files.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { FoundFile } from '../../../src/core/files/match.ts';
import { limits } from '../../../src/core/limits.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import { packTar } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

function found(bytes: Uint8Array, more: Partial<FoundFile> = {}): FoundFile {
  const open = () => streamOf(bytes);
  return { type: 'file', name: 'a.tar', size: bytes.length, executable: false, open, ...more };
}

/** One byte at a time, in memory that is used again. */
async function* trickle(bytes: Uint8Array) {
  const memory = new Uint8Array(1);
  for (const byte of bytes) {
    memory[0] = byte;
    await Promise.resolve();
    yield memory;
  }
}

const sample = await packTar([
  { path: 'd/', mode: 0o700 },
  { path: 'd/one', content: 'first', mode: 0o640 },
  { path: 'link', target: 'd/one' },
  { path: 'd/two', content: 'second' },
  { path: 'again', target: 'd/one', hard: true },
]);

describe('an archive', () => {
  const forms: [name: string, bytes: Uint8Array][] = [
    ['a tar', sample],
    ['a tar in gzip', gzipSync(sample)],
    ['a tar in zstd', zstdCompressSync(sample)],
  ];
  for (const [name, bytes] of forms) {
    it(`is ${name}, and its files are read when they are opened`, async (test) => {
      const folder = join(temporaryFolder(test), 'files');
      const entries = await openArchiveFile(found(bytes), '"a.tar"', folder);
      assert.deepEqual(
        entries?.map(({ entry, content }) => [entry.type, entry.path, entry.mode, content !== undefined]),
        [
          ['directory', 'd', 0o700, false],
          ['file', 'd/one', 0o640, true],
          ['symlink', 'link', 0o777, false],
          ['file', 'd/two', 0o644, true],
          ['hardlink', 'again', 0o777, false],
        ],
      );
      assert.ok(!existsSync(folder));
      const [, one, , two] = entries;
      for (const file of [one, two]) file?.content?.expect();
      for (const [file, text] of [
        [two, 'second'],
        [one, 'first'],
      ] as const) {
        assert.ok(file?.content !== undefined);
        assert.equal(Buffer.from(await readAll(file.content.open())).toString(), text);
      }
      assert.equal(readdirSync(folder).length, 2);
    });

    it(`is ${name} however its bytes arrive`, async (test) => {
      const open = () => trickle(bytes);
      const entries = await openArchiveFile(found(bytes, { open }), 'it', join(temporaryFolder(test), 'f'));
      assert.equal(entries?.length, 5);
      const [, one] = entries;
      assert.equal(Buffer.from(await readAll(one?.content?.open() ?? streamOf())).toString(), 'first');
    });
  }

  it('is read once for all files that are expected', async (test) => {
    let opened = 0;
    const open = () => {
      opened += 1;
      return streamOf(sample);
    };
    const folder = join(temporaryFolder(test), 'files');
    const entries = await openArchiveFile(found(sample, { open }), 'it', folder);
    const listed = opened;
    const contents = entries?.flatMap(({ content }) => content ?? []) ?? [];
    for (const content of contents) content.expect();
    for (const content of contents) await readAll(content.open());
    assert.equal(opened - listed, 1);
  });

  it('is a failure where its file can not be read', async (test) => {
    const packed = gzipSync(sample);
    for (const error of [new BimaError('CONTEXT_CHANGED', 'changed'), new TypeError('oops')]) {
      let opened = 0;
      const open = () => {
        opened += 1;
        if (opened > 1) throw error;
        return streamOf(packed);
      };
      await assert.rejects(openArchiveFile(found(packed, { open }), 'it', temporaryFolder(test)), error);
    }
  });

  it('tells its files apart, and knows them again where the file is the same', async (test) => {
    const folder = temporaryFolder(test);
    const names = async (more: Partial<FoundFile>) =>
      (await openArchiveFile(found(sample, more), 'it', folder))?.flatMap(({ content }) =>
        content === undefined ? [] : [content.identify()],
      );
    const identify = () => 'same';
    assert.deepEqual(await names({ identify }), ['archive same 0', 'archive same 1']);
    const [one = [], other = []] = [await names({}), await names({})];
    assert.equal(new Set([...one, ...other]).size, 4);
  });

  const plain: [name: string, bytes: Uint8Array][] = [
    ['an empty file', Buffer.alloc(0)],
    ['a text', Buffer.from('a text'.repeat(200))],
    ['less than a block', sample.subarray(0, 511)],
    ['a block with a wrong checksum', Buffer.concat([Buffer.from('x'), sample.subarray(1)])],
    ['nothing but zeros', Buffer.alloc(10240)],
    ['a text in gzip', gzipSync('a text'.repeat(200))],
    ['a text in zstd', zstdCompressSync('a text'.repeat(200))],
    ['what only begins like gzip', Buffer.concat([Buffer.from('1f8b08', 'hex'), Buffer.alloc(2000, 1)])],
    ['what only begins like zstd', Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(2000, 255)])],
    ['the first bytes of gzip alone', Buffer.from('1f8b08', 'hex')],
    [
      'what only nearly begins like xz',
      Buffer.concat([Buffer.from('fd377a585a01', 'hex'), Buffer.alloc(600)]),
    ],
  ];
  for (const [name, bytes] of plain) {
    it(`is no file like ${name}`, async (test) => {
      assert.equal(await openArchiveFile(found(bytes), 'it', join(temporaryFolder(test), 'f')), undefined);
    });
  }

  const unreadable: [name: string, head: string][] = [
    ['bzip2', '425a6839'],
    ['xz', 'fd377a585a000004'],
  ];
  for (const [name, head] of unreadable) {
    it(`in ${name} is refused, with what to do`, async (test) => {
      const bytes = Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(600, 7)]);
      const open = () => trickle(bytes);
      await assert.rejects(openArchiveFile(found(bytes, { open }), '"a.txz"', temporaryFolder(test)), {
        code: 'CONTAINERFILE_UNSUPPORTED',
        message: `"a.txz" is compressed with ${name}, which can't be unpacked here`,
        hint: `Compress it with gzip or zstd in a step before (${name} -dc FILE | gzip > FILE.gz); COPY and ADD --unpack=false take it as it is.`,
      });
    });
  }

  it('is refused where it is damaged behind its first entry', async (test) => {
    const damaged = Buffer.from(sample);
    damaged[512 + 3] = 0xff;
    for (const bytes of [damaged, gzipSync(damaged), gzipSync(sample).subarray(0, -30)])
      await assert.rejects(openArchiveFile(found(bytes), '"a.tar"', temporaryFolder(test)), {
        code: 'LAYOUT_INVALID',
        message: /^"a\.tar"/,
      });
  });

  it('is refused with more bytes than may be unpacked, before they are read', async (test) => {
    const header = (size: number): Buffer => {
      const block = Buffer.from(sample.subarray(512, 1024));
      block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
      block.fill(0x20, 148, 156);
      const sum = block.reduce((total, byte) => total + byte, 0);
      block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
      return block;
    };
    const most = limits.unpacked - 5;
    async function* endless(first: Uint8Array) {
      yield first;
      await Promise.resolve();
      throw new Error('it was read');
    }
    const start = Buffer.concat([header(5), Buffer.from('first'), Buffer.alloc(507)]);
    const open = (size: number) => () => endless(Buffer.concat([start, header(size), Buffer.alloc(512)]));
    const file = (size: number) => found(sample, { open: open(size) });
    const folder = temporaryFolder(test);
    await assert.rejects(openArchiveFile(file(most), '"a.tar"', folder), { message: 'it was read' });
    await assert.rejects(openArchiveFile(file(most + 1), '"a.tar"', folder), {
      code: 'LAYOUT_INVALID',
      message: `"a.tar": expected at most ${limits.unpacked} bytes, got more`,
      hint: 'Unpack it in a step before, and COPY what is needed; ADD --unpack=false copies it as it is.',
    });
  });

  it('is refused where a name is not UTF-8', async (test) => {
    const bytes = await packTar([{ path: 'good' }, { path: 'bad-x' }]);
    const at = bytes.indexOf('bad-x');
    bytes[at + 4] = 0xe9;
    const header = bytes.subarray(at, at + 512);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await assert.rejects(openArchiveFile(found(bytes), '"a.tar"', temporaryFolder(test)), {
      code: 'CONTEXT_PATH',
      message: /^"a\.tar": "bad-\ufffd" has a name that is not UTF-8$/,
      hint: 'Rename it: other tools read the names in a layer as UTF-8.',
    });
  });
});
