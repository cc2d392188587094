// Matches for the fast levels: the two newest places of the same four bytes.

import { extend, hash } from './matches';
import { candidateMask, candidates, heads, headsSize, input, windowSize } from './memory';
import { maxMatch } from './symbols';
import {
  addLiteral,
  endSegment,
  endTokens,
  nextToken,
  putLiteral,
  putMatch,
  segmentSize,
  setNextToken,
  startTokens,
} from './tokens';

/** What is left at the end becomes literals: eight bytes are compared at once, also one position further. */
const tail: u32 = 9;

/**
 * Parses all of the input into tokens.
 * @param lazy a match of up to this length gives way to a longer one at the next position
 */
export function parseFast(length: u32, lazy: u32): void {
  memory.fill(heads, 0, headsSize);
  startTokens();
  let hashed: u32 = 0;
  let i: u32 = 0;
  // Nothing is before the first byte. Each later one has the first for a candidate where its slot is empty.
  if (length > 0) addLiteral(i++);
  const end = max<u32>(length, tail) - tail;
  while (i < end) {
    const segmentEnd = min<u32>(i + segmentSize, end);
    // One more, for the lookahead at the next position.
    hashed = hashPositions(hashed, segmentEnd + 1);
    i = parseSegment(i, segmentEnd, length, (lazy + 1) << 16);
    hashed = hashPositions(hashed, i);
    endSegment(i);
  }
  while (i < length) addLiteral(i++);
  endTokens();
}

/** A function of its own, whose loop has few variables: they stay in registers. Returns how far it came. */
function parseSegment(i: u32, end: u32, length: u32, lazyLimit: u32): u32 {
  let next = nextToken();
  while (i < end) {
    const places = load<u32>((i & candidateMask) << 2, candidates);
    const before = i - 1;
    const near = (before - places) & (windowSize - 1);
    const far = (before - (places >> 16)) & (windowSize - 1);
    const word = load<u64>(i, input);
    const nearWord = load<u64>(before - near, input) ^ word;
    const farWord = load<u64>(before - far, input) ^ word;
    // Four bytes of neither are the same: most positions end here.
    if (min<u32>(<u32>nearWord, <u32>farWord) !== 0) {
      next = putLiteral(next, i);
      i += 1;
      continue;
    }
    let match = longerMatch(i, length, near, nearWord, far, farWord);
    if (match < lazyLimit) {
      const later = findMatch(i + 1, length);
      if (later >> 16 > match >> 16) {
        next = putLiteral(next, i);
        i += 1;
        match = later;
      }
    }
    next = putMatch(next, match);
    i += match >> 16;
  }
  setNextToken(next);
  return i;
}

/**
 * Notes the candidates of each position, and makes it one for those to come. A pass of its own, since it has no branch.
 * A slot holds the lower 16 bits of two positions. Some positions more do no harm: what they replace is noted.
 * @param from a multiple of four
 * @returns where the next call goes on
 */
function hashPositions(from: u32, to: u32): u32 {
  let i = from;
  for (; i < to; i += 4) {
    const candidate = (i & candidateMask) << 2;
    const place = i & 0xffff;
    hashPosition(hash(load<u32>(i, input)), place, candidate);
    hashPosition(hash(load<u32>(i, input + 1)), place + 1, candidate + 4);
    hashPosition(hash(load<u32>(i, input + 2)), place + 2, candidate + 8);
    hashPosition(hash(load<u32>(i, input + 3)), place + 3, candidate + 12);
  }
  return i;
}

function hashPosition(head: u32, place: u32, candidate: u32): void {
  const places = load<u32>(head, heads);
  store<u32>(candidate, places, candidates);
  store<u32>(head, (places << 16) + place, heads);
}

/** The longer of the candidates' matches, as length × 65,536 + distance - 1. */
function findMatch(i: u32, length: u32): u32 {
  const places = load<u32>((i & candidateMask) << 2, candidates);
  const before = i - 1;
  const near = (before - places) & (windowSize - 1);
  const far = (before - (places >> 16)) & (windowSize - 1);
  const word = load<u64>(i, input);
  const nearWord = load<u64>(before - near, input) ^ word;
  const farWord = load<u64>(before - far, input) ^ word;
  return longerMatch(i, length, near, nearWord, far, farWord);
}

/**
 * The longer of two matches, as length × 65,536 + distance - 1.
 * @param near distance - 1, and the first eight bytes there, XOR those here
 */
function longerMatch(i: u32, length: u32, near: u32, nearWord: u64, far: u32, farWord: u64): u32 {
  let nearSize = (<u32>ctz<u64>(nearWord)) >> 3;
  let farSize = (<u32>ctz<u64>(farWord)) >> 3;
  // Eight in either.
  if (((nearSize | farSize) & 8) !== 0) {
    const limit = min<u32>(length - i, maxMatch);
    if (nearSize === 8) nearSize = min<u32>(extend(i, i - near - 1, limit), limit);
    if (farSize === 8) farSize = min<u32>(extend(i, i - far - 1, limit), limit);
  }
  return (max<u32>(nearSize, farSize) << 16) | (farSize > nearSize ? far : near);
}
