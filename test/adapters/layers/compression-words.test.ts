// How compressions are written and read, word for word, and what is no layer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decompress,
  formatCompression,
  layerMediaType,
  parseCompression,
} from '../../../src/adapters/layers/compression.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';

describe('a compression in words', () => {
  const rows: [
    text: string,
    is: string,
    method: 'gzip' | 'zstd' | 'none',
    level: number,
    mediaType: string,
  ][] = [
    ['gzip', 'gzip:2', 'gzip', 2, mediaTypes.layerGzip],
    ['gzip:1', 'gzip:1', 'gzip', 1, mediaTypes.layerGzip],
    ['gzip:9', 'gzip:9', 'gzip', 9, mediaTypes.layerGzip],
    ['zstd', 'zstd:3', 'zstd', 3, mediaTypes.layerZstd],
    ['zstd:19', 'zstd:19', 'zstd', 19, mediaTypes.layerZstd],
    ['none', 'none', 'none', 0, mediaTypes.layerTar],
  ];
  for (const [text, is, method, level, mediaType] of rows)
    it(`is ${text}`, () => {
      const compression = parseCompression(text);
      assert.deepEqual(compression, { method, level });
      assert.deepEqual([formatCompression(compression), layerMediaType(compression)], [is, mediaType]);
    });

  const levels: [text: string, expected: string][] = [
    ['gzip:0', 'a level of gzip from 1 to 9'],
    ['gzip:10', 'a level of gzip from 1 to 9'],
    ['zstd:0', 'a level of zstd from 1 to 19'],
    ['zstd:20', 'a level of zstd from 1 to 19'],
    ['none:0', 'no level for "none"'],
    ['none:1', 'no level for "none"'],
  ];
  for (const [text, expected] of levels)
    it(`is not ${text}`, () => {
      assert.throws(() => parseCompression(text), {
        code: 'INPUT_INVALID',
        message: `expected ${expected}, got "${text}"`,
      });
    });

  for (const text of [
    '',
    'xz',
    'gzip:',
    'gzip:x',
    'gzip:1x',
    'gzip:-1',
    ' gzip',
    'gzip ',
    'xgzip',
    'gzip:1:2',
    'GZIP',
  ])
    it(`is not "${text}"`, () => {
      assert.throws(() => parseCompression(text), {
        code: 'INPUT_INVALID',
        message: `expected "gzip", "zstd" or "none" as the compression, got "${text}"`,
        hint: 'gzip and zstd take a level after a colon, such as "gzip:9".',
      });
    });
});

describe('what is decompressed', () => {
  it('is a layer', async () => {
    await assert.rejects(readAll(decompress(streamOf(Buffer.from('x')), 'text/plain', 'layer 1')), {
      code: 'LAYOUT_INVALID',
      message: 'layer 1: expected the media type of a layer, got "text/plain"',
    });
  });
});
