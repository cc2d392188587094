// The output, bit by bit, the lowest first (RFC 1951, 3.1.1).

import { distanceCodes, output, tokenCodes, tokens } from './memory';

let next: u32 = output;
let pending: u64 = 0;
let pendingCount: u32 = 0;

export function startOutput(): void {
  next = output;
  pending = 0;
  pendingCount = 0;
}

/** Up to 32 bits. */
export function writeBits(bits: u32, count: u32): void {
  pending |= (<u64>bits) << pendingCount;
  pendingCount += count;
  store<u64>(next, pending);
  const whole = pendingCount >> 3;
  next += whole;
  pending >>= whole << 3;
  pendingCount &= 7;
}

/** A code, with its length in the upper eight bits. */
export function writeCode(code: u32): void {
  writeBits(code & 0xffffff, code >> 24);
}

/** Fills the last byte with zeros. */
export function alignOutput(): void {
  if (pendingCount > 0) writeBits(0, 8 - pendingCount);
}

/** Whole bytes, on a byte's border. */
export function writeBytes(from: u32, count: u32): void {
  memory.copy(next, from, count);
  next += count;
}

/** Bits from here to the next byte's border. */
export function bitsToBorder(after: u32): u32 {
  return (8 - ((pendingCount + after) & 7)) & 7;
}

/** In bytes, on a byte's border. */
export function outputLength(): u32 {
  return next - output;
}

/**
 * All of a block's tokens by the codes that are in place for them. Without a branch: nobody can tell beforehand which
 * tokens are matches.
 */
export function writeTokens(tokensEnd: u32): void {
  let place = next;
  let bits = pending;
  let count: u64 = pendingCount;
  for (let at = tokens; at < tokensEnd; at += 4) {
    const token = load<u32>(at);
    const code = load<u32>((token & 511) << 2, tokenCodes);
    const distanceCode = load<u32>((token >> 24) << 2, distanceCodes);
    const extra = ((token >> 9) & 0x1fff) << ((distanceCode >> 16) & 31);
    const size = code >> 24;
    bits |= (((<u64>((distanceCode & 0xffff) | extra)) << size) | (code & 0xffffff)) << count;
    count += size + (distanceCode >> 24);
    store<u64>(place, bits);
    place += <u32>(count >> 3);
    bits >>= count & 56;
    count &= 7;
  }
  next = place;
  pending = bits;
  pendingCount = <u32>count;
}
