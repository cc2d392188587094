import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatPlatform, parsePlatform, parsePlatforms } from '../../../src/core/oci/platform.ts';

describe('parsePlatform', () => {
  const cases: [text: string, normal: string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['Linux/AArch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm/v7', 'linux/arm/v7'],
    [' linux/riscv64 ', 'linux/riscv64'],
  ];
  for (const [text, normal] of cases) {
    it(`reads "${text}" as ${normal}`, () => {
      assert.equal(formatPlatform(parsePlatform(text)), normal);
    });
  }

  for (const text of ['', 'linux', 'linux/', '/amd64', 'linux/arm/v7/x', 'linux/am d64', 'linux,amd64']) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parsePlatform(text), { code: 'INPUT_INVALID' });
    });
  }
});

describe('parsePlatforms', () => {
  for (const texts of [
    ['linux/amd64,linux/arm64'],
    ['"linux/amd64","linux/arm64"'],
    ['"linux/amd64"', 'linux/arm64'],
  ]) {
    it(`reads ${texts.join(' ')}`, () => {
      assert.deepEqual(parsePlatforms(texts).map(formatPlatform), ['linux/amd64', 'linux/arm64']);
    });
  }
});
