// Layers that are there already: which are taken over, at what cost, and that nobody can tell from the image.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { PreviousLayers } from '../../../src/adapters/layers/previous-layers.ts';
import type { PreviousImages } from '../../../src/adapters/layers/previous-layers.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import type { LayerSource } from '../../../src/core/oci/layer-source.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import type { Reporter } from '../../../src/core/reporter.ts';
import { countedBuild as build } from '../../support/counted-build.ts';
import type { CountedImage } from '../../support/counted-build.ts';
import { sampleOfSize, sampleContext } from '../../support/sample.ts';

async function readLayers(
  open: () => Promise<PreviousImages>,
  compression = 'gzip',
  reporter: Reporter = silentReporter,
): Promise<PreviousLayers> {
  const layers = new PreviousLayers({ compression: parseCompression(compression), reporter });
  await layers.read(open);
  return layers;
}

function layersOf(made: CountedImage, compression = 'gzip', isLocal = true): Promise<PreviousLayers> {
  const previous = { source: made.layout, roots: [made.manifest], isLocal };
  return readLayers(() => Promise.resolve(previous), compression);
}

/** Those layers of an image that a source finds. */
async function findIn(layers: PreviousLayers, { layers: wanted }: CountedImage): Promise<Descriptor[]> {
  const found = await Promise.all(wanted.map(({ diffId }) => layers.find({ diffId, contentSize: 1 })));
  return found.flatMap((layer) => (layer === undefined ? [] : [layer.descriptor]));
}

const size = 1_000_000 + 'maxmemory 64mb\n'.length;

describe('a layer that is there already', () => {
  for (const compression of ['gzip', 'gzip:9', 'zstd', 'none']) {
    it(`is neither compressed nor stored again, and the image is the same (${compression})`, async (test) => {
      const context = sampleOfSize(test);
      const first = await build(test, context, { compression });
      assert.deepEqual([first.read, first.written, first.external.length], [size, 3, 0]);
      const second = await build(test, context, {
        compression,
        previous: await layersOf(first, compression, false),
      });
      assert.deepEqual([second.read, second.written, second.external.length], [size, 0, 3]);
      assert.equal(second.bytes, first.bytes);
      assert.deepEqual(second.layers, first.layers);
    });
  }

  it('is made again, byte for byte, for whoever opens it', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context);
    const { external } = await build(test, context, { previous: await layersOf(first, 'gzip', false) });
    for (const { descriptor, open } of external) {
      assert.deepEqual(await collect(open()), readFileSync(first.layout.blobPath(descriptor.digest)));
    }
  });

  it('is made again in pieces that stay as they are', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context, { compression: 'none' });
    const previous = await layersOf(first, 'none', false);
    const { external } = await build(test, context, { compression: 'none', previous });
    assert.equal(external.length, 3);
    for (const { descriptor, open } of external) {
      // A registry's connection reads a piece after the next one was asked for.
      const pieces: Uint8Array[] = [];
      for await (const piece of open()) pieces.push(piece);
      assert.equal(describeBytes('', Buffer.concat(pieces)).digest, descriptor.digest);
    }
  });

  it('leaves only what changed to be made', async (test) => {
    const context = sampleOfSize(test);
    const previous = await layersOf(await build(test, context));
    writeFileSync(join(context, 'redis.conf'), 'maxmemory 65mb\n');
    const warm = await build(test, context, { previous });
    assert.deepEqual([warm.written, warm.external.length], [1, 2]);
    // The changed file is read for its digest, and then again.
    assert.equal(warm.read, size + 15);
    assert.equal(warm.bytes, (await build(test, context)).bytes);
  });

  it('is another when anything but the content of a file changed', async (test) => {
    const context = sampleOfSize(test);
    const previous = await layersOf(await build(test, context));
    chmodSync(join(context, 'redis.conf'), 0o755);
    const { external } = await build(test, context, { previous });
    assert.equal(external.length, 2);
  });

  it('costs no second reading when no layer is there', async (test) => {
    const context = sampleOfSize(test);
    const { read } = await build(test, context, {
      previous: new PreviousLayers({ compression: parseCompression('gzip'), reporter: silentReporter }),
    });
    assert.equal(read, size);
  });
});

describe('PreviousLayers', () => {
  for (const [made, wanted] of [
    ['gzip', 'gzip:5'],
    ['gzip', 'zstd'],
    ['gzip', 'none'],
    ['none', 'gzip'],
    ['zstd', 'zstd:4'],
  ] as const) {
    it(`takes no layer of ${made} for one of ${wanted}`, async (test) => {
      const first = await build(test, sampleContext(test), { compression: made });
      assert.equal((await layersOf(first, wanted)).mayHave(), false);
      assert.equal((await findIn(await layersOf(first, made), first)).length, 3);
    });
  }

  /** The image, with its manifest changed. */
  async function changed(
    first: CountedImage,
    change: (layer: Descriptor) => Descriptor,
  ): Promise<PreviousLayers> {
    const manifest = JSON.parse(first.bytes) as { layers: Descriptor[] };
    const bytes = encodeJson({ ...manifest, layers: manifest.layers.map(change) });
    const blob = blobOf(mediaTypes.manifest, bytes);
    const previous = { source: withBlobs(first.layout, [blob]), roots: [blob.descriptor], isLocal: true };
    return readLayers(() => Promise.resolve(previous));
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
      'a mark of before, which named zlib by what it made of a sample',
      (layer) => ({ ...layer, annotations: marked(layer, 'gzip:2/1bf637a498319e78') }),
    ],
    ['a mark of an earlier encoder', (layer) => ({ ...layer, annotations: marked(layer, 'gzip:2/bima-1') })],
    ['a mark of a later encoder', (layer) => ({ ...layer, annotations: marked(layer, 'gzip:2/bima-3') })],
    [
      'a mark of another level',
      (layer) => ({ ...layer, annotations: marked(layer, 'gzip:4/0123456789abcdef') }),
    ],
    ["a layer of docker's", (layer) => ({ ...layer, mediaType: mediaTypes.dockerLayer })],
  ];
  for (const [name, change] of changes) {
    it(`leaves out ${name}`, async (test) => {
      const first = await build(test, sampleContext(test));
      assert.equal((await findIn(await changed(first, (layer) => layer), first)).length, 3);
      assert.equal((await changed(first, change)).mayHave(), false);
    });
  }

  it('reuses no annotation but the mark', async (test) => {
    const first = await build(test, sampleContext(test));
    const previous = await changed(first, (layer) => ({
      ...layer,
      annotations: { ...layer.annotations, other: 'x' },
    }));
    const context = sampleContext(test);
    const second = await build(test, context, { previous });
    assert.deepEqual(second.layers, first.layers);
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
    const previous = await readLayers(() =>
      Promise.resolve({ source, roots: [index.descriptor], isLocal: false }),
    );
    assert.equal((await findIn(previous, first)).length, 3);
  });

  it('has nothing when nothing can be opened, and says why', async () => {
    const said: string[] = [];
    const reporter = { ...silentReporter, debug: (line: string) => said.push(line) };
    const previous = await readLayers(
      () => Promise.reject(new BimaError('REGISTRY_DENIED', 'no entry')),
      'gzip',
      reporter,
    );
    assert.equal(previous.mayHave(), false);
    assert.match(said.join(), /no layer of the previous image is reused.*no entry/);
  });

  it('fails for what is wrong with the options, and for a mistake of ours', async () => {
    for (const error of [new BimaError('INPUT_INVALID', 'empty password'), new TypeError('oops')]) {
      await assert.rejects(
        readLayers(() => Promise.reject(error)),
        error,
      );
    }
  });
});

describe('a layer of the previous image', () => {
  it('is made again when it is damaged on disk', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context);
    const path = first.layout.blobPath(first.layers[0]?.descriptor.digest ?? 'sha256:');
    const bytes = readFileSync(path);
    bytes[500] = (bytes[500] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const second = await build(test, context, { previous: await layersOf(first) });
    assert.deepEqual([second.written, second.external.length], [1, 2]);
    assert.equal(second.bytes, first.bytes);
  });

  it('fails whoever opens it when somebody lied about it', async (test) => {
    const context = sampleOfSize(test);
    const first = await build(test, context);
    const { diffId, descriptor } = first.layers[0] ?? assert.fail();
    const lie = { ...descriptor, ...describeBytes(descriptor.mediaType, Buffer.from('something else')) };
    const liar: LayerSource = {
      kind: 'image',
      mayHave: () => true,
      find: (key) => (key.diffId === diffId ? { descriptor: lie } : undefined),
    };
    const { external } = await build(test, context, { previous: liar });
    const [only = assert.fail()]: readonly Blob[] = external;
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
