// How large a kernel's file must be, whatever its word size and byte order are.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findFault } from '../../../src/core/unikernel/content.ts';
import { neededElfSize } from '../../../src/core/unikernel/elf.ts';
import { big, elf, image, little, overlay } from '../../support/headers.ts';

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** A header with program headers behind it. */
function kernel(bits: 32 | 64, order: 'little' | 'big', segments: readonly Segment[]): Uint8Array {
  const number = order === 'little' ? little : big;
  const address = (value: number) => {
    if (bits === 32) return number(value, 4);
    return order === 'little' ? [...number(value, 4), 0, 0, 0, 0] : [0, 0, 0, 0, ...number(value, 4)];
  };
  const [start, each] = bits === 32 ? [52, 32] : [64, 56];
  const parts: Record<number, readonly number[]> = {
    [bits === 32 ? 28 : 32]: address(start),
    [bits === 32 ? 42 : 54]: number(each, 2),
    [bits === 32 ? 44 : 56]: number(segments.length, 2),
  };
  for (const [index, { type, offset, size }] of segments.entries()) {
    const at = start + each * index;
    parts[at] = number(type, 4);
    parts[at + (bits === 32 ? 4 : 8)] = address(offset);
    parts[at + (bits === 32 ? 16 : 32)] = address(size);
  }
  return overlay(elf(bits, order, 62), image(start + each * segments.length, parts));
}

describe('the size that an ELF file needs', () => {
  for (const bits of [32, 64] as const) {
    for (const order of ['little', 'big'] as const) {
      it(`is that of all that is loaded: ELF${bits}, ${order}-endian`, () => {
        const load = { type: 1, offset: 0x1000, size: 0x234 };
        // Notes of a debugger's file and zero-filled memory have no bytes here.
        const segments = [load, { type: 4, offset: 0x9000, size: 9 }, { type: 1, offset: 0, size: 0x10 }];
        const bytes = kernel(bits, order, segments);
        assert.equal(neededElfSize(bytes), 0x1234);
        assert.equal(findFault(bytes, 0x1234), undefined);
        assert.equal(findFault(bytes, 0x1233)?.isSure, true);
      });

      it(`is that of the table at least: ELF${bits}, ${order}-endian`, () => {
        const bytes = kernel(bits, order, [{ type: 1, offset: 0, size: 0 }]);
        assert.equal(neededElfSize(bytes.subarray(0, bits === 32 ? 52 : 64)), bytes.length);
      });
    }
  }

  it('is a number for whatever is there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const head = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...bytes]);
        assert.ok(neededElfSize(head) >= 52);
        assert.equal(neededElfSize(bytes) > 0, false);
      }),
    );
  });
});
