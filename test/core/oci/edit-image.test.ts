// An image's documents with other labels and layers: what is edited, and all that stays.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDocument } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { editImage, editIndex } from '../../../src/core/oci/edit-image.ts';
import type { ImageEdit } from '../../../src/core/oci/edit-image.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const layer = (text: string, mediaType: string = mediaTypes.layerGzip) =>
  describeBytes(mediaType, Buffer.from(text));
const diffId = (text: string) => digestOf(Buffer.from(`tar of ${text}`));

const fresh = { descriptor: layer('new'), diffId: diffId('new') };
const edit = (at: number, more: Partial<ImageEdit> = {}): ImageEdit => ({
  labels: { l: '1' },
  annotations: { a: '2' },
  layer: { ...fresh, at },
  history: { created_by: 'bima' },
  ...more,
});

const config = {
  created: '2024-01-01T00:00:00Z',
  os: 'linux',
  architecture: 'arm64',
  'os.version': 'unknown here',
  config: { Env: ['A=b'], Entrypoint: ['e'], Cmd: ['c'], Labels: { old: 'x' } },
  rootfs: { type: 'layers', diff_ids: [diffId('one'), diffId('two')], more: 1 },
  history: [{ created_by: 'one' }, { created_by: 'two' }],
};
const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.manifest,
  artifactType: 'kept',
  config: { ...layer('config', mediaTypes.config), annotations: { c: 'd' }, data: 'e30=', urls: ['u'] },
  layers: [layer('one'), layer('two')],
  annotations: { old: 'x' },
};

async function edited(manifestDocument: unknown, configDocument: unknown, how: ImageEdit) {
  const images = editImage(bytes(manifestDocument), bytes(configDocument), how);
  const read = async (blob: typeof images.config) =>
    JSON.parse(Buffer.from(await readDocument(blob, 'here')).toString()) as Record<string, unknown>;
  return { ...images, configDocument: await read(images.config), document: await read(images.manifest) };
}

describe('editImage', () => {
  it('replaces a layer, and keeps what else is there', async () => {
    const { config: blob, manifest: top, configDocument, document } = await edited(manifest, config, edit(1));
    assert.deepEqual(configDocument, {
      ...config,
      config: { Env: ['A=b'], Labels: { l: '1' } },
      rootfs: { ...config.rootfs, diff_ids: [diffId('one'), fresh.diffId] },
    });
    assert.equal(blob.descriptor.mediaType, mediaTypes.config);
    assert.deepEqual(document, {
      ...manifest,
      config: { ...blob.descriptor, annotations: { c: 'd' } },
      layers: [layer('one'), fresh.descriptor],
      annotations: { a: '2' },
    });
    assert.deepEqual(top.descriptor, {
      ...describeBytes(mediaTypes.manifest, await readDocument(top, 'here')),
      platform: { os: 'linux', architecture: 'arm64' },
    });
  });

  it('adds a layer above all, with its history and the date of the image', async () => {
    const { configDocument, document } = await edited(
      manifest,
      config,
      edit(2, { entrypoint: ['x'], cmd: ['y', 'z'] }),
    );
    assert.deepEqual(configDocument, {
      ...config,
      config: { Env: ['A=b'], Entrypoint: ['x'], Cmd: ['y', 'z'], Labels: { l: '1' } },
      rootfs: { ...config.rootfs, diff_ids: [diffId('one'), diffId('two'), fresh.diffId] },
      history: [...config.history, { created: config.created, created_by: 'bima' }],
    });
    assert.deepEqual(document.layers, [layer('one'), layer('two'), fresh.descriptor]);
  });

  it('adds no history to an image without one, and no date without one', async () => {
    const dateless = { ...config, created: undefined };
    const bare = { ...dateless, history: undefined };
    assert.equal('history' in (await edited(manifest, bare, edit(2))).configDocument, false);
    assert.deepEqual((await edited(manifest, { ...bare, history: [] }, edit(2))).configDocument.history, []);
    assert.equal((await edited(manifest, { ...bare, history: 'x' }, edit(2))).configDocument.history, 'x');
    for (const without of [dateless, { ...config, created: 5 }])
      assert.deepEqual((await edited(manifest, without, edit(2))).configDocument.history, [
        ...config.history,
        { created_by: 'bima' },
      ]);
  });

  it("gives Docker's types those of OCI, and leaves those of others", async () => {
    const { document } = await edited(
      {
        ...manifest,
        mediaType: mediaTypes.dockerManifest,
        config: layer('config', mediaTypes.dockerConfig),
        layers: [
          { ...layer('one', mediaTypes.dockerLayer), annotations: { kept: 'x' } },
          layer('two', 'application/x-other'),
          { mediaType: 5 },
          'no descriptor',
        ],
      },
      config,
      edit(9),
    );
    assert.equal(document.mediaType, mediaTypes.manifest);
    assert.equal((document.config as Descriptor).mediaType, mediaTypes.config);
    assert.deepEqual(document.layers, [
      { ...layer('one'), annotations: { kept: 'x' } },
      layer('two', 'application/x-other'),
      { mediaType: 5 },
      fresh.descriptor,
    ]);
  });

  it('makes what is missing', async () => {
    const {
      manifest: top,
      configDocument,
      document,
    } = await edited({ schemaVersion: 2, config: 'x', layers: {} }, { config: [], rootfs: 'x' }, edit(5));
    assert.deepEqual(configDocument, {
      config: { Labels: { l: '1' } },
      rootfs: { diff_ids: [fresh.diffId] },
    });
    assert.deepEqual(document.layers, [fresh.descriptor]);
    assert.equal(top.descriptor.platform, undefined);
    assert.equal('platform' in top.descriptor, false);
  });

  for (const [name, first, second] of [
    ['the manifest', [], {}],
    ['the config', {}, []],
  ] as const)
    it(`says that ${name} is no document`, () => {
      assert.throws(() => editImage(bytes(first), bytes(second), edit(0)), {
        code: 'LAYOUT_INVALID',
        message: `${name} is not a JSON object`,
      });
    });
});

describe('editIndex', () => {
  const entry = (text: string) => ({
    ...layer(text, mediaTypes.dockerManifest),
    platform: { os: 'linux', architecture: text },
    data: 'e30=',
    urls: ['u'],
  });
  const [one, two, three] = [entry('one'), entry('two'), entry('three')];
  const index = { schemaVersion: 2, manifests: [one, two, three], annotations: { kept: 'x' } };
  const parse = (result: Uint8Array) => JSON.parse(Buffer.from(result).toString()) as unknown;

  it('replaces entries, keeps others as they are, and drops others', () => {
    const other = layer('other', mediaTypes.manifest);
    assert.deepEqual(parse(editIndex(bytes(index), [one, undefined, other])), {
      ...index,
      mediaType: mediaTypes.index,
      manifests: [one, { ...other, platform: three.platform }],
    });
  });

  it('drops what is no entry, and those of which nothing is said', () => {
    assert.deepEqual(parse(editIndex(bytes({ manifests: [5, one, two] }), [one])), {
      manifests: [one],
      mediaType: mediaTypes.index,
    });
    assert.deepEqual(parse(editIndex(bytes({ manifests: 'x' }), [])), {
      manifests: [],
      mediaType: mediaTypes.index,
    });
  });

  it('says that it is no index', () => {
    assert.throws(() => editIndex(bytes('x'), []), {
      code: 'LAYOUT_INVALID',
      message: 'the index is not a JSON object',
    });
  });
});
