import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { excerpt, quote } from '../../../src/core/text.ts';

describe('text of the file in messages', () => {
  const rows: [name: string, text: string, quoted: string, bare: string][] = [
    ['plain', 'a b', '"a b"', 'a b'],
    ['empty', '', '""', ''],
    ['quotes', 'a"\\', '"a\\"\\\\"', 'a"\\'],
    ['a terminal sequence', '\u001b[31m', '"\\u001b[31m"', '\\u001b[31m'],
    ['a line feed', 'a\n::error::b', '"a\\n::error::b"', 'a\\u000a::error::b'],
    ['a C1 control character', '\u009b', '"\\u009b"', '\\u009b'],
    ['DEL', '\u007f', '"\\u007f"', '\\u007f'],
    ['an override of direction', '\u202eb', '"\\u202eb"', '\\u202eb'],
    ['a line separator', '\u2028', '"\\u2028"', '\\u2028'],
    ['a no-break space', '\u00a0', '"\\u00a0"', '\\u00a0'],
    ['a format character beyond 16 bits', '\u{e0001}', '"\\u{e0001}"', '\\u{e0001}'],
    ['a lone surrogate', '\ud800', '"\\ud800"', '\\ud800'],
    ['letters of any language', 'é漢😀', '"é漢😀"', 'é漢😀'],
  ];
  for (const [name, text, quoted, bare] of rows) {
    it(`is safe to print: ${name}`, () => {
      assert.equal(quote(text), quoted);
      assert.equal(excerpt(text), bare);
    });
  }

  it('is cut when it is long', () => {
    assert.equal(quote('a'.repeat(10), 4), '"aaaa…"');
    assert.equal(excerpt('a'.repeat(10), 4), 'aaaa…');
    assert.equal(quote('aaaa', 4), '"aaaa"');
    assert.ok(quote('\u202e'.repeat(1000)).length < 600);
  });
});
