// Parts of large files: the right bytes, and no others where a file can be read from any place.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { examineBinary } from '../../../src/core/unikernel/examine-binary.ts';
import { findTexts, readRanges, streamRange } from '../../../src/core/unikernel/file-ranges.ts';
import type { ReadableFile } from '../../../src/core/unikernel/file-ranges.ts';
import { assemble } from '../../support/assembled.ts';
import { unlessInstalled } from '../../support/tools.ts';

interface Counted {
  readonly file: ReadableFile;
  /** Bytes that were given out. */
  readonly read: () => number;
}

/** A file in pieces whose memory is used again, as the files of a context come. */
function counted(bytes: Uint8Array, piece: number, canSeek: boolean): Counted {
  let count = 0;
  async function* from(start: number, end: number): AsyncGenerator<Uint8Array> {
    const memory = Buffer.alloc(piece);
    for (let at = start; at < end; at += piece) {
      const part = bytes.subarray(at, Math.min(end, at + piece));
      memory.fill(0xee);
      memory.set(part);
      count += part.length;
      yield memory.subarray(0, part.length);
      await Promise.resolve();
    }
  }
  return {
    file: {
      size: bytes.length,
      open: () => from(0, bytes.length),
      ...(canSeek ? { openRange: from } : {}),
    },
    read: () => count,
  };
}

/** As {@link readRanges} should: of bytes that are at hand. */
function cut(bytes: Uint8Array, { offset, length }: { offset: number; length: number }): Buffer {
  return Buffer.from(bytes.subarray(offset, Math.min(bytes.length, offset + length)));
}

const large = Buffer.alloc(
  1_000_003,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);
const range = fc.record({
  offset: fc.integer({ min: 0, max: large.length + 10 }),
  length: fc.integer({ min: 0, max: 200_000 }),
});

describe('readRanges', () => {
  it('gives the bytes of each range, whether the file can be read from any place or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(range, { maxLength: 6 }),
        fc.integer({ min: 1000, max: 300_000 }),
        fc.boolean(),
        async (ranges, piece, canSeek) => {
          const found = await readRanges(counted(large, piece, canSeek).file, ranges);
          assert.deepEqual(
            found.map((bytes) => Buffer.from(bytes)),
            ranges.map((each) => cut(large, each)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads nothing between ranges that are far from each other', async () => {
    const { file, read } = counted(large, 4096, true);
    await readRanges(file, [
      { offset: 900_000, length: 100 },
      { offset: 10, length: 20 },
    ]);
    assert.equal(read(), 120);
  });

  it('reads ranges that are close to each other at once', async () => {
    let opened = 0;
    const { file } = counted(large, 4096, true);
    const openRange = (start: number, end: number) => {
      opened += 1;
      return file.openRange?.(start, end) ?? streamOf();
    };
    const ranges = [600_000, 400_000, 430_000].map((offset) => ({ offset, length: 10 }));
    await readRanges({ ...file, openRange }, ranges);
    assert.equal(opened, 2);
  });

  it('asks for nothing where no byte is wanted', async () => {
    const { file, read } = counted(large, 4096, true);
    const nowhere = [NaN, -1, 2 ** 60, large.length].map((offset) => ({ offset, length: 10 }));
    const found = await readRanges(file, [...nowhere, { offset: 5, length: 0 }, { offset: 5, length: -1 }]);
    assert.deepEqual(
      found.map(({ length }) => length),
      [0, 0, 0, 0, 0, 0],
    );
    assert.equal(read(), 0);
  });
});

describe('streamRange', () => {
  for (const canSeek of [false, true]) {
    it(`gives a part of a file that ${canSeek ? 'can' : "can't"} be read from any place`, async () => {
      const { file, read } = counted(large, 10_000, canSeek);
      const pieces: Buffer[] = [];
      for await (const piece of streamRange(file, { offset: 123_456, length: 234_567 }))
        pieces.push(Buffer.from(piece));
      assert.ok(Buffer.concat(pieces).equals(large.subarray(123_456, 123_456 + 234_567)));
      assert.equal(read(), canSeek ? 234_567 : 360_000);
    });
  }

  it('is empty without asking for anything when its length is none', async () => {
    const { file, read } = counted(large, 10_000, true);
    for await (const piece of streamRange(file, { offset: 5, length: 0 }))
      assert.fail(`${piece.length} bytes`);
    assert.equal(read(), 0);
  });
});

describe('findTexts', () => {
  it('finds what lies across two pieces, or at the very end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 3000 }),
        async (at, piece) => {
          const bytes = Buffer.alloc(5020);
          bytes.write('Linux version 6.1', at, 'latin1');
          const { file } = counted(bytes, piece, false);
          const found = await findTexts(file, ['Unikraft ', 'Linux version '], 1e6);
          assert.deepEqual([...found], [['Linux version ', 'Linux version 6.1']]);
        },
      ),
    );
  });

  it('takes the first of several, and looks no further than it is told', async () => {
    const bytes = Buffer.alloc(100_000);
    bytes.write('OSv v1', 100, 'latin1');
    bytes.write('OSv v2', 50_000, 'latin1');
    bytes.write('Unikraft A', 90_000, 'latin1');
    const { file, read } = counted(bytes, 1000, false);
    assert.deepEqual([...(await findTexts(file, ['OSv v', 'Unikraft '], 60_000))], [['OSv v', 'OSv v1']]);
    assert.equal(read(), 60_000);
  });
});

describe('a large binary', { skip: unlessInstalled('x86_64-linux-gnu-as') }, () => {
  it('is read at its start and where its tables are, and nowhere between', async (test) => {
    const kernel = assemble(test, { source: 'unikraft' });
    const tables = Number(kernel.readBigUInt64LE(40));
    // The tables move to the end, as a linker has them behind all that is loaded.
    const bytes = Buffer.concat([
      kernel.subarray(0, tables),
      Buffer.alloc(20_000_000),
      kernel.subarray(tables),
    ]);
    bytes.writeBigUInt64LE(BigInt(tables + 20_000_000), 40);
    const { file, read } = counted(bytes, 524_288, true);
    const { unikraft, unread } = await examineBinary(file);
    assert.equal(unikraft?.version, '0.17.0');
    assert.deepEqual(unread, []);
    assert.ok(read() < 200_000, `${read()} bytes were read`);
  });
});
