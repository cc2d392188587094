import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseIgnoreFile } from '../../../src/core/files/ignore.ts';
import { limits } from '../../../src/core/limits.ts';

// What is expected here is what MatchesUsingParentResults of github.com/moby/patternmatcher answers for a path and those
// above it, after its ignorefile.ReadAll, except where a row says otherwise.
describe('parseIgnoreFile', () => {
  const rows: [name: string, text: string, ignored: string[], kept: string[]][] = [
    ['a name at the root alone', '*.log', ['a.log', '.log'], ['d/a.log']],
    ['any depth', '**/*.log', ['a.log', 'd/a.log', 'd/e/a.log'], ['a.txt']],
    ['an end of any path', '**.log', ['a.log', 'd/a.log'], ['a.logs']],
    ['a leading slash', '/build', ['build', 'build/x'], ['src/build']],
    ['a trailing slash', 'build/', ['build', 'build/x'], []],
    ['a path that is not clean', './a/../b', ['b'], ['a']],
    ['one level down', '*/temp*', ['a/temp', 'a/temporary/x'], ['temp', 'a/b/temp']],
    ['a question mark', 'temp?', ['temp1'], ['temp', 'temp12']],
    ['what a folder holds', 'docs/**', ['docs/a', 'docs/a/b'], ['docs']],
    ['two stars within a name', 'a**b/c', ['ab/c', 'a/x/b/c', 'a/x/b/c/d'], ['axb/c']],
    ['everything', '**', ['a', 'a/b'], []],
    ['an exception', '*\n!README.md', ['x', 'd/README.md'], ['README.md']],
    ['an exception in a folder', 'docs\n!docs/keep', ['docs', 'docs/other'], ['docs/keep', 'docs/keep/x']],
    [
      'the last rule that matches',
      '*.md\n!README*.md\nREADME-secret.md',
      ['a.md', 'README-secret.md'],
      ['README.md', 'README-x.md'],
    ],
    ['an exception before its rule', '!a\n*', ['a', 'b'], []],
    ['an exception for the folder above', 'a/b\n!a', [], ['a', 'a/b', 'a/c']],
    ['comments, blank lines and white space', '# no\n #yes\n\n  c  \n', ['c', '#yes'], ['no', '# no']],
    ['a byte order mark and CRLF', '\uFEFFa\r\nb\r\n', ['a', 'b'], ['a\r']],
    ['lines that name nothing inside', '.\n/\n..\n../a\n../context/a', [], ['a', 'context/a']],
    ['names that differ in case', 'A', ['A'], ['a']],
    ['a dot', 'a.b', ['a.b'], ['axb']],
    ['a plus', 'c++', ['c++'], ['c', 'ccc']],
    ['brackets', '(1)/{x}', ['(1)/{x}'], ['1/x']],
    ['a bar', 'a|b', ['a|b'], ['a']],
    ['a range', '[a-c].txt', ['a.txt'], ['d.txt', 'd/a.txt']],
    ['a negated range', '[^a].txt', ['b.txt'], ['a.txt']],
    ['a range with special characters', '[+(].txt', ['+.txt', '(.txt'], ['a.txt']],
    ['an escaped star', '\\*.txt', ['*.txt'], ['a.txt']],
    ['an escaped exclamation mark', '\\!a', ['!a'], ['a']],
    ['an escaped hash', '\\#a', ['#a'], ['a']],
    ['a bracket that is escaped', 'a\\[b*', ['a[b', 'a[bc'], ['ab', 'a\\[b']],
    ['an escaped backslash', 'a\\\\*', ['a\\', 'a\\b'], ['a', 'a/b']],
    ['a bracket that closes nothing', 'a]*', ['a]', 'a]b'], ['a']],
    ['a negated range that a slash fits', 'a[^b]c', ['a/c', 'axc'], ['abc', 'ac']],
    ['a range that a slash is in', 'a[+-9]c', ['a/c', 'a1c'], ['axc']],
    ['any start of a path', 'a**', ['a', 'ab', 'ab/c'], ['ba']],
    ['any end of a path with wildcards', '**a?', ['ab', 'x/ab'], ['xab', 'x/yab']],
    ['three stars', 'a/***', ['a/b', 'a/b/c'], ['a']],
    ['folders in the middle', 'a/**/b', ['a/b', 'a/x/b', 'a/x/y/b/z'], ['a/xb', 'a']],
    ['folders at both ends', '**/a/**', ['a/x', 'x/a/y'], ['a', 'x/a']],
    ['the same pattern again', '*.a\n!*.a\n*.b\n*.a', ['x.a', 'x.b'], ['x.c']],
    ['a name anywhere, but not in one folder', '**/a\n!b/a', ['a', 'c/a', 'c/a/d'], ['b/a', 'b/a/d']],
    // Here the library makes these a part of the regular expression that it writes.
    ['a bar beside a wildcard', 'a|b*', ['a|b', 'a|bc'], ['a', 'b', 'bc']],
    ['a caret beside a wildcard', '^a*', ['^a', '^ab'], ['a', 'ab']],
    ['an escaped letter', '\\d*', ['d', 'dx'], ['1', '\\d']],
    ['a wildcard in a range', '[*]a', ['*a'], ['a', 'xa']],
    ['a name that every object has', 'constructor', ['constructor', 'constructor/x'], ['toString']],
    ['no rule for such a name', 'x', ['x'], ['constructor', '__proto__']],
  ];
  for (const [name, text, ignored, kept] of rows) {
    it(name, () => {
      const rules = parseIgnoreFile(text, '.dockerignore');
      for (const path of ignored) assert.ok(rules.ignores(path), `should ignore "${path}"`);
      for (const path of kept) assert.ok(!rules.ignores(path), `should keep "${path}"`);
    });
  }

  const malformed: [text: string, line: number, column: number][] = [
    ['!', 1, 1],
    ['a\n ! ', 2, 2],
    ['[', 1, 1],
    ['# x\n\n  a[]b', 3, 3],
    ['a\\', 1, 1],
  ];
  for (const [text, line, column] of malformed) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseIgnoreFile(text, '.dockerignore'), {
        code: 'CONTEXT_PATH',
        position: { file: '.dockerignore', line, column },
      });
    });
  }

  const below: [text: string, reached: string[], others: string[]][] = [
    ['*', [], ['a', 'a/b']],
    ['*\n!kernel', ['kernel'], ['a', 'kernels', 'a/kernel']],
    ['*\n!/a/b/c', ['a', 'a/b', 'a/b/c'], ['b', 'a/c', 'a/c/b']],
    ['*\n!*/c?/d', ['a', 'a/c1', 'a/c1/d'], ['a/c', 'a/c1/e']],
    ['*\n!a/**/d', ['a', 'a/b', 'a/b/c/d'], ['b']],
    ['*\n!**/d', ['a', 'a/b'], []],
    ['*\n!a\n!b/c', ['a/x/y', 'b'], ['b/d']],
    ['*\n!../a\n!.', [], ['a']],
  ];
  for (const [text, reached, others] of below) {
    it(`knows where to look below ${JSON.stringify(text)}`, () => {
      const rules = parseIgnoreFile(text, '.dockerignore');
      for (const folder of reached) assert.ok(rules.mayKeepBelow(folder), `should look in "${folder}"`);
      for (const folder of others) assert.ok(!rules.mayKeepBelow(folder), `should not look in "${folder}"`);
    });
  }

  it('takes any number of lines, and lines of any length', () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `f${index}`);
    const rules = parseIgnoreFile(`${lines.join('\n')}\n!f7\n**/g\n`, '.dockerignore');
    assert.deepEqual(
      ['f99999', 'f99999/a', 'f7', 'f100000', 'x/y/g'].map((path) => rules.ignores(path)),
      [true, true, false, false, true],
    );
    for (const part of ['a/', '**/', '*', '*a', '?', '[a-z]', 'a/../', '\\a']) {
      const line = part.repeat(part === 'a/' ? 2_500_000 : 100_000);
      const long = parseIgnoreFile(`${line}b\nc`, '.dockerignore');
      assert.ok(!long.ignores('a/a'), part);
      assert.ok(long.ignores('c'), part);
    }
  });

  it('says which line has too many patterns, or one that is far too long to show', () => {
    const lines = Array.from({ length: limits.ignorePatterns + 1 }, (_, index) => `*.${index}`);
    assert.throws(() => parseIgnoreFile(lines.join('\n'), '.dockerignore'), {
      code: 'CONTEXT_PATH',
      message: 'expected at most 10000 patterns with wildcards',
      position: { file: '.dockerignore', line: 10_001, column: 1 },
    });
    assert.throws(
      () => parseIgnoreFile(`${'a'.repeat(1_000_000)}[`, '.dockerignore'),
      ({ message }: Error) => message.length < 200,
    );
  });

  it('looks wherever something is kept', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const part = fc.constantFrom('a', 'b', '*', '?', '[ab]', '**', 'a**');
    const line = fc
      .tuple(fc.constantFrom('', '!'), fc.array(part, { minLength: 1, maxLength: 4 }))
      .map(([mark, parts]) => mark + parts.join('/'));
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 2, maxLength: 5 }),
        (lines, parts) => {
          const rules = parseIgnoreFile(lines.join('\n'), '.dockerignore');
          const folder = parts.slice(0, -1).join('/');
          const hidden = rules.ignores(folder) && !rules.mayKeepBelow(folder);
          assert.ok(!hidden || rules.ignores(parts.join('/')));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
