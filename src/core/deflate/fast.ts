// Matches for the fast levels: the two newest places of the same four bytes.

import { extend, hash } from './matches';
import { candidateMask, candidates, heads, headsSize, input, windowSize } from './memory';
import { maxMatch } from './symbols';
import { addLiteral, addMatch, endSegment, endTokens, segmentSize, startTokens } from './tokens';

/**
 * Parses all of the input into tokens.
 * @param lazy a match of up to this length gives way to a longer one at the next position
 */
export function parseFast(length: u32, lazy: u32): void {
  memory.fill(heads, 0, headsSize);
  startTokens();
  const lazyLimit = (lazy + 1) << 16;
  let hashed: u32 = 0;
  let i: u32 = 0;
  while (i < length) {
    const segmentEnd = min<u32>(i + segmentSize, length);
    // One more, for the lookahead at the next position.
    hashPositions(hashed, segmentEnd + 1);
    hashed = segmentEnd + 1;
    while (i < segmentEnd) {
      let match = findMatch(i, length);
      if (match < 4 << 16) {
        addLiteral(i);
        i += 1;
        continue;
      }
      if (match < lazyLimit) {
        const later = findMatch(i + 1, length);
        if (later >> 16 > match >> 16) {
          addLiteral(i);
          i += 1;
          match = later;
        }
      }
      addMatch(match);
      i += match >> 16;
    }
    if (hashed < i) {
      hashPositions(hashed, i);
      hashed = i;
    }
    endSegment(i);
  }
  endTokens();
}

/**
 * Notes the candidates of each position, and makes it one for those to come. A pass of its own, since it has no branch.
 * A slot holds the lower 16 bits of two positions; an empty one leads to some place whose bytes are compared like any
 * other's.
 */
function hashPositions(from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const head = hash(load<u32>(i, input));
    const places = load<u32>(head, heads);
    store<u32>((i & candidateMask) << 2, places, candidates);
    store<u32>(head, (places << 16) | (i & 0xffff), heads);
  }
}

/** The longer of the candidates' matches, as length × 65,536 + distance - 1. */
function findMatch(i: u32, length: u32): u32 {
  const places = load<u32>((i & candidateMask) << 2, candidates);
  const near = (i - places - 1) & (windowSize - 1);
  const far = (i - (places >> 16) - 1) & (windowSize - 1);
  const word = load<u64>(i, input);
  // Up to a window before the input, where nothing matches that counts.
  const base = i + windowSize;
  let nearSize = <u32>(ctz<u64>(load<u64>(base - near, input - windowSize - 1) ^ word) >> 3);
  let farSize = <u32>(ctz<u64>(load<u64>(base - far, input - windowSize - 1) ^ word) >> 3);
  nearSize = near < i ? nearSize : 0;
  farSize = far < i ? farSize : 0;
  const limit = min<u32>(length - i, maxMatch);
  if (nearSize === 8) nearSize = extend(i, i - near - 1, limit);
  if (farSize === 8) farSize = extend(i, i - far - 1, limit);
  const size = max<u32>(nearSize, farSize);
  return (min<u32>(size, limit) << 16) | (farSize > nearSize ? far : near);
}
