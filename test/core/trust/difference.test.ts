import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDifference, showByte, showValue } from '../../../src/core/trust/difference.ts';

describe('a difference', () => {
  const kind = 'label';
  it('is one line that says what each of the two has', () => {
    assert.equal(
      formatDifference({ kind, what: 'label "a"', image: '"1"', rebuild: '"2"' }),
      'label "a": the image has "1", the rebuild has "2"',
    );
    assert.equal(
      formatDifference({ kind, what: 'label "a"', rebuild: '"2"' }),
      'label "a": the image has none, the rebuild has "2"',
    );
    assert.equal(
      formatDifference({ kind, what: 'label "a"', image: '"1"' }),
      'label "a": the image has "1", the rebuild has none',
    );
  });

  it('drives no terminal, whichever part comes from outside', () => {
    const bad = '\u001b[2J';
    for (const one of [
      { what: bad, image: 'x', rebuild: 'y' },
      { what: 'w', image: bad },
      { what: 'w', rebuild: bad },
      { what: 'w', image: bad, rebuild: bad },
    ])
      assert.doesNotMatch(formatDifference({ kind, ...one }), /\u001b/);
  });

  it('shows bytes by two digits', () => {
    assert.deepEqual([0, 9, 0x10, 255, undefined].map(showByte), ['0x00', '0x09', '0x10', '0xff', 'its end']);
  });

  it('shows texts in quotes, other values as JSON, and nothing as nothing', () => {
    assert.equal(showValue(undefined), undefined);
    assert.equal(showValue('a"b'), String.raw`"a\"b"`);
    assert.equal(showValue(null), 'null');
    assert.equal(showValue(1.5), '1.5');
    assert.equal(showValue({ a: ['b'] }), '{"a":["b"]}');
  });

  it('shows 200 characters of a value at most', () => {
    const json = (length: number) => [Array.from({ length }, () => 1)];
    // Three characters more than one for each number and each comma.
    assert.equal(showValue(json(98))?.length, 199);
    assert.equal(showValue(['x'.repeat(196)]), `["${'x'.repeat(196)}"]`);
    assert.equal(showValue(['x'.repeat(197)]), `["${'x'.repeat(197)}"…`);
    assert.ok((showValue('x'.repeat(5000))?.length ?? 0) < 220);
  });
});
