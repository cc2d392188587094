import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import {
  compress,
  decompress,
  layerMediaType,
  parseCompression,
} from '../../../src/adapters/layers/compression.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';

const gzipType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const zstdType = 'application/vnd.oci.image.layer.v1.tar+zstd';
const tarType = 'application/vnd.oci.image.layer.v1.tar';
const withoutZstd = !('createZstdCompress' in zlib) && 'this Node has no zstd';

describe('parseCompression', () => {
  const rows: [text: string, method: string, level: number, mediaType: string][] = [
    ['gzip', 'gzip', 2, gzipType],
    ['gzip:1', 'gzip', 1, gzipType],
    ['gzip:9', 'gzip', 9, gzipType],
    ['zstd', 'zstd', 3, zstdType],
    ['zstd:19', 'zstd', 19, zstdType],
    ['none', 'none', 0, tarType],
  ];
  for (const [text, method, level, mediaType] of rows) {
    it(`reads ${text}`, { skip: method === 'zstd' && withoutZstd }, () => {
      const compression = parseCompression(text);
      assert.deepEqual(compression, { method, level });
      assert.equal(layerMediaType(compression), mediaType);
    });
  }

  const refused = [
    '',
    'xz',
    'GZIP',
    'gzip:',
    'gzip:0',
    'gzip:10',
    'gzip:-1',
    'gzip:1.5',
    'zstd:0',
    'zstd:20',
  ];
  for (const text of [...refused, 'none:1', 'none:0', ' gzip', 'gzip:1:2']) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseCompression(text), { code: 'INPUT_INVALID' });
    });
  }

  it('says which Node has zstd when this one has not', { skip: !withoutZstd && 'this Node has zstd' }, () => {
    assert.throws(() => parseCompression('zstd'), { code: 'COMPRESSION_UNSUPPORTED', hint: /22\.15.*23\.8/ });
  });
});

describe('compress', () => {
  const content = Buffer.from('the same again, '.repeat(100_000));

  it('writes gzip that names no file, no time and no system', async () => {
    const bytes = await collect(compress(streamOf(content), { method: 'gzip', level: 6 }));
    // Magic, deflate, no flags, no time, no extra flags, unknown system (RFC 1952, 2.3).
    assert.deepEqual([...bytes.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    const { status, stdout } = spawnSync('gzip', ['-dc'], { input: bytes, maxBuffer: 1 << 24 });
    assert.equal(status, 0);
    assert.ok(stdout.equals(content));
  });

  it('writes the same bytes however its input is cut', async () => {
    const whole = await collect(compress(streamOf(content), { method: 'gzip', level: 4 }));
    const cut = streamOf(
      content.subarray(0, 1),
      Buffer.alloc(0),
      content.subarray(1, 70_000),
      content.subarray(70_000),
    );
    assert.ok(whole.equals(await collect(compress(cut, { method: 'gzip', level: 4 }))));
  });

  for (const text of ['gzip:1', 'gzip:9', 'zstd', 'none']) {
    it(`comes back from decompress (${text})`, { skip: text === 'zstd' && withoutZstd }, async () => {
      const compression = parseCompression(text);
      const type = layerMediaType(compression);
      for (const bytes of [content, Buffer.alloc(0)]) {
        const back = decompress(compress(streamOf(bytes), compression), type, 'a layer');
        assert.ok((await collect(back)).equals(bytes));
      }
    });
  }

  it('passes on what is wrong with its input', async () => {
    const wrong = new BimaError('CONTEXT_CHANGED', 'it grew');
    await assert.rejects(collect(compress(failing(wrong), { method: 'gzip', level: 1 })), wrong);
  });
});

describe('decompress', () => {
  const zipped = zlib.gzipSync('some content of a layer');
  const damaged: [name: string, bytes: Uint8Array, mediaType: string][] = [
    ['no gzip', Buffer.from('nothing of the kind'), gzipType],
    ['a truncated gzip', zipped.subarray(0, -9), gzipType],
    ['a gzip with a wrong checksum', Buffer.concat([zipped.subarray(0, -8), Buffer.alloc(8)]), gzipType],
    ['nothing', Buffer.alloc(0), gzipType],
    ['no zstd', Buffer.from('nothing of the kind'), zstdType],
    ['another media type', Buffer.from(''), 'application/vnd.oci.image.config.v1+json'],
  ];
  for (const [name, bytes, type] of damaged) {
    it(`refuses ${name}`, { skip: type === zstdType && withoutZstd }, async () => {
      await assert.rejects(collect(decompress(streamOf(bytes), type, 'layer 1')), {
        code: 'LAYOUT_INVALID',
        message: /^layer 1/,
      });
    });
  }

  it(
    'says what reads zstd when this Node does not',
    { skip: !withoutZstd && 'this Node has zstd' },
    async () => {
      const reading = collect(decompress(streamOf(Buffer.from('')), zstdType, 'x'));
      await assert.rejects(reading, {
        code: 'COMPRESSION_UNSUPPORTED',
        hint: /23\.8 or later, to read it\.$/,
      });
    },
  );

  it("takes Docker's media type for gzip", async () => {
    const type = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
    assert.equal(
      (await collect(decompress(streamOf(zipped), type, 'x'))).toString(),
      'some content of a layer',
    );
  });

  it('takes gzip of several members, as some tools write it', async () => {
    const both = streamOf(zlib.gzipSync('one '), zlib.gzipSync('two'));
    assert.equal((await collect(decompress(both, gzipType, 'x'))).toString(), 'one two');
  });

  it('passes on what is wrong with its input', async () => {
    const wrong = new BimaError('DIGEST_MISMATCH', 'not what it should be');
    await assert.rejects(collect(decompress(failing(wrong), gzipType, 'x')), wrong);
    const broken = new Error('disk on fire');
    await assert.rejects(collect(decompress(failing(broken), gzipType, 'x')), broken);
  });

  it('throws its own errors alone, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        const input = Buffer.concat([zipped.subarray(0, 10), bytes]);
        await collect(decompress(streamOf(input), gzipType, 'x')).catch((error: unknown) => {
          assert.ok(error instanceof BimaError && error.code === 'LAYOUT_INVALID', String(error));
        });
      }),
      { numRuns: 50 },
    );
  });
});

async function* failing(error: Error): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(zlib.gzipSync('x'.repeat(1000)).subarray(0, 20));
  throw error;
}

async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
