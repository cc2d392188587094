// The records of cached layers: what they find, and what becomes of those that find nothing.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BlobCache } from '../../../src/adapters/disk/blob-cache.ts';
import { LayerCache } from '../../../src/adapters/disk/layer-cache.ts';
import type { LayerCacheOptions } from '../../../src/adapters/disk/layer-cache.ts';
import { OwnRecords } from '../../../src/adapters/disk/own-records.ts';
import { decompress as unpack } from '../../../src/adapters/layers/compression.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { Problem } from '../../../src/core/errors.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { digestOf, hexOf } from '../../../src/core/oci/digest.ts';
import type { LayerKey } from '../../../src/core/oci/layer-source.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { temporaryFolder } from '../../support/folder.ts';

const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const content = gzipSync('its tar');
const decompress = (stream: ByteStream, type: string) => unpack(stream, type, 'a layer');
const layer = describeBytes(mediaType, content);
const key: LayerKey = { diffId: digestOf(Buffer.from('its tar')), contentSize: 2_000_000 };

function layersIn(directory: string, compressor = 'gzip:2/0123456789abcdef', limit?: number): LayerCache {
  const reporter = silentReporter;
  const blobs = new BlobCache({ directory, reporter, limit });
  return new LayerCache({
    ...{ blobs, mediaType, reporter, decompress, reuse: true },
    compressor: () => Promise.resolve(compressor),
  });
}

async function keep(directory: string): Promise<LayerCache> {
  const layers = layersIn(directory);
  writeFileSync(join(directory, 'file'), content);
  await layers.add(key, layer, join(directory, 'file'));
  return layers;
}

const recordsOf = (directory: string) => join(directory, 'layers/gzip-2-0123456789abcdef');
const blobOf = (directory: string) => join(directory, 'blobs/sha256', hexOf(layer.digest));

describe('the cache of layers', () => {
  it('finds a layer that was added, in the same run and in a later one', async (test) => {
    const directory = temporaryFolder(test);
    const before = layersIn(directory);
    assert.equal(await before.mayHave(key.contentSize), false);
    writeFileSync(join(directory, 'file'), content);
    await before.add(key, { ...layer, annotations: { a: 'b' } }, join(directory, 'file'));
    for (const layers of [before, layersIn(directory)]) {
      assert.equal(await layers.mayHave(key.contentSize), true);
      assert.equal(await layers.mayHave(key.contentSize + 1), false);
      const blob = await layers.find(key);
      assert.deepEqual(blob?.descriptor, layer);
      assert.deepEqual(Buffer.from(await readAll(blob.open())), content);
    }
    assert.deepEqual(readdirSync(recordsOf(directory)), [`2000000-${hexOf(key.diffId)}`]);
  });

  it('unpacks a layer once for each user, and never one that this user has made', async (test) => {
    const directory = temporaryFolder(test);
    let unpacked = 0;
    const layersOf = (home: string) => {
      const reporter = silentReporter;
      return new LayerCache({
        ...{ blobs: new BlobCache({ directory, reporter }), mediaType, reporter, reuse: true },
        records: new OwnRecords({ cacheHome: home, reuse: true, reporter }),
        decompress: (stream, type) => {
          unpacked += 1;
          return decompress(stream, type);
        },
        compressor: () => Promise.resolve('gzip:2/0123456789abcdef'),
      });
    };
    const [maker, other] = [temporaryFolder(test), temporaryFolder(test)];
    writeFileSync(join(directory, 'file'), content);
    await layersOf(maker).add(key, layer, join(directory, 'file'));
    for (const [home, times] of [[maker, 0] as const, [other, 1] as const, [other, 1] as const]) {
      assert.deepEqual((await layersOf(home).find(key))?.descriptor, layer);
      assert.equal(unpacked, times);
    }
  });

  const lies: [name: string, bytes: Uint8Array, key: LayerKey][] = [
    ['is another layer', gzipSync('another tar'), key],
    ['is no layer', Buffer.from('no gzip'), key],
    ['is cut off', content.subarray(0, -9), key],
  ];
  for (const [name, bytes, wanted] of lies) {
    it(`takes nothing from a record whose blob ${name}, and removes it`, async (test) => {
      const directory = temporaryFolder(test, { file: bytes });
      await layersIn(directory).add(wanted, describeBytes(mediaType, bytes), join(directory, 'file'));
      assert.equal(readdirSync(recordsOf(directory)).length, 1);
      assert.equal(await layersIn(directory).find(wanted), undefined);
      assert.deepEqual(readdirSync(recordsOf(directory)), []);
    });
  }

  it('has a folder for each compressor', async (test) => {
    const directory = temporaryFolder(test);
    await keep(directory);
    const other = layersIn(directory, 'gzip:2/fedcba9876543210');
    assert.equal(await other.mayHave(key.contentSize), false);
    assert.equal(await other.find(key), undefined);
  });

  it('removes a record whose blob is gone', async (test) => {
    const directory = temporaryFolder(test);
    await keep(directory);
    rmSync(blobOf(directory));
    assert.equal(await layersIn(directory).find(key), undefined);
    assert.deepEqual(readdirSync(recordsOf(directory)), []);
  });

  it('removes a damaged blob with its record', async (test) => {
    const directory = temporaryFolder(test);
    await keep(directory);
    writeFileSync(blobOf(directory), 'a compressed LAYER');
    assert.equal(await layersIn(directory).find(key), undefined);
    assert.deepEqual(readdirSync(recordsOf(directory)), []);
    assert.deepEqual(readdirSync(join(directory, 'blobs/sha256')), []);
  });

  it('notes the use of a blob, and removes none that this run uses', async (test) => {
    const directory = temporaryFolder(test);
    await keep(directory);
    utimesSync(blobOf(directory), new Date(0), new Date(0));
    const layers = layersIn(directory, undefined, 1);
    await layers.find(key);
    assert.ok(Date.now() - statSync(blobOf(directory)).mtimeMs < 60_000);
    const other = Buffer.from('another layer');
    writeFileSync(join(directory, 'file'), other);
    const second = { diffId: digestOf(other), contentSize: 3_000_000 };
    await layers.add(second, describeBytes(mediaType, other), join(directory, 'file'));
    assert.equal(readdirSync(join(directory, 'blobs/sha256')).length, 2);
    assert.equal(readdirSync(recordsOf(directory)).length, 2);
  });

  it('says nothing more once it could not keep a layer', async (test) => {
    const directory = temporaryFolder(test, { cache: 'a file' });
    const blobs = new BlobCache({ directory: join(directory, 'cache'), reporter: silentReporter });
    const said: string[] = [];
    const reporter = {
      ...silentReporter,
      warning: ({ message }: { message: string }) => void said.push(message),
    };
    const compressor = () => Promise.resolve('gzip');
    const layers = new LayerCache({ blobs, mediaType, reporter, decompress, reuse: true, compressor });
    writeFileSync(join(directory, 'file'), content);
    for (const contentSize of [2_000_000, 3_000_000])
      await layers.add({ ...key, contentSize }, layer, join(directory, 'file'));
    assert.equal(said.length, 1);
  });

  interface Said {
    readonly warnings: Problem[];
    readonly debug: string[];
  }

  function speaking(directory: string, more: Partial<LayerCacheOptions> = {}): LayerCache & { said: Said } {
    const said: Said = { warnings: [], debug: [] };
    const reporter = {
      ...silentReporter,
      warning: (problem: Problem) => void said.warnings.push(problem),
      debug: (line: string) => void said.debug.push(line),
    };
    const blobs = new BlobCache({ directory, reporter: silentReporter });
    const compressor = () => Promise.resolve('gzip:2/0123456789abcdef');
    const options = { blobs, mediaType, reporter, decompress, reuse: true, compressor, ...more };
    return Object.assign(new LayerCache(options), { said });
  }

  it('has layers of a MiB and more, and is not asked for others', async (test) => {
    const directory = temporaryFolder(test, { file: content });
    const mebibyte = 1024 * 1024;
    for (const [contentSize, isThere] of [
      [mebibyte - 1, false],
      [mebibyte, true],
    ] as const) {
      const wanted = { ...key, contentSize };
      const layers = speaking(directory);
      assert.equal(layers.kind, 'cache');
      assert.equal(await layers.mayHave(contentSize), false);
      await layers.add(wanted, layer, join(directory, 'file'));
      assert.equal(await layers.mayHave(contentSize), isThere);
      assert.equal((await speaking(directory).find(wanted)) !== undefined, isThere);
    }
    assert.deepEqual(readdirSync(recordsOf(directory)), [`1048576-${hexOf(key.diffId)}`]);
    // A record of a small layer, as another version might write it.
    writeFileSync(join(recordsOf(directory), `5-${hexOf(key.diffId)}`), JSON.stringify(layer));
    assert.equal(await speaking(directory).mayHave(5), false);
    assert.equal(await speaking(directory).find({ ...key, contentSize: 5 }), undefined);
  });

  it('is written to and not searched by a build that makes everything anew', async (test) => {
    const directory = temporaryFolder(test, { file: content });
    const layers = speaking(directory, { reuse: false });
    await layers.add(key, layer, join(directory, 'file'));
    assert.equal(await layers.mayHave(key.contentSize), false);
    assert.equal(await layers.find(key), undefined);
    assert.deepEqual((await speaking(directory).find(key))?.descriptor, layer);
  });

  it('has letters, digits and single dashes in the name of a folder', async (test) => {
    const directory = temporaryFolder(test, { file: content });
    const compressor = () => Promise.resolve('Zstd::3//ab 1');
    await speaking(directory, { compressor }).add(key, layer, join(directory, 'file'));
    assert.deepEqual(readdirSync(join(directory, 'layers')), ['-std-3-ab-1']);
  });

  const records: [name: string, write: (path: string) => void][] = [
    [
      'that is no JSON',
      (path) => {
        writeFileSync(path, '{');
      },
    ],
    [
      'that is no descriptor',
      (path) => {
        writeFileSync(path, '{}');
      },
    ],
    [
      'of another type',
      (path) => {
        writeFileSync(path, JSON.stringify({ ...layer, mediaType: 'other' }));
      },
    ],
    [
      'that is a folder',
      (path) => {
        rmSync(path);
        mkdirSync(join(path, 'inside'), { recursive: true });
      },
    ],
  ];
  for (const [name, write] of records)
    it(`removes a record ${name}, and leaves the blob`, async (test) => {
      const directory = temporaryFolder(test);
      await keep(directory);
      write(join(recordsOf(directory), `2000000-${hexOf(key.diffId)}`));
      const unused = () => assert.fail('unpacked');
      assert.equal(await speaking(directory, { decompress: unused }).find(key), undefined);
      assert.deepEqual(readdirSync(recordsOf(directory)), []);
      assert.equal(existsSync(blobOf(directory)), true);
    });

  it('finds nothing of another size or content, and leaves what is there', async (test) => {
    const directory = temporaryFolder(test);
    await keep(directory);
    for (const other of [
      { ...key, contentSize: 3_000_000 },
      { ...key, diffId: layer.digest },
    ])
      assert.equal(await speaking(directory).find(other), undefined);
    assert.equal(readdirSync(recordsOf(directory)).length, 1);
  });

  it('says why a layer is not used, and knows it no better afterwards', async (test) => {
    const directory = temporaryFolder(test, { file: gzipSync('another tar'), broken: 'no gzip' });
    const home = temporaryFolder(test);
    const own = new OwnRecords({ cacheHome: home, reuse: true, reporter: silentReporter });
    for (const [file, line] of [
      ['file', /^the layer (sha256:\w+) of the cache is not the one that its record names, and not used$/],
      ['broken', /^the layer (sha256:\w+) of the cache can't be unpacked: a layer is damaged: /],
    ] as const) {
      const described = describeBytes(mediaType, readFileSync(join(directory, file)));
      await speaking(directory).add(key, described, join(directory, file));
      const layers = speaking(directory, { records: own });
      assert.equal(await layers.find(key), undefined);
      assert.equal(line.exec(layers.said.debug.join())?.[1], described.digest);
      assert.equal(own.findDiffId(described.digest), undefined);
    }
    await keep(directory);
    const layers = speaking(directory, { records: own });
    assert.ok(await layers.find(key));
    assert.equal(own.findDiffId(layer.digest), key.diffId);
    assert.deepEqual(layers.said, { warnings: [], debug: [] });
  });

  it('hides no fault that is not of the layer', async (test) => {
    const directory = temporaryFolder(test);
    await keep(directory);
    const faulty = () => {
      throw new Error('a fault');
    };
    await assert.rejects(speaking(directory, { decompress: faulty }).find(key), /a fault/);
    for (const error of [new Error('a fault'), new BimaError('INPUT_INVALID', 'a fault')]) {
      const layers = speaking(directory, { compressor: () => Promise.reject(error) });
      await assert.rejects(layers.add(key, layer, join(directory, 'file')), /a fault/);
      assert.deepEqual(layers.said.warnings, []);
    }
  });

  it('warns once of a layer that it could not keep, with what to do', async (test) => {
    const directory = temporaryFolder(test, { file: content, 'cache/layers': 'a file' });
    const cache = join(directory, 'cache');
    const layers = speaking(cache);
    await layers.add(key, layer, join(directory, 'file'));
    await layers.add({ ...key, contentSize: 3_000_000 }, layer, join(directory, 'file'));
    assert.deepEqual(layers.said.warnings, [
      {
        code: 'OUTPUT_FAILED',
        message: `no layer is cached for later builds: can't write "${cache}": a part of the path is a file`,
        hint: 'Choose another place.',
      },
    ]);
    assert.deepEqual(readdirSync(join(cache, 'blobs/sha256')), [hexOf(layer.digest)]);
  });

  it('leaves nothing of a record that it could not write', async (test) => {
    const directory = temporaryFolder(test, { file: content });
    mkdirSync(join(recordsOf(directory), `2000000-${hexOf(key.diffId)}`, 'inside'), { recursive: true });
    const layers = speaking(directory);
    await layers.add(key, layer, join(directory, 'file'));
    assert.equal(layers.said.warnings.length, 1);
    assert.deepEqual(readdirSync(join(directory, 'blobs/sha256')), [hexOf(layer.digest)]);
  });

  it('removes records whose blobs were evicted, and leaves the others', async (test) => {
    const directory = temporaryFolder(test, { file: content });
    const sizes = [2_000_000, 3_000_000, 4_000_000];
    const contents = ['one', 'two', 'three'].map((text) => gzipSync(text));
    const diffIds = ['one', 'two', 'three'].map((text) => digestOf(Buffer.from(text)));
    for (const [at, bytes] of contents.entries()) {
      writeFileSync(join(directory, 'file'), bytes);
      // Each run has room for its own and one more.
      const limit = at < 2 ? undefined : bytes.length + (contents[1]?.length ?? 0);
      const layers = layersIn(directory, undefined, limit);
      const of = { diffId: diffIds[at] ?? key.diffId, contentSize: sizes[at] ?? 0 };
      await layers.add(of, describeBytes(mediaType, bytes), join(directory, 'file'));
      const path = join(directory, 'blobs/sha256', hexOf(digestOf(bytes)));
      utimesSync(path, 1000 + at, 1000 + at);
    }
    const left = [3_000_000, 4_000_000].map((size, at) => `${size}-${hexOf(diffIds[at + 1] ?? key.diffId)}`);
    assert.deepEqual(readdirSync(recordsOf(directory)).sort(), left);
  });
});
