import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findMultiboot } from '../../../src/core/unikernel/multiboot.ts';
import { image, little, multiboot } from '../../support/headers.ts';

/** A header of Multiboot2: its magic number, the architecture, the length, and what makes the sum zero. */
function second(
  offset: number,
  size = offset + 16,
  [architecture, length, sum]: readonly [number, number, number] = [0, 24, 0],
): Uint8Array {
  const checksum = (2 ** 34 - 0xe85250d6 - architecture - length + sum) % 2 ** 32;
  const words = [0xe85250d6, architecture, length, checksum];
  return image(offset + 16, { [offset]: words.flatMap((word) => little(word, 4)) }).subarray(0, size);
}

describe('findMultiboot', () => {
  it('finds the first version in the first 8 KiB, at every fourth byte', () => {
    for (const at of [0, 4, 8192 - 12])
      assert.deepEqual(findMultiboot(multiboot(at, 0x10003)), { flags: 0x10003, hasVersion2: false });
    for (const at of [1, 2, 3, 8192 - 8, 8192])
      assert.deepEqual(findMultiboot(multiboot(at, 0x10003)), { hasVersion2: false });
    assert.deepEqual(findMultiboot(multiboot(0, 0xffff_ffff)), { flags: 0xffff_ffff, hasVersion2: false });
  });

  it('takes none whose sum is another, or that is cut off, and looks for the next', () => {
    assert.deepEqual(findMultiboot(multiboot(0, 3, 1)), { hasVersion2: false });
    for (const size of [4, 8, 11])
      assert.deepEqual(findMultiboot(multiboot(0, 3).subarray(0, size)), { hasVersion2: false });
    const both = Buffer.concat([multiboot(0, 3, 1), multiboot(0, 7)]);
    assert.deepEqual(findMultiboot(both), { flags: 7, hasVersion2: false });
  });

  it('finds the second version in the first 32 KiB, at every eighth byte', () => {
    for (const at of [0, 8, 32768 - 16]) assert.deepEqual(findMultiboot(second(at)), { hasVersion2: true });
    for (const at of [4, 9, 32768 - 8, 32768])
      assert.deepEqual(findMultiboot(second(at)), { hasVersion2: false });
    assert.deepEqual(findMultiboot(second(8, 24, [4, 0x1000, 0])), { hasVersion2: true });
  });

  it('takes none of the second version whose sum is another, or that is cut off', () => {
    assert.deepEqual(findMultiboot(second(0, 16, [0, 24, 1])), { hasVersion2: false });
    for (const size of [4, 8, 12, 15])
      assert.deepEqual(findMultiboot(second(0, size)), { hasVersion2: false });
  });

  it('finds both in one file, also where that is a part of other memory', () => {
    const whole = Buffer.concat([Buffer.alloc(3), multiboot(0, 1), second(0)]);
    assert.deepEqual(findMultiboot(whole.subarray(3)), { flags: 1, hasVersion2: true });
    assert.deepEqual(findMultiboot(new Uint8Array()), { hasVersion2: false });
  });
});
