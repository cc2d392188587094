import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpResponse } from '../../src/registry/http.ts';
import { readUpTo } from '../../src/registry/response.ts';

/** An answer that brings so many bytes after each pause, by a clock of its own. */
function answer(
  sizes: readonly number[],
  milliseconds: number,
): { response: HttpResponse; now: () => number } {
  let time = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const size of sizes) {
      time += milliseconds;
      yield await Promise.resolve(Buffer.alloc(size, 'x'));
    }
  }
  const response = { status: 200, headers: {}, body: body(), discard: () => Promise.resolve() };
  return { response, now: () => time };
}

describe('readUpTo', () => {
  const read = (sizes: readonly number[], milliseconds: number) => {
    const { response, now } = answer(sizes, milliseconds);
    return readUpTo(response, 100_000, now);
  };

  it('takes what comes, up to its limit', async () => {
    assert.equal((await read([10, 20], 1)).bytes.length, 30);
    assert.deepEqual((await read([60_000, 60_000], 1)).whole, false);
  });

  it('gives up an answer that comes a byte at a time', async () => {
    const slow = { code: 'REGISTRY_PROTOCOL', message: /answer faster, got 101 bytes in 30 s$/ };
    await assert.rejects(read(Array<number>(100_000).fill(1), 300), slow);
  });

  it('gives up an answer that never ends', async () => {
    const slow = { code: 'REGISTRY_PROTOCOL', message: /got \d+ bytes in 602 s$/ };
    const { response, now } = answer(Array<number>(1000).fill(8000), 7000);
    await assert.rejects(readUpTo(response, 10_000_000, now), slow);
  });

  it('waits for a slow answer that moves on', async () => {
    assert.equal((await read(Array<number>(40).fill(2000), 1500)).bytes.length, 80_000);
  });
});
