// Walking over what hangs below an index: which of it are images, and how often each document is read.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSbom } from '../../../src/usecases/sbom/sbom.ts';
import { inspectImages } from '../../../src/usecases/inspect.ts';
import { readFacts } from '../../../src/action/image-facts.ts';
import { openBaseImage } from '../../../src/usecases/plan/base-image.ts';
import { PreviousLayers } from '../../../src/adapters/layers/previous-layers.ts';
import { packArchive } from '../../../src/adapters/disk/archive.ts';
import { blobOf, streamOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import {
  childrenOf,
  imagesOf,
  isAttestation,
  isDocument,
  manifestsOf,
  maxDepth,
  readTree,
} from '../../../src/core/oci/image-tree.ts';
import { encodeIndex } from '../../../src/core/oci/index-document.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { sampleImage } from '../../support/sample-image.ts';

const linux = (architecture: string) => ({ os: 'linux', architecture });

/** An empty tar, so that layers can be read. */
const tars = [Buffer.alloc(1024)];

/** An attestation as BuildKit makes it: with an image's config, and a layer that is none. */
function attestation(name: string): { blobs: Blob[]; manifest: Descriptor } {
  const add = (mediaType: string, bytes: Uint8Array): Blob => ({
    descriptor: describeBytes(mediaType, bytes),
    open: () => streamOf(bytes),
  });
  const statement = add('application/vnd.in-toto+json', encodeJson({ name }));
  const config = add(
    mediaTypes.config,
    encodeJson({
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(Buffer.from(name))] },
    }),
  );
  const manifest = add(
    mediaTypes.manifest,
    encodeJson({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: config.descriptor,
      layers: [statement.descriptor],
    }),
  );
  return { blobs: [statement, config, manifest], manifest: manifest.descriptor };
}

/** Two images, one of them in an index of its own, and attestations that say so and that don't. */
function scene(): { source: Source; root: Descriptor; opened: Map<string, number>; images: Descriptor[] } {
  const [one, other] = [
    sampleImage({ seed: 'one', tars }),
    sampleImage({ seed: 'other', tars: [Buffer.alloc(2048)] }),
  ];
  const [platformless, listed, annotated] = [attestation('a'), attestation('b'), attestation('c')];
  const statement = blobOf('application/vnd.example+json', encodeJson({ no: 'manifest' }));
  const inner = encodeIndex([{ ...other.root, platform: linux('arm64') }]);
  const outer = encodeIndex([
    { ...one.root, platform: linux('amd64') },
    { ...listed.manifest, platform: { os: 'unknown', architecture: 'unknown' } },
    { ...annotated.manifest, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
    platformless.manifest,
    statement.descriptor,
    inner.descriptor,
    { ...one.root, platform: linux('amd64') },
  ]);
  const blobs = [inner, outer, statement, ...one.blobs.values(), ...other.blobs.values()];
  for (const { blobs: more } of [platformless, listed, annotated]) blobs.push(...more);
  const all = withBlobs(one.source, blobs);
  const opened = new Map<string, number>();
  const source: Source = {
    name: 'counted',
    open: (descriptor) => {
      const blob = all.open(descriptor);
      return {
        descriptor,
        open: () => {
          opened.set(descriptor.digest, (opened.get(descriptor.digest) ?? 0) + 1);
          return blob.open();
        },
      };
    },
  };
  return { source, root: outer.descriptor, opened, images: [one.root, other.root] };
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of stream) assert.ok(chunk);
}

describe('the images below an index', () => {
  it('are those that are images, each once, with their platforms and what lists them', async () => {
    const { source, root, images } = scene();
    const found = [];
    for await (const { descriptor, index, read } of imagesOf(source, root)) {
      if ((await read()) === undefined) continue;
      found.push([descriptor.digest, descriptor.platform, index?.descriptor.digest === root.digest]);
    }
    assert.deepEqual(found, [
      [images[0]?.digest, linux('amd64'), true],
      [images[1]?.digest, linux('arm64'), false],
    ]);
    const listed = [];
    for await (const { descriptor } of imagesOf(source, root)) listed.push(descriptor.digest);
    for (const name of ['b', 'c']) assert.ok(!listed.includes(attestation(name).manifest.digest));
    assert.ok(listed.includes(attestation('a').manifest.digest));
  });

  it('are the root itself where that is a manifest', async () => {
    const { source, root } = sampleImage({ tars });
    const found = [];
    for await (const { read, ...listed } of imagesOf(source, root)) {
      assert.ok(await read());
      found.push(listed);
    }
    assert.deepEqual(found, [{ descriptor: root }]);
  });

  it('have the platform of the index above them, where they have none', async () => {
    const { source, root } = sampleImage({ tars });
    const inner = encodeIndex([root]);
    const outer = encodeIndex([{ ...inner.descriptor, platform: linux('riscv64') }]);
    const platforms = [];
    for await (const { descriptor } of imagesOf(withBlobs(source, [inner, outer]), outer.descriptor))
      platforms.push(descriptor.platform);
    assert.deepEqual(platforms, [linux('riscv64')]);
  });

  it('are not looked for in a thousand indexes inside one another', async () => {
    const { source, root } = sampleImage({ tars });
    const indexes: Blob[] = [];
    for (let depth = 0, below = root; depth < 1000; depth++) {
      const index = encodeIndex([below]);
      indexes.push(index);
      below = index.descriptor;
    }
    const below = (depth: number) => indexes[depth - 1]?.descriptor ?? root;
    const all = withBlobs(source, indexes);
    assert.equal(maxDepth, 8);
    assert.equal((await readTree(all, below(8))).indexes.length, 8);
    for (const depth of [9, 1000])
      await assert.rejects(readTree(all, below(depth)), {
        code: 'LAYOUT_INVALID',
        message: `index ${below(depth).digest}: expected at most 8 indexes inside one another, got more`,
      });
  });

  it('are found with the attestations, if they are to be', async () => {
    const { source, root, images } = scene();
    const found = [];
    for await (const { descriptor } of manifestsOf(source, root)) found.push(descriptor);
    const attestations = ['b', 'c', 'a'].map((name) => attestation(name).manifest.digest);
    const statement = describeBytes('application/vnd.example+json', encodeJson({ no: 'manifest' }));
    assert.deepEqual(
      found.map(({ digest }) => digest),
      [images[0]?.digest, ...attestations, statement.digest, images[1]?.digest],
    );
  });

  it('keep a platform of their own, whatever the index above them says', async () => {
    const { source, root } = sampleImage({ tars });
    const inner = encodeIndex([{ ...root, platform: linux('arm64') }]);
    const outer = encodeIndex([{ ...inner.descriptor, platform: linux('riscv64') }]);
    for await (const { descriptor, index } of imagesOf(withBlobs(source, [inner, outer]), outer.descriptor)) {
      assert.deepEqual(descriptor, { ...root, platform: linux('arm64') });
      assert.deepEqual(index, {
        descriptor: { ...inner.descriptor, platform: linux('riscv64') },
        index: {
          ...{ schemaVersion: 2, mediaType: mediaTypes.index },
          manifests: [{ ...root, platform: linux('arm64') }],
        },
      });
    }
  });

  it('are not to be read where the index is none', async () => {
    const { source } = sampleImage();
    const broken = blobOf(mediaTypes.index, encodeJson({ schemaVersion: 1 }));
    await assert.rejects(readTree(withBlobs(source, [broken]), broken.descriptor), {
      message: `index ${broken.descriptor.digest}: expected "schemaVersion" 2, got 1`,
    });
    const damaged = { ...broken, open: () => streamOf(Buffer.from('x')) };
    await assert.rejects(readTree(withBlobs(source, [damaged]), broken.descriptor), {
      code: 'DIGEST_MISMATCH',
      message: /^sample: /,
    });
  });

  const uses: readonly [name: string, use: (source: Source, root: Descriptor) => Promise<unknown>][] = [
    ['a copy', readTree],
    ['the facts of the action', readFacts],
    ['inspect', (source, root) => inspectImages(source, [root])],
    [
      'a bill of materials',
      (source, root) => createSbom(source, root, { references: [], created: 0, toolVersion: '1.0.0' }),
    ],
    [
      'the look for layers to reuse',
      (source, root) =>
        new PreviousLayers({
          compression: { method: 'gzip', level: 1 },
          reporter: silentReporter,
        }).read(() => Promise.resolve({ source, roots: [root], isLocal: false })),
    ],
    [
      'a base image',
      (source, root) =>
        openBaseImage(
          {
            open: () => Promise.resolve({ source, root }),
            files: {
              read: () => assert.fail('no layer is read'),
              unpack: () => assert.fail('nothing is added'),
            },
            downloads: { fetch: () => assert.fail('nothing is downloaded') },
          },
          'base',
          { target: linux('arm64'), findArchitecture: () => Promise.resolve(undefined) },
          { file: 'Containerfile', line: 1, column: 1 },
        ),
    ],
  ];
  for (const [name, use] of uses) {
    it(`are read for ${name} with each document once`, async () => {
      const { source, root, opened } = scene();
      await use(source, root);
      assert.ok(opened.size > 2);
      assert.deepEqual(
        [...opened].filter(([, times]) => times > 1),
        [],
      );
    });
  }

  it('are read once for an archive, whose documents are opened once more to be written', async () => {
    const { source, root, opened } = scene();
    await drain(await packArchive(source, root, []));
    assert.ok([...opened.values()].every((times) => times <= 2));
  });
});

describe('all that hangs below a root', () => {
  it('is told apart, with documents first and then the largest', async () => {
    const { source, root, images } = scene();
    const { blobs, manifests, indexes, images: found } = await readTree(source, root);
    assert.deepEqual(
      found.map(({ descriptor }) => descriptor.digest),
      images.map(({ digest }) => digest),
    );
    assert.deepEqual(
      found.map(({ manifest }) => manifest.layers.length),
      [1, 1],
    );
    const attestations = ['b', 'c', 'a'].map((name) => attestation(name));
    assert.deepEqual(
      manifests.map(({ digest }) => digest),
      [images[0]?.digest, ...attestations.map(({ manifest }) => manifest.digest), images[1]?.digest],
    );
    assert.equal(indexes.length, 2);
    assert.equal(indexes[1]?.digest, root.digest);
    const isJson = blobs.map(({ mediaType }) => mediaType.endsWith('json'));
    assert.deepEqual(isJson, [...isJson].sort().reverse());
    // Two configs and the statement, and of each attestation its config and its layer.
    assert.deepEqual(isJson, [...Array.from({ length: 9 }, () => true), false, false]);
    const sizes = blobs.map(({ size }) => size);
    for (const part of [sizes.slice(0, 9), sizes.slice(9)])
      assert.deepEqual(
        part,
        [...part].sort((a, b) => b - a),
      );
  });

  it('is the root alone where that is no document', async () => {
    const { source } = sampleImage();
    const blob = blobOf('text/plain', Buffer.from('x')).descriptor;
    assert.deepEqual(await readTree(source, blob), { blobs: [blob], manifests: [], indexes: [], images: [] });
  });

  it('is an image and its parts where it is a manifest, which is no image where its entry says so', async () => {
    const { source, root, layers, configs } = sampleImage();
    const tree = await readTree(source, root);
    assert.deepEqual(tree.blobs, [...configs, ...layers]);
    assert.deepEqual(tree.manifests, [root]);
    assert.deepEqual(
      tree.images.map(({ descriptor }) => descriptor),
      [root],
    );
    const said = { ...root, platform: { os: 'unknown', architecture: 'unknown' } };
    assert.deepEqual((await readTree(source, said)).images, []);
  });

  it('says where a manifest is wrong', async () => {
    const { source } = sampleImage();
    const broken = blobOf(mediaTypes.manifest, encodeJson({ schemaVersion: 1 }));
    await assert.rejects(readTree(withBlobs(source, [broken]), broken.descriptor), {
      message: `${broken.descriptor.digest}: expected "schemaVersion" 2, got 1`,
    });
    const damaged = { ...broken, open: () => streamOf(Buffer.from('x')) };
    await assert.rejects(readTree(withBlobs(source, [damaged]), broken.descriptor), {
      code: 'DIGEST_MISMATCH',
      message: /^sample: /,
    });
  });
});

describe('an entry of an index', () => {
  const entry = describeBytes(mediaTypes.manifest, Buffer.from('x'));

  it('is an attestation when it says so', () => {
    assert.equal(isAttestation(entry), false);
    assert.equal(isAttestation({ ...entry, platform: linux('unknown'), annotations: { a: 'b' } }), false);
    assert.equal(isAttestation({ ...entry, platform: { os: 'unknown', architecture: 'amd64' } }), true);
    assert.equal(isAttestation({ ...entry, annotations: { 'vnd.docker.reference.type': '' } }), true);
  });

  it('is a document when it is a manifest or an index', () => {
    const types = Object.values(mediaTypes);
    const { index, manifest, dockerManifestList, dockerManifest } = mediaTypes;
    assert.deepEqual(
      types.filter((mediaType) => isDocument({ ...entry, mediaType })),
      [index, manifest, dockerManifestList, dockerManifest],
    );
  });

  it('has what it points to', () => {
    const of = (mediaType: string, document: unknown) =>
      childrenOf({ ...entry, mediaType }, encodeJson({ schemaVersion: 2, ...(document as object) }));
    const [config, layer] = ['config', 'layer'].map((text) => describeBytes('text/plain', Buffer.from(text)));
    assert.deepEqual(of(mediaTypes.manifest, { config, layers: [layer, layer] }), [config, layer, layer]);
    assert.deepEqual(of(mediaTypes.index, { manifests: [entry] }), [entry]);
    for (const type of [mediaTypes.manifest, mediaTypes.index])
      assert.throws(() => of(type, {}), { message: new RegExp(`^${entry.digest}: `) });
  });
});
