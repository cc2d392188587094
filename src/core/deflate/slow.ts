// Matches for the slow levels: a chain of all earlier places of the same four bytes, and the newest place of three.

import { extend, hash, sameOfEight } from './matches';
import { chain, heads, headsSize, input, shortHeads, windowSize } from './memory';
import { maxMatch, minMatch } from './symbols';
import { addLiteral, addMatch, endSegment, endTokens, segmentSize, startTokens } from './tokens';

/** Literals in a row after which positions are skipped, one more for each further run: nothing matches here. */
const runShift: u32 = 9;
const maxSkip: u32 = 16;

let depth: u32 = 0;
let lazy: u32 = 0;
let nice: u32 = 0;

/**
 * Parses all of the input into tokens.
 * @param searchDepth how many places are looked at
 * @param lazyLength a match shorter than this gives way to a longer one at the next position
 * @param niceLength a match of this length ends a search
 */
export function parseSlow(length: u32, searchDepth: u32, lazyLength: u32, niceLength: u32): void {
  depth = searchDepth;
  lazy = lazyLength;
  nice = niceLength;
  memory.fill(heads, 0, headsSize);
  memory.fill(shortHeads, 0, headsSize);
  startTokens();
  let i: u32 = 0;
  let run: u32 = 0;
  let match: u32 = 0;
  while (i < length) {
    const segmentEnd = min<u32>(i + segmentSize, length);
    while (i < segmentEnd) {
      insert(i);
      const size = match >> 16;
      const later = size < lazy ? findLater(i + 1, length, size) : 0;
      if (size >= minMatch && later >> 16 <= size) {
        addMatch(match);
        run = 0;
        for (const end = i + size; ++i < end;) insert(i);
        match = i < length ? find(i, length, 0, depth) : 0;
        continue;
      }
      run += 1;
      addLiteral(i);
      i += 1;
      match = later;
      if (match !== 0) continue;
      for (let skip = min<u32>(run >> runShift, maxSkip); skip > 0 && i < segmentEnd; skip--) {
        addLiteral(i);
        i += 1;
      }
    }
    endSegment(i);
  }
  endTokens();
}

/** Positions are kept as one more than they are: 0 is none. */
function insert(i: u32): void {
  const word = load<u32>(i, input);
  const head = hash(word);
  store<u32>((i & (windowSize - 1)) << 2, load<u32>(head, heads), chain);
  store<u32>(head, i + 1, heads);
  store<u32>(hash(word << 8), i + 1, shortHeads);
}

/** A longer match at the next position. The search is shorter when the current match is long already. */
function findLater(i: u32, length: u32, size: u32): u32 {
  if (i >= length) return 0;
  return find(i, length, size, size >= lazy >> 1 ? depth >> 2 : depth);
}

/** The longest match of more than this size, and the nearest of them, as length × 65,536 + distance - 1; 0 for none. */
function find(i: u32, length: u32, size: u32, steps: u32): u32 {
  const limit = min<u32>(length - i, maxMatch);
  const word = load<u32>(i, input);
  let distance: u32 = windowSize;
  if (size < minMatch) {
    const place = load<u32>(hash(word << 8), shortHeads);
    const isThere = place !== 0 && i - place < windowSize;
    if (isThere && ((load<u32>(place - 1, input) ^ word) & 0xffffff) === 0) {
      size = minMatch;
      distance = i - place;
    }
  }
  let place = load<u32>(hash(word), heads);
  for (; place !== 0 && i - place < windowSize && steps > 0; steps--) {
    const at = place - 1;
    // The last four bytes of a longer match are compared first.
    const tail = size < 4 ? 0 : size - 3;
    if (load<u32>(at + tail, input) === load<u32>(i + tail, input) && load<u32>(at, input) === word) {
      let same = sameOfEight(at, i);
      if (same === 8) same = extend(i, at, limit);
      if (same > size) {
        size = same;
        distance = i - place;
        if (size >= nice) break;
      }
    }
    place = load<u32>((at & (windowSize - 1)) << 2, chain);
  }
  size = min<u32>(size, limit);
  return distance < windowSize && size >= minMatch ? (size << 16) | distance : 0;
}
