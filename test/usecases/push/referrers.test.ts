// What refers to an image goes along with it, from a layout as `oras copy -r` makes it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openArchive, writeArchive } from '../../../src/adapters/disk/archive.ts';
import { chooseImage } from '../../../src/adapters/disk/choose-image.ts';
import { mustOpenLocalImages } from '../../../src/adapters/disk/open.ts';
import type { LocalImages } from '../../../src/adapters/disk/open.ts';
import { refNameAnnotation } from '../../../src/adapters/disk/names.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { findReferrers } from '../../../src/core/oci/referrers.ts';
import { repository, runPush } from '../../support/fault-run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { sampleImage, storeImage, writeSampleLayout } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';

const image = sampleImage({ architectures: ['amd64', 'arm64'] });
const about = (subject: Descriptor | undefined, seed: string) =>
  sampleImage({ seed, layers: [100], ...(subject === undefined ? {} : { subject }) });
const bill = about(image.root, 'bill of materials');
const provenance = about(image.manifests[0], 'provenance of one platform');
const signature = about(bill.root, 'signature of the bill');
const foreign = about(sampleImage({ seed: 'another' }).root, 'signature of another image');

/** oras lists every root, the image under its tag alone, the others without a name and in any order. */
async function orasLayout(test: TestContext): Promise<LocalImages> {
  const folder = join(temporaryFolder(test), 'layout');
  const all = [signature, bill, provenance, foreign, image];
  for (const one of all) writeSampleLayout(folder, one, '1');
  const manifests = all.map(({ root }) =>
    root === image.root ? { ...root, annotations: { [refNameAnnotation]: '1' } } : root,
  );
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  writeFileSync(join(folder, 'index.json'), encodeJson(index));
  return mustOpenLocalImages(folder);
}

const digests = (all: readonly { readonly digest: string }[]) => all.map(({ digest }) => digest);
const expected = [bill, provenance, signature].map(({ root }) => root);

describe('what refers to an image', () => {
  it('is found, directly and by way of others, after what it refers to', async (test) => {
    const { source, roots } = await orasLayout(test);
    const found = digests(await findReferrers(source, image.root, roots));
    assert.deepEqual([...found].sort(), digests(expected).sort());
    assert.ok(found.indexOf(bill.root.digest) < found.indexOf(signature.root.digest));
  });

  it('is not taken for an image, unless it is named', async (test) => {
    const images = await orasLayout(test);
    assert.equal((await chooseImage(images, undefined, 'x')).digest, image.root.digest);
    assert.equal((await chooseImage(images, '1', 'x')).digest, image.root.digest);
    assert.equal((await chooseImage(images, bill.root.digest, 'x')).digest, bill.root.digest);
    const alone = { source: images.source, roots: [bill.root] };
    assert.equal((await chooseImage(alone, undefined, 'x')).digest, bill.root.digest);
  });

  it('is in an archive of it, which stays the same archive for the same image', async (test) => {
    const { source, roots } = await orasLayout(test);
    const path = join(temporaryFolder(test), 'image.tar');
    const referrers = await findReferrers(source, image.root, roots);
    await writeArchive(source, image.root, [parseReference('a/b:1')], path, undefined, referrers);
    const archive = await openArchive(path);
    const { manifests } = await archive.readIndex();
    assert.deepEqual(digests(manifests), [...digests(referrers), image.root.digest]);
    const again = await findReferrers(archive, image.root, manifests);
    assert.deepEqual(digests(again), digests(referrers));
  });

  for (const kept of [true, false]) {
    it(`is pushed before any tag moves, to a registry that ${kept ? 'lists' : 'does not list'} it`, async (test) => {
      const { source, roots } = await orasLayout(test);
      const referrers = await findReferrers(source, image.root, roots);
      const run = await runPush({
        source,
        image,
        references: [`HOST/${repository}:v1`, `HOST/${repository}:v2`],
        registry: { referrers: kept },
        push: { referrers },
      });
      test.after(() => run[Symbol.asyncDispose]());
      run.assertPushed();
      const { store } = run.registry;
      for (const { digest } of referrers) store.pull(repository, digest);
      const puts = run.proxy.requests.filter(
        ({ method, endpoint }) => method === 'PUT' && endpoint.kind === 'manifest',
      );
      const tagged = puts.findIndex(({ endpoint }) => endpoint.name === 'v1');
      for (const { digest } of referrers)
        assert.ok(puts.findIndex(({ endpoint }) => endpoint.name === digest) < tagged);
      const lists: [subject: Descriptor | undefined, referrer: SampleImage][] = [
        [image.root, bill],
        [image.manifests[0], provenance],
        [bill.root, signature],
      ];
      for (const [subject, referrer] of lists) {
        const tag = subject?.digest.replace(':', '-') ?? '';
        if (kept) assert.equal(store.tags(repository)[tag], undefined);
        else assert.ok(store.pull(repository, tag).includes(referrer.root.digest), tag);
      }
      assert.equal(store.repository(repository).manifests.has(foreign.root.digest), false);
    });
  }

  it('is pushed also when the image is there already', async (test) => {
    const { source } = await orasLayout(test);
    const run = await runPush({
      source,
      image,
      push: { referrers: [bill.root] },
      prepare: ({ registry }) => {
        storeImage(registry.store, repository, image, 'v1');
      },
    });
    test.after(() => run[Symbol.asyncDispose]());
    run.assertPushed();
    run.registry.store.pull(repository, bill.root.digest);
  });
});
