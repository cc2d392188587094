// What is in a layout beside what its index reaches: found, collected, refused, or taken along.

import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { addReferrers, addReferrersAt } from '../../../src/adapters/disk/add-referrers.ts';
import { collect, listBlobs, reachable, withoutLostReferrers } from '../../../src/adapters/disk/collect.ts';
import { extractImage } from '../../../src/adapters/disk/extract.ts';
import { createLayout, openLayout, referrersIn } from '../../../src/adapters/disk/layout.ts';
import type { Layout } from '../../../src/adapters/disk/layout.ts';
import { checkAllListed } from '../../../src/adapters/disk/unlisted.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { hexOf } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import type { Index } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { sampleImage } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';
import { assertWhole } from '../../support/whole-layout.ts';

const indexOf = (...manifests: readonly Descriptor[]): Index => ({
  ...{ schemaVersion: 2, mediaType: mediaTypes.index, manifests },
});
const one = sampleImage({ seed: 'one', layers: [40] });
const two = sampleImage({ seed: 'two', layers: [40], architectures: ['amd64', 'arm64'] });
const about = (subject: SampleImage, seed: string) =>
  sampleImage({ seed, layers: [10], subject: subject.root });
const digestsOf = ({ blobs }: SampleImage) => [...blobs.keys()].sort();
const named = ({ root }: SampleImage, name: string): Descriptor => ({
  ...root,
  annotations: { 'io.containerd.image.name': name },
});

async function layoutOf(test: TestContext, ...images: readonly SampleImage[]): Promise<Layout> {
  const layout = await createLayout(join(temporaryFolder(test), 'layout'));
  for (const { blobs } of images) for (const blob of blobs.values()) await layout.put(blob);
  await layout.writeIndex(indexOf(...images.map(({ root }) => root)));
  return layout;
}

const corrupt = (layout: Layout, { digest }: Descriptor) => {
  writeFileSync(layout.blobPath(digest), '{}');
};

describe('what the entries of an index reach', () => {
  it('is everything below each of them', async (test) => {
    const layout = await layoutOf(test, one, two);
    assert.deepEqual([...(await reachable(layout, [one.root]))].sort(), digestsOf(one));
    assert.deepEqual([...(await reachable(layout, [two.root]))].sort(), digestsOf(two));
    assert.deepEqual(
      [...(await reachable(layout, [one.root, two.root]))].sort(),
      [...digestsOf(one), ...digestsOf(two)].sort(),
    );
    assert.equal((await reachable(layout, [])).size, 0);
  });

  it('is listed with the rest, in order', async (test) => {
    const layout = await layoutOf(test, one, two);
    const blobs = join(layout.directory, 'blobs/sha256');
    for (const name of ['x', 'a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), `${'a'.repeat(64)}.tmp`])
      writeFileSync(join(blobs, name), '');
    assert.deepEqual(await listBlobs(layout), [...digestsOf(one), ...digestsOf(two)].map(hexOf).sort());
  });
});

describe('collecting', () => {
  it('removes the blobs that nothing reaches, and no other file', async (test) => {
    const layout = await layoutOf(test, one, two);
    const blobs = join(layout.directory, 'blobs/sha256');
    writeFileSync(join(blobs, 'note.txt'), '');
    await collect(layout, indexOf(two.root));
    assert.deepEqual(readdirSync(blobs).sort(), [...digestsOf(two).map(hexOf), 'note.txt'].sort());
  });

  it('removes nothing where something that is named can not be read', async (test) => {
    const layout = await layoutOf(test, one, two);
    corrupt(layout, two.root);
    await collect(layout, indexOf(two.root));
    assert.equal((await listBlobs(layout)).length, one.blobs.size + two.blobs.size);
  });

  it('hides no fault that is not of the layout', async (test) => {
    const layout = await layoutOf(test, one);
    const faulty = {
      ...layout,
      open: () => {
        throw new Error('a fault');
      },
    };
    await assert.rejects(collect(faulty, indexOf(one.root)), /a fault/);
  });

  it('leaves what can not be removed', async (test) => {
    const layout = await layoutOf(test, one);
    const path = join(layout.directory, 'blobs/sha256', 'f'.repeat(64));
    mkdirSync(join(path, 'inside'), { recursive: true });
    await collect(layout, indexOf());
    assert.deepEqual(readdirSync(join(path, '..')), ['f'.repeat(64)]);
  });
});

describe('what refers to images that went', () => {
  const bill = about(one, 'bill');
  const signature = about(bill, 'signature');
  const other = about(two, 'other');

  it('goes with them, and what refers to that', async (test) => {
    const layout = await layoutOf(test, one, two, bill, signature, other);
    const before = {
      ...indexOf(one.root, two.root, bill.root, signature.root, other.root),
      annotations: { a: 'b' },
    };
    const after = { ...before, manifests: before.manifests.slice(1) };
    assert.deepEqual(await withoutLostReferrers(layout, before, after), {
      ...before,
      manifests: [two.root, other.root],
    });
    assert.deepEqual(await withoutLostReferrers(layout, before, before), before);
  });

  it('stays where it has a name, or where the image is in another one', async (test) => {
    const layout = await layoutOf(test, one, two, bill);
    const short = { ...bill.root, annotations: { 'org.opencontainers.image.ref.name': 'bill' } };
    for (const entry of [named(bill, 'a/bill:1'), short])
      assert.deepEqual(
        (await withoutLostReferrers(layout, indexOf(one.root, entry), indexOf(entry))).manifests,
        [entry],
      );
    const ofPart = sampleImage({ seed: 'of part', layers: [10], subject: two.manifests[0] ?? two.root });
    for (const blob of ofPart.blobs.values()) await layout.put(blob);
    const top = blobOf(mediaTypes.index, encodeJson(indexOf(...two.manifests, one.root)));
    await layout.put(top);
    const before = indexOf(two.root, ofPart.root);
    const after = indexOf(top.descriptor, ofPart.root);
    assert.deepEqual((await withoutLostReferrers(layout, before, after)).manifests, after.manifests);
    assert.deepEqual((await withoutLostReferrers(layout, before, indexOf(ofPart.root))).manifests, []);
  });

  it('stays where something can not be read', async (test) => {
    for (const broken of [one, two]) {
      const layout = await layoutOf(test, one, two, bill);
      corrupt(layout, broken.root);
      const after = indexOf(two.root, bill.root);
      const before = indexOf(one.root, ...after.manifests);
      assert.deepEqual((await withoutLostReferrers(layout, before, after)).manifests, after.manifests);
    }
  });
});

describe('a manifest that no index lists', () => {
  const hint =
    'Several layouts lie over each other there: leave out merge-multiple of actions/download-artifact, so that each gets a folder of its own. If it is one that was built into again and again, build it into a new folder.';

  it('is refused, and others are counted', async (test) => {
    const layout = await layoutOf(test, one, two);
    await checkAllListed(layout.directory, [one.root, two.root]);
    const { digest } = one.root;
    await assert.rejects(checkAllListed(layout.directory, [two.root]), {
      code: 'LAYOUT_INVALID',
      message: `"${layout.directory}" holds an image that its index doesn't list: ${digest}`,
      hint,
    });
    const documents = [two.root, ...two.manifests].map((entry) => entry.digest).sort();
    await assert.rejects(checkAllListed(layout.directory, [one.root]), {
      message: `"${layout.directory}" holds an image that its index doesn't list: ${documents[0]} and 2 more`,
    });
  });

  const config = { mediaType: 'x' };
  const rows: [name: string, bytes: string | Uint8Array, isDocument: boolean][] = [
    ['a manifest', encodeJson({ schemaVersion: 2, config }), true],
    ['an index', encodeJson({ schemaVersion: 2, manifests: [] }), true],
    ['another version', encodeJson({ schemaVersion: 1, config }), false],
    ['a config', encodeJson({ schemaVersion: 2, config: 'x', manifests: {} }), false],
    ['JSON after a blank', ` ${JSON.stringify({ schemaVersion: 2, config })}`, false],
    ['half of a manifest', '{"schemaVersion":2,"config":{', false],
    ['a list', '[]', false],
    ['nothing', '', false],
  ];
  for (const [name, bytes, isDocument] of rows)
    it(`is told by its content: ${name}`, async (test) => {
      const layout = await layoutOf(test, one);
      await layout.put(blobOf('x/y', Buffer.from(bytes)));
      const check = checkAllListed(layout.directory, [one.root]);
      await (isDocument ? assert.rejects(check, { hint }) : check);
    });

  it('is no folder, and no file over 16 MiB', async (test) => {
    const layout = await layoutOf(test, one);
    const blobs = join(layout.directory, 'blobs/sha256');
    mkdirSync(join(blobs, 'd'.repeat(64)));
    const large = join(blobs, 'e'.repeat(64));
    writeFileSync(large, encodeJson({ schemaVersion: 2, config }));
    await assert.rejects(checkAllListed(layout.directory, [one.root]), { hint });
    truncateSync(large, 16 * 1024 * 1024 + 1);
    await checkAllListed(layout.directory, [one.root]);
    // Filled up with blanks, it is one of the size that a document may have.
    writeFileSync(large, JSON.stringify({ schemaVersion: 2, config }).padEnd(16 * 1024 * 1024));
    await assert.rejects(checkAllListed(layout.directory, [one.root]), { hint });
  });

  it('is not looked for behind a link', { skip: process.platform === 'win32' }, async (test) => {
    const layout = await layoutOf(test, one);
    const path = join(layout.directory, 'blobs/sha256', 'c'.repeat(64));
    symlinkSync(layout.blobPath(one.root.digest), path);
    await assert.rejects(checkAllListed(layout.directory, [one.root]), {
      code: 'LAYOUT_INVALID',
      message: `expected "${path}" to be a file, got a symbolic link`,
    });
  });

  it('is looked for in a layout alone', async (test) => {
    const folder = temporaryFolder(test, { 'dir/manifest.json': '{}', 'dir/version': '', file: '' });
    await checkAllListed(join(folder, 'file'), []);
    await checkAllListed(join(folder, 'none'), []);
    await checkAllListed(join(folder, 'dir'), []);
    await assert.rejects(checkAllListed(folder, []), { message: /is no OCI image layout/ });
  });
});

describe('adding what refers to an image', () => {
  const bill = about(one, 'bill');

  it('lists it once, behind the others', async (test) => {
    const layout = await layoutOf(test, one);
    const before = { ...indexOf(one.root), annotations: { a: 'b' } };
    await layout.writeIndex(before);
    for (let times = 0; times < 2; times++) {
      await addReferrers(layout, [bill.root], [...bill.blobs.values()]);
      assert.deepEqual(await layout.readIndex(), { ...before, manifests: [one.root, bill.root] });
    }
    assertWhole(layout.directory);
    assert.deepEqual(await referrersIn(layout, one.root), [bill.root]);
  });

  it('writes no index that stays as it is', async (test) => {
    const layout = await layoutOf(test, one);
    const { ino } = statSync(join(layout.directory, 'index.json'));
    await addReferrers(layout, [one.root], []);
    assert.equal(statSync(join(layout.directory, 'index.json')).ino, ino);
  });

  it('locks a layout that others may write to', async (test) => {
    const layout = await layoutOf(test, one);
    const [blob] = bill.blobs.values();
    assert.ok(blob);
    const watching = {
      ...blob,
      open: () => {
        const names = readdirSync(layout.directory).filter((name) => name.startsWith('.bima-lock-'));
        assert.equal(names.length, 1);
        return blob.open();
      },
    };
    await addReferrersAt(layout.directory, [bill.root], [watching, ...bill.blobs.values()]);
    assert.deepEqual((await layout.readIndex()).manifests, [one.root, bill.root]);
    assertWhole(layout.directory);
    assert.deepEqual(readdirSync(layout.directory).sort(), ['blobs', 'index.json', 'oci-layout']);
  });

  it('changes no index once the lock is lost, and gives up for a signal', async (test) => {
    const layout = await layoutOf(test, one);
    const [blob] = bill.blobs.values();
    assert.ok(blob);
    const stealing = {
      ...blob,
      open: () => {
        for (const name of readdirSync(layout.directory))
          if (name.startsWith('.bima-lock-')) rmSync(join(layout.directory, name));
        return blob.open();
      },
    };
    await assert.rejects(addReferrersAt(layout.directory, [bill.root], [stealing]), {
      code: 'OUTPUT_FAILED',
      message: /took over/,
    });
    assert.deepEqual((await layout.readIndex()).manifests, [one.root]);
    await assert.rejects(
      addReferrersAt(layout.directory, [bill.root], [], AbortSignal.abort(new Error('enough'))),
      /enough/,
    );
  });
});

describe('one image of a layout', () => {
  const bill = about(two, 'bill');

  it('becomes a layout of its own, of links', async (test) => {
    const layout = await layoutOf(test, one, two, bill);
    const to = join(temporaryFolder(test), 'out');
    const extracted = { image: two.root, references: [parseReference('a/b:1')], referrers: [bill.root] };
    await extractImage(layout.directory, to, extracted);
    assert.deepEqual(assertWhole(to), ['-', 'a/b:1']);
    const index = await (await openLayout(to)).readIndex();
    assert.deepEqual(index, {
      ...indexOf(),
      manifests: [
        bill.root,
        {
          ...two.root,
          annotations: {
            'io.containerd.image.name': 'docker.io/a/b:1',
            'org.opencontainers.image.ref.name': '1',
          },
        },
      ],
    });
    const hex = hexOf(two.root.digest);
    const [from, copy] = [layout.directory, to].map(
      (folder) => statSync(join(folder, 'blobs/sha256', hex)).ino,
    );
    assert.equal(from, copy);
  });

  it('is copied where there are no links', async (test) => {
    const layout = await layoutOf(test, one);
    const to = join(temporaryFolder(test), 'out');
    const made = await createLayout(to);
    // A file of that name is in the way of a link, and not of a copy.
    writeFileSync(made.blobPath(one.root.digest), 'old');
    await extractImage(layout.directory, to, { image: one.root, references: [], referrers: [] });
    assert.deepEqual(
      readFileSync(made.blobPath(one.root.digest)),
      readFileSync(layout.blobPath(one.root.digest)),
    );
  });

  it('says what can not be written, and what is not there', async (test) => {
    const layout = await layoutOf(test, one);
    const to = join(temporaryFolder(test, { file: '' }), 'file');
    const extracted = { image: one.root, references: [], referrers: [] };
    await assert.rejects(extractImage(layout.directory, to, extracted), {
      code: 'OUTPUT_FAILED',
      message: `can't write "${to}": a file is in the way`,
    });
    await assert.rejects(extractImage(layout.directory, to, { ...extracted, image: two.root }), {
      code: 'LAYOUT_INVALID',
    });
  });
});
