import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openArchive, packArchive, packIndexes, writeArchive } from '../../../src/adapters/disk/archive.ts';
import { createLayout, openLayout } from '../../../src/adapters/disk/layout.ts';
import type { Layout } from '../../../src/adapters/disk/layout.ts';
import { encodeImage } from '../../../src/core/oci/encode-image.ts';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { readTree } from '../../../src/core/oci/image-tree.ts';
import { encodeIndex } from '../../../src/core/oci/index-document.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { packTar } from '../../support/pack-tar.ts';
import { sampleImage as makeSample } from '../../support/sample-image.ts';
import { verifyLayout } from '../../support/verify-layout.ts';

interface Sample {
  readonly layout: Layout;
  readonly image: Descriptor;
  readonly layer: Blob;
}

/** An image of one layer twice: an empty tar. */
async function sampleImage(folder: string): Promise<Sample> {
  const layout = await createLayout(join(folder, 'layout'));
  const layer = blobOf(mediaTypes.layerTar, Buffer.alloc(1024));
  const parts = { descriptor: layer.descriptor, diffId: layer.descriptor.digest };
  const { config, manifest } = encodeImage({
    platform: { os: 'linux', architecture: 'amd64' },
    layers: [parts, parts],
    history: [{ created_by: 'one' }, { created_by: 'two' }],
    labels: { b: '2', a: '1' },
    annotations: { b: '2', a: '1' },
    created: 0,
  });
  for (const blob of [layer, config, manifest]) await layout.put(blob);
  return { layout, image: manifest.descriptor, layer };
}

async function sampleArchive(test: TestContext): Promise<Sample & { folder: string; path: string }> {
  const folder = temporaryFolder(test);
  const sample = await sampleImage(folder);
  const path = join(folder, 'out', 'hello:latest');
  await writeArchive(
    sample.layout,
    sample.image,
    [parseReference('hello:latest'), parseReference('a/b:1')],
    path,
  );
  return { ...sample, folder, path };
}

describe('an archive', () => {
  it('is a layout once the system tar has unpacked it', async (test) => {
    const { folder, path, image } = await sampleArchive(test);
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-x', '--force-local', '-f', path, '-C', unpacked]);
    const list = JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as unknown;
    execFileSync('rm', [join(unpacked, 'manifest.json')]);
    const images = verifyLayout(unpacked);
    assert.deepEqual(
      images.map(({ entry }) => entry.annotations),
      [
        {
          'io.containerd.image.name': 'docker.io/library/hello:latest',
          'org.opencontainers.image.ref.name': 'latest',
        },
        { 'io.containerd.image.name': 'docker.io/a/b:1', 'org.opencontainers.image.ref.name': '1' },
      ],
    );
    const [first] = images;
    assert.ok(first);
    assert.equal(first.entry.digest, image.digest);
    const name = (digest = '') => `blobs/sha256/${digest.replace('sha256:', '')}`;
    const layers = first.manifest.layers.map(({ digest }) => name(digest));
    assert.deepEqual(list, [
      {
        Config: name(first.manifest.config.digest),
        RepoTags: ['docker.io/library/hello:latest', 'docker.io/a/b:1'],
        Layers: layers,
      },
    ]);
    assert.equal(layers.length, 2);
  });

  it('has the same bytes each time', async (test) => {
    const [first, second] = [await sampleArchive(test), await sampleArchive(test)];
    assert.ok(readFileSync(first.path).equals(readFileSync(second.path)));
  });

  it('ends with its documents, so that what is cut off names no image', async (test) => {
    const { path } = await sampleArchive(test);
    const names = execFileSync('tar', ['-t', '-f', path], { encoding: 'utf8' }).trim().split('\n');
    const documents = ['oci-layout', 'index.json', 'manifest.json'];
    assert.deepEqual(names.slice(-3), documents);
    assert.ok(names.slice(0, -3).every((name) => name.startsWith('blobs/')));
  });

  it('of anything else is refused', async (test) => {
    const { layout, layer, folder } = await sampleArchive(test);
    await assert.rejects(writeArchive(layout, layer.descriptor, [], join(folder, 'x.tar')), {
      code: 'NOT_AVAILABLE',
      message: `expected an image manifest or an index for an archive, got "${layer.descriptor.mediaType}"`,
    });
  });

  it('leaves no temporary file beside it', async (test) => {
    const { path } = await sampleArchive(test);
    assert.deepEqual(readdirSync(join(path, '..')), ['hello:latest']);
  });

  it('gives back its index and its blobs', async (test) => {
    const { path, image, layer } = await sampleArchive(test);
    const archive = await openArchive(path);
    const index = await archive.readIndex();
    assert.deepEqual(
      index.manifests.map(({ digest }) => digest),
      [image.digest, image.digest],
    );
    assert.deepEqual(await readDocument(archive.open(layer.descriptor), 'x'), Buffer.alloc(1024));
  });

  it('is read as GNU tar writes it, with a leading ./ and PAX records', async (test) => {
    const { folder, layout, layer } = await sampleArchive(test);
    const path = join(folder, 'gnu.tar');
    execFileSync('tar', ['-c', '--format=pax', '-f', path, '-C', layout.directory, '.']);
    const archive = await openArchive(path);
    assert.deepEqual(await readDocument(archive.open(layer.descriptor), 'x'), Buffer.alloc(1024));
  });

  it('is refused when it is cut off', async (test) => {
    const { path } = await sampleArchive(test);
    truncateSync(path, 4000);
    await assert.rejects(openArchive(path), { code: 'LAYOUT_INVALID' });
  });

  it('notices damage', async (test) => {
    const { path, image } = await sampleArchive(test);
    const bytes = readFileSync(path);
    const place = bytes.indexOf('"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"');
    bytes.write('3', place + '"schemaVersion":'.length);
    writeFileSync(path, bytes);
    const archive = await openArchive(path);
    await assert.rejects(readDocument(archive.open(image), 'x'), { code: 'DIGEST_MISMATCH' });
  });

  const foreign: [name: string, content: Buffer][] = [
    ['text', Buffer.from('not a tar archive, but long enough to be one '.repeat(40))],
    ['an empty file', Buffer.alloc(0)],
    ['an empty tar', Buffer.alloc(10240)],
  ];
  for (const [name, content] of foreign) {
    it(`refuses ${name}`, async (test) => {
      const folder = temporaryFolder(test, { file: content });
      await assert.rejects(openArchive(join(folder, 'file')), { code: 'LAYOUT_INVALID' });
    });
  }

  it('says that a file does not exist', async () => {
    await assert.rejects(openArchive('/nowhere/at/all'), {
      code: 'LAYOUT_INVALID',
      message: /does not exist/,
    });
  });

  it('is not there when a blob turns out to be damaged', async (test) => {
    const folder = temporaryFolder(test);
    const { layout, image, layer } = await sampleImage(folder);
    const damaged = layout.blobPath(layer.descriptor.digest);
    writeFileSync(damaged, Buffer.alloc(1024, 1));
    // A file system's clock may not have moved on since the layout wrote the blob itself.
    utimesSync(damaged, 1, 1);
    const path = join(folder, 'out', 'archive.tar');
    for (const source of [layout, await openLayout(layout.directory)])
      await assert.rejects(writeArchive(source, image, [], path), { code: 'DIGEST_MISMATCH' });
    assert.deepEqual(readdirSync(join(folder, 'out')), []);
  });

  it('is not there when the write is interrupted, before it starts or in the middle', async (test) => {
    const folder = temporaryFolder(test);
    const { layout, image, layer } = await sampleImage(folder);
    const path = join(folder, 'archive.tar');
    await assert.rejects(writeArchive(layout, image, [], path, AbortSignal.abort()), { name: 'AbortError' });

    const interrupt = new AbortController();
    const slow: Source = {
      name: 'slow',
      open: (descriptor) => {
        if (descriptor.digest === layer.descriptor.digest) interrupt.abort();
        return layout.open(descriptor);
      },
    };
    await assert.rejects(writeArchive(slow, image, [], path, interrupt.signal), { name: 'AbortError' });

    const later = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(512));
      later.abort();
      await new Promise((resolve) => setImmediate(resolve));
      yield Buffer.alloc(512);
    }
    const broken: Source = {
      name: 'broken',
      open: (descriptor) =>
        descriptor.digest === layer.descriptor.digest ? { descriptor, open: stuck } : layout.open(descriptor),
    };
    await assert.rejects(writeArchive(broken, image, [], path, later.signal), { name: 'AbortError' });
    assert.deepEqual(readdirSync(folder), ['layout']);
  });
});

describe('an archive of an index', () => {
  const architectures = ['amd64', 'arm64'];

  it('holds every image, and tells docker of each, the first under its names', async (test) => {
    const { source, root, manifests, blobs } = makeSample({ architectures, sharedLayers: true });
    const folder = temporaryFolder(test);
    const path = join(folder, 'image.tar');
    await writeArchive(source, root, [parseReference('a/b:1')], path);
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-xf', path, '-C', unpacked]);
    assert.deepEqual(
      readdirSync(join(unpacked, 'blobs/sha256')).sort(),
      [...blobs.keys()].map((digest) => digest.replace('sha256:', '')).sort(),
    );
    const list = JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as {
      Config: string;
      RepoTags: string[];
    }[];
    assert.deepEqual(
      list.map(({ RepoTags }) => RepoTags),
      [['docker.io/a/b:1'], []],
    );
    const archive = await openArchive(path);
    const [entry] = (await archive.readIndex()).manifests;
    assert.equal(entry?.digest, root.digest);
    const tree = await readTree(archive, root);
    assert.deepEqual(
      tree.manifests.map(({ digest }) => digest).sort(),
      manifests.map(({ digest }) => digest).sort(),
    );
    for (const blob of tree.blobs) await readDocument(archive.open(blob), 'archive');
  });

  it("leaves out of docker's list what is no image", async (test) => {
    const image = makeSample({ seed: 'image' });
    const statement = blobOf('application/vnd.in-toto+json', Buffer.from('{}'));
    const config = blobOf(mediaTypes.config, Buffer.from('{}'));
    const attestation = blobOf(
      mediaTypes.manifest,
      Buffer.from(
        JSON.stringify({ schemaVersion: 2, config: config.descriptor, layers: [statement.descriptor] }),
      ),
    );
    const index = blobOf(
      mediaTypes.index,
      Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [image.root, attestation.descriptor] })),
    );
    const more = new Map(
      [statement, config, attestation, index].map((blob) => [blob.descriptor.digest, blob]),
    );
    const source: Source = {
      name: 'source',
      open: (descriptor) => more.get(descriptor.digest) ?? image.source.open(descriptor),
    };
    const folder = temporaryFolder(test);
    const path = join(folder, 'image.tar');
    await writeArchive(source, index.descriptor, [], path);
    const list = execFileSync('tar', ['-xOf', path, 'manifest.json'], { encoding: 'utf8' });
    assert.equal((JSON.parse(list) as unknown[]).length, 1);
  });
});

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const blobName = (digest: string) => `blobs/sha256/${digest.replace('sha256:', '')}`;
const namesIn = (path: string) => execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trim().split('\n');
const documentIn = (path: string, name: string): unknown =>
  JSON.parse(execFileSync('tar', ['-xOf', path, name], { encoding: 'utf8' }));

describe('an archive as a stream', () => {
  const image = makeSample();
  const references = [parseReference('a/b:1'), parseReference(`c/d@${image.root.digest}`)];

  it('has the bytes of the file, each blob first and once', async (test) => {
    const path = join(temporaryFolder(test), 'a.tar');
    const bill = makeSample({ seed: 'bill', subject: image.root });
    const source = withBlobs(image.source, bill.blobs.values());
    // A referrer that is there twice.
    const referrers = [bill.root, bill.root];
    await writeArchive(source, image.root, references, path, undefined, referrers);
    assert.ok(
      (await bytesOf(await packArchive(source, image.root, references, referrers))).equals(
        readFileSync(path),
      ),
    );
    assert.deepEqual(namesIn(path), [
      ...[image, bill].flatMap((one) =>
        [one.root, ...one.configs, ...one.layers].map(({ digest }) => blobName(digest)),
      ),
      ...['oci-layout', 'index.json', 'manifest.json'],
    ]);
    assert.equal(statSync(path).size % 512, 0);
    assert.deepEqual(documentIn(path, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
    const [one, two] = ['docker.io/a/b:1', `docker.io/c/d@${image.root.digest}`];
    assert.deepEqual(documentIn(path, 'index.json'), {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [
        ...referrers,
        {
          ...image.root,
          annotations: { 'io.containerd.image.name': one, 'org.opencontainers.image.ref.name': '1' },
        },
        { ...image.root, annotations: { 'io.containerd.image.name': two } },
      ],
    });
    // docker takes no name without a tag.
    assert.deepEqual(documentIn(path, 'manifest.json'), [
      {
        Config: blobName(image.configs[0]?.digest ?? ''),
        RepoTags: [one],
        Layers: image.layers.map(({ digest }) => blobName(digest)),
      },
    ]);
  });

  it('of what is no image is refused before anything is read', async () => {
    const [layer] = image.layers;
    assert.ok(layer);
    const nothing: Source = { name: 'x', open: () => assert.fail('opened') };
    await assert.rejects(packArchive(nothing, layer, []), { code: 'NOT_AVAILABLE' });
  });

  it('is of files that anybody may read, owned by root, of 1970', async (test) => {
    const path = join(temporaryFolder(test), 'a.tar');
    await writeArchive(image.source, image.root, [], path);
    const lines = execFileSync('tar', ['-tvf', path, '--numeric-owner', '--utc'], { encoding: 'utf8' });
    for (const line of lines.trim().split('\n'))
      assert.match(line, /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 /);
  });

  it('of indexes has those and the manifests that are new', async (test) => {
    const path = join(temporaryFolder(test), 'a.tar');
    const other = makeSample({ seed: 'other' });
    const index = encodeIndex([image.root, other.root]);
    const source = withBlobs(image.source, other.blobs.values());
    const names = ['docker.io/a/b:1', 'docker.io/a/b:2'];
    const packed = packIndexes(
      source,
      names.map((name) => ({ name, index })),
      [other.root],
    );
    writeFileSync(path, await bytesOf(await packed));
    assert.deepEqual(namesIn(path), [
      ...[other.root, ...other.configs, ...other.layers].map(({ digest }) => blobName(digest)),
      ...[blobName(index.descriptor.digest), 'oci-layout', 'index.json'],
    ]);
    assert.deepEqual(documentIn(path, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
    assert.deepEqual(documentIn(path, 'index.json'), {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: names.map((name) => ({
        ...index.descriptor,
        annotations: { 'io.containerd.image.name': name },
      })),
    });
  });
});

describe('an archive that is written', () => {
  const image = makeSample();

  it('replaces the file that a link leads to', { skip: process.platform === 'win32' }, async (test) => {
    const folder = temporaryFolder(test, { 'real.tar': 'old' });
    symlinkSync('real.tar', join(folder, 'link.tar'));
    await writeArchive(image.source, image.root, [], join(folder, 'link.tar'));
    assert.ok(lstatSync(join(folder, 'link.tar')).isSymbolicLink());
    assert.deepEqual((await (await openArchive(join(folder, 'real.tar'))).readIndex()).manifests, [
      image.root,
    ]);
    assert.deepEqual(readdirSync(folder).sort(), ['link.tar', 'real.tar']);
  });

  it('goes into a FIFO as a stream', { skip: process.platform === 'win32' }, async (test) => {
    const folder = temporaryFolder(test);
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [read] = await Promise.all([
      bytesOf(reader.stdout as AsyncIterable<Uint8Array>),
      writeArchive(image.source, image.root, [], path),
    ]);
    assert.ok(read.equals(await bytesOf(await packArchive(image.source, image.root, []))));
    assert.deepEqual(readdirSync(folder), ['pipe']);
  });

  it(
    'waits for no reader of a FIFO when it is interrupted',
    { skip: process.platform === 'win32' },
    async (test) => {
      const path = join(temporaryFolder(test), 'pipe');
      execFileSync('mkfifo', [path]);
      const signal = AbortSignal.timeout(20);
      await assert.rejects(writeArchive(image.source, image.root, [], path, signal), {
        name: 'TimeoutError',
      });
    },
  );

  it('names the path that can not be written', async (test) => {
    const folder = temporaryFolder(test, { file: '' });
    const path = join(folder, 'file', 'a.tar');
    await assert.rejects(writeArchive(image.source, image.root, [], path), {
      code: 'OUTPUT_FAILED',
      message: `can't write "${path}": a part of the path is a file`,
    });
  });
});

describe('an archive that is read', () => {
  const image = makeSample();

  it('has a name, and says which blob it lacks', async (test) => {
    const path = join(temporaryFolder(test), 'a.tar');
    await writeArchive(image.source, image.root, [], path);
    const archive = await openArchive(path);
    assert.equal(archive.name, path);
    const other = blobOf('text/plain', Buffer.from('other'));
    const blob = archive.open(other.descriptor);
    assert.equal(blob.descriptor, other.descriptor);
    assert.throws(() => blob.open(), {
      code: 'LAYOUT_INVALID',
      message: `"${path}" lacks the blob ${other.descriptor.digest}`,
    });
  });

  const marker = '{"imageLayoutVersion":"1.0.0"}';
  const rows: [name: string, parts: Record<string, string>, message: (path: string) => string][] = [
    [
      'another version',
      { 'oci-layout': '{"imageLayoutVersion":"2.0.0"}' },
      (path) => `"${path}": expected an OCI image layout of version 1.0.0, got "2.0.0"`,
    ],
    [
      'a marker that is none',
      { 'oci-layout': '[]' },
      (path) => `"oci-layout" of "${path}" is not a JSON object`,
    ],
    [
      'an index that is none',
      { 'oci-layout': marker, 'index.json': '[]' },
      (path) => `"index.json" of "${path}" is not a JSON object`,
    ],
    [
      'no index',
      { 'oci-layout': marker, 'manifest.json': '[]' },
      (path) => `"${path}" is no archive of an image: it has no "index.json"`,
    ],
    ['neither list', { a: '' }, (path) => `"${path}" is no archive of an image: it has no "oci-layout"`],
  ];
  for (const [name, files, message] of rows)
    it(`is refused with ${name}`, async (test) => {
      const bytes = packTar(Object.entries(files).map(([file, content]) => ({ name: file, content })));
      const path = join(temporaryFolder(test, { 'a.tar': bytes }), 'a.tar');
      await assert.rejects(async () => (await openArchive(path)).readIndex(), {
        code: 'LAYOUT_INVALID',
        message: message(path),
      });
    });
});
