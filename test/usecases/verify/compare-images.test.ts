import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeImage } from '../../../src/core/oci/encode-image.ts';
import type { ImageParts } from '../../../src/core/oci/encode-image.ts';
import { encodeIndex } from '../../../src/core/oci/index-document.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { formatDifference } from '../../../src/core/trust/difference.ts';
import { compareImages } from '../../../src/usecases/verify/compare-images.ts';
import type { Side } from '../../../src/usecases/verify/compare-images.ts';
import { packTar } from '../../support/pack-tar.ts';
import type { TarPart } from '../../support/pack-tar.ts';

/** A source that holds these blobs, and what was opened of it. */
function sideOf(root: Blob, blobs: readonly Blob[]): Side & { readonly opened: Digest[] } {
  const all = new Map([...blobs, root].map((blob) => [blob.descriptor.digest, blob]));
  const opened: Digest[] = [];
  const source: Side['source'] = {
    name: 'memory',
    open: (descriptor) => {
      opened.push(descriptor.digest);
      return all.get(descriptor.digest) ?? assert.fail(`no ${descriptor.digest}`);
    },
  };
  return { source, root: root.descriptor, opened };
}

const plain: readonly TarPart[] = [{ name: 'a', content: 'one' }];

function image(parts: Partial<ImageParts> = {}, layers: readonly Buffer[] = [packTar(plain)], level = 6) {
  const blobs = layers.map((tar) => blobOf(mediaTypes.layerGzip, gzipSync(tar, { level })));
  const documents = encodeImage({
    platform: { os: 'linux', architecture: 'amd64' },
    layers: layers.map((tar, at) => ({
      descriptor: blobs[at]?.descriptor ?? assert.fail(),
      diffId: digestOf(tar),
    })),
    history: layers.map((_tar, at) => ({ created_by: `COPY ${at} /` })),
    labels: { l: '1' },
    annotations: { n: '1' },
    created: 0,
    ...parts,
  });
  return { blobs: [...blobs, documents.config, documents.manifest], manifest: documents.manifest };
}

type Made = ReturnType<typeof image>;
const alone = ({ manifest, blobs }: Made) => sideOf(manifest, blobs);
const arm = (parts: Partial<ImageParts> = {}) =>
  image({ platform: { os: 'linux', architecture: 'arm64' }, ...parts });

function index(images: readonly Made[], annotations: Readonly<Record<string, string>> = {}) {
  const root = encodeIndex(
    images.map(({ manifest }) => manifest.descriptor),
    annotations,
  );
  return sideOf(
    root,
    images.flatMap(({ blobs }) => blobs),
  );
}

async function linesOf(one: Side, other: Side): Promise<string[]> {
  return (await compareImages(one, other)).differences.map(formatDifference);
}

describe('compareImages', () => {
  it('opens nothing when the digests are the same', async () => {
    const [one, other] = [alone(image()), alone(image())];
    assert.deepEqual(await compareImages(one, other), { differences: [], isSameContent: true });
    assert.deepEqual([...one.opened, ...other.opened], []);
  });

  it('reads no layer for documents and compressions that differ', async () => {
    const [one, other] = [image(), image({ labels: { l: '2' } }, [packTar(plain)], 0)];
    const sides = [alone(one), alone(other)] as const;
    const { differences, isSameContent } = await compareImages(...sides);
    assert.deepEqual(
      differences.map(({ kind }) => kind),
      ['label', 'compression'],
    );
    assert.equal(isSameContent, false);
    assert.ok(!sides[0].opened.includes(one.blobs[0]?.descriptor.digest ?? 'sha256:'));
  });

  it('knows the same content in another compression', async () => {
    const [one, other] = [alone(image()), alone(image({}, [packTar(plain)], 0))];
    const { differences, isSameContent } = await compareImages(one, other);
    assert.ok(isSameContent);
    assert.match(
      differences.map(formatDifference).join(),
      /^layer 1 of 1 \(COPY 0 \/\): same content, other/,
    );
  });

  it('reads the first layer that differs alone', async () => {
    const tar = (content: string) => packTar([{ name: 'a', content }]);
    const [one, other] = [
      image({}, [tar('1'), tar('2'), tar('3')]),
      image({}, [tar('1'), tar('x'), tar('y')]),
    ];
    const side = alone(one);
    assert.deepEqual(await linesOf(side, alone(other)), [
      'layer 2 of 3 (COPY 1 /): file "/a", byte 0: the image has 0x32, the rebuild has 0x78',
    ]);
    const digests = one.blobs.map(({ descriptor }) => descriptor.digest);
    assert.deepEqual(
      digests.slice(0, 3).map((digest) => side.opened.includes(digest)),
      [false, true, false],
    );
  });

  it('counts layers', async () => {
    const lines = await linesOf(alone(image()), alone(image({}, [packTar(plain), packTar([])])));
    assert.deepEqual(lines, [
      'history entry 2: the image has none, the rebuild has "COPY 1 /"',
      'number of layers: the image has 1, the rebuild has 2',
    ]);
  });

  it('finds tars of the same entries that are written in another way', async () => {
    const tar = packTar(plain);
    const lines = await linesOf(
      alone(image({}, [tar])),
      alone(image({}, [Buffer.concat([tar, Buffer.alloc(512)])])),
    );
    assert.deepEqual(lines, [
      `layer 1 of 1 (COPY 0 /): the same entries, in another form of tar, byte ${tar.length}: the image has its end, the rebuild has 0x00`,
    ]);
  });

  it('finds documents of the same fields that are written in another way', async () => {
    const { blobs, manifest } = image();
    const bytes: Uint8Array[] = [];
    for await (const chunk of manifest.open()) bytes.push(chunk);
    const text = Buffer.concat(bytes).toString();
    const other = blobOf(mediaTypes.manifest, Buffer.from(text.replace('{', '{ ')));
    assert.deepEqual(await linesOf(sideOf(manifest, blobs), sideOf(other, blobs)), [
      'manifest: the same fields, written in another way, byte 1: the image has 0x22, the rebuild has 0x20',
    ]);
  });

  it('tells an index from an image', async () => {
    assert.deepEqual(await linesOf(index([image(), arm()]), alone(image())), [
      'form: the image has an index of several images, the rebuild has one image',
    ]);
  });

  it('compares indexes image by image', async () => {
    const one = index([image(), arm()], { i: '1' });
    assert.deepEqual(await linesOf(one, index([image(), arm({ labels: { l: '2' } })], { i: '2' })), [
      'linux/arm64: label "l": the image has "1", the rebuild has "2"',
      'annotation "i": the image has "1", the rebuild has "2"',
    ]);
    const [missing = ''] = await linesOf(one, index([image()], { i: '1' }));
    assert.match(missing, /^image for linux\/arm64: the image has sha256:\w+, the rebuild has none$/);
    assert.deepEqual(await linesOf(one, index([arm(), image()], { i: '1' })), [
      'order of the images: the image has linux/amd64, linux/arm64, the rebuild has linux/arm64, linux/amd64',
    ]);
  });

  it('shows what others have put into an index', async () => {
    const attestation = blobOf(mediaTypes.manifest, encodeJson({}));
    const entry = { ...attestation.descriptor, platform: { os: 'unknown', architecture: 'unknown' } };
    const built = image();
    const root = encodeIndex([built.manifest.descriptor, entry]);
    const lines = await linesOf(sideOf(root, [...built.blobs, attestation]), index([image()]));
    assert.match(lines.join(), /^image for unknown\/unknown \(sha256:\w+\): the image has sha256:\w+, the/);
  });
});
