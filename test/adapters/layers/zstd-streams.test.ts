// zstd with streams that fail or that nobody reads to their end, and the memory of what was read.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { compressZstd, frameSize } from '../../../src/adapters/layers/zstd.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';

const skip = !('zstdCompress' in zlib) && 'this Node has no zstd';

/** Bytes that can't be compressed, so that something comes out soon. */
function noise(size: number): Buffer {
  let state = 7;
  return Buffer.from(
    Uint8Array.from({ length: size }, () => (state = (state * 1103515245 + 12345) >>> 0) >>> 16),
  );
}

describe('zstd', { skip }, () => {
  for (const level of [3, 7]) {
    it(`fails with what is wrong with its input, at level ${level}`, async () => {
      const error = new Error('the disk is gone');
      async function* broken() {
        yield Buffer.from('a beginning');
        await Promise.resolve();
        throw error;
      }
      await assert.rejects(readAll(compressZstd(broken(), { level })), error);
    });

    it(`closes its input when nobody reads any further, at level ${level}`, async () => {
      const input = { isClosed: false };
      const piece = noise(1_000_000);
      async function* endless() {
        try {
          for (;;) {
            await Promise.resolve();
            yield piece;
          }
        } finally {
          input.isClosed = true;
        }
      }
      for await (const chunk of compressZstd(endless(), { level })) if (chunk.length > 0) break;
      for (const end = Date.now() + 5000; !input.isClosed && Date.now() < end;)
        await new Promise(setImmediate);
      assert.ok(input.isClosed);
    });
  }

  it('gives back the memory of what was read, for a reader that keeps nothing, and for no other', async () => {
    const input = noise(2 * frameSize);
    const lengths = async (release: boolean) => {
      const buffers: ArrayBufferLike[] = [];
      for await (const chunk of compressZstd(streamOf(input), { level: 1, release }))
        buffers.push(chunk.buffer);
      return buffers.map(({ byteLength }) => byteLength);
    };
    assert.ok((await lengths(true)).every((length) => length === 0));
    assert.ok((await lengths(false)).every((length) => length > 0));
  });
});
