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
      });
    });
  }
});
