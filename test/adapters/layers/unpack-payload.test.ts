// What is inside a packed kernel, by the methods that are known.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { unpackPayload } from '../../../src/adapters/layers/unpack-payload.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';

const content = Buffer.from('a kernel, again and again. '.repeat(20_000));

/** Pieces in memory that is used again. */
async function* reused(bytes: Uint8Array) {
  const memory = new Uint8Array(1000);
  for (let at = 0; at < bytes.length; at += memory.length) {
    const piece = bytes.subarray(at, at + memory.length);
    memory.set(piece);
    await Promise.resolve();
    yield memory.subarray(0, piece.length);
  }
}

describe('the payload of a packed kernel', () => {
  const methods: [method: string, packed: Uint8Array][] = [
    ['gzip', gzipSync(content)],
    ['zstd', zstdCompressSync(content)],
  ];
  for (const [method, packed] of methods) {
    it(`is unpacked from ${method}, whatever becomes of the pieces`, async () => {
      const stream = unpackPayload(method, reused(packed));
      assert.ok(stream !== undefined);
      assert.ok(content.equals(await readAll(stream)));
    });

    it(`fails where ${method} is damaged, or ends early`, async () => {
      const damaged = Buffer.from(packed);
      damaged.fill(0xff, 10, 40);
      for (const bytes of [damaged, packed.subarray(0, -10)]) {
        const stream = unpackPayload(method, streamOf(bytes));
        assert.ok(stream !== undefined);
        await assert.rejects(readAll(stream));
      }
    });

    it(`fails with what is wrong with its source (${method})`, async () => {
      async function* broken() {
        yield packed.subarray(0, 20);
        await Promise.resolve();
        throw new Error('the disk is gone');
      }
      const stream = unpackPayload(method, broken());
      assert.ok(stream !== undefined);
      await assert.rejects(readAll(stream), { message: 'the disk is gone' });
    });
  }

  it('is read from LZ4', async () => {
    // One block of literals, in the legacy frame of Linux (lib/decompress_unlz4.c).
    const block = Buffer.from('50' + Buffer.from('hello').toString('hex'), 'hex');
    const size = Buffer.alloc(4);
    size.writeUInt32LE(block.length);
    const packed = Buffer.concat([Buffer.from('02214c18', 'hex'), size, block]);
    const stream = unpackPayload('lz4', streamOf(packed));
    assert.ok(stream !== undefined);
    assert.equal(Buffer.from(await readAll(stream)).toString(), 'hello');
  });

  it('is nothing for other methods', () => {
    for (const method of ['xz', 'lzma', '', 'GZIP'])
      assert.equal(unpackPayload(method, streamOf()), undefined);
  });
});
