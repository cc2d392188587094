// LZ4 as kernels are packed with it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unpackLz4 } from '../../../src/core/unikernel/lz4.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(bytes: Uint8Array, size = 7): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const piece of unpackLz4(pieces(bytes, size))) found.push(piece);
  return Buffer.concat(found).toString('latin1');
}

/** The file of one block, with the size of the whole behind it as Linux has it. */
function fileOf(...block: readonly (number | string)[]): Buffer {
  const bytes = Buffer.concat(
    block.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))),
  );
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('02214c18', 'hex'), size, bytes, Buffer.from('00000004', 'hex')]);
}

describe('unpackLz4', () => {
  it('reads literals, copies, and copies of what they are writing', async () => {
    // "abc", six more from three back; then "!" and nine from one back.
    const packed = fileOf(0x32, 'abc', 3, 0, 0x15, '!', 1, 0, 0x10, '.');
    assert.equal(await unpack(packed), 'abcabcabc!!!!!!!!!!.');
  });

  it('reads lengths of more than one byte', async () => {
    const text = 'x'.repeat(300);
    assert.equal(await unpack(fileOf(0xf0, 255, 30, text)), text);
    assert.equal(await unpack(fileOf(0x1f, 'x', 1, 0, 255, 26, 0x10, 'y')), `${'x'.repeat(301)}y`);
  });

  for (const size of [1, 4, 1000]) {
    it(`doesn't mind where pieces of ${size} bytes begin`, async () => {
      assert.equal(await unpack(fileOf(0x32, 'abc', 3, 0, 0x10, '.'), size), 'abcabcabc.');
    });
  }

  it('refuses damage, and what is no LZ4', async () => {
    await assert.rejects(unpack(fileOf(0x32, 'abc', 9, 0)), RangeError);
    await assert.rejects(unpack(fileOf(0xf0, 255, 255, 'short')), RangeError);
    await assert.rejects(unpack(Buffer.from('something else')), RangeError);
  });

  /** Bytes that are told apart by their places. */
  const text = (length: number) =>
    Array.from({ length }, (_, at) => String.fromCharCode(33 + (at % 89))).join('');

  it('reads short runs and long ones alike', async () => {
    for (const length of [15, 16, 63, 64, 65, 66, 269, 270, 271, 600]) {
      const bytes = text(length);
      const more = length - 15;
      const lengths = [...Array.from({ length: Math.floor(more / 255) }, () => 255), more % 255];
      assert.equal(await unpack(fileOf(0xf0, ...lengths, bytes)), bytes, `${length} literals`);
    }
    for (const [distance, copied] of [
      [1, 19],
      [3, 63],
      [64, 64],
      [65, 65],
      [66, 65],
      [65, 66],
      [100, 66],
      [100, 300],
      [300, 100],
    ] as const) {
      const before = text(320);
      const more = copied - 4 - 15;
      const packed = fileOf(
        ...[0xff, 255, 320 - 15 - 255, before, distance % 256, Math.floor(distance / 256)],
        ...[...Array.from({ length: Math.floor(more / 255) }, () => 255), more % 255],
        ...[0x10, '.'],
      );
      let expected = before;
      for (let left = copied; left > 0; left--) expected += expected.at(-distance) ?? '';
      assert.equal(await unpack(packed), `${expected}.`, `${copied} from ${distance} back`);
    }
  });

  it('refuses copies from nowhere', async () => {
    const damaged = { name: 'RangeError', message: 'a damaged block' };
    await assert.rejects(unpack(fileOf(0x32, 'abc', 0, 0, 0x10, '.')), damaged);
    await assert.rejects(unpack(fileOf(0x32, 'abc', 4, 0, 0x10, '.')), damaged);
    assert.equal(await unpack(fileOf(0x32, 'abc', 3, 0, 0x10, '.')), 'abcabcabc.');
    await assert.rejects(unpack(fileOf(0x32, 'abc', 3, 1, 0x10, '.')), damaged);
    await assert.rejects(unpack(fileOf(0x40, 'abc')), damaged);
    await assert.rejects(unpack(Buffer.from('02214c', 'hex')), { message: 'no LZ4 in the legacy form' });
  });

  it('has blocks of at most 8 MiB', async () => {
    const size = 8 * 1024 * 1024;
    const run = (length: number) => [
      255,
      ...Array.from({ length: Math.floor((length - 19) / 255) }, () => 255),
      (length - 19) % 255,
    ];
    const block = (length: number) => fileOf(0x1f, 'x', 1, 0, ...run(length).slice(1));
    const lengthOf = async (bytes: Uint8Array) => (await unpack(bytes, 65_536)).length;
    assert.equal(await lengthOf(block(size - 1)), size);
    await assert.rejects(lengthOf(block(size)), { message: 'a damaged block' });
  });

  it('goes on over blocks and archives that follow one another, and ends at anything else', async () => {
    const part = (letter: string) => fileOf(0x10, letter).subarray(4, -4);
    const magic = Buffer.from('02214c18', 'hex');
    const rest = (hex: string) => Buffer.from(hex, 'hex');
    assert.equal(await unpack(Buffer.concat([magic, part('a'), part('b'), magic, part('c')])), 'abc');
    for (const end of ['', '000000', '00000000', 'ffffffff', '05000000aabb'])
      assert.equal(
        await unpack(Buffer.concat([magic, part('a'), rest(end), part('b').subarray(0, 0)])),
        'a',
        end,
      );
    assert.equal(await unpack(Buffer.concat([magic, part('a'), rest('00000000'), part('b')])), 'a');
    // What can't be a block, since it would be larger than one that can't be made smaller.
    assert.equal(
      await unpack(Buffer.concat([magic, part('a'), rest('01008100'), Buffer.alloc(0x81_0001)]), 65_536),
      'a',
    );
  });

  it('closes its stream, also one that needs no closing', async () => {
    let closed = 0;
    async function* watched(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(bytes, 3);
      } finally {
        closed += 1;
      }
    }
    const stream = unpackLz4(watched(Buffer.concat([fileOf(0x10, 'a'), Buffer.alloc(100)])));
    await stream.next();
    await stream.return(undefined);
    assert.equal(closed, 1);
    const left = [fileOf(0x10, 'a')];
    const bare = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const value = left.shift();
          return Promise.resolve(
            value === undefined ? { done: true as const, value } : { done: false as const, value },
          );
        },
      }),
    };
    const found: string[] = [];
    for await (const piece of unpackLz4(bare)) found.push(Buffer.from(piece).toString());
    assert.deepEqual(found, ['a']);
  });
});
