// Images that FROM and COPY open: which of an index it is, what is blamed, what was used in the end, and the files that
// COPY --rootfs makes.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { BlobCache } from '../../../src/adapters/disk/blob-cache.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { Match } from '../../../src/core/files/match.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { openBaseImage } from '../../../src/usecases/plan/base-image.ts';
import type { BaseWish } from '../../../src/usecases/plan/base-image.ts';
import { createBaseImages } from '../../../src/usecases/plan/base-images.ts';
import type { BaseImages } from '../../../src/usecases/plan/base-images.ts';
import { createRootfsFile } from '../../../src/usecases/plan/rootfs-file.ts';
import type { RootfsCopy } from '../../../src/usecases/plan/rootfs-file.ts';
import { baseLayout } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const position = { file: 'Containerfile', line: 3, column: 6 };

function put(store: MemoryStore, architecture: string): Descriptor {
  const config = store.add(
    mediaTypes.config,
    encodeJson({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const document = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] };
  return store.add(mediaTypes.manifest, encodeJson(document));
}

function putIndex(store: MemoryStore, manifests: readonly Descriptor[]): Descriptor {
  return store.add(
    mediaTypes.index,
    encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }),
  );
}

function openIn(store: MemoryStore, root: Descriptor, wish: Partial<BaseWish> = {}) {
  const images = { open: () => Promise.resolve({ source: store, root }) } as unknown as BaseImages;
  return openBaseImage(
    images,
    'the name',
    { findArchitecture: () => Promise.resolve(undefined), ...wish },
    position,
  );
}

describe('the image that a name stands for', () => {
  it('is the only one of an index that names no platform, whatever is wanted', async () => {
    const store = new MemoryStore();
    const one = put(store, 'amd64');
    const wish = { target: parsePlatform('linux/arm64') };
    assert.equal((await openIn(store, putIndex(store, [one]), wish)).digest, one.digest);
    const named = { ...one, platform: parsePlatform('linux/amd64') };
    await assert.rejects(openIn(store, putIndex(store, [named]), wish), {
      code: 'PLATFORM_MISSING',
      message: 'expected an image for linux/arm64 in "the name", got linux/amd64',
      position,
    });
    // Beside others it fits none.
    const two = put(store, 'riscv64');
    await assert.rejects(openIn(store, putIndex(store, [one, two]), wish), { code: 'PLATFORM_MISSING' });
    await assert.rejects(openIn(store, putIndex(store, []), wish), {
      message: 'expected an image for linux/arm64 in "the name", got ',
    });
  });

  it('is that of the architecture which is asked for only where several fit', async () => {
    const store = new MemoryStore();
    const [one, two] = ['amd64', 'arm64'].map((architecture) => ({
      ...put(store, architecture),
      platform: parsePlatform(`linux/${architecture}`),
    }));
    assert.ok(one !== undefined && two !== undefined);
    let asked = 0;
    const findArchitecture = () => {
      asked += 1;
      return Promise.resolve(parsePlatform('linux/arm64'));
    };
    assert.equal((await openIn(store, putIndex(store, [one, two]), { findArchitecture })).digest, two.digest);
    assert.equal(asked, 1);
    assert.equal((await openIn(store, putIndex(store, [one]), { findArchitecture })).digest, one.digest);
    assert.equal(asked, 1);
  });

  it('is blamed once, at its place, with the hint of what went wrong', async () => {
    const store = new MemoryStore();
    const failing = (error: Error) =>
      openBaseImage(
        { open: () => Promise.reject(error) } as unknown as BaseImages,
        'the name',
        { findArchitecture: () => Promise.resolve(undefined) },
        position,
      );
    const denied = new BimaError('REGISTRY_DENIED', 'no entry', { hint: 'log in' });
    await assert.rejects(failing(denied), {
      code: 'REGISTRY_DENIED',
      message: '"the name": no entry',
      hint: 'log in',
      position,
      cause: denied,
    });
    const plain = await failing(new BimaError('REGISTRY_DENIED', 'no entry to "the name"')).catch(
      (error: unknown) => error,
    );
    assert.ok(plain instanceof BimaError);
    assert.deepEqual([plain.message, plain.hint], ['no entry to "the name"', undefined]);
    const placed = new BimaError('REGISTRY_DENIED', 'no entry', { position: { ...position, line: 9 } });
    await assert.rejects(failing(placed), placed);
    const ours = new TypeError('oops');
    await assert.rejects(failing(ours), ours);
    const index = { mediaType: 'text/plain', digest: put(store, 'amd64').digest, size: 1 };
    await assert.rejects(openIn(store, index), BimaError);
  });
});

describe('what a build has used', () => {
  it('are the images that could be opened and the files that were fetched, each in order', async (test: TestContext) => {
    const folder = temporaryFolder(test);
    for (const name of ['b', 'a'])
      await baseLayout(join(folder, name), [{ layers: [], config: { Cmd: [name] } }], ['1']);
    const digest = `sha256:${'1'.repeat(64)}` as const;
    const fetched = ['https://z.example/', 'https://a.example/'].map((url) => ({ url, digest }));
    const images = createBaseImages({
      client: () => Promise.reject(new Error('no registry')),
      cache: new BlobCache({ directory: join(folder, 'cache'), reporter: silentReporter }),
      directory: folder,
      folder: join(folder, 'files'),
      downloads: { fetch: () => assert.fail(), fetched: () => Promise.resolve(fetched) },
    });
    const opened = new Map<string, string>();
    for (const name of ['oci:b', 'oci:a']) opened.set(name, (await images.open(name)).root.digest);
    await assert.rejects(images.open('oci:none'));
    assert.equal(await images.open('oci:a'), await images.open('oci:a'));
    assert.deepEqual(await images.materials?.(), [
      { type: 'image', name: 'oci:a', digest: opened.get('oci:a') },
      { type: 'image', name: 'oci:b', digest: opened.get('oci:b') },
      { type: 'file', name: 'https://a.example/', digest },
      { type: 'file', name: 'https://z.example/', digest },
    ]);
  });
});

describe('the file that COPY --rootfs makes', () => {
  const open = () => streamOf(Buffer.from('hello'));
  const match: Match = {
    source: { path: 'x', position },
    found: {
      type: 'directory',
      name: '',
      children: [{ type: 'file', name: 'x', size: 5, executable: false, open }],
    },
  };
  const copy = (rootfs: RootfsCopy['rootfs'], sources = [{ path: 'src', position }]): RootfsCopy => ({
    type: 'copy',
    sources,
    destination: '/.boot/rootfs',
    position,
    rootfs,
  });

  it('is a source of its COPY, with its size, and compressed up to a multiple of four bytes', async () => {
    for (const compression of ['none', 'gzip'] as const) {
      const { match: made, warnings } = await createRootfsFile(
        copy({ type: 'initrd', compression }),
        [match],
        0,
      );
      assert.deepEqual(warnings, []);
      assert.ok(made.found.type === 'file');
      const bytes = Buffer.from(await readAll(made.found.open()));
      assert.deepEqual(
        [made.found.name, made.found.size, made.found.executable],
        ['initrd', bytes.length, false],
      );
      assert.deepEqual(made.source, { path: 'src', position });
      assert.equal(bytes.length % 4, 0);
      const archive = compression === 'none' ? bytes : gunzipSync(bytes);
      assert.match(archive.toString('latin1'), /^070701.*TRAILER!!!/s);
    }
    const { match: alone } = await createRootfsFile(
      copy({ type: 'initrd', compression: 'none' }, []),
      [match],
      0,
    );
    assert.deepEqual(alone.source, { path: '/.boot/rootfs', position });
  });
});
