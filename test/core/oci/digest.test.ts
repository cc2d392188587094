import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDigester, digestOf, hexOf, isDigest, parseDigest } from '../../../src/core/oci/digest.ts';

/** As sha256sum prints it for "hello". */
const hex = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

describe('a digest', () => {
  it('is what sha256sum prints, with the name of the algorithm', () => {
    assert.equal(digestOf(Buffer.from('hello')), `sha256:${hex}`);
    assert.equal(hexOf(`sha256:${hex}`), hex);
    assert.equal(parseDigest(`sha256:${hex}`), `sha256:${hex}`);
  });

  for (const text of [
    '',
    hex,
    `sha512:${hex}`,
    `sha256:${hex}0`,
    `sha256:${hex.slice(1)}`,
    `sha256:${hex.toUpperCase()}`,
    ` sha256:${hex}`,
    `sha256:${hex}\n`,
    `sha256:g${hex.slice(1)}`,
  ])
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(isDigest(text), false);
      assert.throws(() => parseDigest(text), {
        code: 'REFERENCE_INVALID',
        message: `expected a digest of the form sha256:<64 hex digits>, got "${text}"`,
      });
    });

  it('is the same for bytes in pieces, which are counted', () => {
    const digester = createDigester();
    assert.equal(digester.size, 0);
    digester.update(Buffer.from('hel'));
    assert.equal(digester.size, 3);
    digester.update(Buffer.from('lo'));
    assert.equal(digester.size, 5);
    assert.equal(digester.digest(), `sha256:${hex}`);
  });
});
