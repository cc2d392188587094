// Sigstore bundles of images and of indexes: they go with what they are about, and with nothing else.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDocument } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { encodeBundleManifest } from '../../../src/core/trust/bundle-manifest.ts';
import { predicateTypes } from '../../../src/core/trust/in-toto-statement.ts';
import { sampleImage } from '../../support/sample-image.ts';
import { MemoryRegistry } from './memory-registry.ts';
import type { Kind } from './memory-registry.ts';
import { clean, markedFor, mine } from './scene.ts';

const later = Date.parse('2024-05-01T12:00:00Z');
const others = 'https://github.com/owner/app/pull/6';

class SignedImages {
  readonly registry: MemoryRegistry;
  readonly #lists = new Set<Digest>();

  constructor(kind: Kind) {
    this.registry = new MemoryRegistry(kind);
  }

  async image(seed: string, mark: string | undefined, tag?: string): Promise<Descriptor> {
    const { source, root } = sampleImage({ seed, layers: [10], annotations: markedFor(mark) });
    const bytes = await readDocument(source.open(root), 'the image');
    return this.registry.put(root.mediaType, bytes, later, tag);
  }

  index(manifests: readonly Descriptor[], mark: string | undefined, tag?: string): Descriptor {
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests,
      annotations: markedFor(mark),
    };
    return this.registry.put(mediaTypes.index, encodeJson(document), later, tag);
  }

  /** One after the other, so that each leaves a shorter list behind. @returns the bundles and those lists */
  async sign(about: Descriptor): Promise<readonly Descriptor[]> {
    const made: Descriptor[] = [];
    for (const predicateType of [predicateTypes.signature, predicateTypes.spdx, predicateTypes.provenance]) {
      const bundle = Buffer.from(`${about.digest} ${predicateType}`);
      const manifest = encodeBundleManifest(about, predicateType, bundle, 0).blobs.at(-1);
      assert.ok(manifest);
      const bytes = await readDocument(manifest, 'the bundle');
      const referrer = this.registry.put(mediaTypes.manifest, bytes, later);
      const list = this.registry.list(referrer, about.digest, later);
      if (list !== undefined) this.#lists.add(list.digest);
      made.push(referrer, ...(list === undefined ? [] : [list]));
    }
    return made;
  }

  async signAll(all: readonly Descriptor[]): Promise<readonly Descriptor[]> {
    return (await Promise.all(all.map((about) => this.sign(about)))).flat();
  }

  assertLeft(expected: readonly Descriptor[]): void {
    const tagged = new Set(this.registry.tags.values());
    // Nothing leads to a list without a tag where only a registry is asked.
    const isSeen = (digest: Digest) =>
      this.registry.kind !== 'registry' || !this.#lists.has(digest) || tagged.has(digest);
    const left = [...this.registry.manifests.keys()].filter(isSeen).sort();
    assert.deepEqual(
      left,
      expected
        .map(({ digest }) => digest)
        .filter(isSeen)
        .sort(),
    );
  }

  get lists(): readonly string[] {
    return [...this.registry.tags.keys()].filter((tag) => tag.startsWith('sha256-')).sort();
  }
}

for (const kind of ['package', 'registry', 'registry with referrers'] as const) {
  const listed = (all: readonly Descriptor[]) =>
    kind === 'registry with referrers' ? [] : all.map(({ digest }) => digest.replace(':', '-')).sort();

  describe(`the cleanup of signed images in a ${kind}`, () => {
    it('takes the bundles of an index and of each image in it, with all lists of them', async () => {
      const scene = new SignedImages(kind);
      const main = await scene.image('main', undefined, 'main');
      const other = await scene.image('other', others, 'pr-6');
      const legs = [await scene.image('amd64', mine, 'pr-5-amd64'), await scene.image('arm64', mine)];
      const closed = scene.index(legs, mine, 'pr-5');
      const kept = [main, other, ...(await scene.signAll([main, other]))];
      await scene.signAll([closed, ...legs]);
      const { skipped } = await clean(scene.registry.open(), ['pr-5', 'pr-5-amd64']);
      assert.deepEqual(skipped, []);
      scene.assertLeft(kept);
      assert.deepEqual(scene.lists, listed([main, other]));
    });

    it('leaves those of an image that somebody else lists, and of what main had before', async () => {
      const scene = new SignedImages(kind);
      const older = await scene.image('older', undefined);
      const shared = await scene.image('shared', mine);
      const gone = await scene.image('gone', mine);
      const closed = scene.index([older, shared, gone], mine, 'pr-5');
      const release = scene.index([shared], undefined, 'v1');
      const kept = [older, shared, release, ...(await scene.signAll([older, shared, release]))];
      await scene.signAll([closed, gone]);
      await clean(scene.registry.open(), ['pr-5']);
      scene.assertLeft(kept);
      assert.deepEqual(scene.lists, listed([older, shared, release]));
    });

    it('leaves all of an image that another tag names', async () => {
      const scene = new SignedImages(kind);
      const shared = await scene.image('shared', mine, 'pr-5');
      scene.registry.tags.set('stable', shared.digest);
      const kept = [shared, ...(await scene.sign(shared))];
      const { deleted } = await clean(scene.registry.open(), ['pr-5']);
      scene.assertLeft(kept);
      assert.deepEqual(
        deleted.map(({ tags }) => tags),
        [['pr-5']],
      );
    });
  });
}
