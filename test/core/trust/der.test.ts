import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  contentOf,
  readDer,
  readIdentifier,
  writeDer,
  writeIdentifier,
} from '../../../src/core/trust/der.ts';

describe('DER', () => {
  it('has sizes in one byte or more', () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const bytes = writeDer(0x04, Buffer.alloc(size, 7));
      const [value, ...others] = readDer(bytes);
      assert.equal(others.length, 0);
      assert.deepEqual(contentOf(value, 0x04), Buffer.alloc(size, 7));
    }
    assert.deepEqual(writeDer(0x04, Buffer.alloc(128)).subarray(0, 3), Buffer.from([0x04, 0x81, 0x80]));
  });

  it('has identifiers', () => {
    // From RFC 3279 and X.690.
    const known = [
      ['2a8648ce3d0301', '1.2.840.10045.3.1'],
      ['883703', '2.999.3'],
      ['2b0601040183bf300108', '1.3.6.1.4.1.57264.1.8'],
      ['00', '0.0'],
    ] as const;
    for (const [hex, text] of known) {
      const bytes = writeDer(0x06, Buffer.from(hex, 'hex'));
      assert.equal(readIdentifier(readDer(bytes)[0]), text);
      assert.deepEqual(writeIdentifier(text), bytes);
    }
  });

  it('is refused when it is cut short, has no size, or tags that nobody here writes', () => {
    for (const hex of ['04', '0402', '040201', '0480', '04850101010101', '1f8101', '30820000ff'.slice(0, 6)])
      assert.throws(() => readDer(Buffer.from(hex, 'hex')), /expected DER/, hex);
    assert.throws(() => contentOf(undefined, 4), /got nothing/);
    assert.throws(() => contentOf({ tag: 5, content: Buffer.from('') }, 4), /got tag 5/);
  });
});
