// What the images of a source hold, field by field.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import { imageNameAnnotation, refNameAnnotation } from '../../src/adapters/disk/names.ts';
import { blobOf } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import type { Source } from '../../src/core/oci/target.ts';
import { inspectBinary, inspectImages } from '../../src/usecases/inspect.ts';
import { putBase } from '../support/base-image.ts';
import type { SampleBase, SampleEntry } from '../support/base-image.ts';
import { fileEntry } from '../support/file-entries.ts';
import { temporaryFolder } from '../support/folder.ts';

const hello = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-amd64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;
const labels = { [key('binary')]: '/boot/kernel' };
const encoded = (value: string) => JSON.stringify({ [key('binary')]: Buffer.from(value).toString('base64') });

async function setUp(test: TestContext) {
  const folder = temporaryFolder(test);
  const layout = await createLayout(join(folder, 'layout'));
  const put = (base: Partial<SampleBase>) => putBase(layout, { layers: [], ...base });
  const index = async (manifests: readonly object[], more: object = {}): Promise<Descriptor> => {
    const blob = blobOf(
      mediaTypes.index,
      encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests, ...more }),
    );
    await layout.put(blob);
    return blob.descriptor;
  };
  return { folder: join(folder, 'files'), layout, put, index };
}

/** What an image says of its binary; undefined where it has none. */
async function binaryOf(
  test: TestContext,
  layers: readonly (readonly SampleEntry[])[],
  more: Partial<SampleBase> = {},
) {
  const { layout, put, folder } = await setUp(test);
  const root = await put({ layers, config: { Labels: labels }, ...more });
  const [image] = await inspectImages(layout, [root], folder);
  return image?.binary;
}

describe('an image that is inspected', () => {
  it('is told field by field', async (test) => {
    const { layout, put } = await setUp(test);
    const layers = [
      [{ path: 'boot/' }, { path: 'boot/kernel', content: hello, mode: 0o755, uid: 1, gid: 2 }],
      [{ path: 'urunc.json', content: encoded('/boot/kernel') }],
    ];
    const annotations = { [key('hypervisor')]: 'qemu', other: 'x' };
    const { platform, ...root } = await put({ layers, config: { Labels: labels, Cmd: ['a'] }, annotations });
    const manifest = JSON.parse(readFileSync(layout.blobPath(root.digest), 'utf8')) as {
      config: Descriptor;
      layers: Descriptor[];
    };
    const config = JSON.parse(readFileSync(layout.blobPath(manifest.config.digest), 'utf8')) as {
      rootfs: { diff_ids: string[] };
    };
    const [image, ...others] = await inspectImages(layout, [root]);
    assert.ok(image !== undefined);
    assert.deepEqual(others, []);
    const { config: told, ...rest } = image;
    assert.deepEqual(
      [told.digest, told.platform, told.labels, told.cmd],
      [manifest.config.digest, platform, labels, ['a']],
    );
    assert.deepEqual(rest, {
      names: [],
      descriptor: root,
      annotations,
      uruncJson: labels,
      layers: [
        {
          ...manifest.layers[0],
          diffId: config.rootfs.diff_ids[0],
          files: [
            { path: 'boot', type: 'directory', size: 0, mode: 0o755, uid: 0, gid: 0 },
            { path: 'boot/kernel', type: 'file', size: hello.length, mode: 0o755, uid: 1, gid: 2 },
          ],
        },
        {
          ...manifest.layers[1],
          diffId: config.rootfs.diff_ids[1],
          files: [
            {
              path: 'urunc.json',
              type: 'file',
              size: encoded('/boot/kernel').length,
              mode: 0o644,
              uid: 0,
              gid: 0,
            },
          ],
        },
      ],
    });
  });

  it('has no annotations and no urunc.json where it has none', async (test) => {
    const { layout, put } = await setUp(test);
    const [image] = await inspectImages(layout, [
      await put({ layers: [[{ path: 'x/urunc.json', content: '{}' }]] }),
    ]);
    assert.deepEqual(
      [image?.annotations, image && 'uruncJson' in image, image && 'binary' in image],
      [{}, false, false],
    );
  });

  it('has the urunc.json of its last layer, and is refused where that is none', async (test) => {
    const { layout, put } = await setUp(test);
    const json = (content: string) => [{ path: 'urunc.json', content }];
    const [image] = await inspectImages(layout, [
      await put({ layers: [json(encoded('/a')), json(encoded('/b'))] }),
    ]);
    assert.deepEqual(image?.uruncJson, { [key('binary')]: '/b' });
    const broken = await put({ layers: [json(encoded('/a')), json('no JSON')] });
    await assert.rejects(inspectImages(layout, [broken]), {
      code: 'LAYOUT_INVALID',
      message: '/urunc.json is not valid JSON',
    });
  });

  it('keeps in memory no urunc.json that is larger than a document', async (test) => {
    const { layout, put } = await setUp(test);
    for (const more of [0, 1]) {
      const content = encoded('/a').padEnd(16 * 1024 ** 2 + more);
      const [image] = await inspectImages(layout, [
        await put({ layers: [[{ path: 'urunc.json', content }]] }),
      ]);
      assert.deepEqual(image?.uruncJson, more === 0 ? { [key('binary')]: '/a' } : undefined);
    }
  });
});

describe('images that are inspected', () => {
  it('come once, with all names in their order, and those of containerd before those of tags', async (test) => {
    const { layout, put } = await setUp(test);
    const { digest, mediaType, size } = await put({});
    const root = { digest, mediaType, size };
    const named = (annotations: Record<string, string>) => ({ ...root, annotations });
    const images = await inspectImages(layout, [
      named({ [refNameAnnotation]: 'tag' }),
      named({ [refNameAnnotation]: 'tag', [imageNameAnnotation]: 'docker.io/a:1' }),
      named({ other: 'x' }),
      root,
    ]);
    assert.deepEqual(
      images.map(({ names }) => names),
      [['tag', 'docker.io/a:1']],
    );
  });

  it('are those of indexes, with the index above each, and without what is no image', async (test) => {
    const { layout, put, index } = await setUp(test);
    const [one, other] = [await put({}), await put({ architecture: 'arm64' })];
    const config = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
    await layout.put(config);
    const artifact = blobOf(
      mediaTypes.manifest,
      encodeJson({ schemaVersion: 2, artifactType: 'a/b', config: config.descriptor, layers: [] }),
    );
    await layout.put(artifact);
    const statement = { ...(await put({ os: 'x' })), platform: { os: 'unknown', architecture: 'unknown' } };
    const root = await index([one, artifact.descriptor, statement, other], { annotations: { a: 'b' } });
    const plain = await index([other]);
    const images = await inspectImages(layout, [
      { ...root, annotations: { [refNameAnnotation]: 'all' } },
      plain,
    ]);
    assert.deepEqual(
      images.map(({ names, descriptor, index: above }) => [names, descriptor.digest, above]),
      [
        [['all'], one.digest, { digest: root.digest, annotations: { a: 'b' } }],
        [['all'], other.digest, { digest: plain.digest, annotations: {} }],
      ],
    );
  });
});

describe('the binary of an image that is inspected', () => {
  const kernel = { path: 'boot/kernel', content: hello };

  it('is told where a folder for it is given, and nothing else goes there', async (test) => {
    const { layout, put, folder } = await setUp(test);
    const layers = [[{ path: 'other', content: 'x' }, kernel], [{ path: 'boot/more', content: 'x' }]];
    const root = await put({ layers, config: { Labels: labels } });
    const opened: string[] = [];
    const source: Source = {
      name: layout.name,
      open: (descriptor) => {
        opened.push(descriptor.mediaType);
        return layout.open(descriptor);
      },
    };
    const [image] = await inspectImages(source, [root], folder);
    const { path, monitors, ...facts } = image?.binary ?? assert.fail();
    const entry = fileEntry('boot/kernel', hello);
    const { monitors: same, ...again } = await inspectBinary('/boot/kernel', entry);
    assert.equal(path, '/boot/kernel');
    assert.deepEqual([monitors, { path, ...facts }], [same, again]);
    assert.ok(monitors.length > 0);
    assert.equal(readdirSync(folder).length, 1);
    // Each layer is read once.
    assert.equal(opened.filter((type) => type === mediaTypes.layerGzip).length, 2);
  });

  const there: [name: string, layers: readonly (readonly SampleEntry[])[]][] = [
    ['in one of several layers', [[{ path: 'a' }], [kernel], [{ path: 'b' }]]],
    ['in the last layer that has it', [[{ path: 'boot/kernel', content: 'old' }], [kernel]]],
    [
      'behind a link',
      [
        [
          { path: 'boot', target: 'usr' },
          { path: 'usr/kernel', content: hello },
        ],
      ],
    ],
    [
      'again after it was removed',
      [[{ path: 'boot/kernel', content: 'old' }], [{ path: 'boot/.wh.kernel' }], [kernel]],
    ],
  ];
  for (const [name, layers] of there)
    it(`is found ${name}`, async (test) => {
      const binary = await binaryOf(test, layers);
      assert.deepEqual(binary?.format, (await inspectBinary('', fileEntry('', hello))).format);
    });

  it('is named by the label, or else by the annotation', async (test) => {
    const annotations = { [key('binary')]: '/boot/kernel' };
    assert.equal((await binaryOf(test, [[kernel]], { config: {}, annotations }))?.path, '/boot/kernel');
    const other = { [key('binary')]: '/none' };
    assert.equal((await binaryOf(test, [[kernel]], { annotations: other }))?.path, '/boot/kernel');
    const loose = { Labels: { [key('binary')]: './boot//kernel' } };
    assert.equal((await binaryOf(test, [[kernel]], { config: loose }))?.path, './boot//kernel');
  });

  it('is not looked for without a folder, whatever is in its way', async (test) => {
    const { layout, put } = await setUp(test);
    const layers = [[kernel], [{ path: '.wh.boot' }], [{ path: 'boot', target: 'usr' }]];
    const [image] = await inspectImages(layout, [await put({ layers, config: { Labels: labels } })]);
    assert.ok(image !== undefined && !('binary' in image));
  });

  const missing: [name: string, layers: readonly (readonly SampleEntry[])[], config?: object][] = [
    ['no layer has it', [[{ path: 'kernel', content: hello }]]],
    ['it was removed', [[kernel], [{ path: '.wh.boot' }]]],
    ['it is a folder', [[{ path: 'boot/kernel/' }]]],
    ['no label names it', [[kernel]], {}],
    ['the label is empty', [[kernel]], { Labels: { [key('binary')]: '' } }],
    ['the label names the root', [[kernel]], { Labels: { [key('binary')]: '/' } }],
  ];
  for (const [name, layers, config] of missing)
    it(`is not told where ${name}`, async (test) => {
      assert.equal(await binaryOf(test, layers, config === undefined ? {} : { config }), undefined);
    });
});
