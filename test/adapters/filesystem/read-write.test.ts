// Files read and written piece by piece, decompressed, and streamed into pipes.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { compressionOf, decompressed, requireZstd } from '../../../src/adapters/filesystem/decompress.ts';
import { writeFifo } from '../../../src/adapters/filesystem/fifo.ts';
import { findOnPath, isExecutable } from '../../../src/adapters/filesystem/find-program.ts';
import { readRegularNow } from '../../../src/adapters/filesystem/open-regular.ts';
import { cleanUp, isInUse, move, withPatience } from '../../../src/adapters/filesystem/patience.ts';
import { readFilePieces, writeNewFile } from '../../../src/adapters/filesystem/read-write.ts';
import { openReadable } from '../../../src/adapters/filesystem/readable-file.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { temporaryFolder } from '../../support/folder.ts';

const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));

async function piecesOf(stream: ByteStream): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return pieces;
}

describe('readFilePieces', () => {
  const rows: [name: string, range: { start: number; size: number } | undefined, expected: Buffer][] = [
    ['all of it', undefined, bytes],
    ['a part', { start: 5, size: 100_000 }, bytes.subarray(5, 100_005)],
    ['a byte', { start: 599_999, size: 1 }, bytes.subarray(599_999)],
    ['nothing', { start: 5, size: 0 }, Buffer.alloc(0)],
    ['what is there of more', { start: 599_990, size: 100 }, bytes.subarray(599_990)],
    ['what is behind the end', { start: 700_000, size: 1 }, Buffer.alloc(0)],
  ];
  for (const [name, range, expected] of rows)
    it(`reads ${name}, in pieces of 32 kB or one memory of 256`, async (test) => {
      const path = join(temporaryFolder(test, { a: bytes }), 'a');
      for (const [release, size] of [
        [false, 32 * 1024],
        [true, 256 * 1024],
      ] as const) {
        const pieces = await piecesOf(readFilePieces(path, range, release));
        assert.ok(Buffer.concat(pieces).equals(expected));
        assert.equal(pieces.length, Math.ceil(expected.length / size));
      }
      const kept: Uint8Array[] = [];
      for await (const piece of readFilePieces(path, range)) kept.push(piece);
      assert.ok(Buffer.concat(kept).equals(expected));
    });

  it('uses one memory for a reader that keeps nothing', async (test) => {
    const path = join(temporaryFolder(test, { a: bytes }), 'a');
    const memories = new Set();
    for await (const piece of readFilePieces(path, undefined, true)) memories.add(piece.buffer);
    assert.equal(memories.size, 1);
  });
});

describe('writeNewFile', () => {
  it('writes what comes, and tells each piece', async (test) => {
    const path = join(temporaryFolder(test), 'a');
    const told: Uint8Array[] = [];
    const parts = [bytes.subarray(0, 10), Buffer.alloc(0), bytes.subarray(10)];
    await writeNewFile(path, streamOf(...parts), (piece) => void told.push(piece));
    assert.ok(readFileSync(path).equals(bytes));
    assert.deepEqual(told, parts);
  });

  it('writes over nothing that is there', async (test) => {
    const path = join(temporaryFolder(test, { a: 'x' }), 'a');
    await assert.rejects(writeNewFile(path, streamOf(bytes)), { code: 'EEXIST' });
    assert.equal(readFileSync(path, 'utf8'), 'x');
  });
});

describe('readRegularNow', () => {
  it('reads as many bytes as it may', (test) => {
    const path = join(temporaryFolder(test, { a: '12345' }), 'a');
    const read = (limit: number, tooLarge?: 'INPUT_INVALID') => () =>
      Buffer.from(
        readRegularNow(path, limit, {
          code: 'LAYOUT_INVALID',
          ...(tooLarge === undefined ? {} : { tooLarge }),
        }),
      ).toString();
    for (const limit of [5, 6, 1000]) assert.equal(read(limit)(), '12345');
    const message = `expected at most 4 bytes in "${path}", got more`;
    assert.throws(read(4), { code: 'LAYOUT_INVALID', message });
    assert.throws(read(4, 'INPUT_INVALID'), { code: 'INPUT_INVALID', message });
  });
});

describe('openReadable', () => {
  it('reads a file, or a part of it, any number of times', async (test) => {
    const folder = temporaryFolder(test, { a: bytes });
    const file = await openReadable(join(folder, 'a'));
    assert.ok(file);
    assert.equal(file.size, bytes.length);
    for (let times = 0; times < 2; times++) {
      assert.ok(Buffer.concat(await piecesOf(file.open())).equals(bytes));
      assert.ok(
        Buffer.concat(await piecesOf(file.openRange?.(3, 7) ?? assert.fail())).equals(bytes.subarray(3, 7)),
      );
    }
    assert.equal(await openReadable(folder), undefined);
    assert.equal(await openReadable(join(folder, 'b')), undefined);
  });
});

describe('decompressing', () => {
  const packs: [method: 'gzip' | 'zstd', pack: (content: Buffer) => Buffer][] = [
    ['gzip', (content) => zlib.gzipSync(content)],
  ];
  if ('zstdCompressSync' in zlib) packs.push(['zstd', (content) => zlib.zstdCompressSync(content)]);

  for (const [method, pack] of packs) {
    it(`gives what was compressed with ${method}`, async () => {
      const packed = pack(bytes);
      assert.equal(compressionOf(packed), method);
      const pieces = await piecesOf(
        decompressed(streamOf(packed.subarray(0, 9), packed.subarray(9)), method, 'x'),
      );
      assert.ok(Buffer.concat(pieces).equals(bytes));
    });

    for (const [name, damage] of [
      ['cut off', (packed: Buffer) => packed.subarray(0, -20)],
      ['another', () => Buffer.from('no such thing, but long enough')],
    ] as const)
      it(`names ${method} that is ${name}`, async () => {
        await assert.rejects(
          piecesOf(decompressed(streamOf(damage(pack(bytes))), method, 'the thing')),
          (error: BimaError) =>
            error.code === 'LAYOUT_INVALID' &&
            error.message === `the thing is damaged: it can't be decompressed as ${method}` &&
            error.cause instanceof Error,
        );
      });
  }

  it('passes on what the stream itself throws', async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream that breaks
    async function* broken(error: Error): AsyncGenerator<Uint8Array> {
      yield zlib.gzipSync(bytes).subarray(0, 100);
      throw error;
    }
    const system = Object.assign(new Error('gone'), { code: 'EZ_X', errno: -1 });
    for (const error of [new Error('a fault'), new BimaError('DIGEST_MISMATCH', 'x'), system])
      await assert.rejects(piecesOf(decompressed(broken(error), 'gzip', 'x')), (thrown) => thrown === error);
  });

  it('is told by the first bytes', () => {
    const of = (hex: string) => compressionOf(Buffer.from(hex, 'hex'));
    for (const [hex, method] of [
      ['1f8b08', 'gzip'],
      ['1f8b0800ff', 'gzip'],
      ['28b52ffd', 'zstd'],
      ['28b52ffd00', 'zstd'],
      ['1f8b07', undefined],
      ['1f8b', undefined],
      ['28b52f', undefined],
      ['0028b52ffd', undefined],
      ['', undefined],
    ] as const)
      assert.equal(of(hex), method, hex);
  });

  it('has zstd where Node has it', { skip: !('createZstdCompress' in zlib) }, () => {
    assert.equal(typeof requireZstd().createZstdDecompress, 'function');
  });
});

describe('a program on the PATH', { skip: process.platform === 'win32' }, () => {
  it('is the first that may be run', async (test) => {
    const folder = temporaryFolder(test, { 'a/run': '', 'b/run': '', 'c/run': '' });
    mkdirSync(join(folder, 'd/run'), { recursive: true });
    for (const name of ['b', 'c']) chmodSync(join(folder, name, 'run'), 0o755);
    const find = (...names: string[]) =>
      findOnPath('run', { PATH: names.map((name) => join(folder, name)).join(delimiter) });
    assert.equal(await find('none', 'a', 'd', 'b', 'c'), join(folder, 'b/run'));
    assert.equal(await find('a', 'd'), undefined);
    assert.equal(await findOnPath('run', {}), undefined);
    for (const [name, isOne] of [
      ['a/run', false],
      ['b/run', true],
      ['d/run', false],
      ['none', false],
    ] as const)
      assert.equal(await isExecutable(join(folder, name)), isOne, name);
  });
});

describe('a FIFO', { skip: process.platform === 'win32' }, () => {
  it('is waited for, written to its end, and given up for a signal', async (test) => {
    const path = join(temporaryFolder(test), 'pipe');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    const { signal } = new AbortController();
    for (const given of [undefined, signal]) {
      const written = writeFifo(path, streamOf(bytes, Buffer.from('end')), given);
      const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [pieces] = await Promise.all([piecesOf(reader.stdout as ByteStream), written]);
      assert.ok(Buffer.concat(pieces).equals(Buffer.concat([bytes, Buffer.from('end')])));
    }
    const enough = AbortSignal.abort(new Error('enough'));
    await assert.rejects(writeFifo(path, streamOf(bytes), enough), /enough/);
    rmSync(path);
    await assert.rejects(writeFifo(path, streamOf(bytes)), { code: 'ENOENT' });
  });
});

describe('moving and cleaning up', () => {
  it('moves a file, and removes files and folders, also those that are not there', async (test) => {
    const folder = temporaryFolder(test, { a: 'x', 'b/c': '' });
    await move(join(folder, 'a'), join(folder, 'd'));
    assert.equal(readFileSync(join(folder, 'd'), 'utf8'), 'x');
    await assert.rejects(move(join(folder, 'a'), join(folder, 'e')), { code: 'ENOENT' });
    for (const name of ['b', 'd', 'none']) await cleanUp(join(folder, name));
    writeFileSync(join(folder, 'left'), '');
    assert.deepEqual(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout, 'left\n');
  });

  it('says who has a file that stays in use', async () => {
    const held = Object.assign(new Error('EBUSY'), { code: 'EBUSY', errno: -1 });
    const waits = { platform: 'win32', waits: [] } as const;
    await assert.rejects(
      withPatience('a', () => Promise.reject(held), waits),
      (error: BimaError) =>
        error.code === 'OUTPUT_FAILED' &&
        error.message === '"a" is in use by another program' &&
        error.hint ===
          'Close the program that has it open; if there is none, check that you may write there.' &&
        error.cause === held &&
        isInUse(error),
    );
    assert.equal(isInUse(new Error('"a" is in use by another program')), false);
    assert.equal(isInUse(new BimaError('OUTPUT_FAILED', 'is in use by another program, or not')), false);
  });

  it('waits between two attempts as long as it is told to', async () => {
    const held = Object.assign(new Error('EBUSY'), { code: 'EBUSY', errno: -1 });
    let attempts = 0;
    const body = () => (++attempts < 3 ? Promise.reject(held) : Promise.resolve(attempts));
    const started = performance.now();
    assert.equal(await withPatience('a', body, { platform: 'win32', waits: [15, 15] }), 3);
    assert.ok(performance.now() - started >= 28);
  });
});
