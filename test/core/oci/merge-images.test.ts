import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeImages } from '../../../src/core/oci/merge-images.ts';
import type { MergePart } from '../../../src/core/oci/merge-images.ts';
import { readDocument } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { parseIndex } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';

function part(platform: string, content = platform): MergePart {
  const manifest = describeBytes(mediaTypes.manifest, Buffer.from(content));
  return { where: `layout of ${content}`, manifest: { ...manifest, platform: parsePlatform(platform) } };
}

async function merged(parts: readonly MergePart[], annotations?: Record<string, string>) {
  const index = mergeImages(parts, annotations);
  assert.equal(index.descriptor.mediaType, mediaTypes.index);
  return parseIndex(await readDocument(index, 'index'), 'index');
}

describe('mergeImages', () => {
  const hint = 'Merge one image for each platform: check that every job built for another one.';
  const [amd64, arm64, v7] = [part('linux/amd64'), part('linux/arm64'), part('linux/arm/v7')];

  it('lists every image with its platform, whatever the order', async () => {
    const index = await merged([arm64, v7, amd64]);
    assert.deepEqual(index.manifests, [amd64.manifest, v7.manifest, arm64.manifest]);
    assert.equal(
      mergeImages([amd64, arm64, v7]).descriptor.digest,
      mergeImages([v7, arm64, amd64]).descriptor.digest,
    );
    assert.equal(index.annotations, undefined);
  });

  it('has the annotations that it is given', async () => {
    assert.deepEqual((await merged([amd64, arm64], { a: 'b' })).annotations, { a: 'b' });
  });

  it('refuses the same image twice, and names both places', () => {
    const { digest } = amd64.manifest;
    assert.throws(() => mergeImages([amd64, arm64, { ...amd64, where: 'other' }]), {
      code: 'LAYOUT_INVALID',
      message: `expected different images to merge, got ${digest} from both "layout of linux/amd64" and "other"`,
      hint,
    });
  });

  it('refuses two images of one platform', () => {
    assert.throws(() => mergeImages([amd64, v7, part('linux/amd64', 'another')]), {
      code: 'LAYOUT_INVALID',
      message:
        'expected one image for linux/amd64, got one from "layout of linux/amd64" and another from "layout of another"',
      hint,
    });
  });

  it('keeps attestations, at the end', async () => {
    const attestations = [part('unknown/unknown', 'b'), part('unknown/unknown', 'a')];
    const index = await merged([...attestations, part('windows/amd64'), amd64]);
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform?.os),
      ['linux', 'windows', 'unknown', 'unknown'],
    );
    const last = index.manifests.slice(2).map(({ digest }) => digest);
    assert.deepEqual(last, attestations.map(({ manifest }) => manifest.digest).sort());
    // Whatever the order in which they come.
    const windows = part('windows/amd64');
    for (const parts of [
      [windows, ...attestations],
      [...[...attestations].reverse(), windows],
      [attestations[0], windows, attestations[1]],
    ]) {
      const again = await merged(parts.filter((one) => one !== undefined));
      assert.deepEqual(
        again.manifests.map(({ digest }) => digest),
        [windows.manifest.digest, ...last],
      );
    }
  });
});
