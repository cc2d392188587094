import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { findLocal, mustOpenLocalImages, mustOpenNamed } from '../../../src/adapters/disk/open.ts';
import { chooseImage, rootsOf } from '../../../src/adapters/disk/choose-image.ts';
import { encodeHeader, endOfTar } from '../../../src/core/files/tar-header.ts';
import { readDocument } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { inspectImages } from '../../../src/usecases/inspect.ts';
import { temporaryFolder } from '../../support/folder.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function layerOf(path: string): Buffer {
  const header = encodeHeader({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, size: 0 }, 0);
  return Buffer.concat([header, endOfTar]);
}

function configOf(...tars: readonly Uint8Array[]): string {
  const diff_ids = tars.map((tar) => `sha256:${sha256(tar)}`);
  return JSON.stringify({
    os: 'linux',
    architecture: 'arm64',
    rootfs: { type: 'layers', diff_ids },
    config: {},
  });
}

type Content = string | Uint8Array | { readonly link: string };

/** A tar of these files, made by the system's own program. */
function archive(test: TestContext, files: Readonly<Record<string, Content>>, ...flags: string[]): string {
  const folder = temporaryFolder(test);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, 'files', name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, path);
    else writeFileSync(path, content);
  }
  const path = join(folder, 'image.tar');
  execFileSync('tar', ['-cf', path, ...flags, '-C', join(folder, 'files'), '.']);
  return path;
}

const [one, two] = [layerOf('one'), layerOf('two')];

/** As docker before version 25 writes it, with two images of which one layer is the same. */
const legacy = {
  'aa/VERSION': '1.0',
  'aa/json': '{}',
  'aa/layer.tar': one,
  'bb/layer.tar': two,
  'cc/layer.tar': { link: '../aa/layer.tar' },
  'config.json': configOf(one, two),
  'other.json': configOf(one),
  repositories: '{"a":{"1":"bb"}}',
  'manifest.json': JSON.stringify([
    {
      Config: 'config.json',
      RepoTags: ['redis:1', 'registry.example/redis:1'],
      Layers: ['aa/layer.tar', 'bb/layer.tar'],
    },
    { Config: 'other.json', RepoTags: null, Layers: ['cc/layer.tar'] },
  ]),
};

async function listed(path: string): Promise<unknown[]> {
  const { source, roots } = await mustOpenLocalImages(path);
  const images = await inspectImages(source, roots);
  return images.map(({ names, layers }) => [
    names,
    layers.flatMap(({ files }) => files.map((file) => file.path)),
  ]);
}

const expected = [
  [
    ['docker.io/library/redis:1', 'registry.example/redis:1'],
    ['one', 'two'],
  ],
  [[], ['one']],
];

describe('an archive of docker save', () => {
  it('is read with links for layers, and names from its list', async (test) => {
    assert.deepEqual(await listed(archive(test, legacy)), expected);
  });

  const packs: [name: string, pack: (bytes: Buffer) => Buffer][] = [['gzip', (bytes) => gzipSync(bytes)]];
  if ('zstdCompressSync' in zlib) packs.push(['zstd', (bytes) => zlib.zstdCompressSync(bytes)]);
  for (const [name, pack] of packs) {
    it(`is read compressed with ${name}, and with such layers`, async (test) => {
      const path = archive(test, { ...legacy, 'aa/layer.tar': pack(one) });
      writeFileSync(`${path}.z`, pack(readFileSync(path)));
      assert.deepEqual(await listed(`${path}.z`), expected);
    });
  }

  it('gives the same image as the archive that is not compressed', async (test) => {
    const path = archive(test, legacy);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    const [plain, packed] = [await mustOpenLocalImages(path), await mustOpenLocalImages(`${path}.gz`)];
    assert.deepEqual(plain.roots, packed.roots);
  });

  it('has each image under the names that users write', async (test) => {
    const path = archive(test, legacy);
    const images = await mustOpenLocalImages(path);
    const [first, , last] = images.roots;
    for (const name of ['redis:1', 'docker.io/library/redis:1', 'registry.example/redis:1', '1', '@0'])
      assert.equal((await chooseImage(images, name, '')).digest, first?.digest, name);
    assert.equal((await chooseImage(images, '@1', '')).digest, last?.digest);
    await assert.rejects(chooseImage(images, 'redis:2', ''), { code: 'INPUT_INVALID' });
    await assert.rejects(chooseImage(images, '@2', ''), { code: 'INPUT_INVALID' });
  });

  const list = (why: string) => (path: string) => `"manifest.json" of "${path}" ${why}`;
  const lacks = (name: string) => (path: string) => `"${path}" lacks "${name}", which it lists`;
  const fields = list('has at 0 no "Config", or "RepoTags" and "Layers" that are no lists of paths');
  const damaged: [name: string, files: Record<string, Content>, says: (path: string) => string][] = [
    ['a layer that is missing', { ...legacy, 'bb/layer.tar': { link: '../nowhere' } }, lacks('bb/layer.tar')],
    [
      'links in a circle',
      { ...legacy, 'bb/layer.tar': { link: '../cc/layer.tar' }, 'cc/layer.tar': { link: '../bb/layer.tar' } },
      lacks('bb/layer.tar'),
    ],
    [
      'a link that leads out',
      { ...legacy, 'bb/layer.tar': { link: '../../../etc/passwd' } },
      lacks('bb/layer.tar'),
    ],
    ['a config that is missing', { 'manifest.json': '[{"Config":"c"}]' }, lacks('c')],
    ['a list that is no JSON', { 'manifest.json': '[' }, list('is not valid JSON')],
    ['a list that is none', { 'manifest.json': '{}' }, list('is no list of images')],
    ['a list of something else', { 'manifest.json': '[1]' }, list('has at 0 no image')],
    ['layers that are no list', { 'manifest.json': '[{"Config":"a","Layers":"b"}]' }, fields],
    ['names that are no list', { 'manifest.json': '[{"Config":"a","RepoTags":[1]}]' }, fields],
    ['no config', { 'manifest.json': '[{"RepoTags":[],"Layers":[]}]' }, fields],
    ['no list', { 'a.json': '{}' }, (path) => `"${path}" is no archive of an image: it has no "oci-layout"`],
  ];
  for (const [name, files, says] of damaged) {
    it(`is refused with ${name}`, async (test) => {
      const path = archive(test, files);
      await assert.rejects(mustOpenLocalImages(path), { code: 'LAYOUT_INVALID', message: says(path) });
    });
  }

  it('keeps what the JSON parser said of its list', async (test) => {
    await assert.rejects(
      mustOpenLocalImages(archive(test, { 'manifest.json': '[' })),
      (error: Error) => error.cause instanceof SyntaxError,
    );
  });

  it('gives each image a manifest, with the types that the bytes have', async (test) => {
    const [packed, plain] = [gzipSync(one), two];
    const config = configOf(one, two);
    // A layer that only begins as zstd does, and one too short to tell.
    const [odd, short] = [Buffer.from('28b52ffd00', 'hex'), Buffer.from('1f8b', 'hex')];
    const path = archive(test, {
      a: packed,
      b: plain,
      c: odd,
      d: short,
      e: '',
      'config.json': config,
      'manifest.json': JSON.stringify([
        { Config: 'config.json', RepoTags: ['a', 'Not A Name', 'b/c:2'], Layers: ['a', 'b', 'c', 'd', 'e'] },
        { Config: 'config.json' },
      ]),
    });
    const { source, roots } = await mustOpenLocalImages(path);
    assert.equal(source.name, path);
    const layer = 'application/vnd.oci.image.layer.v1.tar';
    const manifest = (...layers: Descriptor[]) =>
      encodeJson({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: describeBytes(mediaTypes.config, Buffer.from(config)),
        layers,
      });
    const first = manifest(
      describeBytes(`${layer}+gzip`, packed),
      describeBytes(layer, plain),
      describeBytes(`${layer}+zstd`, odd),
      describeBytes(layer, short),
      describeBytes(layer, Buffer.alloc(0)),
    );
    const image = describeBytes(mediaTypes.manifest, first);
    const named = (full: string, tag: string) => ({
      ...image,
      annotations: { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': tag },
    });
    assert.deepEqual(roots, [
      named('docker.io/library/a:latest', 'latest'),
      named('docker.io/b/c:2', '2'),
      describeBytes(mediaTypes.manifest, manifest()),
    ]);
    assert.deepEqual(Buffer.from(await readDocument(source.open(image), 'x')), Buffer.from(first));
    assert.deepEqual(
      Buffer.from(await readDocument(source.open(describeBytes(layer, plain)), 'x')),
      Buffer.from(plain),
    );
  });

  it('says which blob it lacks, and which was changed since', async (test) => {
    const path = archive(test, legacy);
    const { source } = await mustOpenLocalImages(path);
    const other = describeBytes('text/plain', Buffer.from('other'));
    const blob = source.open(other);
    assert.equal(blob.descriptor, other);
    assert.throws(() => blob.open(), {
      code: 'LAYOUT_INVALID',
      message: `"${path}" lacks the blob ${other.digest}`,
    });
    const layer = describeBytes('application/vnd.oci.image.layer.v1.tar', two);
    const bytes = readFileSync(path);
    bytes.write('X', bytes.indexOf(two));
    writeFileSync(path, bytes);
    await assert.rejects(readDocument(source.open(layer), 'x'), { code: 'DIGEST_MISMATCH' });
  });

  it('is refused where a layer is not that of the config', async (test) => {
    const path = archive(test, { ...legacy, 'bb/layer.tar': layerOf('changed') });
    await assert.rejects(listed(path), { code: 'DIGEST_MISMATCH' });
  });
});

describe('a name on disk', () => {
  const places: [text: string, place: object][] = [
    ['image.tar', { path: 'image.tar' }],
    ['oci-archive:image.tar', { path: 'image.tar' }],
    ['docker-archive:image.tar:redis:1', { path: 'image.tar', image: 'redis:1' }],
    [
      'docker-archive:image.tar:localhost:5000/redis:1',
      { path: 'image.tar', image: 'localhost:5000/redis:1' },
    ],
    ['docker-archive:image.tar:@1', { path: 'image.tar', image: '@1' }],
    ['oci:image.tar@1', { path: 'image.tar', image: '@1' }],
    ['oci:a:b', { path: 'a:b' }],
    ['oci:a:b:tag', { path: 'a:b', image: 'tag' }],
    ['oci-layout://./a:b@sha256:00', { path: './a:b', image: 'sha256:00' }],
    ['oci:a:b:tag@sha256:00', { path: 'a:b', image: 'sha256:00' }],
    ['dir:image.tar:', { path: 'image.tar' }],
    ['oci:missing:tag', { path: 'missing' }],
    ['redis:1', { path: 'redis:1' }],
  ];
  for (const [text, place] of places) {
    it(`is split where the longest path ends: ${text}`, async (test) => {
      const folder = temporaryFolder(test, { 'image.tar': '', 'a:b': '' });
      assert.deepEqual(await findLocal(text, folder), place);
    });
  }

  it('stands for one image, with all of its names', async (test) => {
    const path = archive(test, legacy);
    const images = await mustOpenNamed(`docker-archive:${path}:redis:1`);
    assert.equal((await rootsOf(images)).length, 2);
    assert.equal((await rootsOf(await mustOpenNamed(`docker-archive:${path}`))).length, 3);
    await assert.rejects(mustOpenNamed('oci:missing'), { message: '"missing" does not exist' });
  });
});
