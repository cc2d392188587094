// Tokens: what the parsers make of the input, and how often each symbol occurs in them.
//
// A token is a word: a literal byte, or 256 + the length of a match - 3 in the lower nine bits, the extra bits of its
// distance above them, and the symbol of the distance in the upper eight: for a literal, one that has a code of no bits.

import { endStep } from './block';
import { distanceBases, distanceCounts, input, stepCounts, tokens } from './memory';
import { distanceSymbol, minMatch, noDistance } from './symbols';

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

/** Where the next token goes: a loop keeps it in a variable of its own. */
export function nextToken(): u32 {
  return next;
}

export function setNextToken(place: u32): void {
  next = place;
}

/** The byte at this position of the input. */
export function addLiteral(i: u32): void {
  next = putLiteral(next, i);
}

/** @param match length × 65,536 + distance - 1 */
export function addMatch(match: u32): void {
  next = putMatch(next, match);
}

/** As {@link addLiteral}, at this place; returns the next one. */
export function putLiteral(place: u32, i: u32): u32 {
  const literal: u32 = load<u8>(i, input);
  count(literal << 2);
  store<u32>(place, literal | (noDistance << 24));
  return place + 4;
}

/** As {@link addMatch}, at this place; returns the next one. */
export function putMatch(place: u32, match: u32): u32 {
  const distance = match & 0x7fff;
  const symbol = distanceSymbol(distance);
  const index = 256 - minMatch + (match >> 16);
  count(index << 2);
  count(distanceCounts + (symbol << 2));
  const extra = distance - load<u32>(symbol << 2, distanceBases);
  store<u32>(place, index | (extra << 9) | (symbol << 24));
  return place + 4;
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
