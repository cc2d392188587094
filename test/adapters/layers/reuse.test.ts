// Layers that are there already: which are taken over, at what cost, and that nobody can tell from the image.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { findKnownLayers } from '../../../src/adapters/layers/reuse.ts';
import type { KnownLayers } from '../../../src/adapters/layers/reuse.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { countedBuild as build } from '../../support/counted-build.ts';
import type { CountedImage } from '../../support/counted-build.ts';
import { sampleOfSize, sampleContext } from '../../support/sample.ts';

function knownOf(made: CountedImage, compression = 'gzip', isLocal = true): Promise<KnownLayers> {
  const previous = { source: made.layout, roots: [made.manifest], isLocal };
  return findKnownLayers(() => Promise.resolve(previous), parseCompression(compression), silentReporter);
}

const size = 1_000_000 + 'maxmemory 64mb\n'.length;

describe('a layer that is there already', () => {
  for (const compression of ['gzip', 'gzip:9', 'zstd', 'none']) {
    it(`is neither compressed nor stored again, and the image is the same (${compression})`, async (test) => {
      const context = sampleOfSize(test);
      const first = await build(test, context, { compression });
      assert.deepEqual([first.read, first.written, first.elsewhere.length], [size, 3, 0]);
      const second = await build(test, context, {
        compression,
        known: await knownOf(first, compression, false),
      });
      assert.deepEqual([second.read, second.written, second.elsewhere.length], [size, 0, 3]);
      assert.equal(second.bytes, first.bytes);
      assert.deepEqual(second.layers, first.layers);
    });
  }

  it('is made again, byte for byte, for whoever opens it', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context);
    const { elsewhere } = await build(test, context, { known: await knownOf(first, 'gzip', false) });
    for (const { descriptor, open } of elsewhere) {
      assert.deepEqual(await collect(open()), readFileSync(first.layout.blobPath(descriptor.digest)));
    }
  });

  it('is made again in pieces that stay as they are', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context, { compression: 'none' });
    const known = await knownOf(first, 'none', false);
    const { elsewhere } = await build(test, context, { compression: 'none', known });
    assert.equal(elsewhere.length, 3);
    for (const { descriptor, open } of elsewhere) {
      // A registry's connection reads a piece after the next one was asked for.
      const pieces: Uint8Array[] = [];
      for await (const piece of open()) pieces.push(piece);
      assert.equal(describeBytes('', Buffer.concat(pieces)).digest, descriptor.digest);
    }
  });

  it('leaves only what changed to be made', async (test) => {
    const context = sampleOfSize(test);
    const known = await knownOf(await build(test, context));
    writeFileSync(join(context, 'redis.conf'), 'maxmemory 65mb\n');
    const warm = await build(test, context, { known });
    assert.deepEqual([warm.written, warm.elsewhere.length], [1, 2]);
    // The changed file is read for its digest, and then again.
    assert.equal(warm.read, size + 15);
    assert.equal(warm.bytes, (await build(test, context)).bytes);
  });

  it('is another when anything but the content of a file changed', async (test) => {
    const context = sampleOfSize(test);
    const known = await knownOf(await build(test, context));
    chmodSync(join(context, 'redis.conf'), 0o755);
    const { elsewhere } = await build(test, context, { known });
    assert.equal(elsewhere.length, 2);
  });

  it('costs no second reading when nothing is known', async (test) => {
    const context = sampleOfSize(test);
    const { read } = await build(test, context, { known: new Map() });
    assert.equal(read, size);
  });
});

describe('findKnownLayers', () => {
  for (const [made, wanted] of [
    ['gzip', 'gzip:5'],
    ['gzip', 'zstd'],
    ['gzip', 'none'],
    ['none', 'gzip'],
    ['zstd', 'zstd:4'],
  ] as const) {
    it(`takes no layer of ${made} for one of ${wanted}`, async (test) => {
      const first = await build(test, sampleContext(test), { compression: made });
      assert.equal((await knownOf(first, wanted)).size, 0);
      assert.equal((await knownOf(first, made)).size, 3);
    });
  }

  /** The image, with its manifest changed. */
  async function changed(
    first: CountedImage,
    change: (layer: Descriptor) => Descriptor,
  ): Promise<KnownLayers> {
    const manifest = JSON.parse(first.bytes) as { layers: Descriptor[] };
    const bytes = encodeJson({ ...manifest, layers: manifest.layers.map(change) });
    const blob = blobOf(mediaTypes.manifest, bytes);
    const previous = { source: withBlobs(first.layout, [blob]), roots: [blob.descriptor], isLocal: true };
    return findKnownLayers(() => Promise.resolve(previous), parseCompression('gzip'), silentReporter);
  }

  const changes: [name: string, change: (layer: Descriptor) => Descriptor][] = [
    [
      'a layer without the mark',
      ({ mediaType, digest, size: length }) => ({ mediaType, digest, size: length }),
    ],
    [
      'a layer that was compressed anew, with the mark of the old one',
      (layer) => ({ ...layer, ...describeBytes(layer.mediaType, Buffer.from(layer.digest)) }),
    ],
    [
      'a mark of another compressor',
      (layer) => ({ ...layer, annotations: marked(layer, 'gzip:4/0123456789abcdef') }),
    ],
    ["a layer of docker's", (layer) => ({ ...layer, mediaType: mediaTypes.dockerLayer })],
  ];
  for (const [name, change] of changes) {
    it(`leaves out ${name}`, async (test) => {
      const first = await build(test, sampleContext(test));
      assert.equal((await changed(first, (layer) => layer)).size, 3);
      assert.equal((await changed(first, change)).size, 0);
    });
  }

  it('takes over no annotation but the mark', async (test) => {
    const first = await build(test, sampleContext(test));
    const known = await changed(first, (layer) => ({
      ...layer,
      annotations: { ...layer.annotations, other: 'x' },
    }));
    assert.deepEqual(
      [...known.values()].map(({ descriptor }) => descriptor),
      first.layers.map(({ descriptor }) => descriptor),
    );
  });

  it('looks into an index, and past what is no image', async (test) => {
    const first = await build(test, sampleContext(test));
    const broken = blobOf(mediaTypes.manifest, Buffer.from('{}'));
    const attestation = { ...broken.descriptor, platform: { os: 'unknown', architecture: 'unknown' } };
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [attestation, broken.descriptor, first.manifest],
    };
    const index = blobOf(mediaTypes.index, encodeJson(document));
    const source = withBlobs(first.layout, [index, broken]);
    const known = await findKnownLayers(
      () => Promise.resolve({ source, roots: [index.descriptor], isLocal: false }),
      parseCompression('gzip'),
      silentReporter,
    );
    assert.equal(known.size, 3);
  });

  it('knows nothing when nothing can be opened, and says why', async () => {
    const said: string[] = [];
    const reporter = { ...silentReporter, debug: (line: string) => said.push(line) };
    const known = await findKnownLayers(
      () => Promise.reject(new BimaError('REGISTRY_DENIED', 'no entry')),
      parseCompression('gzip'),
      reporter,
    );
    assert.equal(known.size, 0);
    assert.match(said.join(), /no layer is taken over.*no entry/);
  });

  it('fails for what is wrong with the options, and for a mistake of ours', async () => {
    for (const error of [new BimaError('INPUT_INVALID', 'empty password'), new TypeError('oops')]) {
      const known = findKnownLayers(() => Promise.reject(error), parseCompression('gzip'), silentReporter);
      await assert.rejects(known, error);
    }
  });
});

describe('a known layer', () => {
  it('is made again when it is damaged on disk', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context);
    const path = first.layout.blobPath(first.layers[0]?.descriptor.digest ?? 'sha256:');
    const bytes = readFileSync(path);
    bytes[500] = (bytes[500] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const second = await build(test, context, { known: await knownOf(first) });
    assert.deepEqual([second.written, second.elsewhere.length], [1, 2]);
    assert.equal(second.bytes, first.bytes);
  });

  it('fails whoever opens it when somebody lied about it', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context);
    const { diffId, descriptor } = first.layers[0] ?? assert.fail();
    const lie = { ...descriptor, ...describeBytes(descriptor.mediaType, Buffer.from('something else')) };
    const { elsewhere } = await build(test, context, { known: new Map([[diffId, { descriptor: lie }]]) });
    const [only = assert.fail()]: readonly Blob[] = elsewhere;
    await assert.rejects(collect(only.open()), { code: 'DIGEST_MISMATCH', hint: /--no-reuse/ });
  });
});

function marked({ digest }: Descriptor, compressor: string): Record<string, string> {
  return { 'com.nubificus.bima.compressor': `${compressor} ${digest.slice(7, 23)}` };
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
