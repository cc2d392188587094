// The text that a guest is expected to print: literal, or an expression between slashes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { parseExpectation } from '../../../src/core/monitor/expectation.ts';

describe('parseExpectation', () => {
  const rows: readonly [text: string, found: readonly string[], missed: readonly string[]][] = [
    ['ready', ['it is ready.'], ['READY', 'read y']],
    ['a.c', ['a.c'], ['abc']],
    [' ok', ['so ok'], ['ok']],
    ['x/ab/', ['x/ab/'], ['ab']],
    ['/ab/x', ['/ab/x'], ['ab']],
    ['/ab/im x', ['/ab/im x'], ['ab']],
    ['//', ['http://a'], ['']],
    ['/ab+c/', ['abbc'], ['ABBC', '/ab+c/']],
    ['/ab\nc/', ['ab\nc'], ['abc']],
    ['/ab/i', ['AB'], ['a']],
    ['/a.b/s', ['a\nb'], ['ab']],
    ['/a.b/', ['a-b'], ['a\nb']],
    ['/^b$/', ['a\nb\nc'], ['ab']],
    ['/^b$/m', ['a\nb\nc'], ['ab']],
    ['/^B$/im', ['a\nb\nc'], ['ab']],
    ['/^.$/u', ['\u{1f600}'], ['ab']],
    ['/a/b/', ['a/b'], ['ab']],
  ];
  for (const [text, found, missed] of rows) {
    it(`reads ${JSON.stringify(text)}`, () => {
      const expectation = parseExpectation(text, '--expect');
      assert.equal(expectation.text, text);
      for (const printed of found) assert.ok(expectation.isIn(printed), printed);
      for (const printed of missed) assert.ok(!expectation.isIn(printed), printed);
    });
  }

  for (const text of ['', ' ', '\n']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseExpectation(text, '--expect'), {
        code: 'INPUT_INVALID',
        message: 'expected a text for --expect, got none',
      });
    });
  }

  it('refuses an expression that is none, and says what is wrong with it', () => {
    assert.throws(
      () => parseExpectation('/a(/i', 'the input "boot-expect"'),
      (error: Error) => {
        assert.ok(error instanceof BimaError && error.cause instanceof SyntaxError);
        const { code, message, hint } = error;
        assert.deepEqual(
          [code, message, hint],
          [
            'INPUT_INVALID',
            'expected a regular expression for the input "boot-expect", got "/a(/i"',
            `JavaScript says: ${error.cause.message}. For a text between slashes, write /\\/text\\//.`,
          ],
        );
        return true;
      },
    );
  });
});
