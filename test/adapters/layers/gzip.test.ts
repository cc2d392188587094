import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { DeflateThreads } from '../../../src/adapters/layers/deflate-threads.ts';
import { maxBlockSize as blockSize } from '../../../src/adapters/layers/deflater.ts';
import { compressGzip } from '../../../src/adapters/layers/gzip.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { unlessInstalled } from '../../support/tools.ts';
import { codeOf } from './code.ts';

// More blocks than are in work at once.
const code = codeOf(6 * blockSize + 17);
const sizes = [0, 1, blockSize - 1, blockSize, blockSize + 1, 2 * blockSize, 6 * blockSize + 17];

/** Also what no compressor makes smaller. */
const inputs = [
  ...sizes.map((size): [name: string, input: Buffer] => [`${size} bytes of code`, code.subarray(0, size)]),
  ...sizes.map((size): [name: string, input: Buffer] => [`${size} zeros`, Buffer.alloc(size)]),
  ['noise', noise(2 * blockSize + 5)],
] as const;

describe('compressGzip', () => {
  for (const [name, input] of inputs) {
    it(`makes one member, and nothing behind it, of ${name}`, async () => {
      assert.ok(readMember(await gzip(input)).equals(input));
    });

    for (const tool of ['gzip', 'pigz'] as const) {
      const skip = tool === 'pigz' ? unlessInstalled('pigz') : process.platform === 'win32' && 'needs gzip';
      it(`is unpacked by ${tool}: ${name}`, { skip }, async () => {
        const options = { input: await gzip(input), maxBuffer: 1 << 25 };
        const { status, stdout, stderr } = spawnSync(tool, ['-dc'], options);
        assert.equal(status, 0, stderr.toString());
        assert.equal(stderr.toString(), '');
        assert.ok(stdout.equals(input));
      });
    }
  }

  it('comes back whatever its bytes, its size and its level', async () => {
    const around = fc.tuple(fc.nat(3), fc.integer({ min: -3, max: 3 }));
    const size = fc.oneof(
      fc.nat(2000),
      around.map(([blocks, more]) => Math.max(0, blocks * blockSize + more)),
    );
    await fc.assert(
      fc.asyncProperty(size, fc.integer({ min: 1, max: 9 }), fc.nat(100), async (length, level, seed) => {
        const input = codeOf(length, seed);
        assert.ok(readMember(await collect(compressGzip(streamOf(input), { level }))).equals(input));
      }),
      { numRuns: 40 },
    );
  });

  it('makes the same bytes however its input is cut', async () => {
    const input = code.subarray(0, 2 * blockSize + 100);
    const whole = await gzip(input);
    const cuts = fc.array(fc.nat(input.length), { maxLength: 20 }).map((list) => list.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(cuts, async (list) => {
        const pieces = [0, ...list].map((from, index) => input.subarray(from, list[index] ?? input.length));
        assert.ok(whole.equals(await collect(compressGzip(streamOf(...pieces), { level: 4 }))));
      }),
      { numRuns: 20 },
    );
  });

  it('takes pieces whose memory is used again for the next one', async () => {
    async function* reused(): AsyncGenerator<Uint8Array> {
      const piece = Buffer.alloc(100_000);
      for (let offset = 0; offset < code.length; offset += piece.length) {
        yield await Promise.resolve(piece.subarray(0, code.copy(piece, 0, offset)));
        piece.fill(0xff);
      }
    }
    assert.ok(readMember(await collect(compressGzip(reused(), { level: 4 }))).equals(code));
  });

  it('makes the same bytes for a reader that keeps no piece, again and again', async () => {
    for (const size of [0, 1, 5000, code.length, code.length]) {
      const input = code.subarray(0, size);
      assert.ok(
        readMember(await collect(compressGzip(streamOf(input), { level: 4, release: true }))).equals(input),
      );
    }
  });

  for (const count of [1, 3]) {
    it(`makes the same bytes with ${count} threads beside the main one`, async () => {
      const threads = new DeflateThreads(count);
      try {
        for (const level of [2, 6]) {
          const alone = await collect(compressGzip(streamOf(code), { level }));
          // Twice: once while they start, and once when they are there.
          for (let round = 0; round < 2; round++) {
            assert.ok(alone.equals(await collect(compressGzip(streamOf(code), { level, threads }))));
          }
        }
      } finally {
        await threads.close();
      }
    });
  }

  it('loses little by its blocks', async () => {
    const one = zlib.gzipSync(code, { level: 4 }).length;
    const ours = (await gzip(code)).length;
    assert.ok(ours < one * 1.005, `${ours} bytes in blocks, ${one} in one piece`);
  });
});

/** One header, one deflate stream, one trailer (RFC 1952, 2.3), and not a byte more. */
function readMember(bytes: Buffer): Buffer {
  assert.deepEqual([...bytes.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  const { buffer, engine } = zlib.inflateRawSync(bytes.subarray(10), { info: true }) as unknown as {
    buffer: Buffer;
    engine: zlib.InflateRaw;
  };
  const trailer = bytes.subarray(10 + engine.bytesWritten);
  assert.equal(trailer.length, 8);
  assert.equal(trailer.readUInt32LE(0), zlib.crc32(buffer));
  assert.equal(trailer.readUInt32LE(4), buffer.length);
  return buffer;
}

function gzip(input: Uint8Array): Promise<Buffer> {
  return collect(compressGzip(streamOf(input), { level: 4 }));
}

function noise(size: number): Buffer {
  const key = Buffer.alloc(32, 'a key');
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return cipher.update(Buffer.alloc(size));
}

async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
