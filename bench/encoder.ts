// Sizes and times of the DEFLATE encoder at each level, beside Node's zlib: `node bench/encoder.ts [FILE]`. FILE is machine
// code, by default the program of Node; its first 64 MiB are compressed on one core in blocks of 1 MiB.

import { closeSync, openSync, readSync } from 'node:fs';
import { cpus } from 'node:os';
import * as zlib from 'node:zlib';
import { deflateBlock, maxBlockSize, maxDeflatedSize } from '../src/adapters/layers/deflater.ts';

const rounds = 3;
const file = process.argv[2] ?? process.execPath;
const input = readStart(file, 64 * 1024 * 1024);
const output = Buffer.alloc(maxDeflatedSize);

console.log(`${input.length} bytes of ${file}, Node ${process.versions.node}, ${cpus()[0]?.model ?? ''}`);
console.log(`Processor seconds, the least of ${rounds} rounds.\n`);
console.log('| level | MB | seconds | zlib: MB | seconds |');
console.log('| ----- | -- | ------- | -------- | ------- |');
for (let level = 1; level <= 9; level++) {
  const own = measure((block) => deflateBlock(block, level, output));
  const other = measure(
    (block) =>
      zlib.deflateRawSync(block, { level, memLevel: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH }).length,
  );
  const cells = [own, other].map(({ size, seconds }) => `${(size / 1e6).toFixed(2)} | ${seconds.toFixed(2)}`);
  console.log(`| ${level} | ${cells.join(' | ')} |`);
}

function measure(compress: (block: Uint8Array) => number): {
  readonly size: number;
  readonly seconds: number;
} {
  let size = 0;
  let seconds = Infinity;
  for (let round = 0; round < rounds; round++) {
    const started = process.cpuUsage();
    size = 0;
    for (let offset = 0; offset < input.length; offset += maxBlockSize)
      size += compress(input.subarray(offset, offset + maxBlockSize));
    const { user, system } = process.cpuUsage(started);
    seconds = Math.min(seconds, (user + system) / 1e6);
  }
  return { size, seconds };
}

function readStart(path: string, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const descriptor = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, size, 0));
  } finally {
    closeSync(descriptor);
  }
}
