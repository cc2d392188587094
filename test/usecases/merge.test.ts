import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseAnnotation } from '../../src/core/oci/annotations.ts';
import { inspectImages } from '../../src/usecases/inspect.ts';
import { mergeLayouts } from '../../src/usecases/merge.ts';
import { readFacts } from '../../src/action/image-facts.ts';
import { imageOutputs, pushOutputs } from '../../src/action/outputs.ts';
import { writeArchive } from '../../src/adapters/disk/archive.ts';
import { createLayout, openLayout } from '../../src/adapters/disk/layout.ts';
import type { Layout } from '../../src/adapters/disk/layout.ts';
import { publishLayout } from '../../src/adapters/disk/publish.ts';
import { readDocument } from '../../src/core/oci/blob.ts';
import { describeBytes } from '../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { hexOf } from '../../src/core/oci/digest.ts';
import { encodeIndex } from '../../src/core/oci/index-document.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { parseIndex, parseManifest } from '../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { parsePlatforms } from '../../src/core/oci/platform.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleImage, writeSampleLayout } from '../support/sample-image.ts';

interface Imported {
  readonly root: Descriptor;
  readonly layout: Layout;
}

async function importFrom(
  test: TestContext,
  paths: readonly string[],
  annotations: readonly string[] = [],
): Promise<Imported> {
  const layout = await createLayout(join(temporaryFolder(test), 'layout'));
  const signal = new AbortController().signal;
  const root = await mergeLayouts(paths, layout, {
    annotations: annotations.flatMap((text) => parseAnnotation(text, 'here')),
    reporter: silentReporter,
    signal,
  });
  return { root, layout };
}

async function childrenOf({ root, layout }: Imported): Promise<readonly Descriptor[]> {
  return parseIndex(await readDocument(layout.open(root), 'layout'), 'index').manifests;
}

describe('mergeLayouts', () => {
  const amd64 = sampleImage();
  const arm64 = sampleImage({ architectures: ['arm64'], seed: 'arm' });
  const both = sampleImage({ architectures: ['amd64', 'arm64'], seed: 'both' });

  function folderWith(test: TestContext, layouts: Readonly<Record<string, typeof amd64>>): string {
    const folder = temporaryFolder(test);
    for (const [name, image] of Object.entries(layouts)) writeSampleLayout(join(folder, name), image, name);
    return folder;
  }

  it('takes one image as it is, without the names of its layout', async (test) => {
    const folder = folderWith(test, { one: amd64 });
    const { root, layout } = await importFrom(test, [join(folder, 'one')], ['index:a=b']);
    assert.deepEqual(root, amd64.root);
    for (const { descriptor } of amd64.blobs.values()) assert.ok(await layout.has(descriptor));
  });

  it('takes one index as it is', async (test) => {
    const { root } = await importFrom(test, [join(folderWith(test, { both }), 'both')]);
    assert.equal(root.digest, both.root.digest);
  });

  it('counts an image once, whatever number of names it has', async (test) => {
    const layout = join(folderWith(test, { one: amd64 }), 'one');
    const index = join(layout, 'index.json');
    const document = JSON.parse(readFileSync(index, 'utf8')) as { manifests: object[] };
    writeFileSync(
      index,
      JSON.stringify({ ...document, manifests: [...document.manifests, ...document.manifests] }),
    );
    assert.equal((await importFrom(test, [layout])).root.digest, amd64.root.digest);
  });

  it('merges layouts and archives, and finds the platforms that no index names', async (test) => {
    const folder = folderWith(test, { one: amd64 });
    const archive = join(folder, 'two.tar');
    await writeArchive(arm64.source, arm64.root, [parseReference('a:1')], archive);
    const imported = await importFrom(test, [archive, join(folder, 'one')]);
    assert.deepEqual(await childrenOf(imported), [
      { ...amd64.root, platform: { os: 'linux', architecture: 'amd64' } },
      { ...arm64.root, platform: { os: 'linux', architecture: 'arm64' } },
    ]);
    const facts = await readFacts(imported.layout, imported.root);
    assert.deepEqual(facts.images.map(({ platform }) => platform.architecture).sort(), ['amd64', 'arm64']);
  });

  it('takes a folder of downloads, with a folder for each artifact', async (test) => {
    const folder = folderWith(test, { 'app-amd64': amd64 });
    const inner = join(folder, 'app-arm64');
    mkdirSync(inner);
    await writeArchive(arm64.source, arm64.root, [], join(inner, 'app-1.0'));
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs/log.txt'), 'x'.repeat(1000));
    assert.equal((await childrenOf(await importFrom(test, [folder]))).length, 2);
  });

  it(
    "looks into no FIFO there, and takes a desktop's own file for nothing",
    { skip: process.platform === 'win32' },
    async (test) => {
      const folder = folderWith(test, { 'app-amd64': amd64 });
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      writeFileSync(join(folder, '.DS_Store'), 'x');
      const { root } = await importFrom(test, [folder]);
      assert.equal(root.digest, amd64.root.digest);
      mkdirSync(join(folder, 'app-arm64'));
      writeFileSync(join(folder, 'app-arm64/.DS_Store'), 'x');
      await assert.rejects(importFrom(test, [folder]), { message: /app-arm64" is empty, where/ });
    },
  );

  it('merges the images of an index, and leaves the index itself behind', async (test) => {
    const riscv = sampleImage({ architectures: ['riscv64'], seed: 'riscv' });
    const folder = folderWith(test, { both, riscv });
    const imported = await importFrom(test, [join(folder, 'both'), join(folder, 'riscv')]);
    assert.equal((await childrenOf(imported)).length, 3);
    assert.equal(await imported.layout.has(both.root), false);
  });

  it('annotates the index and what it lists, each platform with its own', async (test) => {
    const folder = folderWith(test, { one: amd64, two: arm64 });
    const annotations = [
      'index:a=1',
      'manifest-descriptor:b=2',
      'manifest-descriptor[linux/arm64]:c=3',
      'manifest:d=4',
    ];
    const imported = await importFrom(test, [join(folder, 'one'), join(folder, 'two')], annotations);
    const index = parseIndex(await readDocument(imported.layout.open(imported.root), 'layout'), 'index');
    assert.deepEqual(index.annotations, { a: '1' });
    assert.deepEqual(
      index.manifests.map((manifest) => manifest.annotations),
      [{ b: '2' }, { b: '2', c: '3' }],
    );
  });

  it('keeps what the indexes agree on', async (test) => {
    const indexed = (architectures: string[], annotations: Record<string, string>) => {
      const image = sampleImage({ architectures, seed: architectures.join(' ') });
      const index = encodeIndex(
        image.manifests.map((manifest, at) => ({
          ...manifest,
          platform: { os: 'linux', architecture: architectures[at] ?? '' },
          annotations: { of: architectures[at] ?? '' },
        })),
        annotations,
      );
      const bytes = Buffer.from(encodeJson({}));
      const own = [...image.blobs].filter(([digest]) => digest !== image.root.digest);
      const blobs = new Map([...own, [index.descriptor.digest, { ...index, bytes }]]);
      return { image: { ...image, blobs, root: index.descriptor }, index };
    };
    const one = indexed(['amd64', 'arm'], { same: '1', other: '2', own: '3' });
    const two = indexed(['arm64', 'riscv64'], { same: '1', other: '4' });
    const folder = folderWith(test, { one: one.image, two: two.image });
    for (const [name, { index }] of Object.entries({ one, two })) {
      const path = join(folder, name, 'blobs/sha256', hexOf(index.descriptor.digest));
      writeFileSync(path, await readDocument(index, 'index'));
    }
    const imported = await importFrom(test, [folder], ['index:more=5']);
    const document = await readDocument(imported.layout.open(imported.root), 'layout');
    const { annotations, manifests } = parseIndex(document, 'index');
    assert.deepEqual(annotations, { same: '1', own: '3', more: '5' });
    assert.deepEqual(
      manifests.map((manifest) => manifest.annotations),
      [{ of: 'amd64' }, { of: 'arm' }, { of: 'arm64' }, { of: 'riscv64' }],
    );
  });

  describe('what refers to an image', () => {
    /** A layout whose index lists a signature beside the image, as oras attach makes one. */
    function writeSigned(test: TestContext, image: typeof amd64): { folder: string; signature: Descriptor } {
      const folder = join(temporaryFolder(test), 'signed');
      writeSampleLayout(folder, image, 'tag');
      const put = (mediaType: string, bytes: Uint8Array) => {
        const descriptor = describeBytes(mediaType, bytes);
        writeFileSync(join(folder, 'blobs/sha256', hexOf(descriptor.digest)), bytes);
        return descriptor;
      };
      const empty = put('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
      const signature = put(
        mediaTypes.manifest,
        encodeJson({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          artifactType: 'application/vnd.example.signature',
          config: empty,
          layers: [empty],
          subject: image.root,
        }),
      );
      const path = join(folder, 'index.json');
      const index = JSON.parse(readFileSync(path, 'utf8')) as { manifests: object[] };
      writeFileSync(path, JSON.stringify({ ...index, manifests: [...index.manifests, signature] }));
      return { folder, signature };
    }

    it('comes into the index, and is no image there', async (test) => {
      const tars = [Buffer.alloc(1024)];
      const [first, second] = [sampleImage({ tars }), sampleImage({ tars, architectures: ['arm64'] })];
      const [one, two] = [writeSigned(test, first), writeSigned(test, second)];
      const imported = await importFrom(test, [one.folder, two.folder]);
      const children = await childrenOf(imported);
      assert.deepEqual(
        children.map(({ digest, platform }) => [digest, platform?.os]),
        [
          [first.root.digest, 'linux'],
          [second.root.digest, 'linux'],
          ...[one, two].map(({ signature }) => [signature.digest, 'unknown']).sort(),
        ],
      );
      assert.equal(children[2]?.artifactType, 'application/vnd.example.signature');
      for (const { digest } of [one.signature, two.signature]) {
        const bytes = readFileSync(imported.layout.blobPath(digest));
        assert.equal(parseManifest(bytes, 'signature').subject?.mediaType, mediaTypes.manifest);
      }
      const { images } = await readFacts(imported.layout, imported.root);
      assert.equal(images.length, 2);
      const inspected = await inspectImages(imported.layout, [imported.root]);
      assert.deepEqual(
        inspected.map(({ descriptor }) => descriptor.digest),
        [first.root.digest, second.root.digest],
      );
    });

    it('stays beside an image that is alone', async (test) => {
      const { folder, signature } = writeSigned(test, amd64);
      const { root, layout } = await importFrom(test, [folder]);
      assert.equal(root.digest, amd64.root.digest);
      assert.deepEqual((await layout.readIndex()).manifests, [
        { ...signature, artifactType: 'application/vnd.example.signature' },
      ]);
      const destination = join(temporaryFolder(test), 'published');
      await publishLayout(layout, root, [], destination);
      const published = await (await openLayout(destination)).readIndex();
      assert.deepEqual(
        published.manifests.map(({ digest }) => digest),
        [root.digest, signature.digest],
      );
    });
  });

  it('names both places of a platform that is there twice', async (test) => {
    const folder = folderWith(test, { one: amd64, two: sampleImage({ seed: 'another' }) });
    await assert.rejects(importFrom(test, [join(folder, 'one'), join(folder, 'two')]), {
      code: 'LAYOUT_INVALID',
      message: /linux\/amd64.*one".*two"/,
    });
  });

  it('refuses the same image from two layouts', async (test) => {
    const folder = folderWith(test, { one: amd64, two: amd64 });
    await assert.rejects(importFrom(test, [join(folder, 'one'), join(folder, 'two')]), {
      code: 'LAYOUT_INVALID',
    });
  });

  it('notices content that was changed on the way', async (test) => {
    const folder = folderWith(test, { one: amd64 });
    const [layer] = amd64.layers;
    assert.ok(layer);
    writeFileSync(join(folder, 'one/blobs/sha256', hexOf(layer.digest)), Buffer.alloc(layer.size));
    await assert.rejects(importFrom(test, [join(folder, 'one')]), { code: 'DIGEST_MISMATCH' });
  });

  it('says what is missing', async (test) => {
    const folder = folderWith(test, { one: amd64 });
    mkdirSync(join(folder, 'empty'));
    for (const path of ['empty', 'nowhere', 'one/blobs']) {
      await assert.rejects(importFrom(test, [join(folder, path)]), { code: 'LAYOUT_INVALID' }, path);
    }
    renameSync(join(folder, 'one/index.json'), join(folder, 'one/index'));
    await assert.rejects(importFrom(test, [join(folder, 'one')]), { code: 'LAYOUT_INVALID' });
  });

  describe('of which a part is missing', () => {
    it('are refused when one layout lies over another', async (test) => {
      const folder = folderWith(test, { one: amd64, two: arm64 });
      // What merge-multiple does: the files of both in one folder.
      cpSync(join(folder, 'two'), join(folder, 'one'), { recursive: true });
      await assert.rejects(importFrom(test, [join(folder, 'one')]), {
        code: 'LAYOUT_INVALID',
        message: new RegExp(`doesn't list: ${amd64.root.digest}$`),
      });
    });

    it('are refused when a folder among them is empty', async (test) => {
      for (const files of [[], ['app.tar'], ['deep/er/app.tar']]) {
        const folder = folderWith(test, { one: amd64 });
        mkdirSync(join(folder, 'two/deep/er'), { recursive: true });
        for (const name of files) writeFileSync(join(folder, 'two', name), '');
        await assert.rejects(importFrom(test, [folder]), {
          code: 'LAYOUT_INVALID',
          message: /two" is empty/,
        });
      }
    });

    it('are refused when a layout among them has lost its marker', async (test) => {
      const folder = folderWith(test, { one: amd64, two: arm64 });
      renameSync(join(folder, 'two/oci-layout'), join(folder, 'two/marker'));
      await assert.rejects(importFrom(test, [folder]), { code: 'LAYOUT_INVALID', message: /two" is no OCI/ });
    });

    const cases: [expected: string, images: readonly string[], isThere: boolean][] = [
      ['linux/amd64', ['one'], true],
      ['linux/amd64,linux/arm64', ['one', 'two'], true],
      ['linux/arm64/v8', ['one', 'two'], true],
      ['linux/amd64,linux/arm64', ['both'], true],
      ['linux/amd64,linux/arm64', ['one'], false],
      ['linux/amd64,linux/riscv64', ['both'], false],
    ];
    for (const [expected, images, isThere] of cases) {
      it(`${isThere ? 'are taken' : 'are refused'} from ${images.join(' and ')} for ${expected}`, async (test) => {
        const folder = folderWith(test, { one: amd64, two: arm64, both });
        const layout = await createLayout(join(temporaryFolder(test), 'layout'));
        const merging = mergeLayouts(
          images.map((name) => join(folder, name)),
          layout,
          {
            annotations: [],
            platforms: parsePlatforms([expected]),
            reporter: silentReporter,
            signal: new AbortController().signal,
          },
        );
        if (isThere) await merging;
        else
          await assert.rejects(merging, {
            code: 'LAYOUT_INVALID',
            message: /^expected images for linux\/amd64 and linux\/\w+ in .*, got linux\/amd64/,
          });
      });
    }
  });

  it('stops when it is interrupted', async (test) => {
    const folder = folderWith(test, { one: amd64 });
    const layout = await createLayout(join(folder, 'out'));
    const options = { annotations: [], reporter: silentReporter, signal: AbortSignal.abort() };
    await assert.rejects(mergeLayouts([join(folder, 'one')], layout, options), { name: 'AbortError' });
  });
});

describe('the outputs', () => {
  const references = ['ghcr.io/own/app:1.0', 'quay.io/own/app:latest'].map(parseReference);

  it('name a manifest by its digest, and its config as the image ID', async () => {
    const image = sampleImage();
    const facts = await readFacts(image.source, {
      ...image.root,
      platform: { os: 'linux', architecture: 'amd64' },
    });
    const { metadata, ...outputs } = imageOutputs(facts, references);
    assert.deepEqual(outputs, {
      digest: image.root.digest,
      imageid: image.configs[0]?.digest,
      image: 'ghcr.io/own/app:1.0',
      tags: 'ghcr.io/own/app:1.0\nquay.io/own/app:latest',
      version: '1.0',
      name: 'ghcr.io/own/app',
      ref: `ghcr.io/own/app@${image.root.digest}`,
    });
    assert.deepEqual(JSON.parse(metadata ?? ''), {
      'containerimage.digest': image.root.digest,
      'containerimage.config.digest': image.configs[0]?.digest,
      'containerimage.descriptor': { ...image.root, platform: { os: 'linux', architecture: 'amd64' } },
      'image.name': 'ghcr.io/own/app:1.0,quay.io/own/app:latest',
      'bima.platforms': ['linux/amd64'],
    });
  });

  it('have no config for an index', async () => {
    const image = sampleImage({ architectures: ['amd64', 'arm64'] });
    const { metadata, imageid, digest } = imageOutputs(await readFacts(image.source, image.root), references);
    assert.equal(imageid, digest);
    const document = JSON.parse(metadata ?? '') as Record<string, unknown>;
    assert.equal(document['containerimage.config.digest'], undefined);
    assert.deepEqual(document['bima.platforms'], ['linux/amd64', 'linux/arm64']);
  });

  it('list what was pushed, and say when nothing was', () => {
    assert.deepEqual(pushOutputs(undefined), { pushed: 'false', 'registry-paths': '[]' });
    const repositories = [
      {
        repository: 'a/b',
        references: [
          { reference: 'a/b:1', stored: 'pushed' as const },
          { reference: 'a/b:2', stored: 'present' as const },
        ],
        blobs: [],
      },
    ];
    const result = { digest: sampleImage().root.digest, repositories };
    assert.deepEqual(pushOutputs(result), { pushed: 'true', 'registry-paths': '["a/b:1","a/b:2"]' });
  });
});
