import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSecretbox } from '../../../src/core/trust/secretbox.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

// From NaCl, tests/secretbox.c and tests/secretbox.out.
const key = hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389');
const nonce = hex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37');
const box = hex(
  'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b' +
    '4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da' +
    '99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
);
const text = hex(
  'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f4' +
    '1db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52' +
    'f0a089bc76897040e082f937763848645e0705',
);

describe('a secretbox', () => {
  it('opens as NaCl closed it', () => {
    assert.deepEqual(Buffer.from(openSecretbox(box, nonce, key) ?? []), text);
  });

  it('stays closed when anything about it is another', () => {
    const changed = (bytes: Buffer, at: number) => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    };
    for (const at of [0, 15, 16, box.length - 1])
      assert.equal(openSecretbox(changed(box, at), nonce, key), undefined);
    for (const at of [0, 16, 23]) assert.equal(openSecretbox(box, changed(nonce, at), key), undefined);
    for (const at of [0, 31]) assert.equal(openSecretbox(box, nonce, changed(key, at)), undefined);
    assert.equal(openSecretbox(box.subarray(0, 15), nonce, key), undefined);
    assert.equal(openSecretbox(box.subarray(0, -1), nonce, key), undefined);
    assert.equal(openSecretbox(box, nonce.subarray(1), key), undefined);
    assert.equal(openSecretbox(box, nonce, key.subarray(1)), undefined);
    assert.equal(openSecretbox(box, Buffer.concat([nonce, nonce]), key), undefined);
    assert.equal(openSecretbox(box, nonce, Buffer.concat([key, key])), undefined);
    assert.equal(openSecretbox(Buffer.alloc(0), nonce, key), undefined);
  });
});
