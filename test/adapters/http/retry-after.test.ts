import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRetryAfter } from '../../../src/adapters/http/retry-after.ts';

describe('parseRetryAfter', () => {
  const now = Date.parse('Sun, 06 Nov 1994 08:49:37 GMT');
  const rows: readonly (readonly [string | undefined, number | undefined])[] = [
    ['3', 3000],
    [' 120 ', 120_000],
    ['Sun, 06 Nov 1994 08:50:37 GMT', 60_000],
    ['Sunday, 06-Nov-94 08:50:37 GMT', 60_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', undefined],
    ['Sunny', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['880µs', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [value, expected] of rows) {
    it(String(value), () => {
      assert.equal(parseRetryAfter(value, now), expected);
    });
  }
});
