// From the text of an input to its value, and what is said of a text that is none.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ofInput,
  readBoolean,
  readChoice,
  readLines,
  readNumber,
  readPairs,
  readSecrets,
  readText,
  readWords,
} from '../../src/action/input-values.ts';
import type { InputReader } from '../../src/action/input-values.ts';
import { BimaError } from '../../src/core/errors.ts';
import { caught } from '../support/caught.ts';

const code = 'INPUT_INVALID';

/** An input "x" with this text; every other one is not set. */
function given(text: string): InputReader {
  return (name) => (name === 'x' ? text : '');
}

describe('the secrets among the inputs', () => {
  const read = (inputs: Readonly<Record<string, string>>) => readSecrets((name) => inputs[name] ?? '');

  it('are the password, with what a header makes of it also without a name', () => {
    const encoded = Buffer.from(':p').toString('base64');
    assert.deepEqual(read({ password: 'p' }), ['p', encoded]);
    assert.deepEqual(read({ username: 'u' }), []);
    assert.deepEqual(read({ 'github-token': 't' }), ['t']);
    assert.deepEqual(read({ 'attest-key-password': 's' }), ['s']);
  });

  it('are a key, and those of its lines that are long and no headings', () => {
    const lines = ['-----BEGIN KEY-----', '  MIIEvQIB', '1234567', '', '-----12345678', '-----END KEY-----'];
    const key = lines.join('\r\n');
    assert.deepEqual(read({ 'attest-key': key }), [key, 'MIIEvQIB', '-----12345678']);
    assert.deepEqual(read({ 'attest-key': 'x-----abc-----\n-----abc-----x' }), [
      'x-----abc-----\n-----abc-----x',
      'x-----abc-----',
      '-----abc-----x',
    ]);
    assert.deepEqual(read({ 'attest-key': 'short' }), ['short']);
  });
});

describe('a text', () => {
  it('is none when it is empty', () => {
    assert.equal(readText(given(''), 'x'), undefined);
    assert.equal(readText(given('a'), 'x'), 'a');
  });
});

describe('a boolean', () => {
  for (const [text, value] of [
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['false', false],
    ['False', false],
    ['FALSE', false],
  ] as const) {
    it(`is ${value} for ${text}, whatever it is by default`, () => {
      for (const fallback of [true, false]) assert.equal(readBoolean(given(text), 'x', fallback), value);
    });
  }

  it('has its default where it is not set', () => {
    for (const fallback of [true, false]) assert.equal(readBoolean(given(''), 'x', fallback), fallback);
  });

  for (const text of ['tRUE', 'fALSE', 'xtrue', 'truex', 'xfalse', 'falsex', 'yes', '1']) {
    it(`is none for ${text}`, async () => {
      const message = `expected true or false for the input "x", got "${text}"`;
      assert.deepEqual(await caught(() => readBoolean(given(text), 'x', true)), [{ code, message }]);
    });
  }
});

describe('a choice', () => {
  const words = ['true', 'false', 'auto'] as const;
  for (const [text, value] of [
    ['', 'auto'],
    ['auto', 'auto'],
    ['True', 'true'],
    ['FALSE', 'false'],
  ] as const) {
    it(`is ${value} for ${JSON.stringify(text)}`, () => {
      assert.equal(readChoice(given(text), 'x', words, 'auto'), value);
    });
  }

  for (const text of ['Auto', 'trues', 'xTrue', 'Falsex', 'x']) {
    it(`is none for ${text}`, async () => {
      const message = `expected one of "true", "false", "auto" for the input "x", got "${text}"`;
      assert.deepEqual(await caught(() => readChoice(given(text), 'x', words, 'auto')), [{ code, message }]);
    });
  }
});

describe('a list', () => {
  it('has an item for each line, or for each word', () => {
    assert.deepEqual(readLines(given(' a b \n\n"c\nd"\n'), 'x'), ['a b', 'c\nd']);
    assert.deepEqual(readWords(given(' a,b\t c,,\n"d,e f"\n'), 'x'), ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(readWords(given('" d ,\t e, "'), 'x'), ['d', 'e']);
    assert.deepEqual(readWords(given(''), 'x'), []);
  });

  it('is refused with the name of its input where a quote stays open', async () => {
    for (const read of [readLines, readWords]) {
      const [problem] = await caught(() => read(given('"a'), 'x'));
      assert.equal(problem?.code, code);
      assert.match(problem.message, /the input "x"/);
    }
  });
});

describe('a number', () => {
  for (const [text, value] of [
    ['', undefined],
    ['2', 2],
    ['007', 7],
    ['10', 10],
  ] as const) {
    it(`is ${value ?? 'none'} for ${JSON.stringify(text)}`, () => {
      assert.equal(readNumber(given(text), 'x', [2, 10]), value);
    });
  }

  for (const text of ['1', '11', '-3', '3.0', '5x', 'x5', '0x5', '1e1', 'x']) {
    it(`is refused for ${text}`, async () => {
      const message = `expected a number from 2 to 10 for the input "x", got "${text}"`;
      assert.deepEqual(await caught(() => readNumber(given(text), 'x', [2, 10])), [{ code, message }]);
    });
  }
});

describe('pairs', () => {
  it('have a key without blanks around it, and the value as it is', () => {
    assert.deepEqual(readPairs(given('a=b\n c = d=e \nf='), 'x'), [
      { key: 'a', value: 'b' },
      { key: 'c', value: ' d=e' },
      { key: 'f', value: '' },
    ]);
    assert.deepEqual(readPairs(given(''), 'x'), []);
  });

  it('are refused with each line that is none', async () => {
    const message = (line: string) => `expected lines of key=value in the input "x", got "${line}"`;
    assert.deepEqual(await caught(() => readPairs(given('a=b\nc\n=d'), 'x')), [
      { code, message: message('c') },
      { code, message: message('=d') },
    ]);
  });
});

describe('what reads an input without knowing it', () => {
  it('has the name of the input in its error, and the rest of it', () => {
    const cause = new BimaError('REFERENCE_INVALID', 'it is wrong', { hint: 'Mend it.' });
    const fail = (error: Error) => () =>
      ofInput('x', () => {
        throw error;
      });
    assert.throws(fail(cause), {
      code: 'REFERENCE_INVALID',
      message: 'it is wrong in the input "x"',
      hint: 'Mend it.',
      cause,
    });
    assert.throws(fail(new BimaError('INPUT_INVALID', 'no')), {
      message: 'no in the input "x"',
      hint: undefined,
    });
    const other = new TypeError('a mistake');
    assert.throws(fail(other), (error) => error === other);
    assert.equal(
      ofInput('x', () => 5),
      5,
    );
  });
});
