// What refers to an image by its subject (OCI image-spec, manifest.md; distribution-spec, "Listing Referrers").

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { encodeIndex } from '../../../src/core/oci/index-document.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import {
  findReferrers,
  readReferrer,
  referrersTag,
  subjectOf,
  withoutReferrers,
} from '../../../src/core/oci/referrers.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { sampleImage } from '../../support/sample-image.ts';

const nothing: Source = { name: 'here', open: (descriptor) => assert.fail(`opened ${descriptor.digest}`) };
const image = sampleImage({ seed: 'image' });
const config = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}')).descriptor;

function referrer(subject: Blob | undefined, name: string, mediaType: string = mediaTypes.manifest): Blob {
  const content = mediaType === mediaTypes.manifest ? { config, layers: [] } : { manifests: [] };
  return blobOf(
    mediaType,
    encodeJson({
      ...{ schemaVersion: 2, mediaType, ...content, annotations: { name } },
      ...(subject === undefined ? {} : { subject: subject.descriptor }),
    }),
  );
}

const root: Blob = { descriptor: image.root, open: () => assert.fail('opened') };
const digests = (list: readonly { readonly digest: string }[]) => list.map(({ digest }) => digest);

describe('readReferrer', () => {
  const read = (mediaType: string, document: object) => {
    const blob = blobOf(mediaType, encodeJson({ schemaVersion: 2, ...document }));
    const { digest, size } = blob.descriptor;
    const descriptor = { mediaType, digest, size };
    return {
      descriptor,
      ...readReferrer({ ...descriptor, platform: linux }, encodeJson({ schemaVersion: 2, ...document })),
    };
  };
  const linux = { os: 'linux', architecture: 'amd64' };

  it('has the type of the artifact, or else that of the config, and the annotations', () => {
    const whole = read(mediaTypes.manifest, {
      ...{ config, layers: [], artifactType: 'a/b', subject: image.root, annotations: { c: 'd' } },
    });
    assert.equal(whole.subject, image.root.digest);
    assert.deepEqual(whole.referrer, { ...whole.descriptor, annotations: { c: 'd' }, artifactType: 'a/b' });
    const plain = read(mediaTypes.manifest, { config, layers: [] });
    assert.equal(plain.subject, undefined);
    assert.deepEqual(plain.referrer, { ...plain.descriptor, artifactType: config.mediaType });
  });

  it('may be an index', () => {
    const plain = read(mediaTypes.index, { manifests: [], subject: image.root });
    assert.equal(plain.subject, image.root.digest);
    assert.deepEqual(plain.referrer, plain.descriptor);
    const typed = read(mediaTypes.index, { manifests: [], artifactType: 'a/b' });
    assert.deepEqual(typed.referrer, { ...typed.descriptor, artifactType: 'a/b' });
  });

  it('is neither where the bytes are something else', () => {
    for (const type of [mediaTypes.manifest, mediaTypes.index])
      assert.throws(() => read(type, { neither: 1 }), { code: 'LAYOUT_INVALID' });
  });
});

describe('referrersTag', () => {
  it('is the digest with a dash', () => {
    assert.equal(referrersTag(`sha256:${'ab'.repeat(32)}`), `sha256-${'ab'.repeat(32)}`);
  });
});

describe('subjectOf', () => {
  it('is what a manifest or an index refers to', async () => {
    for (const type of [mediaTypes.manifest, mediaTypes.index]) {
      const [blob, plain] = [referrer(root, 'x', type), referrer(undefined, 'x', type)];
      const source = withBlobs(nothing, [blob, plain]);
      assert.equal(await subjectOf(source, blob.descriptor), image.root.digest);
      assert.equal(await subjectOf(source, plain.descriptor), undefined);
    }
  });

  it('is nothing for what is no document, which is not opened, and for what cannot be read', async () => {
    assert.equal(await subjectOf(nothing, config), undefined);
    const broken = blobOf(mediaTypes.manifest, Buffer.from('no manifest'));
    assert.equal(await subjectOf(withBlobs(nothing, [broken]), broken.descriptor), undefined);
    const faulty: Source = {
      name: 'here',
      open: () => {
        throw new Error('a fault');
      },
    };
    await assert.rejects(subjectOf(faulty, broken.descriptor), /a fault/);
  });
});

describe('findReferrers', () => {
  const bill = referrer(root, 'bill');
  const signature = referrer(bill, 'signature of the bill');
  const index = referrer(signature, 'index', mediaTypes.index);
  const stranger = referrer(referrer(undefined, 'not here'), 'stranger');
  const blobs = [bill, signature, index, stranger];
  const source = withBlobs(image.source, blobs);
  const all = blobs.map(({ descriptor }) => descriptor);

  it('finds what refers to the image, and to that, each after what it refers to', async () => {
    for (const order of [all, [...all].reverse(), [...all, ...all]])
      assert.deepEqual(
        digests(await findReferrers(source, image.root, order)),
        digests([bill.descriptor, signature.descriptor, index.descriptor]),
      );
  });

  it('finds what refers to something within the image, or within a referrer', async () => {
    const top = encodeIndex([image.root]);
    const inner = referrer(undefined, 'inner');
    const outer = blobOf(
      mediaTypes.index,
      encodeJson({
        ...{ schemaVersion: 2, mediaType: mediaTypes.index },
        ...{ manifests: [inner.descriptor], subject: top.descriptor },
      }),
    );
    const ofInner = referrer(inner, 'of inner');
    const more = withBlobs(source, [top, inner, outer, ofInner]);
    const candidates = [ofInner, outer, bill].map(({ descriptor }) => descriptor);
    assert.deepEqual(
      digests(await findReferrers(more, top.descriptor, candidates)),
      digests([outer.descriptor, bill.descriptor, ofInner.descriptor]),
    );
  });

  it('finds neither the image itself nor what is in it, and reads nothing for that', async () => {
    assert.deepEqual(await findReferrers(nothing, image.root, []), []);
    assert.deepEqual(await findReferrers(nothing, image.root, [image.root]), []);
    const inner = referrer(root, 'inner');
    const top = encodeIndex([image.root, inner.descriptor]);
    assert.deepEqual(
      await findReferrers(withBlobs(source, [top, inner]), top.descriptor, [inner.descriptor]),
      [],
    );
  });
});

describe('withoutReferrers', () => {
  const bill = referrer(root, 'bill');
  const other = referrer(root, 'other');
  const source = withBlobs(image.source, [bill, other]);

  it('leaves out what refers to others', async () => {
    assert.deepEqual(await withoutReferrers(source, [bill.descriptor, image.root]), [image.root]);
  });

  it('leaves all where there is nothing else', async () => {
    const both = [bill.descriptor, other.descriptor];
    assert.deepEqual(await withoutReferrers(source, both), both);
    assert.deepEqual(await withoutReferrers(nothing, [bill.descriptor]), [bill.descriptor]);
    assert.deepEqual(await withoutReferrers(nothing, []), []);
  });
});
