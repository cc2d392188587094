// How long two places of the input match.

import { input } from './memory';

/** How many of the next eight bytes are the same, from the first on. */
export function sameOfEight(a: u32, b: u32): u32 {
  return <u32>(ctz<u64>(load<u64>(a, input) ^ load<u64>(b, input)) >> 3);
}

/** How many bytes are the same where the first eight are; up to 15 more than the limit. */
export function extend(a: u32, b: u32, limit: u32): u32 {
  let length: u32 = 8;
  while (length < limit) {
    const different = i8x16.ne(v128.load(a + length, input), v128.load(b + length, input));
    const mask: u32 = i8x16.bitmask(different);
    if (mask !== 0) return length + ctz<u32>(mask);
    length += 16;
  }
  return length;
}

/** A place in a table of 2^15 words, by the bits of this word. */
export function hash(word: u32): u32 {
  return ((word * 0x9e3779b1) >> 17) << 2;
}
