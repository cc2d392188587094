import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { createLayout, isBlob, isLayoutFolder, openLayout } from '../../../src/adapters/disk/layout.ts';
import type { Layout } from '../../../src/adapters/disk/layout.ts';
import { checkDestination, publishLayout, withTemporaryLayout } from '../../../src/adapters/disk/publish.ts';
import { putMissingBlobs } from '../../../src/adapters/disk/put-blobs.ts';
import { nameOwner } from '../../../src/adapters/filesystem/process-owner.ts';
import { isSystemError } from '../../../src/core/errors.ts';
import type { BimaError } from '../../../src/core/errors.ts';
import { blobOf, readAll, readDocument, streamOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
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

  it('is made with its marker and an empty index, in folders that are made', async (test) => {
    const directory = join(temporaryFolder(test), 'deep', 'layout');
    const layout = await createLayout(directory);
    assert.equal(layout.name, directory);
    assert.equal(layout.directory, directory);
    assert.deepEqual(readdirSync(directory).sort(), ['blobs', 'index.json', 'oci-layout']);
    assert.deepEqual(readdirSync(join(directory, 'blobs')), ['sha256']);
    assert.equal(readFileSync(join(directory, 'oci-layout'), 'utf8'), '{"imageLayoutVersion":"1.0.0"}');
    assert.equal(
      readFileSync(join(directory, 'index.json'), 'utf8'),
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
    );
    const { digest } = blob('x').descriptor;
    assert.equal(layout.blobPath(digest), join(directory, 'blobs', 'sha256', digest.slice(7)));
    assert.equal(await isLayoutFolder(directory), true);
  });

  it('is none where its marker is a folder, or missing', async (test) => {
    const folder = temporaryFolder(test, { 'a/oci-layout/x': '', 'b/x': '' });
    for (const name of ['a', 'b', 'c']) assert.equal(await isLayoutFolder(join(folder, name)), false);
  });

  it('says of a stream what it has stored', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    const { digest, size } = blob('content').descriptor;
    const pieces = () => streamOf(Buffer.from('con'), Buffer.from('tent'));
    for (let times = 0; times < 2; times++) assert.deepEqual(await layout.write(pieces()), { digest, size });
    assert.equal(readFileSync(layout.blobPath(digest), 'utf8'), 'content');
    assert.deepEqual(readdirSync(layout.directory).sort(), ['blobs', 'index.json', 'oci-layout']);
  });

  it('opens nothing that it has, and replaces what has another size', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    await layout.put(blob('content'));
    await layout.put({ ...blob('content'), open: () => assert.fail('opened') });
    const path = layout.blobPath(blob('content').descriptor.digest);
    writeFileSync(path, 'short');
    assert.equal(await layout.has(blob('content').descriptor), false);
    await layout.put(blob('content'));
    assert.equal(readFileSync(path, 'utf8'), 'content');
  });

  it('hashes a blob again that was touched since it was written, and no other', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    const { descriptor } = blob('content');
    const lie = { ...descriptor, size: 99 };
    await layout.put(blob('content'));
    const read = async (from: Layout, what: Descriptor) => Buffer.from(await readAll(from.open(what).open()));
    // What this layout wrote itself is read as it is.
    assert.equal((await read(layout, lie)).toString(), 'content');
    await assert.rejects(read(await openLayout(layout.directory), lie), {
      code: 'DIGEST_MISMATCH',
      message: new RegExp(`^${layout.directory}: `),
    });
    utimesSync(layout.blobPath(descriptor.digest), 1, 1);
    await assert.rejects(read(layout, lie), { code: 'DIGEST_MISMATCH' });
  });

  it('names what a document lacks, and why', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    const path = join(layout.directory, 'index.json');
    const index = {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [blob('x').descriptor],
    } as const;
    await layout.writeIndex(index);
    assert.deepEqual(await layout.readIndex(), index);
    writeFileSync(path, '[]');
    await assert.rejects(layout.readIndex(), {
      code: 'LAYOUT_INVALID',
      message: `${path} is not a JSON object`,
    });
    rmSync(path);
    await assert.rejects(
      layout.readIndex(),
      (error: BimaError) =>
        error.code === 'LAYOUT_INVALID' &&
        error.message === `"${layout.directory}" has no readable file "index.json"` &&
        isSystemError(error.cause, 'ENOENT'),
    );
    await assert.rejects(readAll(layout.open(blob('none').descriptor).open()), (error: BimaError) =>
      isSystemError(error.cause, 'ENOENT'),
    );
  });

  it(
    'keeps its index when another can not be written',
    { skip: process.platform === 'win32' },
    async (test) => {
      const layout = await createLayout(temporaryFolder(test));
      const path = join(layout.directory, 'index.json');
      rmSync(path);
      mkdirSync(join(path, 'inside'), { recursive: true });
      const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] } as const;
      await assert.rejects(layout.writeIndex(index), { code: /EISDIR|ENOTEMPTY|EEXIST/ });
      assert.deepEqual(readdirSync(layout.directory).sort(), ['blobs', 'index.json', 'oci-layout']);
    },
  );

  it('has blobs that are files of that size and content', async (test) => {
    const folder = temporaryFolder(test, { a: 'content', b: 'c0ntent', 'c/content': '' });
    const { digest, size } = blob('content').descriptor;
    for (const [name, bytes, isRight] of [
      ['a', size, true],
      ['a', size + 1, false],
      ['b', size, false],
      ['c', statSync(join(folder, 'c')).size, false],
      ['d', size, false],
    ] as const)
      assert.equal(await isBlob(join(folder, name), digest, bytes), isRight, name);
  });

  const version = (got: string) => (path: string) =>
    `"${path}": expected an OCI image layout of version 1.0.0, got ${got}`;
  const foreign: [name: string, files: Record<string, string>, message: (path: string) => string][] = [
    ['an empty folder', {}, (path) => `"${path}" is no OCI image layout: it has no file "oci-layout"`],
    [
      'a marker that is no JSON',
      { 'oci-layout': 'x' },
      (path) => `"oci-layout" of "${path}" is not valid JSON`,
    ],
    ['a layout of a later version', { 'oci-layout': '{"imageLayoutVersion":"2.0.0"}' }, version('"2.0.0"')],
    ['an older one', { 'oci-layout': '{"imageLayoutVersion":"x1.0.0"}' }, version('"x1.0.0"')],
    ['one of four parts', { 'oci-layout': '{"imageLayoutVersion":"1.0.0.0"}' }, version('"1.0.0.0"')],
    ['one of two parts', { 'oci-layout': '{"imageLayoutVersion":"1.0"}' }, version('"1.0"')],
    ['one of other parts', { 'oci-layout': '{"imageLayoutVersion":"1.a.b"}' }, version('"1.a.b"')],
    ['a version that is no text', { 'oci-layout': '{"imageLayoutVersion":["1.0.0"]}' }, version('["1.0.0"]')],
    ['no version', { 'oci-layout': '{}' }, version('undefined')],
  ];
  for (const [name, files, message] of foreign) {
    it(`refuses ${name}`, async (test) => {
      const path = temporaryFolder(test, files);
      await assert.rejects(openLayout(path), { code: 'LAYOUT_INVALID', message: message(path) });
    });
  }

  it('may be of a later minor version', async (test) => {
    await openLayout(temporaryFolder(test, { 'oci-layout': '{"imageLayoutVersion":"1.10.12"}' }));
  });
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
      message: `"${destination}" is neither empty nor an OCI image layout`,
      hint: 'Name a new folder, an empty one or an existing layout.',
    });
    const file = join(destination, 'precious.txt');
    await assert.rejects(
      checkDestination(file),
      (error: BimaError) =>
        error.code === 'OUTPUT_FAILED' &&
        error.message === `expected a folder for the layout, got "${file}"` &&
        isSystemError(error.cause, 'ENOTDIR'),
    );
    assert.equal(await checkDestination(join(destination, 'none')), 'new');
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

  it('has another image in the place of one, with what is beside it', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    const [one, two, three] = [image('one'), image('two'), image('three')];
    const bill = sampleImage({ seed: 'bill', layers: [10], subject: three.root });
    await publish(destination, one, 'a/b:1');
    await publish(destination, two, 'a/b:2');
    await withTemporaryLayout(destination, async (layout) => {
      for (const each of [three, bill]) for (const one of each.blobs.values()) await layout.put(one);
      const index = await layout.readIndex();
      await layout.writeIndex({ ...index, manifests: [three.root, bill.root] });
      await publishLayout(layout, three.root, { replaces: one.root.digest }, destination);
      assert.equal(existsSync(layout.directory), false);
    });
    const { manifests } = await (await openLayout(destination)).readIndex();
    assert.deepEqual(
      manifests.map(({ digest, annotations }) => [
        digest,
        annotations?.['org.opencontainers.image.ref.name'],
      ]),
      [
        [three.root.digest, '1'],
        [two.root.digest, '2'],
        [bill.root.digest, undefined],
      ],
    );
    assert.deepEqual(assertWhole(destination), ['-', 'a/b:1', 'a/b:2']);
  });

  it('lists what is beside an image behind it, and once', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    const one = image('one');
    const bill = sampleImage({ seed: 'bill', layers: [10], subject: one.root });
    for (let times = 0; times < 2; times++) {
      await publish(destination, one, 'a/b:1', [one, bill]);
      const { manifests } = await (await openLayout(destination)).readIndex();
      assert.deepEqual(
        manifests.map(({ digest }) => digest),
        times === 0 ? [one.root.digest, bill.root.digest] : [bill.root.digest, one.root.digest],
      );
    }
  });

  it('mends what is damaged there, and makes the folder of blobs that is missing', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    const one = image('one');
    await publish(destination, one, 'a/b:1');
    rmSync(join(destination, 'blobs'), { recursive: true });
    await publish(destination, one, 'a/b:1');
    assert.deepEqual(assertWhole(destination), ['a/b:1']);
    rmSync(join(destination, 'index.json'));
    await assert.rejects(publish(destination, one, 'a/b:1'), {
      message: `"${destination}" has no readable file "index.json"`,
    });
    assert.ok(existsSync(join(destination, 'oci-layout')));
  });

  it('sweeps what a killed build left, and takes another file of that name for no build', async (test) => {
    const destination = join(temporaryFolder(test), 'out');
    await publish(destination, image('one'), 'a/b:1');
    const [place, , , random] = (await nameOwner()).split('-');
    mkdirSync(join(destination, `.out.bima-${place}-4194300-1-${random}`, 'layout'), { recursive: true });
    const own = `.x.bima-${await nameOwner()}`;
    writeFileSync(join(destination, own), '');
    await publish(destination, image('two'), 'a/b:1');
    assert.deepEqual(readdirSync(destination).sort(), [own, 'blobs', 'index.json', 'oci-layout'].sort());
    rmSync(join(destination, own));
    assert.deepEqual(assertWhole(destination), ['a/b:1']);
  });

  it('is as it was after a build that was interrupted', async (test) => {
    const folder = temporaryFolder(test);
    const destination = join(folder, 'out');
    const layout = await createLayout(join(folder, 'temporary'));
    await layout.put(blob('content'));
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(
      publishLayout(layout, blob('content').descriptor, [], destination, signal),
      /enough/,
    );
    assert.equal(existsSync(destination), false);
    mkdirSync(destination);
    await assert.rejects(
      publishLayout(layout, blob('content').descriptor, [], destination, signal),
      /enough/,
    );
    assert.deepEqual(readdirSync(destination), []);
    rmSync(join(layout.directory, 'index.json'));
    await assert.rejects(publishLayout(layout, blob('content').descriptor, [], destination));
    assert.deepEqual(readdirSync(destination), []);
  });

  it('can not be made where a file is in the way', async (test) => {
    const folder = temporaryFolder(test, { file: '' });
    const destination = join(folder, 'file', 'out');
    const layout = await createLayout(join(folder, 'temporary'));
    await assert.rejects(publishLayout(layout, blob('content').descriptor, [], destination), {
      code: 'OUTPUT_FAILED',
      message: `expected a folder for the layout, got "${destination}"`,
    });
    await assert.rejects(
      withTemporaryLayout(destination, () => assert.fail('called')),
      { code: 'OUTPUT_FAILED', message: `can't write "${destination}": a file is in the way` },
    );
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
