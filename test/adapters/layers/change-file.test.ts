// One file of an image: where it is found, and the layer with another content of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { changeFile, findFile } from '../../../src/adapters/layers/change-file.ts';
import { compress, parseCompression } from '../../../src/adapters/layers/compression.ts';
import { markLayer } from '../../../src/adapters/layers/fingerprint.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { ImageLayer } from '../../../src/core/oci/encode-image.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { packTar } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { MemoryStore } from '../../support/memory-store.ts';

async function layersOf(
  store: MemoryStore,
  layers: readonly (readonly SampleEntry[])[],
): Promise<ImageLayer[]> {
  const made: ImageLayer[] = [];
  for (const entries of layers) {
    const tar = await packTar(entries);
    made.push({ descriptor: store.add(mediaTypes.layerGzip, gzipSync(tar)), diffId: digestOf(tar) });
  }
  return made;
}

describe('the file of an image', () => {
  const file = (content: string): SampleEntry => ({ path: 'etc/x', content });
  const rows: [name: string, layers: (readonly SampleEntry[])[], found?: [at: number, content: string]][] = [
    ['is that of the only layer', [[file('0')]], [0, '0']],
    ['is that of the topmost layer that has it', [[file('0')], [file('1')], [{ path: 'y' }]], [1, '1']],
    ['is the last one of its layer', [[file('a'), file('b')]], [0, 'b']],
    [
      'is there below other names',
      [[file('0')], [{ path: 'etc/' }, { path: 'etc/xy' }, { path: 'e' }]],
      [0, '0'],
    ],
    ['may be empty', [[file('0')], [file('')]], [1, '']],
    ['is not there', [[{ path: 'etc/y' }]]],
    ['is not there in an image without layers', []],
    ['was removed', [[file('0')], [{ path: 'etc/.wh.x' }]]],
    ['was removed with its folder', [[file('0')], [{ path: '.wh.etc' }]]],
    ['is hidden by an opaque folder', [[file('0')], [{ path: 'etc/.wh..wh..opq' }]]],
    ['is hidden by a link above it', [[file('0')], [{ path: 'etc', target: 'usr' }]]],
    ['is a link', [[file('0')], [{ path: 'etc/x', target: 'y' }]]],
    ['was replaced by a link in its own layer', [[file('0'), { path: 'etc/x', target: 'y' }]]],
    ['came back after it was removed', [[file('0')], [{ path: 'etc/.wh.x' }, file('1')]], [1, '1']],
    [
      'stays where its own layer removes that of a lower one',
      [[file('0')], [file('1'), { path: 'etc/.wh.x' }]],
      [1, '1'],
    ],
    ['came back above it', [[file('0')], [{ path: 'etc/.wh.x' }], [file('2')]], [2, '2']],
  ];
  for (const [name, layers, found] of rows) {
    it(name, async () => {
      const store = new MemoryStore();
      const result = await findFile(store, await layersOf(store, layers), 'etc/x', 100);
      const plain = result === undefined ? undefined : [result.at, Buffer.from(result.bytes).toString()];
      assert.deepEqual(plain, found);
    });
  }

  it('is looked for from the top, and no further than needed', async () => {
    const store = new MemoryStore();
    const layers = await layersOf(store, [[file('0')], [file('1')], [{ path: 'y' }]]);
    await findFile(store, layers, 'etc/x', 100);
    assert.deepEqual(store.opened, [layers[2]?.descriptor.digest, layers[1]?.descriptor.digest]);
  });

  it('may be as large as the limit, and no larger', async () => {
    const store = new MemoryStore();
    const layers = await layersOf(store, [[file('12345')]]);
    assert.equal((await findFile(store, layers, 'etc/x', 5))?.bytes.length, 5);
    await assert.rejects(findFile(store, layers, 'etc/x', 4), {
      code: 'LAYOUT_INVALID',
      message: `layer ${layers[0]?.descriptor.digest}: expected at most 4 bytes in "/etc/x", got 5`,
    });
    // Others may be of any size.
    assert.equal(await findFile(store, layers, 'etc/y', 4), undefined);
  });

  it('is a copy of what was read', async () => {
    const store = new MemoryStore();
    const content = Buffer.alloc(300_000, 'abc');
    const layers = await layersOf(store, [[{ path: 'etc/x', content }]]);
    const found = await findFile(store, layers, 'etc/x', content.length);
    assert.ok(content.equals(found?.bytes ?? Buffer.alloc(0)));
  });
});

describe('a layer with another content of a file', () => {
  const entries: readonly SampleEntry[] = [
    { path: 'a', content: 'a'.repeat(2000) },
    { path: 'etc/x', content: 'old', mode: 0o600, uid: 7 },
    { path: 'z', content: 'z' },
  ];
  const bytes = Buffer.from('new content that is longer');
  const file = { path: 'etc/x', bytes };
  const expectedTar = () =>
    packTar([
      entries[0] ?? { path: '' },
      { ...entries[1], path: 'etc/x', content: bytes },
      { path: 'z', content: 'z' },
    ]);

  async function change(store: MemoryStore, descriptor: ImageLayer['descriptor'], own = entries) {
    return changeFile(store, { descriptor, diffId: digestOf(await packTar(own)) }, file, store);
  }

  it('is compressed as it was, by whom it was, and marked as ours', async () => {
    for (const text of ['gzip:1', 'gzip:9', 'zstd:2', 'none']) {
      const store = new MemoryStore();
      const compression = parseCompression(text);
      const tar = await packTar(entries);
      const packed = await readAll(compress(streamOf(tar), compression));
      const types = { gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd, none: mediaTypes.layerTar };
      const descriptor = await markLayer(store.add(types[compression.method], packed), compression);
      const changed = await change(store, descriptor);
      const wanted = await expectedTar();
      const again = await readAll(compress(streamOf(wanted), compression));
      const { digest, size } = { digest: digestOf(again), size: again.length };
      assert.deepEqual(changed, {
        descriptor: await markLayer({ mediaType: types[compression.method], digest, size }, compression),
        diffId: digestOf(wanted),
      });
    }
  });

  it('has the usual level where nobody says which one it had, or another method is named', async () => {
    const tar = await packTar(entries);
    const rows = [
      { type: mediaTypes.layerGzip, packed: gzipSync(tar), unpack: gunzipSync, mark: /^gzip:2\//, level: '' },
      {
        type: mediaTypes.dockerLayer,
        packed: gzipSync(tar),
        unpack: gunzipSync,
        mark: /^gzip:2\//,
        level: '',
      },
      {
        type: mediaTypes.layerZstd,
        packed: zstdCompressSync(tar),
        unpack: zstdDecompressSync,
        mark: /^zstd:3\//,
        level: '',
      },
      {
        type: mediaTypes.layerZstd,
        packed: zstdCompressSync(tar),
        unpack: zstdDecompressSync,
        mark: /^zstd:3\//,
        level: 'gzip:9/bima-1 0',
      },
      {
        type: mediaTypes.layerGzip,
        packed: gzipSync(tar),
        unpack: gunzipSync,
        mark: /^gzip:2\//,
        level: 'gzip-like:9/x',
      },
    ];
    for (const { type, packed, unpack, mark, level } of rows) {
      const store = new MemoryStore();
      const descriptor = store.add(type, packed);
      const annotations = { 'com.nubificus.bima.compressor': level, other: 'gone' };
      const changed = await change(store, { ...descriptor, annotations });
      assert.deepEqual(Object.keys(changed.descriptor.annotations ?? {}), ['com.nubificus.bima.compressor']);
      assert.match(changed.descriptor.annotations?.['com.nubificus.bima.compressor'] ?? '', mark);
      assert.equal(
        changed.descriptor.mediaType,
        type === mediaTypes.dockerLayer ? mediaTypes.layerGzip : type,
      );
      const stored = store.blobs.get(changed.descriptor.digest) ?? Buffer.alloc(0);
      assert.ok(unpack(stored).equals(await expectedTar()));
    }
  });

  it('is refused for another tar than the config names', async () => {
    const store = new MemoryStore();
    const tar = await packTar(entries);
    const descriptor = store.add(mediaTypes.layerTar, tar);
    const diffId = digestOf(Buffer.from('another'));
    await assert.rejects(changeFile(store, { descriptor, diffId }, file, store), {
      code: 'DIGEST_MISMATCH',
      message: `layer ${descriptor.digest}, unpacked: expected ${diffId}, got other content`,
    });
  });

  it('is refused for what is no layer', async () => {
    const store = new MemoryStore();
    const descriptor = store.add('application/x.unknown', await packTar(entries));
    await assert.rejects(change(store, descriptor), {
      code: 'LAYOUT_INVALID',
      message: `layer ${descriptor.digest}: expected the media type of a layer, got "application/x.unknown"`,
    });
  });

  it('is refused where another name of the same file would have the old content', async () => {
    const store = new MemoryStore();
    const own: readonly SampleEntry[] = [
      { path: 'etc/y', content: 'old' },
      { path: 'etc/x', target: 'etc/y', hard: true },
    ];
    const descriptor = store.add(mediaTypes.layerTar, await packTar(own));
    await assert.rejects(change(store, descriptor, own), {
      code: 'LAYOUT_INVALID',
      message: `layer ${descriptor.digest}: "/etc/x" can't be changed in its tar`,
    });
  });
});
