// Parts of large files: the right bytes, and no others where a file can be read from any place.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { examineBinary } from '../../../src/core/unikernel/examine-binary.ts';
import {
  findTexts,
  readRanges,
  streamRange,
  zeroTerminated,
} from '../../../src/core/unikernel/file-ranges.ts';
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

describe('what findTexts finds', () => {
  const find = async (
    text: string,
    markers: readonly string[],
    within = 1e9,
    piece = 7,
    size = text.length,
  ) => {
    const { file } = counted(Buffer.from(text, 'latin1'), piece, false);
    return Object.fromEntries(await findTexts({ ...file, size }, markers, within));
  };

  it('is the text from the first place of a marker to the first byte that is not printable', async () => {
    assert.deepEqual(await find('xx Linux version 6.1\0 Linux version 7\0', ['Linux version ']), {
      'Linux version ': 'Linux version 6.1',
    });
    assert.deepEqual(await find('OSv v1\x7f', ['OSv v']), { 'OSv v': 'OSv v1' });
    assert.deepEqual(await find('OSv v~ \x1f', ['OSv v']), { 'OSv v': 'OSv v~ ' });
    assert.deepEqual(await find('OSv v1', ['OSv v']), { 'OSv v': 'OSv v1' });
    assert.deepEqual(await find('a marker is not here', ['Unikraft ']), {});
  });

  it('is found at the start, also of a marker that is longer or shorter than six bytes', async () => {
    for (const marker of ['a', 'abcdef', 'abcdefg', 'abcdefghijklm'])
      for (const piece of [1, 3, 1000])
        assert.deepEqual(await find(`${marker}!\0`, [marker], 1e9, piece), { [marker]: `${marker}!` });
  });

  it('is not the end of a marker behind another beginning', async () => {
    const marker = 'Linux version ';
    for (const piece of [5, 1000]) {
      assert.deepEqual(await find('Minix version 1\0Linux version 2\0', [marker], 1e9, piece), {
        [marker]: 'Linux version 2',
      });
      assert.deepEqual(await find('ersion ersion ', [marker], 1e9, piece), {});
    }
  });

  it('is at most 256 bytes long', async () => {
    for (const piece of [10, 100_000]) {
      const found = await find(`Unikraft ${'x'.repeat(1000)}`, ['Unikraft '], 1e9, piece);
      assert.deepEqual(found, { 'Unikraft ': `Unikraft ${'x'.repeat(247)}` });
    }
  });

  it('lies within so many bytes', async () => {
    const text = `${'.'.repeat(1000)}OSv v1\0${'.'.repeat(1000)}`;
    assert.deepEqual(await find(text, ['OSv v'], 1000, 10), {});
    assert.deepEqual(await find(text, ['OSv v'], 1010, 10), { 'OSv v': 'OSv v1' });
  });

  it('may stand at the end of a file that is shorter than it could be', async () => {
    for (const piece of [4, 300, 5000])
      assert.deepEqual(await find(`${'.'.repeat(3000)}OSv v1`, ['OSv v'], 1e9, piece, 1e6), {
        'OSv v': 'OSv v1',
      });
  });

  it('is the first of each of several markers, and nothing is read behind the last', async () => {
    const text = `b1\0a1\0a2\0b2\0${'.'.repeat(5000)}`;
    const { file, read } = counted(Buffer.from(text, 'latin1'), 100, false);
    assert.deepEqual(Object.fromEntries(await findTexts(file, ['a', 'b'], 1e9)), { a: 'a1', b: 'b1' });
    assert.ok(read() < 1000);
  });
});

describe('a text that ends with a zero', () => {
  it('is what stands before it', () => {
    assert.equal(zeroTerminated(Buffer.from('ab\0c\0')), 'ab');
    assert.equal(zeroTerminated(Buffer.from('\0')), '');
    assert.equal(zeroTerminated(Buffer.from('ab')), undefined);
    assert.equal(zeroTerminated(Buffer.from('\xe9\0', 'latin1')), 'é');
  });
});

describe('ranges at their limits', () => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));

  it('are cut off at the end of the file, and empty where there is none', async () => {
    for (const canSeek of [true, false]) {
      const { file } = counted(bytes, 1000, canSeek);
      const ranges = [
        { offset: 199_990, length: 100 },
        { offset: 200_000, length: 1 },
        { offset: -1, length: 5 },
        { offset: 0.5, length: 5 },
        { offset: 2 ** 60, length: 5 },
        { offset: 5, length: -1 },
        { offset: 5, length: 0 },
      ];
      const found = await readRanges(file, ranges);
      assert.deepEqual(
        found.map((part) => part.length),
        [10, 0, 0, 0, 0, 0, 0],
      );
      assert.deepEqual(Buffer.from(found[0] ?? []), bytes.subarray(199_990));
    }
  });

  it('are read together up to a gap of 64 KiB, and no byte between others is', async () => {
    const readOf = async (...ranges: readonly (readonly [number, number])[]) => {
      const { file, read } = counted(bytes, 1, true);
      await readRanges(
        file,
        ranges.map(([offset, length]) => ({ offset, length })),
      );
      return read();
    };
    assert.equal(await readOf([10, 5], [15 + 65_536, 5]), 5 + 65_536 + 5);
    assert.equal(await readOf([10, 5], [16 + 65_536, 5]), 10);
    assert.equal(await readOf([16 + 65_536, 5], [10, 5]), 10);
    assert.equal(await readOf([10, 100], [20, 5]), 100);
  });

  it('are streamed whole, and no further', async () => {
    for (const canSeek of [true, false]) {
      const stream = async (offset: number, length: number) => {
        const { file, read } = counted(bytes, 1000, canSeek);
        const parts: Buffer[] = [];
        for await (const part of streamRange(file, { offset, length })) {
          assert.ok(part.length > 0);
          parts.push(Buffer.from(part));
        }
        return [Buffer.concat(parts), read()] as const;
      };
      for (const [offset, length] of [
        [0, 10],
        [1500, 1000],
        [1000, 1000],
        [199_000, 1000],
      ] as const) {
        const [found, read] = await stream(offset, length);
        assert.deepEqual(found, bytes.subarray(offset, offset + length));
        assert.equal(read, canSeek ? length : Math.ceil((offset + length) / 1000) * 1000);
      }
      assert.deepEqual(await stream(5, 0), [Buffer.alloc(0), 0]);
      assert.deepEqual(await stream(5, -1), [Buffer.alloc(0), 0]);
    }
  });
});
