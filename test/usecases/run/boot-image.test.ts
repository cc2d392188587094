// The image that boots: which one it is, and what is read of it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createLayout } from '../../../src/adapters/disk/layout.ts';
import { blobOf, readAll } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { chooseForMachine, findImages, readBootImage } from '../../../src/usecases/run/boot-image.ts';
import type { BootImage, FoundImage } from '../../../src/usecases/run/boot-image.ts';
import { putBase } from '../../support/base-image.ts';
import type { SampleBase, SampleEntry } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;
const labels = { [key('binary')]: '/boot/kernel', [key('unikernelType')]: 'linux' };
const kernel: SampleEntry = { path: 'boot/kernel', content: hello };

describe('the images of a source', () => {
  it('are each once, with their platforms in the usual form, and without what is no image', async (test) => {
    const layout = await createLayout(join(temporaryFolder(test), 'layout'));
    const one = await putBase(layout, { layers: [], architecture: 'x86_64' });
    const other = await putBase(layout, { layers: [], architecture: 'arm64' });
    const config = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
    await layout.put(config);
    const artifact = blobOf(
      mediaTypes.manifest,
      encodeJson({ schemaVersion: 2, artifactType: 'a/b', config: config.descriptor, layers: [] }),
    );
    await layout.put(artifact);
    const listed = { ...other, platform: { os: 'linux', architecture: 'aarch64', variant: 'v8' } };
    const index = blobOf(
      mediaTypes.index,
      encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [artifact.descriptor, listed] }),
    );
    await layout.put(index);
    const { mediaType, digest, size } = one;
    const bare = { mediaType, digest, size };
    const found = await findImages(layout, [bare, index.descriptor, bare]);
    assert.deepEqual(
      found.map(({ platform, source }) => [platform, source]),
      [
        [parsePlatform('linux/amd64'), layout],
        [parsePlatform('linux/arm64'), layout],
      ],
    );
    assert.deepEqual(found[1]?.image.config.platform, { os: 'linux', architecture: 'arm64' });
  });
});

describe('the image for a machine', () => {
  const imagesFor = (...platforms: readonly string[]) =>
    platforms.map((platform) => ({ platform: parsePlatform(platform) })) as unknown as readonly FoundImage[];
  const rows: [
    images: readonly string[],
    wanted: string | undefined,
    machine: string,
    is: string | undefined,
  ][] = [
    [['linux/arm64'], undefined, 'amd64', 'linux/arm64'],
    [['linux/arm64'], 'linux/amd64', 'arm64', undefined],
    [['linux/arm64'], 'linux/arm64/v8', 'amd64', 'linux/arm64'],
    [['linux/arm64', 'linux/amd64'], undefined, 'amd64', 'linux/amd64'],
    [['linux/arm64', 'linux/amd64'], 'linux/arm64', 'amd64', 'linux/arm64'],
    [['linux/arm64', 'linux/amd64'], undefined, 'riscv64', undefined],
    [['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7', 'amd64', 'linux/arm/v7'],
    [['linux/arm/v6', 'linux/arm/v7'], 'linux/arm', 'amd64', 'linux/arm/v6'],
    [['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v8', 'amd64', undefined],
    [[], undefined, 'amd64', undefined],
  ];
  for (const [platforms, wanted, machine, is] of rows) {
    it(`is ${is ?? 'none'} of ${platforms.join(', ') || 'none'} for ${wanted ?? 'any'} on ${machine}`, () => {
      const images = imagesFor(...platforms);
      const choose = () =>
        chooseForMachine(images, wanted === undefined ? undefined : parsePlatform(wanted), machine);
      if (is !== undefined) {
        assert.deepEqual(choose().platform, parsePlatform(is));
        return;
      }
      const got = platforms.length === 0 ? 'none' : platforms.join(', ');
      assert.throws(choose, {
        code: 'PLATFORM_MISSING',
        message: `expected an image for ${wanted ?? `linux/${machine}`}, got ${got}`,
        hint: 'Name one that is there with --platform: foreign ones are emulated.',
      });
    });
  }
});

async function read(
  test: TestContext,
  own: Readonly<Record<string, string>>,
  layers: SampleBase['layers'],
  { isShared = false, ...more }: Partial<SampleBase> & { isShared?: boolean } = {},
): Promise<BootImage & { readonly files: readonly string[] }> {
  const folder = temporaryFolder(test);
  const layout = await createLayout(join(folder, 'layout'));
  const root: Descriptor = await putBase(layout, {
    layers,
    config: { Labels: { ...labels, ...own } },
    ...more,
  });
  const [found] = await findImages(layout, [root]);
  assert.ok(found !== undefined);
  const files = join(folder, 'files');
  const image = await readBootImage(found, files, isShared);
  return { ...image, files: readdirSync(files) };
}

const textOf = async (file: BootImage['initrd']) =>
  file === undefined ? undefined : Buffer.from(await readAll(file.open())).toString();

describe('the image that boots', () => {
  it('has its kernel, and what its labels name besides', async (test) => {
    const layers = [[kernel, { path: 'i', content: 'initrd' }], [{ path: 'b', content: 'block' }]];
    const image = await read(test, { [key('initrd')]: '/i', [key('block')]: 'b' }, layers);
    assert.equal(image.kernel.size, hello.length);
    assert.deepEqual([await textOf(image.initrd), await textOf(image.block)], ['initrd', 'block']);
    assert.deepEqual([image.facts.architecture, image.facts.elf], ['amd64', 64]);
    assert.deepEqual([image.label('binary'), image.label('hypervisor')], ['/boot/kernel', '']);
    assert.equal(image.rootfs, undefined);
    // On disk, each under a name of its own.
    assert.equal(image.files.length, 3);
    assert.ok(image.kernel.path !== undefined);
  });

  it('has no initrd and no disk where no label names one', async (test) => {
    const image = await read(test, {}, [[kernel]]);
    assert.deepEqual([image.initrd, image.block], [undefined, undefined]);
  });

  it('has its labels from its annotations, or from urunc.json', async (test) => {
    const annotated = await read(test, {}, [[kernel]], { config: {}, annotations: labels });
    assert.equal(annotated.label('unikernelType'), 'linux');
    const encoded = Object.entries(labels).map(([name, value]) => [
      name,
      Buffer.from(value).toString('base64'),
    ]);
    const json = { path: 'urunc.json', content: JSON.stringify(Object.fromEntries(encoded)) };
    assert.equal((await read(test, {}, [[kernel, json]], { config: {} })).label('binary'), '/boot/kernel');
  });

  for (const name of ['binary', 'unikernelType'] as const)
    it(`is none without the label ${name}`, async (test) => {
      await assert.rejects(read(test, { [key(name)]: '' }, [[kernel]]), {
        code: 'LABEL_MISSING',
        message: `the image has no label "${key(name)}"`,
        hint: 'Only an image for urunc can be booted: "bima lint" shows what is missing.',
      });
    });

  for (const name of ['binary', 'initrd', 'block'])
    it(`is none without the file that the label ${name} names`, async (test) => {
      for (const isShared of [false, true])
        await assert.rejects(read(test, { [key(name)]: '/none' }, [[kernel]], { isShared }), {
          code: 'BINARY_MISSING',
          message: `no layer has a file at "/none", which "${key(name)}" names`,
          hint: 'Build the image again with the file at that path.',
        });
    });

  const shares: [
    name: string,
    own: Readonly<Record<string, string>>,
    isShared: boolean,
    hasRootfs: boolean,
  ][] = [
    ['its labels ask for', { [key('mountRootfs')]: 'true' }, false, true],
    [
      'its labels ask for in vain, for its initrd',
      { [key('mountRootfs')]: 'true', [key('initrd')]: '/i' },
      false,
      false,
    ],
    [
      'its labels ask for in vain, for its disk',
      { [key('mountRootfs')]: 'true', [key('block')]: '/i', [key('blkMntPoint')]: '/' },
      false,
      false,
    ],
    [
      'its labels ask for beside a disk that is mounted elsewhere',
      { [key('mountRootfs')]: 'true', [key('block')]: '/i', [key('blkMntPoint')]: '/data' },
      false,
      true,
    ],
    ['its labels deny', { [key('mountRootfs')]: 'false' }, false, false],
    ['its labels deny, with only a mount point', { [key('blkMntPoint')]: '/' }, false, false],
    [
      'a mount point alone leaves as it is',
      { [key('mountRootfs')]: 'true', [key('blkMntPoint')]: '/' },
      false,
      true,
    ],
    ['the user asks for, whatever its labels say', { [key('initrd')]: '/i' }, true, true],
  ];
  for (const [name, own, isShared, hasRootfs] of shares) {
    it(`${hasRootfs ? 'has' : 'has not'} all its files, as ${name}`, async (test) => {
      const layers = [[kernel, { path: 'i', content: 'x' }], [{ path: 'etc/hosts', content: 'hosts' }]];
      const image = await read(test, own, layers, { isShared });
      assert.equal(image.rootfs !== undefined, hasRootfs);
      if (image.rootfs === undefined) return;
      assert.deepEqual([...image.rootfs.entries.keys()].sort(), [
        'boot',
        'boot/kernel',
        'etc',
        'etc/hosts',
        'i',
      ]);
      assert.equal(image.kernel.size, hello.length);
      assert.ok(Buffer.from(await readAll(image.kernel.open())).equals(hello));
      // In a folder of their own, and all files of a layer at once.
      assert.deepEqual(image.files, ['layers']);
    });
  }

  it('has its user and its folder', async (test) => {
    const of = async (config: object) => {
      const { user, folder } = await read(test, {}, [[kernel]], { config: { Labels: labels, ...config } });
      return [user, folder];
    };
    assert.deepEqual(await of({ User: '7:8', WorkingDir: '/srv' }), ['7:8', '/srv']);
    assert.deepEqual(await of({}), ['', '/']);
    assert.deepEqual(await of({ User: 5, WorkingDir: '' }), ['', '/']);
    assert.deepEqual(await of({ WorkingDir: 5 }), ['', '/']);
  });
});
