// Huffman codes of limited length (RFC 1951, 3.2.2).

import { buckets, parents, sorted, sorting, weights } from './memory';

/**
 * Lengths of an optimal code for these frequencies, a byte each; made shorter where they pass the limit. At least two
 * symbols get a code: some decoders want a complete one.
 */
export function buildLengths(frequencies: u32, count: u32, limit: u32, lengths: u32): void {
  memory.fill(lengths, 0, count);
  const used = sortSymbols(frequencies, count);
  if (used < 2) {
    const symbol: u32 = used === 1 ? load<u32>(sorted) & 511 : 0;
    store<u8>(lengths + symbol, 1);
    store<u8>(lengths + (symbol === 0 ? 1 : 0), 1);
    return;
  }
  joinNodes(used);
  countLengths(used, limit);

  // The rarest symbols come first, and get the longest codes.
  let next: u32 = sorted;
  for (let length = limit; length > 0; length--) {
    for (let left = load<u32>(buckets + 4 * length); left > 0; left--) {
      store<u8>(lengths + (load<u32>(next) & 511), length);
      next += 4;
    }
  }
}

/** Symbols that occur, the rarest first, as frequency × 512 + symbol; how many they are. */
function sortSymbols(frequencies: u32, count: u32): u32 {
  let used: u32 = 0;
  let all: u32 = 0;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const frequency = load<u32>(frequencies + 4 * symbol);
    if (frequency === 0) continue;
    all |= frequency;
    store<u32>(sorted + 4 * used, (frequency << 9) | symbol);
    used += 1;
  }
  // A radix sort by nine bits at a time, the lower ones first.
  for (let shift: u32 = 9; shift < 27 && all >> (shift - 9) !== 0; shift += 9) {
    memory.fill(buckets, 0, 4 * 512);
    for (let i: u32 = 0; i < used; i++) {
      const bucket = buckets + 4 * ((load<u32>(sorted + 4 * i) >> shift) & 511);
      store<u32>(bucket, load<u32>(bucket) + 1);
    }
    let start: u32 = 0;
    for (let i: u32 = 0; i < 512; i++) {
      const size = load<u32>(buckets + 4 * i);
      store<u32>(buckets + 4 * i, start);
      start += size;
    }
    for (let i: u32 = 0; i < used; i++) {
      const key = load<u32>(sorted + 4 * i);
      const bucket = buckets + 4 * ((key >> shift) & 511);
      const place = load<u32>(bucket);
      store<u32>(bucket, place + 1);
      store<u32>(sorting + 4 * place, key);
    }
    memory.copy(sorted, sorting, 4 * used);
  }
  return used;
}

/** The tree: the two lightest nodes are joined until one is left. Leaves are in order, and so are the joined nodes. */
function joinNodes(used: u32): void {
  let leaf: u32 = 0;
  let joined: u32 = 0;
  for (let node: u32 = 0; node < used - 1; node++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const leafWeight: u32 = leaf < used ? load<u32>(sorted + 4 * leaf) >> 9 : u32.MAX_VALUE;
      if (joined < node && load<u32>(weights + 4 * joined) < leafWeight) {
        weight += load<u32>(weights + 4 * joined);
        store<u32>(parents + 4 * joined, node);
        joined += 1;
      } else {
        weight += leafWeight;
        store<u32>(parents + 4 * (320 + leaf), node);
        leaf += 1;
      }
    }
    store<u32>(weights + 4 * node, weight);
  }
}

/** How many codes there are of each length, in `buckets`. */
function countLengths(used: u32, limit: u32): void {
  memory.fill(buckets, 0, 4 * 16);
  // From here on, the place of a joined node's weight holds its depth.
  const root = used - 2;
  store<u32>(weights + 4 * root, 0);
  for (let node: u32 = root; node-- > 0;) {
    const parent = load<u32>(parents + 4 * node);
    store<u32>(weights + 4 * node, load<u32>(weights + 4 * parent) + 1);
  }
  let space: u32 = 0;
  for (let leaf: u32 = 0; leaf < used; leaf++) {
    const parent = load<u32>(parents + 4 * (320 + leaf));
    const length = min<u32>(load<u32>(weights + 4 * parent) + 1, limit);
    store<u32>(buckets + 4 * length, load<u32>(buckets + 4 * length) + 1);
    space += 1 << (limit - length);
  }
  // Each step takes one of the longest codes and splits a shorter one to make room for two.
  for (; space > (<u32>1) << limit; space--) {
    let length = limit - 1;
    while (load<u32>(buckets + 4 * length) === 0) length--;
    store<u32>(buckets + 4 * limit, load<u32>(buckets + 4 * limit) - 1);
    store<u32>(buckets + 4 * length, load<u32>(buckets + 4 * length) - 1);
    store<u32>(buckets + 4 * (length + 1), load<u32>(buckets + 4 * (length + 1)) + 2);
  }
}

/** Codes by their lengths, the first bit lowest, each with its length in the upper eight bits. */
export function buildCodes(lengths: u32, count: u32, codes: u32): void {
  memory.fill(buckets, 0, 4 * 17);
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const bucket = buckets + 4 * (<u32>load<u8>(lengths + symbol) + 1);
    store<u32>(bucket, load<u32>(bucket) + 1);
  }
  // Leaves out symbols without a code.
  store<u32>(buckets + 4, 0);
  let code: u32 = 0;
  for (let length: u32 = 1; length <= 15; length++) {
    code = (code + load<u32>(buckets + 4 * length)) << 1;
    store<u32>(buckets + 4 * length, code);
  }
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    if (length === 0) continue;
    const next = load<u32>(buckets + 4 * length);
    store<u32>(buckets + 4 * length, next + 1);
    store<u32>(codes + 4 * symbol, reverse(next, length) | (length << 24));
  }
}

function reverse(code: u32, length: u32): u32 {
  code = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
  code = ((code & 0x3333) << 2) | ((code >> 2) & 0x3333);
  code = ((code & 0x0f0f) << 4) | ((code >> 4) & 0x0f0f);
  code = ((code & 0x00ff) << 8) | (code >> 8);
  return code >> (16 - length);
}
