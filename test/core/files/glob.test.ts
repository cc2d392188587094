import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  compilePattern,
  firstStates,
  hasWildcards,
  nextStates,
  readTokens,
  unescapePattern,
} from '../../../src/core/files/glob.ts';

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

describe('nextStates', () => {
  /** How many states are looked at until a text is read. */
  function countSteps(pattern: string, text: string, isPath: boolean): number {
    const tokens = readTokens(pattern, isPath);
    if (tokens === undefined) return 0;
    let states = firstStates(tokens);
    let steps = states.length;
    for (const character of text) {
      states = nextStates(tokens, states, character.codePointAt(0) ?? 0);
      steps += states.length;
    }
    return steps;
  }

  it('takes no more steps than characters times parts, whatever the pattern', () => {
    const part = fc.constantFrom('*', '**', '?', 'a', 'b', '/', '[ab]', '[^a]', '*a', '**/', '\\*', 'aa');
    const text = fc.array(fc.constantFrom('a', 'b', '/', 'aaaa'), { maxLength: 60 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), text, fc.boolean(), (parts, characters, isPath) => {
        const [pattern, path] = [parts.join(''), characters.join('')];
        const most = 3 * (path.length + 1) * Math.min(pattern.length + 1, path.length + 1);
        assert.ok(countSteps(pattern, path, isPath) <= most);
      }),
    );
  });

  it('takes few steps for many stars', () => {
    const name = 'a'.repeat(250);
    assert.ok(countSteps(`${'*a'.repeat(100)}b`, name, false) <= 3 * 250 * 201);
    assert.equal(compilePattern(`${'*a'.repeat(100)}b`)?.test(name), false);
    assert.equal(compilePattern(`${'*a'.repeat(100)}b`)?.test(`${name}b`), true);
    assert.equal(compilePattern('[a-z]'.repeat(50_000))?.test(name), false);
    assert.equal(compilePattern(`[${'a-z'.repeat(50_000)}]`)?.test('q'), true);
  });

  it('matches as a regular expression does', () => {
    const part = fc.constantFrom('*', '?', 'a', 'b', '[ab]', '[^a]', '[^b-z]');
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), text, (parts, characters) => {
        const source = parts.map((each) => (each === '*' ? '.*' : each === '?' ? '.' : each)).join('');
        const name = characters.join('');
        assert.equal(compilePattern(parts.join(''))?.test(name), new RegExp(`^${source}$`, 's').test(name));
      }),
      { numRuns: 2000 },
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
