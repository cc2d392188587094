// DEFLATE (RFC 1951), written in AssemblyScript: bytes in, bytes out. The same input and level give the same output on
// every machine: there are no fractions and no threads, and nothing is kept from one call to the next.

import { alignOutput, outputLength, startOutput, writeBits } from './bits';
import { endBlocks, startBlocks } from './block';
import { parseFast } from './fast';
import { input, output } from './memory';
import { parseSlow } from './slow';
import { prepareSymbols } from './symbols';

prepareSymbols();

/** Address of the input: at most 1 MiB. */
export function inputAddress(): u32 {
  return input;
}

/** Address of the output. */
export function outputAddress(): u32 {
  return output;
}

/**
 * Compresses the input into blocks that leave the stream open and end on a byte: what comes of several inputs can be
 * joined, and ends with a last block.
 * @param length of the input in bytes, at most 1 MiB
 * @param level from 1, the fastest, to 9, the smallest
 * @returns the size of the output in bytes
 */
export function deflate(length: u32, level: u32): u32 {
  // The bytes behind the input are read, and must not be those of an earlier one.
  memory.fill(input + length, 0, 64);
  startOutput();
  startBlocks(input);
  parse(length, level);
  endBlocks(input + length);
  // An empty stored block ends on a byte (RFC 1951, 3.2.4).
  writeBits(0, 3);
  alignOutput();
  writeBits(0xffff0000, 32);
  return outputLength();
}

function parse(length: u32, level: u32): void {
  if (level === 1) parseFast(length, 0);
  else if (level === 2) parseFast(length, 6);
  else if (level === 3) parseSlow(length, 3, 6, 12);
  else if (level === 4) parseSlow(length, 4, 8, 16);
  else if (level === 5) parseSlow(length, 8, 16, 32);
  else if (level === 6) parseSlow(length, 16, 32, 64);
  else if (level === 7) parseSlow(length, 32, 64, 128);
  else if (level === 8) parseSlow(length, 64, 128, 258);
  else parseSlow(length, 512, 258, 258);
}
