import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCpe, formatPackageUrl } from '../../../src/core/oci/package-url.ts';

describe('formatPackageUrl', () => {
  it('leaves nothing in it that has a meaning there', () => {
    assert.equal(
      formatPackageUrl('generic/a b@c', '1?2#3@4', [['repository_url', 'r.io:5000/a&b']]),
      'pkg:generic/a%20b%40c@1%3F2%233%404?repository_url=r.io%3A5000/a%26b',
    );
  });
});

describe('formatCpe', () => {
  const versions: [version: string, quoted: string | undefined][] = [
    ['6.1.0-50_x', '6.1.0-50_x'],
    ['0.17.0~5D38', String.raw`0.17.0\~5d38`],
    ['1:2+3*', String.raw`1\:2\+3\*`],
    ['6.1 beta', undefined],
    ['ä', undefined],
    ['', undefined],
  ];
  for (const [version, quoted] of versions) {
    it(`${quoted === undefined ? 'has no place for' : 'quotes'} "${version}"`, () => {
      const expected =
        quoted === undefined ? undefined : `cpe:2.3:o:linux:linux_kernel:${quoted}:*:*:*:*:*:*:*`;
      assert.equal(formatCpe('o:linux:linux_kernel', version), expected);
    });
  }
});
