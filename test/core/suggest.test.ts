import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearest } from '../../src/core/suggest.ts';

const known = ['FROM', 'COPY', 'LABEL', 'CMD', 'ENTRYPOINT'];

describe('nearest', () => {
  const rows: [given: string, meant: string | undefined][] = [
    ['FORM', 'FROM'],
    ['from', 'FROM'],
    ['COPYY', 'COPY'],
    ['OPY', 'COPY'],
    ['XOPY', 'COPY'],
    ['LBAEL', 'LABEL'],
    ['LABLES', 'LABEL'],
    ['ENTRPOIN', 'ENTRYPOINT'],
    ['CDM', 'CMD'],
    ['FRMO', 'FROM'],
    ['FRXX', undefined],
    ['ENTRY', undefined],
    ['', undefined],
    ['x'.repeat(1000), undefined],
  ];
  for (const [given, meant] of rows) {
    it(`takes ${JSON.stringify(given.slice(0, 12))} for ${meant ?? 'nothing'}`, () => {
      assert.equal(nearest(given, known), meant);
    });
  }

  it('takes no name for one that has nothing in common with it', () => {
    assert.equal(nearest('~', ['C', 'a']), undefined);
    assert.equal(nearest('k', ['K']), 'K');
    assert.equal(nearest('a', ['ab']), 'ab');
  });

  it('prefers the fewest edits', () => {
    assert.equal(nearest('abcde', ['abcxy', 'abcdx', 'xbcdx']), 'abcdx');
  });
});

describe('how many edits are few', () => {
  const rows: [given: string, known: string[], meant: string | undefined][] = [
    // One for three to five letters, two for six to eight, three for more.
    ['abcde', ['abcxx'], undefined],
    ['abcde', ['abcdx'], 'abcdx'],
    ['abcdef', ['abcdxx'], 'abcdxx'],
    ['abcdefgh', ['abcdexxx'], undefined],
    ['abcdefghi', ['abcdefxxx'], 'abcdefxxx'],
    ['abcdefghijkl', ['abcdefghxxxx'], undefined],
    ['abcdefghi', ['abcdefghixxx'], 'abcdefghixxx'],
    ['abcdefghi', ['abcdefghixxxx'], undefined],
    ['ab', ['ba'], 'ba'],
    ['abc', ['bac'], 'bac'],
    ['abcd', ['abdc'], 'abdc'],
    ['abc', ['cab'], undefined],
    ['xabc', ['abc'], 'abc'],
    ['abc', ['xabc'], 'xabc'],
    ['aXbc', ['abc'], 'abc'],
    ['abcdef', ['badcfe'], undefined],
    ['abcdef', ['bacdfe'], 'bacdfe'],
    ['abc', ['abd', 'abx'], 'abd'],
    ['abc', ['abd', 'abc'], 'abc'],
    ['aabb', ['abab'], 'abab'],
    ['x', ['y'], undefined],
    ['', ['a'], undefined],
  ];
  for (const [given, names, meant] of rows)
    it(`takes ${JSON.stringify(given)} among ${names.join(' ')} for ${meant ?? 'nothing'}`, () => {
      assert.equal(nearest(given, names), meant);
    });
});
