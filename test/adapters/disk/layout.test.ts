import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { createLayout, openLayout } from '../../../src/adapters/disk/layout.ts';
import { checkDestination, publishLayout, withTemporaryLayout } from '../../../src/adapters/disk/publish.ts';
import { putMissingBlobs } from '../../../src/adapters/disk/put-blobs.ts';
import { blobOf, readDocument, streamOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { sampleImage } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';
import { assertWhole } from '../../support/whole-layout.ts';

const blob = (content: string) => blobOf('application/vnd.oci.image.manifest.v1+json', Buffer.from(content));

describe('a layout', () => {
  it('gives back what was put into it', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    await layout.put(blob('content'));
    assert.equal(await layout.has(blob('content').descriptor), true);
    assert.equal(await layout.has(blob('other').descriptor), false);
    const reopened = await openLayout(layout.directory);
    assert.equal(
      Buffer.from(await readDocument(reopened.open(blob('content').descriptor), 'x')).toString(),
      'content',
    );
  });

  it('refuses a blob that is not what its descriptor says, and keeps nothing of it', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    const lie: Blob = { ...blob('content'), open: () => streamOf(Buffer.from('contenT')) };
    await assert.rejects(layout.put(lie), { code: 'DIGEST_MISMATCH' });
    assert.deepEqual(readdirSync(join(layout.directory, 'blobs', 'sha256')), []);
    assert.deepEqual(readdirSync(layout.directory).sort(), ['blobs', 'index.json', 'oci-layout']);
  });

  it('keeps nothing of a stream that breaks', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('half'));
      throw new Error('gone');
    }
    await assert.rejects(layout.write(broken()), /gone/);
    assert.deepEqual(readdirSync(join(layout.directory, 'blobs', 'sha256')), []);
    assert.deepEqual(readdirSync(layout.directory).sort(), ['blobs', 'index.json', 'oci-layout']);
  });

  it('notices a blob that was damaged on disk', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    const { descriptor } = blob('content');
    await layout.put(blob('content'));
    writeFileSync(layout.blobPath(descriptor.digest), 'c0ntent');
    await assert.rejects(readDocument(layout.open(descriptor), layout.name), { code: 'DIGEST_MISMATCH' });
  });

  it('names a blob that is missing', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    const { descriptor } = blob('content');
    await assert.rejects(readDocument(layout.open(descriptor), layout.name), {
      code: 'LAYOUT_INVALID',
      message: new RegExp(`lacks the blob ${descriptor.digest}`),
    });
  });

  const foreign: [name: string, files: Record<string, string>, message: RegExp][] = [
    ['an empty folder', {}, /no file "oci-layout"/],
    ['a marker that is no JSON', { 'oci-layout': 'x' }, /not valid JSON/],
    ['a layout of a later version', { 'oci-layout': '{"imageLayoutVersion":"2.0.0"}' }, /got "2.0.0"/],
  ];
  for (const [name, files, message] of foreign) {
    it(`refuses ${name}`, async (test) => {
      await assert.rejects(openLayout(temporaryFolder(test, files)), { code: 'LAYOUT_INVALID', message });
    });
  }
});

describe('publishLayout', () => {
  async function publish(content: string, destination: string, name: string): Promise<void> {
    const layout = await createLayout(join(destination, '..', `temporary-${name.replaceAll(/\W/g, '-')}`));
    await layout.put(blob(content));
    await publishLayout(layout, blob(content).descriptor, [parseReference(name)], destination);
  }
  const entries = async (destination: string) =>
    (await (await openLayout(destination)).readIndex()).manifests.map(({ digest, annotations }) => [
      annotations?.['io.containerd.image.name'],
      digest,
    ]);

  it('makes a new folder, fills an empty one, and adds to a layout', async (test) => {
    const folder = temporaryFolder(test);
    const destination = join(folder, 'out');
    mkdirSync(destination);
    await publish('one', destination, 'a/b:1');
    await publish('two', destination, 'a/b:2');
    await publish('three', destination, 'a/b:1');
    assert.deepEqual(await entries(destination), [
      ['docker.io/a/b:2', blob('two').descriptor.digest],
      ['docker.io/a/b:1', blob('three').descriptor.digest],
    ]);
    for (const content of ['one', 'two', 'three']) {
      assert.equal(await (await openLayout(destination)).has(blob(content).descriptor), true);
    }
  });

  it('takes a folder for empty in which a desktop left its own file, and leaves that', async (test) => {
    for (const name of ['.DS_Store', 'Thumbs.db', 'desktop.ini']) {
      const destination = temporaryFolder(test, { [name]: 'x' });
      assert.equal(await checkDestination(destination), 'new');
      await publish('one', destination, 'a/b:1');
      assert.deepEqual(await entries(destination), [['docker.io/a/b:1', blob('one').descriptor.digest]]);
      assert.equal(readFileSync(join(destination, name), 'utf8'), 'x');
    }
  });

  it('leaves a folder with anything else in it alone', async (test) => {
    const destination = temporaryFolder(test, { 'precious.txt': 'x' });
    await assert.rejects(checkDestination(destination), {
      code: 'OUTPUT_FAILED',
      message: /neither empty nor/,
    });
    await assert.rejects(publish('one', join(destination, 'precious.txt'), 'a/b:1'), {
      code: 'OUTPUT_FAILED',
    });
    assert.equal(readFileSync(join(destination, 'precious.txt'), 'utf8'), 'x');
  });
});

describe('a layout that is published to again and again', () => {
  const image = (seed: string) => sampleImage({ seed, layers: [2000, 50] });
  const publish = async (
    destination: string,
    { blobs, root }: SampleImage,
    name: string,
    beside: readonly SampleImage[] = [],
  ) =>
    withTemporaryLayout(destination, async (layout) => {
      for (const blob of [...blobs.values(), ...beside.flatMap((other) => [...other.blobs.values()])])
        await layout.put(blob);
      const index = await layout.readIndex();
      await layout.writeIndex({ ...index, manifests: beside.map((other) => other.root) });
      await publishLayout(layout, root, [parseReference(name)], destination);
    });

  it('holds what its entries reach, and nothing else', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    for (const seed of ['one', 'two', 'three']) await publish(destination, image(seed), 'a/b:1');
    assert.deepEqual(assertWhole(destination), ['a/b:1']);
    await publish(destination, image('four'), 'a/b:2');
    await publish(destination, image('three'), 'a/b:3');
    assert.deepEqual(assertWhole(destination), ['a/b:1', 'a/b:2', 'a/b:3']);
    // An image stays for as long as one of its names does.
    await publish(destination, image('five'), 'a/b:1');
    assert.deepEqual(assertWhole(destination), ['a/b:1', 'a/b:2', 'a/b:3']);
  });

  it('drops what referred to an image together with it', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    const one = image('one');
    const about = (subject: SampleImage, seed: string) =>
      sampleImage({ seed, layers: [10], subject: subject.root });
    const bill = about(one, 'bill');
    await publish(destination, one, 'a/b:1', [bill, about(bill, 'signature of the bill')]);
    await publish(destination, image('two'), 'a/b:2', [about(image('elsewhere'), 'of an image elsewhere')]);
    assert.deepEqual(assertWhole(destination), ['-', '-', '-', 'a/b:1', 'a/b:2']);
    await publish(destination, image('three'), 'a/b:1');
    assert.deepEqual(assertWhole(destination), ['-', 'a/b:1', 'a/b:2']);
  });

  it('keeps everything when something that it names cannot be read', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    await publish(destination, image('one'), 'a/b:1');
    await publish(destination, image('two'), 'a/b:2');
    const layout = await openLayout(destination);
    writeFileSync(layout.blobPath(image('one').root.digest), '{}');
    await publish(destination, image('three'), 'a/b:2');
    for (const { descriptor } of image('two').blobs.values())
      assert.ok(readFileSync(layout.blobPath(descriptor.digest)).length > 0);
  });

  it('collects nothing while another build works in it', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    await publish(destination, image('one'), 'a/b:1');
    await withTemporaryLayout(destination, async (other) => {
      await publish(destination, image('two'), 'a/b:1');
      // What it found there before is still there, and is taken over.
      const [layer] = [...image('one').blobs.values()];
      assert.ok(layer);
      await putMissingBlobs(other, [{ ...layer, open: () => assert.fail('made anew') }], destination);
      for (const blob of image('one').blobs.values()) await other.put(blob);
      await publishLayout(other, image('one').root, [parseReference('a/b:9')], destination);
    });
    assert.deepEqual(assertWhole(destination), ['a/b:1', 'a/b:9']);
  });

  it('is whole although a blob was collected between the search for it and the end of a build', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    const folder = temporaryFolder(test);
    await publish(destination, image('one'), 'a/b:1');
    const other = await createLayout(join(folder, 'elsewhere'));
    await putMissingBlobs(other, [...image('one').blobs.values()], destination);
    await publish(destination, image('two'), 'a/b:1');
    await publishLayout(other, image('one').root, [parseReference('a/b:9')], destination);
    assert.deepEqual(assertWhole(destination), ['a/b:1', 'a/b:9']);
  });

  it('is finished after a first build that was killed on its way', async (test) => {
    for (const files of [{ 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' }, {}]) {
      const destination = temporaryFolder(test, files);
      await publish(destination, image('one'), 'a/b:1');
      assert.deepEqual(assertWhole(destination), ['a/b:1']);
    }
  });

  it('is not there after a first build that failed', async (test) => {
    const folder = temporaryFolder(test);
    const destination = join(folder, 'deep', 'out');
    const layout = await createLayout(join(folder, 'temporary'));
    rmSync(join(layout.directory, 'index.json'));
    await layout.put(blob('content'));
    await assert.rejects(publishLayout(layout, blob('content').descriptor, [], destination), {
      code: 'LAYOUT_INVALID',
    });
    assert.equal(existsSync(destination), false);
  });
});

describe('withTemporaryLayout', () => {
  const content = blob('content');
  const make = (destination: string) =>
    withTemporaryLayout(destination, async (layout) => {
      await layout.put(content);
      await publishLayout(layout, content.descriptor, [parseReference('a/b:1')], destination);
      return dirname(dirname(layout.directory));
    });

  it('works beside a folder that is not there yet', async (test) => {
    const folder = temporaryFolder(test);
    assert.equal(await make(join(folder, 'out')), folder);
    assert.deepEqual(readdirSync(folder), ['out']);
  });

  it('works inside a folder that is there, and keeps that folder', async (test) => {
    const destination = temporaryFolder(test);
    const { ino } = statSync(destination);
    for (const kind of ['new', 'layout']) {
      assert.equal(await checkDestination(destination), kind);
      assert.equal(await make(destination), destination);
      assert.equal(statSync(destination).ino, ino);
      assert.deepEqual(readdirSync(destination).sort(), ['blobs', 'index.json', 'oci-layout']);
      assert.equal(await (await openLayout(destination)).has(content.descriptor), true);
    }
  });

  it('fills the folder that a link leads to', async (test) => {
    const folder = temporaryFolder(test);
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'), 'junction');
    await make(join(folder, 'link'));
    assert.equal(await (await openLayout(join(folder, 'real'))).has(content.descriptor), true);
  });

  it('leaves an empty folder empty when the image fails', async (test) => {
    const destination = temporaryFolder(test);
    await assert.rejects(
      withTemporaryLayout(destination, () => Promise.reject(new Error('no image'))),
      /no image/,
    );
    assert.deepEqual(readdirSync(destination), []);
  });
});
