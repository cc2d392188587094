// The differences of an image and its rebuild, as they are named and shown.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { markLayer } from '../../../src/adapters/layers/fingerprint.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { compareImages } from '../../../src/usecases/verify/compare-images.ts';
import type { Side } from '../../../src/usecases/verify/compare-images.ts';
import { packTar } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { MemoryStore } from '../../support/memory-store.ts';

interface Sample {
  readonly layers?: readonly (readonly SampleEntry[])[];
  readonly architecture?: string;
  /** Without compression. */
  readonly plain?: boolean;
  readonly level?: number;
  readonly marked?: string;
  readonly history?: readonly object[];
  /** Blanks in a document. */
  readonly space?: 'config' | 'manifest';
  readonly changeTar?: (tar: Buffer) => Buffer;
}

const spaced = (bytes: Uint8Array) =>
  Buffer.from(JSON.stringify(JSON.parse(Buffer.from(bytes).toString()), null, 1));

async function put(store: MemoryStore, sample: Sample = {}): Promise<Descriptor> {
  const { layers = [[{ path: 'a', content: 'a' }]], architecture = 'amd64', history } = sample;
  const diffIds: string[] = [];
  const descriptors: Descriptor[] = [];
  for (const entries of layers) {
    const tar = (sample.changeTar ?? ((same) => same))(await packTar(entries));
    diffIds.push(digestOf(tar));
    const layer =
      sample.plain === true
        ? store.add(mediaTypes.layerTar, tar)
        : store.add(mediaTypes.layerGzip, gzipSync(tar, { level: sample.level ?? 6 }));
    descriptors.push(
      sample.marked === undefined ? layer : await markLayer(layer, parseCompression(sample.marked)),
    );
  }
  const config = encodeJson({
    os: 'linux',
    architecture,
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...(history === undefined ? {} : { history }),
  });
  const manifest = encodeJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: store.add(mediaTypes.config, sample.space === 'config' ? spaced(config) : config),
    layers: descriptors,
  });
  return store.add(mediaTypes.manifest, sample.space === 'manifest' ? spaced(manifest) : manifest);
}

function putIndex(store: MemoryStore, manifests: readonly Descriptor[], isSpaced = false): Descriptor {
  const document = encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  return store.add(mediaTypes.index, isSpaced ? spaced(document) : document);
}

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

async function compare(one: Sample, other: Sample) {
  const store = new MemoryStore();
  const sides = [await put(store, one), await put(store, other)].map((root): Side => ({
    source: store,
    root,
  }));
  const [image, rebuild] = sides;
  assert.ok(image !== undefined && rebuild !== undefined);
  return { ...(await compareImages(image, rebuild)), image, rebuild, store };
}

function compareIn(store: MemoryStore, image: Descriptor, rebuild: Descriptor) {
  return compareImages({ source: store, root: image }, { source: store, root: rebuild });
}

describe('the differences of an image and its rebuild', () => {
  it('are none of the same image', async () => {
    const { differences, isSameContent } = await compare({}, {});
    assert.deepEqual([differences, isSameContent], [[], true]);
  });

  it('are the form, both ways', async () => {
    const store = new MemoryStore();
    const image = await put(store);
    const index = putIndex(store, [{ ...image, platform: amd64 }]);
    const [one, several] = ['one image', 'an index of several images'];
    assert.deepEqual(await compareIn(store, image, index), {
      differences: [{ kind: 'image', what: 'form', image: one, rebuild: several }],
      isSameContent: false,
    });
    assert.deepEqual((await compareIn(store, index, image)).differences, [
      { kind: 'image', what: 'form', image: several, rebuild: one },
    ]);
  });

  it('are the number of layers', async () => {
    const layers = [[{ path: 'a', content: 'a' }], [{ path: 'b', content: 'b' }]];
    const { differences } = await compare({ layers }, { layers: layers.slice(0, 1) });
    assert.ok(
      differences.some(
        (one) =>
          one.kind === 'layers' &&
          one.what === 'number of layers' &&
          one.image === '2' &&
          one.rebuild === '1',
      ),
      JSON.stringify(differences),
    );
  });

  it('are the compression alone, which leaves the content the same', async () => {
    const rows: [one: Sample, other: Sample, image: string, rebuild: string][] = [
      [{ level: 1 }, { level: 9 }, 'gzip of another tool', 'gzip of another tool'],
      [{ marked: 'gzip:3' }, { level: 9 }, 'gzip:3/bima-2', 'gzip of another tool'],
      [{ plain: true }, { marked: 'gzip:2' }, 'none', 'gzip:2/bima-2'],
    ];
    const layers = [[{ path: 'a', content: 'abc'.repeat(3000) }]];
    for (const [one, other, image, rebuild] of rows) {
      const found = await compare({ layers, ...one }, { layers, ...other });
      const [difference, ...others] = found.differences;
      assert.deepEqual([others, found.isSameContent], [[], true]);
      assert.deepEqual(
        [difference?.kind, difference?.what],
        ['compression', 'layer 1 of 1: same content, other compression'],
      );
      const name = (text = '') => text.replace(/ \(sha256:[0-9a-f]{64}\)$/, '');
      assert.deepEqual([name(difference?.image), name(difference?.rebuild)], [image, rebuild]);
      assert.match(difference?.image ?? '', / \(sha256:/);
    }
  });

  it('are in the first layer that differs, with its instruction', async () => {
    const history = [
      { created_by: 'ENV A=1', empty_layer: true },
      { created_by: 'COPY a' },
      { created_by: 'COPY b' },
    ];
    const layers = (content: string) => [[{ path: 'a', content: 'a' }], [{ path: 'b', content }]];
    const { differences, isSameContent } = await compare(
      { layers: layers('1'), history },
      { layers: layers('2'), history },
    );
    assert.equal(isSameContent, false);
    const ofLayer = differences.filter(({ kind }) => kind !== 'config');
    assert.ok(
      ofLayer.every(({ what }) => what.startsWith('layer 2 of 2 (COPY b)')),
      JSON.stringify(differences),
    );
    const plain = await compare({ layers: layers('1') }, { layers: layers('2') });
    assert.ok(
      plain.differences.some(({ what }) => /^layer 2 of 2(?! \()/.test(what)),
      JSON.stringify(plain.differences),
    );
  });

  it('are the form of a tar with the same entries', async () => {
    const changeTar = (tar: Buffer) => Buffer.concat([tar, Buffer.alloc(512)]);
    const { differences } = await compare({}, { changeTar });
    assert.ok(
      differences.some(
        ({ kind, what }) =>
          kind === 'layer' && /^layer 1 of 1: the same entries, in another form of tar, byte \d+$/.test(what),
      ),
      JSON.stringify(differences),
    );
  });

  for (const space of ['config', 'manifest'] as const)
    it(`are the blanks of a ${space}`, async () => {
      const { differences } = await compare({}, { space });
      const [difference, ...others] = differences;
      assert.deepEqual(others, []);
      assert.deepEqual(
        [difference?.kind, difference?.what],
        ['document', `${space}: the same fields, written in another way, byte 1`],
      );
      assert.notEqual(difference?.image, difference?.rebuild);
    });
});

describe('the differences of indexes', () => {
  it('are images that one of them lacks', async () => {
    const store = new MemoryStore();
    const [one, two] = [await put(store), await put(store, { architecture: 'arm64' })];
    const both = putIndex(store, [
      { ...one, platform: amd64 },
      { ...two, platform: arm64 },
    ]);
    const half = putIndex(store, [{ ...one, platform: amd64 }]);
    const lacking = (image: string | undefined, rebuild: string | undefined) => ({
      kind: 'image',
      what: 'image for linux/arm64',
      image,
      rebuild,
    });
    assert.deepEqual((await compareIn(store, both, half)).differences[0], lacking(two.digest, undefined));
    assert.deepEqual((await compareIn(store, half, both)).differences[0], lacking(undefined, two.digest));
  });

  it('are those of each image, under its platform', async () => {
    const store = new MemoryStore();
    const layers = [[{ path: 'a', content: 'abc'.repeat(3000) }]];
    const [one, other] = [await put(store, { layers, level: 1 }), await put(store, { layers, level: 9 })];
    const [image, rebuild] = [one, other].map((root) =>
      putIndex(store, [{ ...root, platform: { ...amd64, architecture: 'x86_64' } }]),
    );
    assert.ok(image !== undefined && rebuild !== undefined);
    const { differences, isSameContent } = await compareIn(store, image, rebuild);
    assert.equal(isSameContent, true);
    assert.deepEqual(
      differences.map(({ what }) => what),
      ['linux/amd64: layer 1 of 1: same content, other compression'],
    );
  });

  it('are their order, and then the way in which they are written', async () => {
    const store = new MemoryStore();
    const entries = [
      { ...(await put(store)), platform: amd64 },
      { ...(await put(store, { architecture: 'arm64' })), platform: arm64 },
    ];
    const image = putIndex(store, entries);
    const turned = putIndex(store, [...entries].reverse());
    assert.deepEqual((await compareIn(store, image, turned)).differences, [
      {
        kind: 'image',
        what: 'order of the images',
        image: 'linux/amd64, linux/arm64',
        rebuild: 'linux/arm64, linux/amd64',
      },
    ]);
    const written = await compareIn(store, image, putIndex(store, entries, true));
    assert.deepEqual(
      written.differences.map(({ kind, what }) => [kind, what]),
      [['document', 'index: the same fields, written in another way, byte 1']],
    );
  });

  it('know what has no platform, or one that is there already, by its digest', async () => {
    const store = new MemoryStore();
    const [one, two] = [await put(store), await put(store, { layers: [] })];
    const statement = { ...two, platform: { os: 'unknown', architecture: 'unknown' } };
    const names = async (extra: Descriptor) => {
      const image = putIndex(store, [{ ...one, platform: amd64 }, extra]);
      const rebuild = putIndex(store, [{ ...one, platform: amd64 }]);
      return (await compareIn(store, image, rebuild)).differences[0]?.what;
    };
    assert.equal(await names(two), `image for ${two.digest}`);
    assert.equal(await names({ ...two, platform: amd64 }), `image for linux/amd64 (${two.digest})`);
    assert.equal(await names(statement), `image for unknown/unknown (${two.digest})`);
  });
});
