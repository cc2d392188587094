import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { limits } from '../../../src/core/limits.ts';
import { parseJson, parseJsonObject } from '../../../src/core/oci/json.ts';

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
  });
});

describe('parseJsonObject', () => {
  it('says what is wrong with a document that is nested too deep', () => {
    assert.throws(() => parseJsonObject(Buffer.from(nested(100_000)), 'index.json'), {
      code: 'LAYOUT_INVALID',
      message: 'index.json: expected JSON nested at most 100 deep',
    });
  });
});
