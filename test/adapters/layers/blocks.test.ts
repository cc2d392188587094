import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { workInBlocks } from '../../../src/adapters/layers/blocks.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';

const same = (block: Uint8Array) => Promise.resolve(block.slice());

describe('workInBlocks', () => {
  const rows: [name: string, pieces: string[], blocks: string[]][] = [
    ['nothing', [], []],
    ['empty pieces', ['', ''], []],
    ['less than a block', ['ab', 'c'], ['abc']],
    ['one block', ['abcd'], ['abcd']],
    ['one byte more', ['abcde'], ['abcd', 'e']],
    ['a piece of many blocks', ['abcdefghijklm'], ['abcd', 'efgh', 'ijkl', 'm']],
    ['pieces across borders', ['abc', 'def', '', 'gh', 'i'], ['abcd', 'efgh', 'i']],
  ];
  for (const [name, pieces, blocks] of rows) {
    it(`cuts ${name}`, async () => {
      const stream = streamOf(...pieces.map((piece) => Buffer.from(piece)));
      const options = { size: 4, limit: 2, work: same };
      assert.deepEqual((await collect(workInBlocks(stream, options))).map(String), blocks);
    });
  }

  it('keeps the order of the blocks, whichever is ready first', async () => {
    const work = async (block: Uint8Array) => {
      await sleep(20 - 5 * ((block[0] ?? 0) % 4));
      return block.slice();
    };
    const input = Buffer.from(Array.from({ length: 20 }, (_, index) => index));
    const results = await collect(workInBlocks(streamOf(input), { size: 1, limit: 4, work }));
    assert.deepEqual(Buffer.concat(results), input);
  });

  it('works on as many blocks at once as it may, and reads no further', async () => {
    let [running, most, read, begun] = [0, 0, 0, 0];
    const work = async (block: Uint8Array) => {
      begun += 1;
      most = Math.max(most, ++running);
      await sleep(1);
      running -= 1;
      return block.slice();
    };
    async function* counted(): AsyncGenerator<Uint8Array> {
      for (; read < 50; read++) {
        assert.ok(read - begun <= 1, `${read} blocks read, ${begun} begun`);
        yield await Promise.resolve(Buffer.alloc(8));
      }
    }
    const results = await collect(workInBlocks(counted(), { size: 8, limit: 3, work }));
    assert.equal(results.length, 50);
    assert.equal(most, 3);
  });

  it('leaves nothing running and the stream closed when its reader leaves', async () => {
    let [running, isClosed] = [0, false];
    const work = async (block: Uint8Array) => {
      running += 1;
      await sleep(5);
      running -= 1;
      return block.slice();
    };
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(Buffer.alloc(8));
      } finally {
        isClosed = true;
      }
    }
    for await (const result of workInBlocks(endless(), { size: 8, limit: 3, work })) {
      assert.equal(result.length, 8);
      break;
    }
    assert.equal(running, 0);
    assert.ok(isClosed);
  });

  it('throws what the work throws, once no other is running', async () => {
    const broken = new Error('no memory');
    let running = 0;
    const work = async (block: Uint8Array) => {
      running += 1;
      await sleep(block[0] === 2 ? 1 : 10);
      running -= 1;
      if (block[0] === 2) throw broken;
      return block.slice();
    };
    const input = streamOf(Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]));
    await assert.rejects(collect(workInBlocks(input, { size: 1, limit: 4, work })), broken);
    assert.equal(running, 0);
  });

  it('throws what the stream throws', async () => {
    const broken = new Error('disk on fire');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('abcdef'));
      throw broken;
    }
    await assert.rejects(collect(workInBlocks(failing(), { size: 2, limit: 2, work: same })), broken);
  });
});

async function collect(stream: ByteStream): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return chunks;
}
