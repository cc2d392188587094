import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isHigherVersion, parseVersion } from '../../src/action/version.ts';

describe('versions', () => {
  const rows: readonly (readonly [tag: string, other: string])[] = [
    ['v2.0.0', 'v1.99.99'],
    ['1.10.0', '1.9.9'],
    ['1.0.10', 'v1.0.9'],
    ['v1.0.90071992547409930', 'v1.0.90071992547409929'],
  ];
  for (const [tag, other] of rows) {
    it(`have ${tag} above ${other}`, () => {
      assert.equal(isHigherVersion(tag, other), true);
      assert.equal(isHigherVersion(other, tag), false);
    });
  }

  it('are equal with and without a prefix or a build', () => {
    for (const other of ['1.2.3', 'v1.2.3+5']) assert.equal(isHigherVersion('v1.2.3', other), false);
  });

  it('are nothing else', () => {
    for (const tag of ['v1.2', 'v1.2.3-rc.1', 'v01.2.3', 'x1.2.3', 'v1.2.3.4', 'latest', '']) {
      assert.equal(parseVersion(tag), undefined, tag);
      assert.equal(isHigherVersion(tag, '0.0.0'), false, tag);
    }
  });
});

describe('the numbers of a version', () => {
  const rows: readonly [tag: string, numbers: readonly bigint[] | undefined][] = [
    ['1.2.3', [1n, 2n, 3n]],
    ['v10.20.30', [10n, 20n, 30n]],
    ['0.0.0+a.b-c', [0n, 0n, 0n]],
    ['1.2.3+', undefined],
    ['1.2.3+a_b', undefined],
    ['vv1.2.3', undefined],
    ['x1.2.3', undefined],
    ['1.2.3x', undefined],
    ['1x2.3', undefined],
    ['1.2x3', undefined],
    ['00.2.3', undefined],
    ['1.02.3', undefined],
    ['1.2.03', undefined],
  ];
  for (const [tag, numbers] of rows) {
    it(`are ${numbers?.join(', ') ?? 'none'} of ${tag}`, () => {
      assert.deepEqual(parseVersion(tag), numbers);
    });
  }

  it('are in order only where both are there', () => {
    assert.equal(isHigherVersion('1.0.0', 'x'), false);
    assert.equal(isHigherVersion('x', '1.0.0'), false);
    assert.equal(isHigherVersion('2.0.0', '1.9.9'), true);
    assert.equal(isHigherVersion('1.9.9', '2.0.0'), false);
    assert.equal(isHigherVersion('1.0.0', '1.0.0'), false);
  });
});
