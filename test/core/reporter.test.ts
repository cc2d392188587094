import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatSize, silentReporter } from '../../src/core/reporter.ts';

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

describe('sizes at the edge of a unit', () => {
  const rows: [bytes: number, text: string][] = [
    [999.4, '999 B'],
    [999.5, '1.0 kB'],
    [99_900, '99.9 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [5e12, '5.0 TB'],
    [123_456e12, '123456 TB'],
  ];
  for (const [bytes, text] of rows)
    it(`are ${text} for ${bytes}`, () => {
      assert.equal(formatSize(bytes), text);
    });
});

describe('a silent reporter', () => {
  it('runs what it groups, and says nothing', async () => {
    assert.equal(await silentReporter.group('title', () => Promise.resolve(5)), 5);
    silentReporter.info('x');
    silentReporter.debug('x');
    silentReporter.warning({ code: 'INPUT_INVALID', message: 'x' });
    silentReporter.progress('x', 1, 2);
  });
});
