// The mark of a preview in each of its manifests, and what follows from it for those that name them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readLinks } from '../../../src/usecases/cleanup/graph.ts';
import { markImage } from '../../../src/usecases/cleanup/preview-mark.ts';
import type { MarkedImage } from '../../../src/usecases/cleanup/preview-mark.ts';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { encodeJson, parseJsonObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { sampleImage } from '../../support/sample-image.ts';
import { markedFor, mine } from './scene.ts';

const other = 'https://github.com/owner/app/pull/6';
const architectures = ['amd64', 'arm64'];

async function read(source: Source, descriptor: Descriptor): Promise<JsonObject> {
  return parseJsonObject(await readDocument(source.open(descriptor), 'the test'), descriptor.digest);
}

/** Of the root and of all that it lists. */
async function marksIn(source: Source, { root, blobs }: MarkedImage): Promise<(string | undefined)[]> {
  const all = withBlobs(source, blobs);
  const { manifests } = await read(all, root);
  const children = (manifests ?? []) as readonly Descriptor[];
  const documents = await Promise.all(
    [root, ...children].map((descriptor) => readDocument(all.open(descriptor), '')),
  );
  return documents.map((bytes) => readLinks(bytes, '', 'it').mark);
}

function sourceOf(...blobs: readonly Blob[]): Source {
  const nothing: Source = { name: 'the test', open: ({ digest }) => assert.fail(`${digest} is not there`) };
  return withBlobs(nothing, blobs);
}

function manifest(more: object = {}): Blob {
  const empty = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: digestOf(Buffer.from('{}')),
    size: 2,
  };
  return blobOf(
    mediaTypes.manifest,
    encodeJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: empty, layers: [], ...more }),
  );
}

function index(manifests: readonly object[]): Blob {
  return blobOf(mediaTypes.index, encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
}

describe('the mark of a preview', () => {
  it('is in every manifest and index, whosever mark was there', async () => {
    for (const annotations of [{}, markedFor(other)]) {
      const { source, root } = sampleImage({ architectures, annotations });
      const marked = await markImage(source, root, { mark: mine, isForeign: true });
      assert.deepEqual(await marksIn(source, marked), [mine, mine, mine]);
    }
  });

  it("is taken away from what is nobody's preview", async () => {
    const plain = sampleImage({ architectures });
    const { source, root } = plain;
    const marked = await markImage(source, root, { mark: mine, isForeign: false });
    const all = withBlobs(source, marked.blobs);
    const again = await markImage(all, marked.root, { mark: undefined, isForeign: false });
    assert.deepEqual(again.root, root);
  });

  it('leaves bytes as they are that have it, and that need none', async () => {
    const spaced = blobOf(
      mediaTypes.index,
      Buffer.from(`{ "schemaVersion": 2, "mediaType": "${mediaTypes.index}", "manifests": [] }`),
    );
    const marked = await markImage(sourceOf(spaced), spaced.descriptor, { mark: undefined, isForeign: true });
    assert.deepEqual(marked, { root: spaced.descriptor, referrers: [], blobs: [] });
  });

  it('differs for each pull request, and is the same each time', async () => {
    const { source, root } = sampleImage();
    const digests = [];
    for (const mark of [mine, mine, other]) {
      digests.push((await markImage(source, root, { mark, isForeign: true })).root.digest);
    }
    assert.equal(digests[0], digests[1]);
    assert.equal(new Set([root.digest, ...digests]).size, 3);
  });

  it('keeps other annotations, and fields that nobody knows', async () => {
    const one = manifest({ annotations: { title: 'redis' }, 'x-field': [1] });
    const marked = await markImage(sourceOf(one), one.descriptor, { mark: mine, isForeign: true });
    const document = await read(sourceOf(...marked.blobs), marked.root);
    assert.deepEqual(document.annotations, { title: 'redis', ...markedFor(mine) });
    assert.deepEqual(document['x-field'], [1]);
  });

  it('is followed by subjects and attestations in the image, and by the places that they have', async () => {
    const image = manifest({ annotations: { title: 'image' } });
    const sbom = manifest({ subject: image.descriptor });
    const attested = { 'vnd.docker.reference.digest': image.descriptor.digest };
    const platform = { os: 'linux', architecture: 'amd64' };
    const root = index([
      { ...sbom.descriptor, annotations: attested, data: 'e30=' },
      { ...image.descriptor, platform },
    ]);
    const marked = await markImage(sourceOf(image, sbom, root), root.descriptor, {
      mark: mine,
      isForeign: true,
    });
    const all = sourceOf(...marked.blobs);
    const { manifests } = await read(all, marked.root);
    const [newSbom, newImage] = manifests as [Descriptor, Descriptor];
    assert.deepEqual(newImage.platform, platform);
    assert.deepEqual(newSbom.annotations, { 'vnd.docker.reference.digest': newImage.digest });
    assert.ok(!('data' in newSbom));
    assert.deepEqual((await read(all, newSbom)).subject, {
      ...image.descriptor,
      digest: newImage.digest,
      size: newImage.size,
    });
  });

  it('is none in manifests of Docker, whose index changes with what it lists', async () => {
    const docker = sampleImage({ docker: true, architectures });
    const marked = await markImage(docker.source, docker.root, { mark: mine, isForeign: true });
    assert.deepEqual(marked, { root: docker.root, referrers: [], blobs: [] });
  });

  for (const place of ['the image itself', 'a manifest in its index'] as const) {
    it(`refuses a subject outside of the image, from ${place}`, async () => {
      const main = manifest({ annotations: { title: 'main' } });
      const sbom = manifest({ subject: main.descriptor });
      const root = place === 'the image itself' ? sbom : index([sbom.descriptor]);
      const source = sourceOf(sbom, root);
      await assert.rejects(markImage(source, root.descriptor, { mark: undefined, isForeign: true }), {
        code: 'LAYOUT_INVALID',
        message: `expected the subject of "${sbom.descriptor.digest}" in the image of the pull request, got "${main.descriptor.digest}"`,
        hint: /its own image only/,
      });
      const own = await markImage(source, root.descriptor, { mark: undefined, isForeign: false });
      assert.deepEqual(own.root, root.descriptor);
    });
  }
});

describe('the links of a manifest', () => {
  const digest = digestOf(Buffer.from('child'));
  const child = { mediaType: mediaTypes.manifest, digest, size: 5 };
  const rows: readonly (readonly [
    name: string,
    document: object,
    mediaType: string,
    children: readonly string[],
  ])[] = [
    ['those of an index', { mediaType: mediaTypes.index, manifests: [child] }, mediaTypes.index, [digest]],
    ["those of an index by the registry's word alone", { manifests: [child] }, mediaTypes.index, [digest]],
    [
      'none of a foreign field of an image',
      { mediaType: mediaTypes.manifest, manifests: [child] },
      mediaTypes.manifest,
      [],
    ],
    [
      'none of nonsense in such a field',
      { mediaType: mediaTypes.manifest, manifests: 'all' },
      mediaTypes.manifest,
      [],
    ],
    [
      'none of nonsense in a manifest of Docker',
      { manifests: [{ digest: 'x' }] },
      mediaTypes.dockerManifest,
      [],
    ],
    [
      'what looks like one in an unknown type',
      { manifests: [child, 'x', { digest: 'x' }] },
      'application/x',
      [digest],
    ],
  ];
  for (const [name, document, mediaType, children] of rows) {
    it(`are ${name}`, () => {
      assert.deepEqual(readLinks(encodeJson(document), mediaType, 'it').children, children);
    });
  }

  it("are not known of an index that can't be read", () => {
    const bytes = encodeJson({ mediaType: mediaTypes.index, manifests: [{ digest: 'x' }] });
    assert.throws(() => readLinks(bytes, mediaTypes.index, 'it'), { code: 'LAYOUT_INVALID' });
  });
});
