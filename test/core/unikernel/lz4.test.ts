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
});
