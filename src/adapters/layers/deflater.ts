// DEFLATE (RFC 1951) in WebAssembly, block by block, on the thread that asks for it.

import { readDeflateModule } from './deflate-module.ts';

/** Whatever changes the bytes of any input at any level changes this, and the golden digests of the tests. */
export const encoderVersion = 2;

/** The largest block, in bytes. */
export const maxBlockSize = 1024 * 1024;
/** The largest result of a block, in bytes. */
export const maxDeflatedSize = maxBlockSize + 8 * 1024;

/** What src/core/deflate/encoder.ts exports. */
export interface DeflateExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  inputAddress(): number;
  outputAddress(): number;
  deflate(length: number, level: number): number;
}

let compiled: WebAssembly.Module | undefined;
let exports: DeflateExports | undefined;

/** The compiled module, which threads can share. */
export function deflateModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readDeflateModule());
  return compiled;
}

/**
 * Compresses a block of at most {@link maxBlockSize} bytes. The result leaves the stream open and ends on a byte, so
 * that those of several blocks can be joined.
 * @param level from 1, the fastest, to 9, the smallest
 * @param output gets the result: {@link maxDeflatedSize} bytes are enough
 * @returns the size of the result
 */
export function deflateBlock(block: Uint8Array, level: number, output: Uint8Array): number {
  exports ??= new WebAssembly.Instance(deflateModule()).exports as DeflateExports;
  const memory = new Uint8Array(exports.memory.buffer);
  memory.set(block, exports.inputAddress());
  const size = exports.deflate(block.length, level);
  const from = exports.outputAddress();
  output.set(memory.subarray(from, from + size));
  return size;
}
