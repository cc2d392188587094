// Blocks of DEFLATE: how tokens are written, and when a new block pays off (RFC 1951, 3.2.3 to 3.2.7).

import { alignOutput, bitsToBorder, writeBits, writeBytes, writeCode, writeTokens } from './bits';
import { buildCodes, buildLengths } from './huffman';
import {
  blockCounts,
  distanceCodes,
  distanceCounts,
  distanceExtras,
  distanceFrequencies,
  distanceLengths,
  lengthBases,
  lengthCodes,
  lengthExtras,
  lengthFrequencies,
  lengthLengths,
  lengthSymbols,
  literalCodes,
  literalFrequencies,
  literalLengths,
  noCounts,
  runs,
  stepCounts,
  tokenCodes,
  tokenLimit,
  tokens,
} from './memory';
import { distanceCount, endOfBlock, literalCount, logarithm, noDistance } from './symbols';

const countWords: u32 = 544;
/** Approximate cost of the codes of a block, in bits × 256. */
const headerCost: u32 = 640 << 8;

let blockStart: u32 = 0;
let blockTokensEnd: u32 = tokens;
let blockCost: u32 = 0;

export function startBlocks(input: u32): void {
  blockStart = input;
  blockTokensEnd = tokens;
  memory.fill(blockCounts, 0, 4 * countWords);
  memory.fill(stepCounts, 0, 4 * countWords);
  memory.fill(noCounts, 0, 4 * countWords);
  blockCost = 0;
}

/**
 * Adds a step of tokens to the block, or begins a new block with it when that is smaller.
 * @param stepEnd the input up to which the tokens go
 * @returns where the next token goes
 */
export function endStep(stepStart: u32, tokensEnd: u32): u32 {
  if (blockTokensEnd === tokens) {
    addStep();
    blockTokensEnd = tokensEnd;
    blockCost = costOf(blockCounts, noCounts);
    return tokensEnd;
  }
  const stepCost = costOf(stepCounts, noCounts);
  const joined = costOf(blockCounts, stepCounts);
  if (joined <= blockCost + stepCost + headerCost && <u32>(tokensEnd - tokens) < 4 * tokenLimit) {
    addStep();
    blockTokensEnd = tokensEnd;
    blockCost = joined;
    return tokensEnd;
  }
  writeBlock(stepStart, blockTokensEnd);
  const size = tokensEnd - blockTokensEnd;
  memory.copy(tokens, blockTokensEnd, size);
  memory.copy(blockCounts, stepCounts, 4 * countWords);
  memory.fill(stepCounts, 0, 4 * countWords);
  blockStart = stepStart;
  blockTokensEnd = tokens + size;
  blockCost = stepCost;
  return blockTokensEnd;
}

/** Writes the remaining tokens. */
export function endBlocks(inputEnd: u32): void {
  if (blockTokensEnd > tokens) writeBlock(inputEnd, blockTokensEnd);
}

function addStep(): void {
  for (let i: u32 = 0; i < 4 * countWords; i += 16) {
    v128.store(blockCounts + i, i32x4.add(v128.load(blockCounts + i), v128.load(stepCounts + i)));
    v128.store(stepCounts + i, i32x4.splat(0));
  }
}

/** What the symbols of both take with ideal codes, in bits × 256: extra bits are the same in any block. */
function costOf(counts: u32, others: u32): u32 {
  return (
    costOfAlphabet(counts, others, 512) +
    costOfAlphabet(counts + distanceCounts, others + distanceCounts, countWords - 512)
  );
}

function costOfAlphabet(counts: u32, others: u32, size: u32): u32 {
  let cost: u32 = 0;
  let total: u32 = 0;
  for (let i: u32 = 0; i < 4 * size; i += 4) {
    const count = load<u32>(counts + i) + load<u32>(others + i);
    if (count === 0) continue;
    total += count;
    cost -= count * logarithm(count);
  }
  return total === 0 ? 0 : cost + total * logarithm(total);
}

/** Writes the block in the smallest of the three forms. */
function writeBlock(inputEnd: u32, tokensEnd: u32): void {
  countSymbols();
  // With the two symbols that only the fixed code has: their lengths may be left from it.
  buildLengths(literalFrequencies, 288, 15, literalLengths);
  buildLengths(distanceFrequencies, distanceCount, 15, distanceLengths);
  const extra = extraBits();
  const runsEnd = describeLengths();
  buildLengths(lengthFrequencies, 19, 7, lengthLengths);

  const dynamicSize = headerBits(runsEnd) + codedBits() + extra;
  const storedSize = storedBits(inputEnd - blockStart);
  const fixedSize = fixedBits() + extra;
  if (storedSize <= min<u32>(dynamicSize, fixedSize) + 3) {
    writeStored(blockStart, inputEnd);
    return;
  }
  if (fixedSize <= dynamicSize) {
    writeBits(1 << 1, 3);
    useFixedLengths();
  } else {
    writeBits(2 << 1, 3);
    writeHeader(runsEnd);
  }
  writeSymbols(tokensEnd);
}

/** Stored blocks of any size, each of at most 65,535 bytes. */
function writeStored(from: u32, to: u32): void {
  do {
    const size = min<u32>(to - from, 65535);
    writeBits(0, 3);
    alignOutput();
    writeBits(size | (~size << 16), 32);
    writeBytes(from, size);
    from += size;
  } while (from < to);
}

function storedBits(size: u32): u32 {
  const blocks = max<u32>((size + 65534) / 65535, 1);
  return 3 + bitsToBorder(3) + 32 + (blocks - 1) * 40 + 8 * size;
}

/** From counts by the lower nine bits of tokens to those of symbols. */
function countSymbols(): void {
  memory.copy(literalFrequencies, blockCounts, 4 * 256);
  memory.fill(literalFrequencies + 4 * 256, 0, 4 * 32);
  store<u32>(literalFrequencies + 4 * endOfBlock, 1);
  for (let length: u32 = 0; length < 256; length++) {
    const symbol = literalFrequencies + 4 * (257 + <u32>load<u8>(lengthSymbols + length));
    store<u32>(symbol, load<u32>(symbol) + load<u32>(blockCounts + 4 * (256 + length)));
  }
  memory.copy(distanceFrequencies, blockCounts + distanceCounts, 4 * 32);
}

function extraBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < 29; symbol++) {
    bits += load<u32>(literalFrequencies + 4 * (257 + symbol)) * <u32>load<u8>(lengthExtras + symbol);
  }
  for (let symbol: u32 = 0; symbol < distanceCount; symbol++) {
    bits += load<u32>(distanceFrequencies + 4 * symbol) * <u32>load<u8>(distanceExtras + symbol);
  }
  return bits;
}

function codedBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < literalCount; symbol++) {
    bits += load<u32>(literalFrequencies + 4 * symbol) * <u32>load<u8>(literalLengths + symbol);
  }
  for (let symbol: u32 = 0; symbol < distanceCount; symbol++) {
    bits += load<u32>(distanceFrequencies + 4 * symbol) * <u32>load<u8>(distanceLengths + symbol);
  }
  return bits;
}

function fixedLength(symbol: u32): u32 {
  if (symbol < 144) return 8;
  if (symbol < 256) return 9;
  return symbol < 280 ? 7 : 8;
}

function fixedBits(): u32 {
  let bits: u32 = 3;
  for (let symbol: u32 = 0; symbol < literalCount; symbol++) {
    bits += load<u32>(literalFrequencies + 4 * symbol) * fixedLength(symbol);
  }
  for (let symbol: u32 = 0; symbol < distanceCount; symbol++) {
    bits += load<u32>(distanceFrequencies + 4 * symbol) * 5;
  }
  return bits;
}

function useFixedLengths(): void {
  for (let symbol: u32 = 0; symbol < 288; symbol++) store<u8>(literalLengths + symbol, fixedLength(symbol));
  memory.fill(distanceLengths, 5, distanceCount);
}

let literalsUsed: u32 = 0;
let distancesUsed: u32 = 0;

/** The code lengths as runs (RFC 1951, 3.2.7), each a symbol and its extra bits, and how often each symbol occurs. */
function describeLengths(): u32 {
  literalsUsed = literalCount;
  while (literalsUsed > 257 && load<u8>(literalLengths + literalsUsed - 1) === 0) literalsUsed--;
  distancesUsed = distanceCount;
  while (distancesUsed > 1 && load<u8>(distanceLengths + distancesUsed - 1) === 0) distancesUsed--;
  memory.fill(lengthFrequencies, 0, 4 * 19);

  const total = literalsUsed + distancesUsed;
  let place = runs;
  let i: u32 = 0;
  while (i < total) {
    const length = lengthAt(i);
    let same: u32 = 1;
    while (i + same < total && lengthAt(i + same) === length) same++;
    i += same;
    if (length === 0) {
      while (same >= 11) {
        const size = min<u32>(same, 138);
        place = addRun(place, 18, size - 11);
        same -= size;
      }
      if (same >= 3) {
        place = addRun(place, 17, same - 3);
        same = 0;
      }
    } else {
      place = addRun(place, length, 0);
      same -= 1;
      while (same >= 3) {
        const size = min<u32>(same, 6);
        place = addRun(place, 16, size - 3);
        same -= size;
      }
    }
    for (; same > 0; same--) place = addRun(place, length, 0);
  }
  return place;
}

function lengthAt(index: u32): u32 {
  if (index < literalsUsed) return load<u8>(literalLengths + index);
  return load<u8>(distanceLengths + index - literalsUsed);
}

function addRun(place: u32, symbol: u32, extra: u32): u32 {
  const frequency = lengthFrequencies + 4 * symbol;
  store<u32>(frequency, load<u32>(frequency) + 1);
  store<u32>(place, symbol | (extra << 8));
  return place + 4;
}

/** The order in which the lengths of the length code are written: those that are rarely zero first. */
function lengthOrder(index: u32): u32 {
  if (index < 3) return 16 + index;
  if (index === 3) return 0;
  return (index & 1) === 0 ? 8 + ((index - 4) >> 1) : 7 - ((index - 5) >> 1);
}

function lengthsUsed(): u32 {
  let used: u32 = 19;
  while (used > 4 && load<u8>(lengthLengths + lengthOrder(used - 1)) === 0) used--;
  return used;
}

function runExtra(symbol: u32): u32 {
  if (symbol < 16) return 0;
  return symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
}

function headerBits(runsEnd: u32): u32 {
  let bits: u32 = 3 + 14 + 3 * lengthsUsed();
  for (let run = runs; run < runsEnd; run += 4) {
    const symbol = load<u8>(run);
    bits += <u32>load<u8>(lengthLengths + symbol) + runExtra(symbol);
  }
  return bits;
}

function writeHeader(runsEnd: u32): void {
  const used = lengthsUsed();
  writeBits((literalsUsed - 257) | ((distancesUsed - 1) << 5) | ((used - 4) << 10), 14);
  for (let i: u32 = 0; i < used; i++) writeBits(load<u8>(lengthLengths + lengthOrder(i)), 3);
  buildCodes(lengthLengths, 19, lengthCodes);
  for (let run = runs; run < runsEnd; run += 4) {
    const symbol: u32 = load<u8>(run);
    writeCode(load<u32>(lengthCodes + 4 * symbol));
    writeBits(load<u32>(run) >> 8, runExtra(symbol));
  }
}

function writeSymbols(tokensEnd: u32): void {
  // 288 for the fixed code, whose last two symbols never occur.
  buildCodes(literalLengths, 288, literalCodes);
  buildCodes(distanceLengths, distanceCount, distanceCodes);
  for (let symbol: u32 = 0; symbol < distanceCount; symbol++) {
    const place = distanceCodes + 4 * symbol;
    const code = load<u32>(place);
    const size = code >> 24;
    const whole = size + <u32>load<u8>(distanceExtras + symbol);
    store<u32>(place, (code & 0xffff) | (size << 16) | (whole << 24));
  }
  store<u32>(distanceCodes + 4 * noDistance, 0);
  memory.copy(tokenCodes, literalCodes, 4 * 256);
  for (let length: u32 = 0; length < 256; length++) {
    const symbol: u32 = load<u8>(lengthSymbols + length);
    const code = load<u32>(literalCodes + 4 * (257 + symbol));
    const size = code >> 24;
    const extra = length - load<u32>(lengthBases + 4 * symbol);
    const bits = (code & 0xffffff) | (extra << size);
    store<u32>(tokenCodes + 4 * (256 + length), bits | ((size + <u32>load<u8>(lengthExtras + symbol)) << 24));
  }
  writeTokens(tokensEnd);
  writeCode(load<u32>(literalCodes + 4 * endOfBlock));
}
