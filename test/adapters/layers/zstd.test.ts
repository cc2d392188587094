import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { compress, decompress, layerMediaType } from '../../../src/adapters/layers/compression.ts';
import { frameSize } from '../../../src/adapters/layers/zstd.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { unlessFound } from '../../support/tools.ts';
import { codeOf } from './code.ts';

const skip = !('zstdCompress' in zlib) && 'this Node has no zstd';
const zstd = (level = 3) => ({ method: 'zstd', level }) as const;
const code = codeOf(4 * frameSize + 17);

const pack = async (input: Uint8Array, level?: number) =>
  Buffer.from(await readAll(compress(streamOf(input), zstd(level))));

describe('zstd', { skip }, () => {
  for (const size of [0, 1, frameSize - 1, frameSize, frameSize + 1, code.length]) {
    it(`comes back from ${size} bytes`, async () => {
      const input = code.subarray(0, size);
      const packed = await pack(input);
      const back = decompress(streamOf(packed), layerMediaType(zstd()), 'a layer');
      assert.ok(Buffer.from(await readAll(back)).equals(input));
      // RFC 8878, 3.1.1: as many frames as there are magic numbers.
      const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
      let frames = 0;
      for (let at = packed.indexOf(magic); at >= 0; at = packed.indexOf(magic, at + 1)) frames++;
      assert.equal(frames, Math.max(1, Math.ceil(size / frameSize)));
    });
  }

  it('is one frame at a level with larger windows', async () => {
    const input = Buffer.alloc(2 * frameSize + 1, 'the same again, ');
    const packed = await pack(input, 7);
    assert.equal(packed.lastIndexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])), 0);
    assert.ok(zlib.zstdDecompressSync(packed).equals(input));
  });

  it('makes the same bytes however its input is cut, and from memory that is used again', async () => {
    async function* reused(): AsyncGenerator<Uint8Array> {
      const chunk = Buffer.alloc(1_000_003);
      for (let offset = 0; offset < code.length; offset += chunk.length) {
        yield await Promise.resolve(chunk.subarray(0, code.copy(chunk, 0, offset)));
        chunk.fill(0xff);
      }
    }
    for (const level of [3, 7]) {
      const again = Buffer.from(await readAll(compress(reused(), zstd(level))));
      assert.ok(again.equals(await pack(code, level)), `level ${level}`);
    }
  });

  it('is unpacked by zstd(1)', { skip: unlessFound('zstd') }, async () => {
    const input = await pack(code);
    const { status, stdout } = spawnSync('zstd', ['-dc'], { input, maxBuffer: 1 << 27 });
    assert.equal(status, 0);
    assert.ok(stdout.equals(code));
  });

  describe(
    'makes the same bytes with one version of its library',
    { skip: process.versions.zstd !== '1.5.7' && 'another zstd' },
    () => {
      const golden: Readonly<Record<number, readonly [size: number, digest: string]>> = {
        1: [frameSize + 1000, 'sha256:eb05ce75b1fce4420b42490977ae3fb3fead75c9e4af92865b125cded6404317'],
        3: [frameSize + 1000, 'sha256:ac32c6d4bbaa694e8255b1e35acfedf2291347f9b24760e4e86fd09930064d44'],
        6: [frameSize + 1000, 'sha256:972b6ab0a64f6017835a9beea0d6e5f296730cfb6eeb912723528d78d7a1d0be'],
        7: [1_000_000, 'sha256:d04e0c5eec20e4d473dd7497f03b223615c2cee988782369035fadb78590f773'],
        19: [1_000_000, 'sha256:6e16a916159fe635578f2ba5b52694a33d0c747b183ff506258be2eb74ea83df'],
      };
      for (const [level, [size, digest]] of Object.entries(golden)) {
        it(`at level ${level}`, async () => {
          assert.equal(digestOf(await pack(code.subarray(0, size), Number(level))), digest);
        });
      }
    },
  );
});
