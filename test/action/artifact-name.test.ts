// Names of artifacts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultArtifactName, safeArtifactName } from '../../src/action/artifact-name.ts';

describe('the name of an artifact', () => {
  const table: readonly [name: string, expected: string][] = [
    ['app-1.2', 'app-1.2'],
    ['feature/login', 'feature-login'],
    ['a: "b" <c>', 'a- -b- -c'],
    ['C:\\x\\y', 'C-x-y'],
    ['two\r\nlines', 'two-lines'],
    ['ends. ', 'ends'],
    ['???', 'image'],
    ['', 'image'],
    ['größe', 'größe'],
    // Nobody on Windows could download it.
    ['nul', 'image-nul'],
    ['Aux.1', 'image-Aux.1'],
  ];
  for (const [name, expected] of table) {
    it(`${JSON.stringify(name)} is ${expected}`, () => {
      assert.equal(safeArtifactName(name), expected);
    });
  }

  it('is by default that of the repository and the tag', () => {
    assert.equal(defaultArtifactName('ghcr.io/owner/app', 'pr-7'), 'app-pr-7');
    assert.equal(defaultArtifactName('app'), 'app');
  });

  it('is one that services and file systems take, whatever was asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const safe = safeArtifactName(name);
        assert.match(safe, /^[^"<>|*?\\/:\r\n]{1,200}$/);
        assert.equal(Buffer.from(safe).toString(), safe, 'no half characters');
        assert.ok(!safe.endsWith('.'));
      }),
    );
  });
});

describe('the characters of a name', () => {
  const rows: readonly [name: string, expected: string][] = [
    ['- a -', 'a'],
    ['\ta', 'a'],
    ['a..', 'a'],
    ['.a', '.a'],
    ['a-. b', 'a-. b'],
    ['a\u007fb\u0000\u001fc', 'a-b-c'],
    ['a"<>|*?\\/:b', 'a-b'],
    ['x'.repeat(200), 'x'.repeat(200)],
    ['x'.repeat(201), 'x'.repeat(200)],
    [`${'x'.repeat(199)}😀`, 'x'.repeat(199)],
    [`${'x'.repeat(198)}😀`, `${'x'.repeat(198)}😀`],
  ];
  for (const [name, expected] of rows) {
    it(`become ${JSON.stringify(expected.slice(-20))}`, () => {
      assert.equal(safeArtifactName(name), expected);
    });
  }

  it('come from the last part of the repository', () => {
    assert.equal(defaultArtifactName('a/b/c', '1/2'), 'c-1-2');
    assert.equal(defaultArtifactName(''), 'image');
  });
});
