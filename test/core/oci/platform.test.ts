import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatPlatform,
  normalPlatform,
  parsePlatform,
  parsePlatforms,
  readPlatform,
} from '../../../src/core/oci/platform.ts';

describe('parsePlatform', () => {
  const cases: [text: string, normal: string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['Linux/AArch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm/v7', 'linux/arm/v7'],
    [' linux/riscv64 ', 'linux/riscv64'],
    ['linux/x86-64', 'linux/amd64'],
    ['linux/i386', 'linux/386'],
    ['linux/armhf', 'linux/arm'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/arm/v8', 'linux/arm/v8'],
    ['linux/a.b_c-d', 'linux/a.b_c-d'],
  ];
  for (const [text, normal] of cases) {
    it(`reads "${text}" as ${normal}`, () => {
      assert.equal(formatPlatform(parsePlatform(text)), normal);
    });
  }

  for (const text of [
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/arm/v7/x',
    'linux/arm/',
    'linux/am d64',
    'linux,amd64',
    'linux/!amd64',
    'linux/amd64!',
  ]) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parsePlatform(text), {
        code: 'INPUT_INVALID',
        message: `expected a platform of the form os/architecture[/variant], got "${text}"`,
        hint: 'Write for example linux/amd64 or linux/arm64.',
      });
    });
  }

  it('has no variant without one', () => {
    assert.deepEqual(parsePlatform('linux/amd64'), { os: 'linux', architecture: 'amd64' });
    assert.deepEqual(normalPlatform({ os: 'linux', architecture: 'aarch64', variant: 'v8' }), {
      os: 'linux',
      architecture: 'arm64',
    });
  });
});

describe('readPlatform', () => {
  const platform = { os: 'linux', architecture: 'arm' };
  const rows: [value: unknown, platform: object | undefined][] = [
    [
      { ...platform, variant: 'v7', features: [] },
      { ...platform, variant: 'v7' },
    ],
    [{ ...platform, variant: '' }, platform],
    [{ ...platform, variant: 7 }, platform],
    [platform, platform],
    [{ os: 'linux' }, undefined],
    [{ architecture: 'arm' }, undefined],
    [{ ...platform, os: 5 }, undefined],
    ['linux/arm', undefined],
    [undefined, undefined],
  ];
  for (const [value, read] of rows)
    it(`makes ${JSON.stringify(read)} of ${JSON.stringify(value)}`, () => {
      assert.deepEqual(readPlatform(value), read);
    });
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

  it('keeps the order, and refuses one that is there twice', () => {
    assert.deepEqual(parsePlatforms([]), []);
    assert.deepEqual(parsePlatforms(['linux/arm64', 'linux/amd64']).map(formatPlatform), [
      'linux/arm64',
      'linux/amd64',
    ]);
    assert.throws(() => parsePlatforms(['linux/amd64,linux/arm64', 'linux/arm64/v8']), {
      code: 'INPUT_INVALID',
      message: 'expected each platform once, got "linux/arm64" twice',
      hint: 'Remove one of the two; linux/arm64 and linux/arm64/v8 are the same.',
    });
  });

  it('refuses an empty item, and says where a quote stays open', () => {
    assert.throws(() => parsePlatforms(['linux/amd64,']), { code: 'INPUT_INVALID' });
    assert.throws(() => parsePlatforms(['"linux/amd64']), {
      code: 'INPUT_INVALID',
      message: /in the list of platforms for the one in line 1/,
    });
  });
});
