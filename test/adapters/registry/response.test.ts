import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpResponse } from '../../../src/adapters/http/http.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import { readUpTo } from '../../../src/adapters/registry/response.ts';
import { createFastClock } from '../../support/fast-clock.ts';

describe('readUpTo', () => {
  /** Of an answer that brings so many bytes after each pause, by a clock of its own. */
  const read = (sizes: readonly number[], milliseconds: number, limit = 100_000) => {
    let time = 0;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (const size of sizes) {
        time += milliseconds;
        yield await Promise.resolve(Buffer.alloc(size, 'x'));
      }
    }
    const response: HttpResponse = {
      status: 200,
      headers: {},
      body: body(),
      discard: () => Promise.resolve(),
    };
    const clock = { ...createFastClock(), now: () => time };
    const endpoint = endpointOf('https://registry.example', '/v2/app/manifests/1');
    return readUpTo(response, limit, { method: 'GET', endpoint, clock });
  };

  it('takes what comes, up to its limit', async () => {
    assert.equal((await read([10, 20], 1)).bytes.length, 30);
    assert.deepEqual((await read([60_000, 60_000], 1)).whole, false);
  });

  it('gives up an answer that comes a byte at a time', async () => {
    const slow = { code: 'REGISTRY_UNREACHABLE', message: /within 120 seconds, got 401 bytes/ };
    await assert.rejects(read(Array<number>(100_000).fill(1), 300), slow);
  });

  it('gives up an answer that never ends', async () => {
    const slow = { code: 'REGISTRY_UNREACHABLE', message: /within 129 seconds, got 152000 bytes/ };
    await assert.rejects(read(Array<number>(1000).fill(8000), 7000, 10_000_000), slow);
  });

  it('waits for a slow answer that moves on', async () => {
    assert.equal((await read(Array<number>(400).fill(30_000), 1500, 20_000_000)).bytes.length, 12_000_000);
  });
});
