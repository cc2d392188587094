import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commitPatience, createWatch, defaultTimeouts, watchBody } from '../../../src/adapters/http/watch.ts';

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('commitPatience', () => {
  for (const [size, minutes] of [
    [0, 5],
    [256 * 1024 ** 2, 10],
    [512 * 1024 ** 2, 15],
    [8 * 1024 ** 3, 15],
  ] as const) {
    it(`is ${minutes} minutes for ${size} bytes`, () => {
      assert.equal(commitPatience(defaultTimeouts, size), minutes * 60_000);
    });
  }
});

describe('watchBody', () => {
  it('waits for no answer that was there before the body ended', async () => {
    const before = countTimers();
    const watch = createWatch(undefined);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('all of it'));
    }
    const { body } = watchBody({ size: 9, open: chunks }, watch, defaultTimeouts, 900_000);
    assert.ok(body !== null && Symbol.asyncIterator in body);
    for await (const chunk of body) {
      assert.equal(String(chunk), 'all of it');
      watch.rest();
      watch.stop();
    }
    assert.equal(countTimers(), before);
  });
});
