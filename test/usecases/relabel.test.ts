// Labels of an image that is there, changed in all three places: what is read, what is written, and what is said.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import type { Layout } from '../../src/adapters/disk/layout.ts';
import { blobOf } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { hexOf } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { relabelImage } from '../../src/usecases/relabel.ts';
import type { Relabelled, RelabelOptions } from '../../src/usecases/relabel.ts';
import { putBase } from '../support/base-image.ts';
import type { SampleBase, SampleEntry } from '../support/base-image.ts';
import { temporaryFolder } from '../support/folder.ts';
import { notingReporter } from '../support/noting-reporter.ts';
import type { NotingReporter } from '../support/noting-reporter.ts';

const key = (name: string) => `com.urunc.unikernel.${name}`;
const labels = {
  [key('binary')]: '/kernel',
  [key('hypervisor')]: 'qemu',
  [key('unikernelType')]: 'unikraft',
};
const changed = { ...labels, [key('hypervisor')]: 'firecracker' };
const toFirecracker = new Map([[key('hypervisor'), 'firecracker']]);

function encoded(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  return JSON.stringify(Object.fromEntries(pairs));
}

function image(more: Partial<SampleBase> = {}, files: readonly SampleEntry[] = []): SampleBase {
  const layers = [[...files, { path: 'urunc.json', content: encoded(labels) }]];
  return { layers, config: { Labels: labels }, annotations: labels, ...more };
}

interface Scene {
  readonly source: Layout;
  readonly target: Layout;
  readonly reporter: NotingReporter;
  relabel(root: Descriptor, options?: Partial<RelabelOptions>): Promise<Relabelled>;
  /** Of a document in the target. */
  read(digest: Digest): unknown;
  /** The digests of all that is in the target. */
  stored(): string[];
}

async function setUp(test: TestContext): Promise<Scene> {
  const folder = temporaryFolder(test);
  const [source, target] = [
    await createLayout(join(folder, 'source')),
    await createLayout(join(folder, 'target')),
  ];
  const reporter = notingReporter();
  const change = { set: toFirecracker, removed: new Set<string>() };
  const { signal } = new AbortController();
  return {
    source,
    target,
    reporter,
    relabel: (root, options) =>
      relabelImage(source, root, target, { change, failOn: 'error', reporter, signal, ...options }),
    read: (digest) => JSON.parse(readFileSync(target.blobPath(digest), 'utf8')) as unknown,
    stored: () => readdirSync(join(target.directory, 'blobs/sha256')).sort(),
  };
}

async function putIndex(
  layout: Layout,
  manifests: readonly object[],
  more: object = {},
): Promise<Descriptor> {
  const document = { schemaVersion: 2, mediaType: mediaTypes.index, manifests, ...more };
  const blob = blobOf(mediaTypes.index, encodeJson(document));
  await layout.put(blob);
  return blob.descriptor;
}

/** A manifest that is no image, and that refers to nothing. */
async function putArtifact(layout: Layout, name: string): Promise<Descriptor> {
  const config = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
  await layout.put(config);
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'application/x',
    config: config.descriptor,
    layers: [],
    annotations: { name },
  };
  const blob = blobOf(mediaTypes.manifest, encodeJson(document));
  await layout.put(blob);
  return blob.descriptor;
}

const hexes = (...digests: readonly (string | undefined)[]) =>
  digests.map((digest) => hexOf((digest ?? '') as Digest)).sort();

describe('an image with other labels', () => {
  it('is changed in config, manifest and urunc.json, and nowhere else', async (test) => {
    const scene = await setUp(test);
    const low = [{ path: 'kernel', content: 'kernel' }];
    const base = image({ layers: [low, image().layers[0] ?? []], document: { author: 'a', extra: [1] } });
    const root = await putBase(scene.source, base);
    const before = JSON.parse(readFileSync(scene.source.blobPath(root.digest), 'utf8')) as {
      layers: Descriptor[];
    };
    const result = await scene.relabel(root);
    const manifest = scene.read(result.root.digest) as {
      config: Descriptor;
      layers: Descriptor[];
      annotations: object;
    };
    const config = scene.read(manifest.config.digest) as Record<string, unknown>;
    assert.deepEqual(manifest.annotations, changed);
    assert.deepEqual(config.config, { Labels: changed });
    assert.deepEqual([config.author, config.extra], ['a', [1]]);
    assert.deepEqual(manifest.layers[0], before.layers[0]);
    const top = manifest.layers[1];
    assert.ok(top !== undefined);
    const tar = gunzipSync(readFileSync(scene.target.blobPath(top.digest))).toString();
    assert.ok(tar.includes(encoded(changed)) && !tar.includes(encoded(labels)), tar);
    // The lower layer is where it was; all that is new is there.
    assert.deepEqual(
      result.external.map(({ descriptor }) => descriptor.digest),
      [before.layers[0]?.digest],
    );
    assert.deepEqual(scene.stored(), hexes(result.root.digest, manifest.config.digest, top.digest));
    assert.deepEqual(result.images, [
      {
        platform: { os: 'linux', architecture: 'amd64' },
        previous: root.digest,
        digest: result.root.digest,
        labels: changed,
      },
    ]);
    // The place in an index stays what it was.
    const { size } = await import('node:fs').then(({ statSync }) =>
      statSync(scene.target.blobPath(result.root.digest)),
    );
    assert.deepEqual(result.root, {
      mediaType: mediaTypes.manifest,
      platform: root.platform,
      digest: result.root.digest,
      size,
    });
    assert.deepEqual(scene.reporter.said, [
      `image for linux/amd64: ${result.root.digest}, was ${root.digest}`,
    ]);
  });

  it('is itself where it has them already, and only its documents travel', async (test) => {
    const scene = await setUp(test);
    const root = await putBase(
      scene.source,
      image({
        config: { Labels: changed },
        annotations: changed,
        layers: [[{ path: 'urunc.json', content: encoded(changed) }]],
      }),
    );
    const result = await scene.relabel(root);
    assert.deepEqual(result.root, root);
    assert.deepEqual(scene.stored(), hexes(root.digest));
    assert.deepEqual(result.images, [
      { platform: root.platform, previous: root.digest, digest: root.digest, labels: changed },
    ]);
    // Its config and its layer.
    assert.equal(result.external.length, 2);
    assert.deepEqual(scene.reporter.said, [`image for linux/amd64: ${root.digest} has these labels already`]);
  });

  it('gets a layer where it has no urunc.json, with the date of the image', async (test) => {
    const dates: [created: unknown, mtime: number][] = [
      ['2024-05-06T07:08:09.987Z', Date.UTC(2024, 4, 6, 7, 8, 9) / 1000],
      [undefined, 0],
      ['no date', 0],
      ['1969-01-01T00:00:00Z', 0],
    ];
    for (const [created, mtime] of dates) {
      const scene = await setUp(test);
      const root = await putBase(scene.source, {
        ...image({ layers: [[{ path: 'kernel', content: 'kernel' }]] }),
        document: { created },
      });
      const result = await scene.relabel(root);
      const manifest = scene.read(result.root.digest) as { config: Descriptor; layers: Descriptor[] };
      const config = scene.read(manifest.config.digest) as { history: object[] };
      assert.equal(manifest.layers.length, 2);
      assert.deepEqual(config.history.slice(1), [
        {
          ...(typeof created === 'string' ? { created } : {}),
          created_by: 'LABEL -> /urunc.json',
          comment: 'bima',
        },
      ]);
      const top = manifest.layers[1];
      assert.ok(top !== undefined);
      assert.match(top.annotations?.['com.nubificus.bima.compressor'] ?? '', /^gzip:2\//);
      const tar = gunzipSync(readFileSync(scene.target.blobPath(top.digest)));
      assert.equal(Number.parseInt(tar.toString('latin1', 136, 147), 8), mtime);
      assert.equal(tar.toString('utf8', 512, 512 + encoded(changed).length), encoded(changed));
      assert.deepEqual(scene.reporter.said, [
        'no layer has /urunc.json: one is added',
        `image for linux/amd64: ${result.root.digest}, was ${root.digest}`,
      ]);
    }
  });

  it('keeps Entrypoint and Cmd that it has, and has none that it lacks', async (test) => {
    for (const given of [
      {},
      { Entrypoint: ['/init'] },
      { Cmd: ['a', 'b'] },
      { Entrypoint: ['/i'], Cmd: ['c'] },
    ]) {
      const scene = await setUp(test);
      const root = await putBase(scene.source, image({ config: { Labels: labels, ...given } }));
      const result = await scene.relabel(root);
      const manifest = scene.read(result.root.digest) as { config: Descriptor };
      const { config } = scene.read(manifest.config.digest) as { config: object };
      assert.deepEqual(config, { ...given, Labels: changed });
    }
  });

  it('says which large layer is written anew: from one byte over 1 MiB', async (test) => {
    for (const more of [0, 512]) {
      const scene = await setUp(test);
      // Two headers, a block of urunc.json, and two of the end.
      const content = Buffer.alloc(1024 ** 2 - 5 * 512 + more, 'x');
      const base = image({ uncompressed: true }, [{ path: 'big', content }]);
      const root = await putBase(scene.source, base);
      const { layers } = JSON.parse(readFileSync(scene.source.blobPath(root.digest), 'utf8')) as {
        layers: Descriptor[];
      };
      assert.equal(layers[0]?.size, 1024 ** 2 + more);
      await scene.relabel(root);
      const large = scene.reporter.said.filter((line) => line.startsWith('layer '));
      const line = `layer ${layers[0].digest} (1.0 MB) is written anew: it holds /urunc.json beside other files`;
      assert.deepEqual(large, more === 0 ? [] : [line]);
    }
  });

  it('is refused where urunc.json is larger than any: over 4 MiB', async (test) => {
    for (const more of [0, 1]) {
      const scene = await setUp(test);
      const content = encoded(labels).padEnd(4 * 1024 ** 2 + more);
      const root = await putBase(scene.source, image({ layers: [[{ path: 'urunc.json', content }]] }));
      if (more === 0) assert.notEqual((await scene.relabel(root)).root.digest, root.digest);
      else await assert.rejects(scene.relabel(root), { code: 'LAYOUT_INVALID', message: /got 4194305$/ });
    }
  });
});

describe('an index of images with other labels', () => {
  it('lists the others, each in the place of its own, and what is no image as it was', async (test) => {
    const scene = await setUp(test);
    const { source } = scene;
    const one = await putBase(source, image());
    const other = await putBase(source, image({ architecture: 'arm64' }));
    const artifact = await putArtifact(source, 'a');
    const foreign = blobOf('application/x.unknown', Buffer.from('unknown'));
    await source.put(foreign);
    const entries = [
      { ...one, annotations: { place: 'first' } },
      artifact,
      foreign.descriptor,
      { ...other, annotations: { place: 'second' } },
      { ...one, annotations: { place: 'third' } },
    ];
    const root = await putIndex(source, entries, { annotations: { of: 'index' } });
    const result = await scene.relabel({ ...root, annotations: { name: 'kept' } });
    const { manifests, annotations } = scene.read(result.root.digest) as {
      manifests: Descriptor[];
      annotations: object;
    };
    const [a, b] = result.images;
    assert.equal(result.images.length, 2);
    const replaced = (entry: Descriptor | undefined, digest: Digest | undefined) => ({
      ...entry,
      digest,
      size: readFileSync(scene.target.blobPath(digest ?? one.digest)).length,
    });
    assert.deepEqual(manifests, [
      replaced(entries[0], a?.digest),
      artifact,
      foreign.descriptor,
      replaced(entries[3], b?.digest),
      replaced(entries[4], a?.digest),
    ]);
    assert.deepEqual(annotations, { of: 'index' });
    assert.deepEqual([result.root.mediaType, result.root.annotations], [mediaTypes.index, { name: 'kept' }]);
    // The artifact's manifest goes along; its empty config and the unknown blob are where they were.
    assert.ok(await scene.target.has(artifact));
    const external = result.external.map(({ descriptor }) => descriptor.mediaType).sort();
    assert.deepEqual(external, ['application/vnd.oci.empty.v1+json', 'application/x.unknown']);
    assert.deepEqual(
      scene.reporter.said.map((line) => line.split(':')[0]),
      ['image for linux/amd64', 'image for linux/arm64'],
    );
  });

  it('is itself where nothing below it changes, and travels with all that it lists', async (test) => {
    const scene = await setUp(test);
    const same = image({
      config: { Labels: changed },
      annotations: changed,
      layers: [[{ path: 'urunc.json', content: encoded(changed) }]],
    });
    const one = await putBase(scene.source, same);
    const artifact = await putArtifact(scene.source, 'a');
    const statement = {
      ...(await putArtifact(scene.source, 'statement')),
      annotations: { 'vnd.docker.reference.type': 'x', 'vnd.docker.reference.digest': one.digest },
    };
    const root = await putIndex(scene.source, [one, artifact, statement]);
    const result = await scene.relabel(root);
    assert.deepEqual(result.root, root);
    assert.deepEqual(scene.stored(), hexes(root.digest, one.digest, artifact.digest, statement.digest));
    assert.equal(result.images.length, 1);
  });

  it('stays as it is written where nothing below it changes', async (test) => {
    const scene = await setUp(test);
    const same = image({
      config: { Labels: changed },
      annotations: changed,
      layers: [[{ path: 'urunc.json', content: encoded(changed) }]],
    });
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [await putBase(scene.source, same)],
    };
    const blob = blobOf(mediaTypes.index, Buffer.from(JSON.stringify(document, null, 2)));
    await scene.source.put(blob);
    assert.deepEqual((await scene.relabel(blob.descriptor)).root, blob.descriptor);
    assert.ok(await scene.target.has(blob.descriptor));
  });

  it('loses statements about what it lost, and no others', async (test) => {
    const scene = await setUp(test);
    const { source } = scene;
    const one = await putBase(source, image());
    const same = await putBase(source, {
      ...image({ architecture: 'arm64' }),
      config: { Labels: changed },
      annotations: changed,
      layers: [[{ path: 'urunc.json', content: encoded(changed) }]],
    });
    const about = async (name: string, subject: string | undefined) => ({
      ...(await putArtifact(source, name)),
      platform: { os: 'unknown', architecture: 'unknown' },
      ...(subject === undefined ? {} : { annotations: { 'vnd.docker.reference.digest': subject } }),
    });
    const lost = await about('one', one.digest);
    const kept = [
      await about('same', same.digest),
      await about('far', `sha256:${'1'.repeat(64)}`),
      await about('none', undefined),
    ];
    const root = await putIndex(source, [one, lost, same, ...kept]);
    const result = await scene.relabel(root);
    const { manifests } = scene.read(result.root.digest) as { manifests: Descriptor[] };
    assert.deepEqual(manifests.slice(1), [same, ...kept]);
    for (const { digest } of kept) assert.ok(existsSync(scene.target.blobPath(digest)));
    assert.ok(!existsSync(scene.target.blobPath(lost.digest)));
    assert.deepEqual(
      scene.reporter.said.filter((line) => line.startsWith('the attestation')),
      [`the attestation ${lost.digest} is left out: it is about ${one.digest}`],
    );
  });

  it('may be in another one, up to eight of them', async (test) => {
    const scene = await setUp(test);
    let root = await putBase(scene.source, image());
    for (let depth = 0; depth < 8; depth++) root = await putIndex(scene.source, [root]);
    const { images } = await scene.relabel(root);
    assert.equal(images.length, 1);
    const deeper = await putIndex(scene.source, [root]);
    await assert.rejects(scene.relabel(deeper), {
      code: 'LAYOUT_INVALID',
      message: /^index sha256:[0-9a-f]{64}: expected at most 8 indexes inside one another$/,
    });
  });
});

describe('what keeps labels from being changed', () => {
  it('is that there is no image', async (test) => {
    const scene = await setUp(test);
    const artifact = await putArtifact(scene.source, 'a');
    for (const root of [artifact, await putIndex(scene.source, []), await putIndex(scene.source, [artifact])])
      await assert.rejects(scene.relabel(root), {
        code: 'LAYOUT_INVALID',
        message: `"${scene.source.directory}" holds no image whose labels could be changed`,
      });
    // A statement is no image of its index, even where it has layers.
    const statement = {
      ...(await putBase(scene.source, image())),
      platform: { os: 'unknown', architecture: 'unknown' },
    };
    await assert.rejects(scene.relabel(await putIndex(scene.source, [statement])), {
      code: 'LAYOUT_INVALID',
    });
  });

  it('is an error of any of the images, before anything is written', async (test) => {
    const scene = await setUp(test);
    const one = await putBase(scene.source, image());
    const other = await putBase(scene.source, image({ architecture: 'arm64' }));
    const root = await putIndex(scene.source, [one, other]);
    const change = { set: new Map(), removed: new Set([key('binary')]) };
    await assert.rejects(scene.relabel(root, { change }), { code: 'LABEL_MISSING' });
    assert.deepEqual([scene.stored(), scene.reporter.said], [[], []]);
  });

  it('is a warning where warnings count', async (test) => {
    const change = { set: new Map([[key('hypervisor'), 'unheard-of']]), removed: new Set<string>() };
    const scene = await setUp(test);
    const root = await putBase(scene.source, image());
    await assert.rejects(scene.relabel(root, { change, failOn: 'warning' }), { code: 'LABEL_INVALID' });
    assert.deepEqual([scene.stored(), scene.reporter.warned], [[], []]);
    const { images } = await scene.relabel(root, { change });
    assert.equal(images[0]?.labels[key('hypervisor')], 'unheard-of');
    assert.deepEqual(
      scene.reporter.warned.map(({ code }) => code),
      ['LABEL_INVALID'],
    );
    // Once for all images.
    const index = await putIndex(scene.source, [
      root,
      await putBase(scene.source, image({ architecture: 'arm64' })),
    ]);
    scene.reporter.warned.length = 0;
    await scene.relabel(index, { change });
    assert.equal(scene.reporter.warned.length, 1);
  });

  it('is an interruption', async (test) => {
    const scene = await setUp(test);
    const root = await putBase(scene.source, image());
    const reason = new Error('enough');
    await assert.rejects(scene.relabel(root, { signal: AbortSignal.abort(reason) }), reason);
    assert.deepEqual(scene.stored(), []);
  });
});
