// Text of others, made safe for each place where it is shown.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '../../src/core/limits.ts';
import {
  clean,
  codeBlock,
  codeSpan,
  excerpt,
  link,
  printable,
  quote,
  safeLine,
  safeLines,
  safeMarkdown,
  suggestion,
} from '../../src/core/text.ts';

/** Each text with what becomes of it. */
function table(
  name: string,
  make: (text: string) => string,
  rows: readonly (readonly [string, string])[],
): void {
  describe(name, () => {
    for (const [text, made] of rows)
      it(`makes ${JSON.stringify(made.slice(0, 40))} of ${JSON.stringify(text.slice(0, 40))}`, () => {
        assert.equal(make(text), made);
      });
  });
}

const long = 'x'.repeat(limits.line);

table('printable', printable, [
  ['', ''],
  ['plain ä 😀', 'plain ä 😀'],
  ['\u0000\t\n\u001b[0m\u001f', '\\x00\\x09\\x0a\\x1b[0m\\x1f'],
  ['\u007f\u0080\u009f\u00a0', '\\x7f\\x80\\x9f\u00a0'],
  ['\u2028\u2029\u202a', '\\x2028\\x2029\u202a'],
  [long, long],
  [`${long}y`, `${long}…`],
]);

table('excerpt', excerpt, [
  ['plain ä 😀', 'plain ä 😀'],
  ['a\nb\tc\u0000', 'a\\u000ab\\u0009c\\u0000'],
  ['\u00a0\u3000\u2028\u2029 ', '\\u00a0\\u3000\\u2028\\u2029 '],
  ['\u202e\u200b\ufeff\u00ad', '\\u202e\\u200b\\ufeff\\u00ad'],
  ['\u{e0001}\ud800', '\\u{e0001}\\ud800'],
  ['x'.repeat(160), 'x'.repeat(160)],
  ['x'.repeat(161), `${'x'.repeat(160)}…`],
  [`${'x'.repeat(150)}${' '.repeat(20)}y`, `${'x'.repeat(150)}…`],
]);

table('excerpt of three characters', (text) => excerpt(text, 3), [
  ['abc', 'abc'],
  ['abcd', 'abc…'],
  ['a  b', 'a…'],
]);

table('suggestion', suggestion, [
  ['x'.repeat(5000), 'x'.repeat(5000)],
  ['a\nb', 'a\\u000ab'],
]);

table('quote', quote, [
  ['a "b" \\ ä', '"a \\"b\\" \\\\ ä"'],
  ['a\nb\u0001', '"a\\nb\\u0001"'],
  ['\u00a0\u202e', '"\\u00a0\\u202e"'],
  ['x'.repeat(80), `"${'x'.repeat(80)}"`],
  ['x'.repeat(81), `"${'x'.repeat(80)}…"`],
]);

table('clean', clean, [
  ['  a \r\n\t b\u0000\u0000c ', 'a b c'],
  ['a\u007fb\u009fc\u2028d\u202ee\u2066f\u2069g', 'a b c d e f g'],
  ['a  b   c', 'a b c'],
  ['x'.repeat(500), 'x'.repeat(500)],
  ['x'.repeat(501), `${'x'.repeat(500)}…`],
]);

table('safeLine', safeLine, [
  ['plain', 'plain'],
  ['::error::x', ': :error::x'],
  ['  ::error::x', '  : :error::x'],
  ['ä::error::x', 'ä: :error::x'],
  [':ä:error', ': ä:error'],
  ['a::b', 'a::b'],
  ['##[error]x', '# #[error]x'],
  ['a ##[error]x ##[b]', 'a # #[error]x # #[b]'],
  ['#ä#ü[error]', '# ä#ü[error]'],
  ['# [a]', '# [a]'],
  ['##', '##'],
  ['a\nb', 'a\\x0ab'],
  ['a\u200bb\u{e0001}', 'a\\u{200b}b\\u{e0001}'],
]);

table('safeLines', safeLines, [
  ['::a::\n##[b]\nc', ': :a::\n# #[b]\nc'],
  ['a', 'a'],
]);

table('safeMarkdown', safeMarkdown, [
  ['Plain 09', 'Plain 09'],
  ['<a>@b|c', '&#60;a&#62;&#64;b&#124;c'],
  ['😀ä', '&#128512;&#228;'],
  ['a\nb', 'a&#92;x0ab'],
]);

table('codeSpan', codeSpan, [
  ['a', '` a `'],
  ['', '` ? `'],
  ['  ', '` ? `'],
  ['a`b', '`` a`b ``'],
  ['``a```b`', '```` ``a```b` ````'],
  ['a\nb\u200b', '` a\\x0ab\\u{200b} `'],
  ['\ud800', '` \ufffd `'],
  ['x'.repeat(80), `\` ${'x'.repeat(80)} \``],
  ['x'.repeat(81), `\` ${'x'.repeat(80)}… \``],
  [`${'x'.repeat(79)}😀`, `\` ${'x'.repeat(79)}… \``],
]);

table('codeBlock', (text) => codeBlock(text, 'text'), [
  ['a\n b \u0001\n', '```text\na\nb \\x01\n\n```'],
  ['a ``` b', '````text\na ``` b\n````'],
  ['a ` b', '```text\na ` b\n```'],
]);

table('link', (address) => link('text', address), [
  ['https://a.example/b?c=d&e=f', '[text](https://a.example/b?c=d&amp;e=f)'],
  ['http://a.example/(b)`\\', '[text](http://a.example/%28b%29%60/)'],
  ['http://a.example/?(b)\\`', '[text](http://a.example/?%28b%29%5C%60)'],
  ['javascript:x', 'text'],
  ['xhttps://a.example', 'text'],
  ['httpsx://a.example', 'text'],
  ['no address', 'text'],
]);
