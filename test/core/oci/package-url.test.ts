import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCpe, formatPackageUrl, imagePackageUrl } from '../../../src/core/oci/package-url.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';

describe('formatPackageUrl', () => {
  it('leaves nothing in it that has a meaning there', () => {
    assert.equal(
      formatPackageUrl('generic/a b@c', '1?2#3@4', [['repository_url', 'r.io:5000/a&b']]),
      'pkg:generic/a%20b%40c@1%3F2%233%404?repository_url=r.io%3A5000/a%26b',
    );
  });
});

describe('formatPackageUrl without parts', () => {
  it('has no mark for what is missing', () => {
    assert.equal(formatPackageUrl('github/a/b', undefined), 'pkg:github/a/b');
    assert.equal(formatPackageUrl('github/a/b', 'v1'), 'pkg:github/a/b@v1');
    assert.equal(
      formatPackageUrl('generic/a', undefined, [
        ['x', '1'],
        ['y', '2'],
      ]),
      'pkg:generic/a?x=1&y=2',
    );
  });
});

describe('imagePackageUrl', () => {
  const digest = `sha256:${'a'.repeat(64)}` as const;
  const rows: [reference: string, url: string][] = [
    [
      'ghcr.io/owner/group/app:1.2',
      `pkg:oci/app@sha256%3A${'a'.repeat(64)}?arch=arm64&repository_url=ghcr.io/owner/group/app&tag=1.2`,
    ],
    [
      'localhost:5000/app',
      `pkg:oci/app@sha256%3A${'a'.repeat(64)}?arch=arm64&repository_url=localhost%3A5000/app`,
    ],
  ];
  for (const [reference, url] of rows)
    it(`names ${reference}`, () => {
      assert.equal(imagePackageUrl(parseReference(reference), digest, 'arm64'), url);
    });
});

describe('formatCpe', () => {
  const versions: [version: string, quoted: string | undefined][] = [
    ['6.1.0-50_x', '6.1.0-50_x'],
    ['0.17.0~5D38', String.raw`0.17.0\~5d38`],
    ['1:2+3*', String.raw`1\:2\+3\*`],
    ['6.1 beta', undefined],
    ['ä', undefined],
    ['ä1', undefined],
    ['1ä', undefined],
    ['1\n', undefined],
    ['!~', String.raw`\!\~`],
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
