import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { deflateBlock, maxBlockSize, maxDeflatedSize } from '../../../src/adapters/layers/deflater.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { codeOf } from './code.ts';

const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));
const code = codeOf(maxBlockSize);
const noise = createCipheriv('aes-256-ctr', Buffer.alloc(32, 'a key'), Buffer.alloc(16)).update(
  Buffer.alloc(maxBlockSize),
);

describe('deflateBlock', () => {
  const inputs: [name: string, input: Uint8Array][] = [
    ['nothing', Buffer.alloc(0)],
    ['a byte', Buffer.from('a')],
    ['two bytes that are the same', Buffer.from('aa')],
    ['a small program', hello],
    ['a block of code', code],
    ['a block of zeros', Buffer.alloc(maxBlockSize)],
    ['a block of noise', noise],
    ['noise, then zeros', Buffer.concat([noise.subarray(0, 300_000), Buffer.alloc(300_000)])],
    [
      'what comes again from a whole window before',
      Buffer.concat([noise.subarray(0, 32768), noise.subarray(0, 32768)]),
    ],
    [
      'what comes again from a byte further',
      Buffer.concat([noise.subarray(0, 32769), noise.subarray(0, 32769)]),
    ],
    ['three bytes that come again', Buffer.from('abc-abc+abc*abc/abc')],
    ['all bytes', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['symbols whose rarest would get codes that are too long', fibonacci()],
  ];
  for (const [name, input] of inputs) {
    it(`keeps ${name} at each level`, () => {
      for (const level of levels) assertKept(input, level);
    });
  }

  it('keeps whatever its size and its content', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.nat(700)).map(([byte, size]) => new Uint8Array(size).fill(byte)),
      fc.tuple(fc.nat(100_000), fc.nat(5000)).map(([from, size]) => code.subarray(from, from + size)),
      fc.tuple(fc.nat(100_000), fc.nat(40_000)).map(([from, size]) => noise.subarray(from, from + size)),
    );
    const input = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces));
    fc.assert(
      fc.property(input, fc.constantFrom(...levels), (bytes, level) => {
        assertKept(bytes, level);
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps small inputs of few symbols, of which there are many', () => {
    const input = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 255), { maxLength: 60 });
    fc.assert(
      fc.property(input, fc.constantFrom(...levels), (bytes, level) => {
        assertKept(Uint8Array.from(bytes), level);
      }),
      { numRuns: 20_000 },
    );
  });

  it('makes of noise little more than it is', () => {
    for (const level of levels) {
      const { length } = deflate(noise, level);
      assert.ok(length < noise.length * 1.0002, `${length} at level ${level}`);
    }
  });

  it('depends on nothing that came before', () => {
    for (const level of levels) {
      const first = deflate(hello, level);
      deflate(noise, level);
      deflate(code, 10 - level);
      assert.deepEqual(deflate(hello, level), first);
    }
  });

  it('makes smaller results at higher levels, and never larger ones than zlib at the same', () => {
    const sizes = levels.map((level) => deflate(code, level).length);
    for (const [index, size] of sizes.entries()) {
      if (index > 0) assert.ok(size <= (sizes[index - 1] ?? 0), `level ${index + 1}: ${sizes.join(' ')}`);
      const { length } = zlib.deflateRawSync(code, { level: index + 1, memLevel: 9 });
      assert.ok(size <= length, `level ${index + 1}: ${size} bytes, ${length} by zlib`);
    }
  });

  it('is read by gzip and by libarchive', { skip: process.platform === 'win32' && 'needs gzip' }, () => {
    for (const level of levels) {
      for (const input of [hello, code, noise]) {
        const bytes = member(input, level);
        for (const [program, ...args] of [['gzip', '-dc'], ['bsdcat']] as const) {
          const { status, stdout, error } = spawnSync(program, args, { input: bytes, maxBuffer: 1 << 22 });
          if (error !== undefined && 'code' in error && error.code === 'ENOENT') continue;
          assert.equal(status, 0);
          assert.ok(stdout.equals(input));
        }
      }
    }
  });

  describe('makes the same bytes on every machine, and with every later version of Node', () => {
    // A change of these is a change of the digests of all images: it needs another encoderVersion.
    const golden: Readonly<Record<number, string>> = {
      1: 'sha256:0d454c2d0a8a5299af7161496b8ce37945c80a0d62181fe053c1c353f139c9c8',
      2: 'sha256:28d1b53a61d03cf84a9d2fb9e668ff64540a7654394f528984cf4e345787be57',
      3: 'sha256:2dd1db6b5c4b57b08a4a1ec192c2dc023e8ef54539fdec4350e7e2f8206b8284',
      4: 'sha256:a9c68437e4bd55360993df88607a0304244e52c2db122a872c7af1a7bcba5881',
      5: 'sha256:29c46a5b047bbcd2f3a40db35b7e015e5e43d17fe1669d72e14b6b6af3d5cabb',
      6: 'sha256:123ac86d49190b38545c903cc801d868b6fef7ddf48e51865713cf9f3bede6d0',
      7: 'sha256:c2e1578917879a09d013d2e433385a5c3fb1169195f9949f1f2b1ae4aa89c9f2',
      8: 'sha256:d42ed1695f9572d8c05d8f0ac832ac3b6280b7b48ec89c8551f818610646f845',
      9: 'sha256:6898e5b859e737c230299aff47917f71712a8c8b46d66b23a6914ca3e8750cbe',
    };
    for (const level of levels) {
      it(`at level ${level}`, () => {
        const bytes = Buffer.concat(
          [code, hello, noise.subarray(0, 70_000)].map((input) => deflate(input, level)),
        );
        assert.equal(digestOf(bytes), golden[level]);
      });
    }
  });
});

function deflate(input: Uint8Array, level: number): Buffer {
  const output = Buffer.alloc(maxDeflatedSize);
  return output.subarray(0, deflateBlock(input, level, output));
}

function assertKept(input: Uint8Array, level: number): void {
  const result = zlib.inflateRawSync(Buffer.concat([deflate(input, level), Uint8Array.of(3, 0)]));
  assert.ok(result.equals(input), `${input.length} bytes at level ${level}`);
}

/** A gzip member. */
function member(input: Uint8Array, level: number): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(zlib.crc32(input), 0);
  trailer.writeUInt32LE(input.length, 4);
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
  return Buffer.concat([header, deflate(input, level), Uint8Array.of(3, 0), trailer]);
}

/** Each byte as often as the two before it together, in an order without long matches. */
function fibonacci(): Buffer {
  const counts = [1, 1];
  for (let [a, b] = [1, 1]; counts.length < 24; [a, b] = [b, a + b]) counts.push(a + b);
  const bytes = Buffer.concat(counts.map((count, byte) => Buffer.alloc(count, byte)));
  // Steps of a prime number visit each place once.
  return Buffer.from(bytes.map((_, index) => bytes.readUInt8((index * 7919) % bytes.length)));
}
