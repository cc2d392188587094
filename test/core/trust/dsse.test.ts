import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { preAuthenticationEncoding } from '../../../src/core/trust/dsse.ts';

describe('the pre-authentication encoding', () => {
  it('is that of the example in the protocol', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    assert.equal(String(encoded), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('counts bytes, not characters', () => {
    assert.equal(String(preAuthenticationEncoding('ü', Buffer.from('é€'))), 'DSSEv1 2 ü 5 é€');
  });
});
