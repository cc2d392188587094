// The layout of the module's memory. Everything is static: nothing is allocated.

/** The largest input, in bytes. */
export const blockSize: u32 = 1 << 20;
/** How far back a match may reach (RFC 1951, 2). */
export const windowSize: u32 = 1 << 15;

/** Read by candidates from before the input; never part of a match. */
const guard: u32 = 1 << 16;
/** Room behind buffers that are read or written in words. */
const slack: u32 = 64;

/** The bytes to compress. */
export const input: u32 = guard + windowSize;
/** The compressed bytes: at worst a few more for each 4,096 (stored blocks), and the end of the stream. */
export const output: u32 = input + blockSize + slack;
export const outputSize: u32 = blockSize + (1 << 14);

/** Tables of hashes: 2^15 words, and for the slow levels 2^15 more and a chain. */
export const heads: u32 = output + outputSize + slack;
export const headsSize: u32 = 4 << 15;
export const shortHeads: u32 = heads + headsSize;
export const chain: u32 = shortHeads + headsSize;
export const chainSize: u32 = 4 << 15;

/** Candidates of the positions that are hashed but not yet parsed: a ring of words. */
export const candidates: u32 = chain + chainSize;
export const candidateMask: u32 = 8191;

/** The tokens of a block of symbols, one word each. */
export const tokens: u32 = candidates + 4 * (candidateMask + 1);
/** A block ends before it has as many. */
export const tokenLimit: u32 = 1 << 16;
/** A step adds at most this many more: one position may add two. */
const tokenReserve: u32 = 1 << 14;

/** How often each symbol occurs: 512 literals and lengths and 32 distances, in the block and in the newest step. */
export const blockCounts: u32 = tokens + 4 * (tokenLimit + tokenReserve);
export const stepCounts: u32 = blockCounts + 4 * 544;
/** Always zero. */
export const noCounts: u32 = stepCounts + 4 * 544;
/** The offset of the distances in each. */
export const distanceCounts: u32 = 4 * 512;

/** Occurrences of the symbols of DEFLATE's alphabets (288, 32 and 19 words). */
export const literalFrequencies: u32 = noCounts + 4 * 544;
export const distanceFrequencies: u32 = literalFrequencies + 4 * 288;
export const lengthFrequencies: u32 = distanceFrequencies + 4 * 32;

/** Lengths of their codes, a byte each; those of literals and distances are written as one list. */
export const literalLengths: u32 = lengthFrequencies + 4 * 32;
export const distanceLengths: u32 = literalLengths + 288;
export const lengthLengths: u32 = distanceLengths + 32;

/**
 * Codes, each with its length in the upper eight bits. Before tokens are written, those of distances get their length
 * below that, and add to the upper one that of their extra bits.
 */
export const literalCodes: u32 = lengthLengths + 32;
export const distanceCodes: u32 = literalCodes + 4 * 288;
export const lengthCodes: u32 = distanceCodes + 4 * 32;
/** Codes of literals, and of lengths with their extra bits, by the lower nine bits of a token. */
export const tokenCodes: u32 = lengthCodes + 4 * 32;

/** The list of code lengths, run by run: symbol, extra bits. */
export const runs: u32 = tokenCodes + 4 * 512;

/** Room of the Huffman builder. */
export const sorted: u32 = runs + 4 * 320;
export const sorting: u32 = sorted + 4 * 320;
export const weights: u32 = sorting + 4 * 320;
export const parents: u32 = weights + 4 * 320;
export const buckets: u32 = parents + 4 * 640;

/** The tables of RFC 1951 for lengths and distances, computed once: see symbols.ts. */
export const lengthSymbols: u32 = buckets + 4 * 512;
export const lengthBases: u32 = lengthSymbols + 256;
export const lengthExtras: u32 = lengthBases + 4 * 32;
export const distanceSlots: u32 = lengthExtras + 32;
export const distanceBases: u32 = distanceSlots + 512;
export const distanceExtras: u32 = distanceBases + 4 * 32;
export const logarithms: u32 = distanceExtras + 32;
