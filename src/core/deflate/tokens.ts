// Tokens: what the parsers make of the input, and how often each symbol occurs in them.
//
// A token is a word: a literal byte, or 256 + the length of a match - 3 in the lower nine bits, its distance - 1 above
// them, and the symbol of the distance in the upper eight.

import { endStep } from './block';
import { distanceCounts, input, stepCounts, tokens } from './memory';
import { distanceSymbol, minMatch } from './symbols';

/** Bytes of the input that are parsed between two checks of the number of tokens. */
export const segmentSize: u32 = 4096;
/** A step has at least as many, but for the last one. */
const stepTokens: u32 = 4096;

let next: u32 = tokens;
let stepStart: u32 = 0;
let stepTokensStart: u32 = tokens;

export function startTokens(): void {
  next = tokens;
  stepStart = 0;
  stepTokensStart = tokens;
}

/** The byte at this position of the input. */
export function addLiteral(i: u32): void {
  const literal: u32 = load<u8>(i, input);
  count(literal << 2);
  store<u32>(next, literal);
  next += 4;
}

/** @param match length × 65,536 + distance - 1 */
export function addMatch(match: u32): void {
  const distance = match & 0x7fff;
  const symbol = distanceSymbol(distance);
  const index = 256 - minMatch + (match >> 16);
  count(index << 2);
  count(distanceCounts + (symbol << 2));
  store<u32>(next, index | (distance << 9) | (symbol << 24));
  next += 4;
}

/** @param i how far the input is parsed */
export function endSegment(i: u32): void {
  if (next - stepTokensStart < 4 * stepTokens) return;
  next = endStep(input + stepStart, next);
  stepTokensStart = next;
  stepStart = i;
}

export function endTokens(): void {
  if (next > stepTokensStart) endStep(input + stepStart, next);
}

function count(index: u32): void {
  store<u32>(index, load<u32>(index, stepCounts) + 1, stepCounts);
}
