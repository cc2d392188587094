import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BimaError } from '../../../src/core/errors.ts';
import { limits } from '../../../src/core/limits.ts';
import {
  encodeJson,
  isObject,
  isStringArray,
  isStringMap,
  parseJson,
  parseJsonObject,
} from '../../../src/core/oci/json.ts';

const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

describe('parseJson', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        assert.deepEqual(parseJson(text), JSON.parse(text));
      }),
    );
  });

  it('counts no brackets in strings', () => {
    const text = `["\\"${'['.repeat(1000)}","\\\\",[]]`;
    assert.deepEqual(parseJson(text), JSON.parse(text));
  });

  it('refuses what is nested too deep', () => {
    parseJson(nested(limits.jsonDepth));
    assert.throws(() => parseJson(nested(limits.jsonDepth + 1)), RangeError);
    assert.throws(() => parseJson('['.repeat(100_000)), RangeError);
    const deep = `${'[{"a":'.repeat(limits.jsonDepth / 2)}1${'}]'.repeat(limits.jsonDepth / 2)}`;
    assert.deepEqual(parseJson(deep), JSON.parse(deep));
    assert.throws(() => parseJson(`[${deep}]`), RangeError);
  });

  it('takes any number of arrays and objects beside each other, and any in strings', () => {
    for (const text of [
      `[${'[],'.repeat(1000)}{}]`,
      `[${'{},'.repeat(1000)}[]]`,
      `{"a":"${'{'.repeat(1000)}"}`,
      `["\\"", ${'[],'.repeat(200)}"]"]`,
      JSON.stringify('\\"['.repeat(1000)),
    ])
      assert.deepEqual(parseJson(text), JSON.parse(text));
  });

  it('says what JSON.parse says of what is no JSON', () => {
    for (const text of ['', '[', '"', ']'.repeat(5)]) assert.throws(() => parseJson(text), SyntaxError);
  });
});

describe('what a JSON value is', () => {
  const values = [undefined, null, 5, 'a', [], ['a'], ['a', 5], {}, { a: 'b' }, { a: 'b', c: 5 }];

  it('is an object, a map of strings or a list of strings', () => {
    assert.deepEqual(values.filter(isObject), [{}, { a: 'b' }, { a: 'b', c: 5 }]);
    assert.deepEqual(values.filter(isStringMap), [{}, { a: 'b' }]);
    assert.deepEqual(values.filter(isStringArray), [[], ['a']]);
  });
});

describe('encodeJson', () => {
  it('writes UTF-8 without blanks', () => {
    assert.deepEqual(
      Buffer.from(encodeJson({ b: ['ä', 1], a: null })),
      Buffer.from('{"b":["ä",1],"a":null}'),
    );
  });
});

describe('parseJsonObject', () => {
  const utf8 = (text: string) => Buffer.from(text);
  const refused: [name: string, bytes: Uint8Array, message: string, cause: string | undefined][] = [
    ['no JSON', utf8('{'), 'x is not valid JSON', 'SyntaxError'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'x is not valid JSON', 'TypeError'],
    ['a list', utf8('[]'), 'x is not a JSON object', undefined],
    ['null', utf8('null'), 'x is not a JSON object', undefined],
  ];
  for (const [name, bytes, message, cause] of refused)
    it(`refuses ${name}, with the code that it is given`, () => {
      const isRight = (code: string) => (error: BimaError) =>
        error.code === code &&
        error.message === message &&
        (error.cause instanceof Error ? error.cause.name : undefined) === cause;
      assert.throws(() => parseJsonObject(bytes, 'x'), isRight('LAYOUT_INVALID'));
      assert.throws(() => parseJsonObject(bytes, 'x', 'GITHUB_FAILED'), isRight('GITHUB_FAILED'));
    });

  it('reads an object', () => {
    assert.deepEqual(parseJsonObject(utf8('{"a":"ä"}'), 'x'), { a: 'ä' });
  });

  it('says what is wrong with a document that is nested too deep', () => {
    assert.throws(
      () => parseJsonObject(Buffer.from(nested(100_000)), 'index.json'),
      (error: BimaError) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message === 'index.json: expected JSON nested at most 100 deep' &&
        error.cause instanceof RangeError,
    );
    assert.throws(() => parseJsonObject(Buffer.from(nested(101)), 'x', 'GITHUB_FAILED'), {
      code: 'GITHUB_FAILED',
    });
  });
});
