import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePattern, hasWildcards, unescapePattern } from '../../src/build/glob.ts';

// What is expected here is what Go's filepath.Match answers.
describe('compilePattern', () => {
  const rows: [pattern: string, matches: string[], others: string[]][] = [
    ['*', ['a', '.hidden', 'a b', ''], []],
    ['*.bin', ['a.bin', '.bin'], ['a.bin.gz', 'A.BIN']],
    ['a**b', ['ab', 'axb'], ['a', 'xab']],
    ['***', ['abc'], []],
    ['?', ['a', 'é', '😀'], ['ab', '']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x', 'x']],
    ['[^a-c]x', ['dx'], ['ax', 'x']],
    ['[!a]', ['!', 'a'], ['b']],
    ['[é-ü]', ['é', 'ö'], ['e']],
    ['[\\-a]', ['-', 'a'], ['b']],
    ['[a\\]b]', [']', 'a'], ['\\']],
    ['[\\^a]', ['^', 'a'], ['b']],
    ['[[]1]', ['[1]'], ['1']],
    ['\\*', ['*'], ['a', '\\*']],
    ['a\\b', ['ab'], ['a\\b']],
    ['a{b,c}', ['a{b,c}'], ['ab']],
    ['@(a|b)+', ['@(a|b)+'], ['a']],
    ['^a$', ['^a$'], ['a']],
    ['a.b', ['a.b'], ['axb']],
  ];
  for (const [pattern, matches, others] of rows) {
    it(`reads ${pattern}`, () => {
      const compiled = compilePattern(pattern);
      assert.ok(compiled);
      for (const name of matches) assert.ok(compiled.test(name), `should match "${name}"`);
      for (const name of others) assert.ok(!compiled.test(name), `should not match "${name}"`);
    });
  }

  for (const pattern of ['[', '[a', '[]', '[^]', '[]a]', '[a-]', '[-a]', '[a-b-c]', 'a\\', '*\\', '[c-a]']) {
    it(`refuses ${pattern}`, () => {
      assert.equal(compilePattern(pattern), undefined);
    });
  }

  it('takes any text, and matches a name that is escaped whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        compilePattern(text);
        const escaped = text.replace(/[*?[\\]/g, '\\$&');
        assert.equal(hasWildcards(escaped), false);
        assert.equal(unescapePattern(escaped), text);
        assert.equal(compilePattern(escaped)?.test(text), true);
      }),
    );
  });
});

describe('hasWildcards', () => {
  const rows: [pattern: string, expected: boolean][] = [
    ['plain', false],
    ['a*', true],
    ['a?', true],
    ['[a]', true],
    ['a\\*', false],
    ['a\\\\*', true],
    ['a]', false],
  ];
  for (const [pattern, expected] of rows) {
    it(`${expected ? 'sees one in' : 'sees none in'} ${pattern}`, () => {
      assert.equal(hasWildcards(pattern), expected);
    });
  }
});
