// Arguments for a guest in one text.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArgumentText } from '../../../src/core/monitor/argument-text.ts';

describe('parseArgumentText', () => {
  const rows: readonly [text: string, words: string[]][] = [
    ['a b', ['a', 'b']],
    [`a 'b c' "d 'e'"`, ['a', 'b c', "d 'e'"]],
    ['a\n  --port 6379\r\n', ['a', '--port', '6379']],
    ['["a", "b c", ""]', ['a', 'b c', '']],
    ['[]', []],
    ['$HOME #x', ['$HOME', '#x']],
    ['a\nb\nc', ['a', 'b', 'c']],
    ['\ta b\r', ['a', 'b']],
    [' \n["a b"]\n', ['a b']],
    ['a ["b"]', ['a', '[b]']],
    ['', []],
  ];
  for (const [text, words] of rows) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseArgumentText(text, 'x'), words);
    });
  }

  for (const text of ["a 'b", '[a]', '["a", 1]', '["a"']) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseArgumentText(text, 'the input "boot-args"'), {
        code: 'INPUT_INVALID',
        message: /the input "boot-args"/,
        hint: /JSON list such as|or words without brackets/,
      });
    });
  }

  it('shows a quote that is never closed from where it opens, and not more than a little of it', () => {
    const refusals: readonly [text: string, shown: string][] = [
      [`one 'two' "three four `, String.raw`"\"three four"`],
      [`a 'b "c`, String.raw`"'b \"c"`],
      [`'${'x'.repeat(39)}`, `"'${'x'.repeat(39)}"`],
      [`'${'x'.repeat(40)}`, `"'${'x'.repeat(39)}…"`],
    ];
    for (const [text, shown] of refusals) {
      assert.throws(() => parseArgumentText(text, '--args'), {
        message: `the quote in ${shown} of --args is never closed`,
        hint: 'Close it, or write a JSON list such as ["a", "b c"].',
      });
    }
  });
});
