import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSourceDate } from '../../src/core/source-date.ts';

describe('SOURCE_DATE_EPOCH', () => {
  const rows: [text: string | undefined, seconds: number][] = [
    [undefined, 0],
    ['', 0],
    ['0', 0],
    ['1700000000', 1_700_000_000],
    ['007', 7],
    // 9999-12-31T23:59:59Z
    ['253402300799', 253_402_300_799],
  ];
  for (const [text, seconds] of rows)
    it(`is ${seconds} for ${JSON.stringify(text)}`, () => {
      assert.equal(parseSourceDate(text), seconds);
    });

  for (const text of ['253402300800', '-1', '1.5', '1e3', ' 1', '1 ', 'x', '0x10', '1x', 'x1', ' '])
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseSourceDate(text), {
        code: 'INPUT_INVALID',
        message: `expected whole seconds since 1970 in SOURCE_DATE_EPOCH, got "${text}"`,
      });
    });
});
