// The alphabets of DEFLATE: lengths and distances as symbols with extra bits (RFC 1951, 3.2.5).

import {
  distanceBases,
  distanceExtras,
  distanceSlots,
  lengthBases,
  lengthExtras,
  lengthSymbols,
  logarithms,
} from './memory';

/** Literals, the end of a block, and lengths. */
export const literalCount: u32 = 286;
export const distanceCount: u32 = 30;
/** In place of a symbol of a distance, for tokens without one. */
export const noDistance: u32 = 31;
export const endOfBlock: u32 = 256;
export const minMatch: u32 = 3;
export const maxMatch: u32 = 258;

/** Fills the tables. */
export function prepareSymbols(): void {
  let length: u32 = 0;
  for (let symbol: u32 = 0; symbol < 28; symbol++) {
    const extra: u32 = symbol < 8 ? 0 : (symbol - 4) >> 2;
    store<u32>(lengthBases + 4 * symbol, length);
    store<u8>(lengthExtras + symbol, extra);
    for (let last: u32 = length + (1 << extra); length < last; length++) {
      store<u8>(lengthSymbols + length, symbol);
    }
  }
  // The longest has a symbol of its own.
  store<u8>(lengthSymbols + 255, 28);
  store<u32>(lengthBases + 4 * 28, 255);
  store<u8>(lengthExtras + 28, 0);

  let distance: u32 = 0;
  for (let symbol: u32 = 0; symbol < distanceCount; symbol++) {
    const extra: u32 = symbol < 4 ? 0 : (symbol - 2) >> 1;
    store<u32>(distanceBases + 4 * symbol, distance);
    store<u8>(distanceExtras + symbol, extra);
    for (const last: u32 = distance + (1 << extra); distance < last; distance++) {
      if (distance < 256) store<u8>(distanceSlots + distance, symbol);
      else store<u8>(distanceSlots + 256 + (distance >> 7), symbol);
    }
  }
  prepareLogarithms();
}

/** The symbol of a distance, less one. */
export function distanceSymbol(distance: u32): u32 {
  const place: u32 = distance < 256 ? distance : 256 + (distance >> 7);
  return load<u8>(place, distanceSlots);
}

/** 256 × log2(1 + i / 256), by squaring: a square of 2 or more is a bit. */
function prepareLogarithms(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let value: u64 = (<u64>(256 + i)) << 22;
    let result: u32 = 0;
    for (let bit: u32 = 0; bit < 9; bit++) {
      value = (value * value) >> 30;
      result <<= 1;
      if (value >= 1 << 31) {
        value >>= 1;
        result += 1;
      }
    }
    // Nine bits were made, to round to eight.
    store<u32>(logarithms + 4 * i, (result + 1) >> 1);
  }
}

/** 256 × log2 of a number from 1 on. */
export function logarithm(value: u32): u32 {
  const whole: u32 = 31 - clz<u32>(value);
  const index: u32 = ((value << (31 - whole)) >> 23) & 255;
  return (whole << 8) + load<u32>(logarithms + 4 * index);
}
