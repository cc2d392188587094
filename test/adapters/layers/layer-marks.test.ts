// What the mark of a layer says, and for which layers it counts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import {
  compressorOf,
  isMadeBy,
  markedCompression,
  markLayer,
  nameCompressor,
} from '../../../src/adapters/layers/fingerprint.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { isFramed } from '../../../src/adapters/layers/zstd.ts';

const annotation = 'com.nubificus.bima.compressor';
const digest: Digest = `sha256:0123456789abcdef${'f'.repeat(48)}`;
const diffId: Digest = `sha256:${'1'.repeat(64)}`;
const layer = { mediaType: mediaTypes.layerGzip, digest, size: 5 };
const gzip = parseCompression('gzip:4');
const marked = (mark: string) => ({ ...layer, annotations: { [annotation]: mark } });

describe('the mark of a layer', () => {
  it('has the compressor and the start of the digest, in place of all annotations', async () => {
    const before = {
      ...layer,
      annotations: { other: 'x' },
      platform: { os: 'linux', architecture: 'amd64' },
    };
    assert.deepEqual(await markLayer(before, gzip), marked('gzip:4/bima-2 0123456789abcdef'));
    assert.deepEqual(await markLayer(before, parseCompression('none')), layer);
  });

  it('names a method and a level', () => {
    const rows: [mark: string, is: string | undefined][] = [
      ['gzip:4/bima-1 0123456789abcdef', 'gzip:4'],
      ['zstd:19/0123456789abcdef 0123', 'zstd:19'],
      ['gzip:4', undefined],
      ['gzip/bima-1', undefined],
      [':4/bima-1', undefined],
      ['Xgzip:4/bima-1', undefined],
      [' gzip:4/bima-1', undefined],
      ['gzip:x4/bima-1', undefined],
      ['', undefined],
    ];
    for (const [mark, is] of rows) assert.equal(markedCompression(marked(mark)), is, mark);
    assert.equal(markedCompression(layer), undefined);
    assert.equal(markedCompression({ ...layer, annotations: {} }), undefined);
  });

  it('names a compressor for the digest that it was made for', () => {
    const rows: [mark: string, is: string | undefined][] = [
      ['gzip:4/bima-1 0123456789abcdef', 'gzip:4/bima-1'],
      ['gzip:4/bima-1 0123456789abcdee', undefined],
      ['gzip:4/bima-1 0123456789abcdef0', undefined],
      ['gzip:4/bima-10123456789abcdef', undefined],
      ['gzip:4/bima-1', undefined],
      ['', undefined],
    ];
    for (const [mark, is] of rows) assert.equal(compressorOf(marked(mark)), is, mark);
    assert.equal(compressorOf(layer), undefined);
  });

  it('counts for its own compression, and its own media type', async () => {
    const own = await markLayer(layer, gzip);
    assert.ok(await isMadeBy(gzip, own, diffId));
    assert.ok(!(await isMadeBy(parseCompression('gzip:5'), own, diffId)));
    assert.ok(!(await isMadeBy(gzip, { ...own, mediaType: mediaTypes.dockerLayer }, diffId)));
    assert.ok(!(await isMadeBy(gzip, layer, diffId)));
    assert.ok(!(await isMadeBy(gzip, { ...layer, annotations: {} }, diffId)));
    const zstd = parseCompression('zstd');
    assert.ok(!(await isMadeBy(zstd, { ...own, mediaType: mediaTypes.layerZstd }, diffId)));
  });

  it('is not needed without compression: the digests say it', async () => {
    const none = parseCompression('none');
    const tar = { ...layer, mediaType: mediaTypes.layerTar };
    assert.ok(await isMadeBy(none, tar, digest));
    assert.ok(!(await isMadeBy(none, tar, diffId)));
    assert.ok(!(await isMadeBy(none, layer, digest)));
  });
});

describe('the name of zstd', { skip: process.versions.zstd !== '1.5.7' && 'another zstd' }, () => {
  // Layers with these marks are in registries: with other names, none of them is reused.
  const names: Readonly<Record<string, string>> = {
    'zstd:1': 'zstd:1/frames-5f090b8ace490089',
    'zstd:3': 'zstd:3/frames-51c45fe8484c4fb9',
    'zstd:6': 'zstd:6/frames-e8443c72cc3536d7',
    'zstd:7': 'zstd:7/cefefd3c3cc46f56',
    'zstd:19': 'zstd:19/47ee2cc557f0c591',
  };
  for (const [text, name] of Object.entries(names))
    it(`stays what it is: ${name}`, async () => {
      assert.equal(await nameCompressor(parseCompression(text)), name);
    });
});

describe('the frames of zstd', () => {
  it('are several up to level 6', () => {
    assert.deepEqual([1, 6, 7, 19].map(isFramed), [true, true, false, false]);
  });
});
