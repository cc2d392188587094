// What a merge takes from each place, what it leaves beside the index, and what it says.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import { parseAnnotation } from '../../src/core/oci/annotations.ts';
import { readDocument } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { parseIndex } from '../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { parsePlatforms } from '../../src/core/oci/platform.ts';
import { encodeBundleManifest } from '../../src/core/trust/bundle-manifest.ts';
import { encodeStatementManifest } from '../../src/core/trust/statement-manifest.ts';
import type { StatementManifest } from '../../src/core/trust/statement-manifest.ts';
import { mergeLayouts } from '../../src/usecases/merge.ts';
import type { MergeOptions } from '../../src/usecases/merge.ts';
import { temporaryFolder } from '../support/folder.ts';
import { notingReporter } from '../support/noting-reporter.ts';
import { sampleImage } from '../support/sample-image.ts';
import type { SampleImage } from '../support/sample-image.ts';

const refName = 'org.opencontainers.image.ref.name';
const amd64 = sampleImage({ seed: 'a' });
const arm64 = sampleImage({ seed: 'b', architectures: ['arm64'] });

/** A layout of these images, under the tags `1`, `2` and so on, with what refers to something beside them. */
async function layoutOf(
  test: TestContext,
  images: readonly SampleImage[],
  referrers: readonly StatementManifest[] = [],
) {
  const folder = join(temporaryFolder(test), 'layout');
  const layout = await createLayout(folder);
  for (const { blobs } of images) for (const blob of blobs.values()) await layout.put(blob);
  for (const { blobs } of referrers) for (const blob of blobs) await layout.put(blob);
  const manifests: Descriptor[] = [
    ...images.map(({ root }, at) => ({ ...root, annotations: { [refName]: `${at + 1}` } })),
    ...referrers.map(({ referrer }) => referrer),
  ];
  await layout.writeIndex({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  return folder;
}

async function merge(
  test: TestContext,
  paths: readonly string[],
  options: Partial<MergeOptions> & { texts?: readonly string[] } = {},
) {
  const layout = await createLayout(join(temporaryFolder(test), 'merged'));
  const reporter = notingReporter();
  const { texts = [], ...others } = options;
  const root = await mergeLayouts(paths, layout, {
    annotations: texts.flatMap((text) => parseAnnotation(text, 'here')),
    reporter,
    signal: new AbortController().signal,
    ...others,
  });
  const listed =
    root.mediaType === mediaTypes.index
      ? parseIndex(await readDocument(layout.open(root), 'it'), 'it').manifests
      : [];
  const beside = (await layout.readIndex()).manifests;
  return { root, layout, reporter, listed, beside };
}

const digests = (all: readonly Descriptor[]) => all.map(({ digest }) => digest);

describe('the images of a merge', () => {
  it('are those that are named, by a tag or a digest', async (test) => {
    const folder = await layoutOf(test, [amd64, arm64]);
    for (const name of [`oci:${folder}:2`, `oci:${folder}@${arm64.root.digest}`]) {
      const { root, layout } = await merge(test, [name]);
      // Without its tag, which belongs to the layout that it comes from.
      assert.deepEqual(root, arm64.root);
      assert.equal(await layout.has(amd64.root), false);
    }
    const { listed } = await merge(test, [`oci:${folder}:2`, `oci:${folder}:1`]);
    assert.deepEqual(digests(listed).sort(), digests([amd64.root, arm64.root]).sort());
    await assert.rejects(merge(test, [`oci:${folder}:3`]), { code: 'INPUT_INVALID' });
  });

  it('are at least one', async (test) => {
    const folder = await layoutOf(test, []);
    await assert.rejects(merge(test, [folder, folder]), {
      code: 'LAYOUT_INVALID',
      message: `"${folder}", "${folder}" holds no image`,
    });
  });

  it('are for the platforms that are expected, or it is said which are missing', async (test) => {
    const folder = await layoutOf(test, [amd64, arm64]);
    const wanted = parsePlatforms(['linux/amd64', 'linux/riscv64', 'linux/arm/v7']);
    await assert.rejects(merge(test, [folder], { platforms: wanted }), {
      code: 'LAYOUT_INVALID',
      message: `expected images for linux/amd64 and linux/riscv64 and linux/arm/v7 in "${folder}", got linux/amd64 and linux/arm64`,
      hint: 'See why there is none for linux/riscv64 and linux/arm/v7: its build or its download may have failed.',
    });
    assert.equal(
      (await merge(test, [folder], { platforms: parsePlatforms(['linux/arm64/v8']) })).listed.length,
      2,
    );
  });

  it('have annotations where there is a place for them, and the rest is said', async (test) => {
    const one = await layoutOf(test, [amd64]);
    const texts = ['index:a=1', 'index-descriptor:b=2'];
    const alone = await merge(test, [one], { texts });
    assert.deepEqual(alone.root, amd64.root);
    assert.ok(alone.reporter.said.length > 0);
    const both = sampleImage({ seed: 'both', architectures: ['amd64', 'arm64'] });
    const index = await merge(test, [await layoutOf(test, [both])], { texts });
    assert.deepEqual(index.root, { ...both.root, annotations: { b: '2' } });
    assert.deepEqual(index.reporter.said, []);
    const merged = await merge(test, [one, await layoutOf(test, [arm64])], { texts });
    assert.deepEqual(merged.root.annotations, { b: '2' });
  });

  it('are given up between two blobs when that is interrupted', async (test) => {
    const folder = await layoutOf(test, [amd64]);
    const reason = new Error('enough');
    await assert.rejects(merge(test, [folder], { signal: AbortSignal.abort(reason) }), reason);
  });
});

describe('what refers to an image of a merge', () => {
  const statement = encodeStatementManifest(amd64.root, 'https://example.com/x', Buffer.from('{"a":1}'));
  const bundle = encodeBundleManifest(amd64.root, 'https://example.com/x', Buffer.from('{"b":2}'), 0);

  it('is in the index once, wherever it was found', async (test) => {
    const one = await layoutOf(test, [amd64], [statement]);
    const other = await layoutOf(test, [arm64], [statement]);
    const { listed, beside } = await merge(test, [one, other]);
    const found = listed.filter(({ digest }) => digest === statement.referrer.digest);
    assert.equal(found.length, 1);
    assert.deepEqual(found[0]?.platform, { os: 'unknown', architecture: 'unknown' });
    assert.deepEqual(beside, []);
  });

  it('stands beside the index where it is a signature, and is whole', async (test) => {
    const one = await layoutOf(test, [amd64], [bundle, statement]);
    const { listed, beside, layout } = await merge(test, [one, await layoutOf(test, [arm64])]);
    assert.deepEqual(digests(beside), [bundle.referrer.digest]);
    assert.ok(!digests(listed).includes(bundle.referrer.digest));
    assert.ok(digests(listed).includes(statement.referrer.digest));
    for (const { descriptor } of bundle.blobs) assert.ok(await layout.has(descriptor));
  });

  it('is nowhere where it is about an index that was dissolved', async (test) => {
    const both = sampleImage({ seed: 'both', architectures: ['amd64', 'arm64'] });
    const ofIndex = encodeBundleManifest(both.root, 'https://example.com/x', Buffer.from('{}'), 0);
    const riscv = sampleImage({ seed: 'r', architectures: ['riscv64'] });
    const { beside, listed } = await merge(test, [
      await layoutOf(test, [both], [ofIndex]),
      await layoutOf(test, [riscv]),
    ]);
    assert.deepEqual([beside.length, listed.length], [0, 3]);
  });

  it('keeps the type that the layout shows for it', async (test) => {
    const { artifactType } = statement.referrer;
    const { mediaType, digest, size } = statement.referrer;
    const bare = { ...statement, referrer: { mediaType, digest, size } };
    const { beside } = await merge(test, [await layoutOf(test, [amd64], [bare])]);
    assert.deepEqual(beside, [{ mediaType, digest, size, artifactType }]);
  });
});
