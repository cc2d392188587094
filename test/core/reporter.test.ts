import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatSize } from '../../src/core/reporter.ts';

describe('formatSize', () => {
  const cases: [bytes: number, text: string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1049, '1.0 kB'],
    [12_345, '12.3 kB'],
    [99_960, '100 kB'],
    [999_600, '1.0 MB'],
    [8_589_934_592, '8.6 GB'],
  ];
  for (const [bytes, text] of cases) {
    it(`prints ${bytes} as ${text}`, () => {
      assert.equal(formatSize(bytes), text);
    });
  }
});
