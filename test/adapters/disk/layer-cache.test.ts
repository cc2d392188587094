// The records of cached layers: what they find, and what becomes of those that find nothing.

import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BlobCache } from '../../../src/adapters/disk/blob-cache.ts';
import { LayerCache } from '../../../src/adapters/disk/layer-cache.ts';
import { OwnRecords } from '../../../src/adapters/disk/own-records.ts';
import { decompress as unpack } from '../../../src/adapters/layers/compression.ts';
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
});
