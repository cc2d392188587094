// Building on images: what is inherited, what is looked at, and which image of an index it is.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { extract } from 'tar-stream';
import { examine } from '../../../src/usecases/plan/plan.ts';
import type { PlanOptions } from '../../../src/usecases/plan/plan.ts';
import { writeArchive } from '../../../src/adapters/disk/archive.ts';
import { openLayout } from '../../../src/adapters/disk/layout.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { baseLayout, indexLayout } from '../../support/base-image.ts';
import type { SampleBase, SampleEntry } from '../../support/base-image.ts';
import { buildContext, localImages } from '../../support/build.ts';
import type { BuiltContext } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';

const examples = join(import.meta.dirname, '../../../examples/hello');
const amd64 = readFileSync(join(examples, 'hello-amd64'));
const arm64 = readFileSync(join(examples, 'hello-arm64'));

const key = (name: string) => `com.urunc.unikernel.${name}`;
const labels = [
  `LABEL ${key('unikernelType')}=unikraft`,
  `LABEL ${key('hypervisor')}=qemu`,
  `LABEL ${key('binary')}=/kernel`,
];

interface Fixture {
  readonly bases?: readonly SampleBase[];
  readonly index?: readonly SampleBase[];
  readonly lines: readonly string[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly options?: Partial<PlanOptions>;
}

/** A context with the Containerfile, a kernel, and beside it the layout `base`. */
async function prepare(test: TestContext, { bases, index, lines, files }: Fixture): Promise<string> {
  const folder = temporaryFolder(test, {
    'context/Containerfile': lines.join('\n'),
    'context/kernel': amd64,
    ...Object.fromEntries(Object.entries(files ?? {}).map(([path, content]) => [`context/${path}`, content])),
  });
  if (bases !== undefined) await baseLayout(join(folder, 'base'), bases);
  if (index !== undefined) await indexLayout(join(folder, 'base'), index);
  return join(folder, 'context');
}

async function build(test: TestContext, fixture: Fixture): Promise<BuiltContext> {
  return buildContext(test, await prepare(test, fixture), { strict: false, ...fixture.options });
}

/** The errors and warnings, as `code line:column`. */
async function problems(test: TestContext, fixture: Fixture): Promise<string[]> {
  const context = await prepare(test, fixture);
  const images = localImages(test, context);
  const { errors, warnings } = await examine({
    context,
    labels: [],
    strict: false,
    images,
    ...fixture.options,
  });
  return [...errors, ...warnings.filter(({ message }) => !message.includes('version'))].map(
    ({ code, position }) => `${code} ${position?.line ?? 0}:${position?.column ?? 0}`,
  );
}

/** Type, mode, owner and target or content of the entries of a tar, by name. */
async function list(tar: Uint8Array | undefined): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  const reader = extract();
  reader.end(tar);
  for await (const entry of reader) {
    const { name, type, mode, uid, gid, linkname } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const rest = type === 'symlink' ? linkname : Buffer.concat(chunks).toString();
    entries[name] = `${type} ${mode.toString(8)} ${uid}:${gid} ${rest}`.trim();
  }
  return entries;
}

const rootfs: readonly SampleEntry[] = [
  { path: 'etc/', mode: 0o700, uid: 5, gid: 6 },
  { path: 'etc/hosts', content: 'hosts' },
  { path: 'usr/', mode: 0o711 },
  { path: 'usr/bin/', mode: 0o751 },
  { path: 'usr/bin/tool', content: 'tool', mode: 0o755 },
  { path: 'bin', target: 'usr/bin' },
  { path: 'data/', mode: 0o777 },
  { path: 'file', content: 'file' },
];

describe('an image on a base', () => {
  const config = {
    Env: ['PATH=/usr/bin', 'GREETING=hello'],
    User: '1000:1000',
    WorkingDir: '/srv/app',
    Entrypoint: ['/init'],
    Cmd: ['--base'],
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
    StopSignal: 'SIGINT',
    Healthcheck: { Test: ['NONE'] },
    Labels: { maintainer: 'base', [key('mountRootfs')]: 'true', [key('hypervisor')]: 'firecracker' },
    'x-unknown': { kept: [1, 2] },
  };
  const lines = ['FROM oci:../base:1', 'COPY kernel /kernel', ...labels];

  it('has its layers as they are, then its own', async (test) => {
    for (const docker of [false, true]) {
      const base = { layers: [rootfs, [{ path: 'second', content: '2' }]], config, docker };
      const { image } = await build(test, { bases: [base], lines });
      const folder = temporaryFolder(test);
      const layout = await baseLayout(join(folder, 'again'), [base]);
      const [root] = (await layout.readIndex()).manifests;
      assert.ok(root !== undefined);
      const manifest = JSON.parse(
        readFileSync(layout.blobPath(root.digest), 'utf8'),
      ) as typeof image.manifest;
      assert.deepEqual(
        image.manifest.layers.slice(0, 2),
        manifest.layers.map(({ digest, size }) => ({ mediaType: mediaTypes.layerGzip, digest, size })),
      );
      assert.equal(image.manifest.layers.length, 4);
      assert.deepEqual(Object.keys(await list(image.tars[2])), ['kernel']);
    }
  });

  it('has its config, with the history before its own, and its labels under its own', async (test) => {
    const document = { author: 'somebody', docker_version: '20' };
    const { image } = await build(test, { bases: [{ layers: [rootfs], config, document }], lines });
    const { Labels, ...inherited } = config;
    const { Labels: all, ...own } = image.config.config;
    assert.deepEqual(own, inherited);
    assert.equal(all.maintainer, Labels.maintainer);
    assert.equal(all[key('mountRootfs')], 'true');
    assert.equal(all[key('hypervisor')], 'qemu');
    const quoted = labels.map((line) => line.replace(/=(.*)/, '="$1"'));
    assert.deepEqual(
      image.config.history.map(({ created_by }) => created_by),
      ['layer 0', 'COPY kernel /kernel', ...quoted, 'LABEL -> /urunc.json'],
    );
    assert.equal((image.config as { author?: string }).author, 'somebody');
    assert.equal('docker_version' in image.config, false);
    // What urunc reads is complete in all three places.
    assert.equal(image.manifest.annotations?.[key('mountRootfs')], 'true');
    const json = JSON.parse((await list(image.tars.at(-1)))['urunc.json']?.split(' ')[3] ?? '') as object;
    assert.ok(key('mountRootfs') in json);
  });

  it('is the same for the same base', async (test) => {
    const fixture = { bases: [{ layers: [rootfs], config }], lines };
    const [one, other] = [await build(test, fixture), await build(test, fixture)];
    assert.equal(one.image.entry.digest, other.image.entry.digest);
  });

  const tables: readonly {
    readonly name: string;
    readonly own: readonly string[];
    readonly base?: object;
    readonly entrypoint?: readonly string[];
    readonly cmd?: readonly string[];
    readonly cmdline?: string;
  }[] = [
    { name: 'neither', own: [], entrypoint: ['/init'], cmd: ['--base'], cmdline: '/init --base' },
    { name: 'CMD', own: ['CMD ["own"]'], entrypoint: ['/init'], cmd: ['own'], cmdline: '/init own' },
    {
      name: 'ENTRYPOINT, which resets CMD',
      own: ['ENTRYPOINT ["/own"]'],
      entrypoint: ['/own'],
      cmdline: '/own',
    },
    {
      name: 'both',
      own: ['CMD ["a"]', 'ENTRYPOINT ["/own"]'],
      entrypoint: ['/own'],
      cmd: ['a'],
      cmdline: '/own a',
    },
    {
      name: 'CMD beside a label of the base',
      own: ['CMD ["own"]'],
      base: { Cmd: ['old'], Labels: { [key('cmdline')]: 'old' } },
      cmd: ['own'],
      cmdline: 'own',
    },
    {
      name: 'a label of the base alone',
      own: [],
      base: { Labels: { [key('cmdline')]: 'from label' } },
      cmd: ['from', 'label'],
      cmdline: 'from label',
    },
    {
      name: 'a label beside those that are the words of the label of the base',
      own: [`LABEL ${key('cmdline')}="my  own"`],
      base: { Entrypoint: ['from'], Cmd: ['label'], Labels: { [key('cmdline')]: 'from  label' } },
      cmd: ['my', 'own'],
      cmdline: 'my  own',
    },
    {
      name: 'a label beside others than the words of the label of the base',
      own: [`LABEL ${key('cmdline')}="own"`],
      base: { Cmd: ['from label'], Labels: { [key('cmdline')]: 'from label' } },
      cmd: ['from label'],
      cmdline: 'own',
    },
    {
      name: 'CMD and a label beside the words of the label of the base',
      own: ['CMD ["own"]', `LABEL ${key('cmdline')}="own"`],
      base: { Entrypoint: ['from'], Labels: { [key('cmdline')]: 'from' } },
      entrypoint: ['from'],
      cmd: ['own'],
      cmdline: 'own',
    },
  ];
  for (const { name, own, base = config, entrypoint, cmd, cmdline } of tables) {
    it(`takes Entrypoint and Cmd as Docker does: ${name}`, async (test) => {
      const { image } = await build(test, {
        bases: [{ layers: [rootfs], config: base }],
        lines: [...lines, ...own],
      });
      assert.deepEqual(image.config.config.Entrypoint, entrypoint);
      assert.deepEqual(image.config.config.Cmd, cmd);
      assert.equal(image.config.config.Labels[key('cmdline')], cmdline);
    });
  }

  it('warns of a cmdline label beside inherited arguments, and of ONBUILD', async (test) => {
    const bases = [{ layers: [rootfs], config: { Cmd: ['sh'], OnBuild: ['RUN make'] } }];
    const more = [...lines, `LABEL ${key('cmdline')}="other words"`];
    assert.deepEqual(await problems(test, { bases, lines: more }), [
      'CONTAINERFILE_UNSUPPORTED 1:6',
      'LABEL_INVALID 6:7',
    ]);
    const { image } = await build(test, { bases, lines: more });
    assert.equal('OnBuild' in image.config.config, false);
  });

  it('does not warn of a cmdline label that the arguments follow', async (test) => {
    const bases = [{ layers: [rootfs], config: { Cmd: ['sh'], Labels: { [key('cmdline')]: 'sh' } } }];
    const more = [...lines, `LABEL ${key('cmdline')}="other words"`];
    assert.deepEqual(await problems(test, { bases, lines: more }), []);
  });

  it('keeps the two names of the version the same', async (test) => {
    const Labels = { [key('version')]: '1', [key('unikernelVersion')]: '1' };
    const { image } = await build(test, {
      bases: [{ layers: [rootfs], config: { Labels } }],
      lines: [...lines, `LABEL ${key('version')}=2`],
    });
    assert.equal(image.config.config.Labels[key('unikernelVersion')], '2');
  });

  it('counts urunc labels of the base for the required ones, also those in annotations and in urunc.json', async (test) => {
    const required = {
      [key('unikernelType')]: 'unikraft',
      [key('hypervisor')]: 'qemu',
      [key('binary')]: '/kernel',
    };
    const short = ['FROM oci:../base:1', 'COPY kernel /kernel', 'CMD ["x"]'];
    const encoded = Object.entries(required).map(([name, value]) => [
      name,
      Buffer.from(value).toString('base64'),
    ]);
    const json = [{ path: 'urunc.json', content: JSON.stringify(Object.fromEntries(encoded)) }];
    for (const base of [
      { layers: [rootfs], config: { Labels: required } },
      { layers: [rootfs], annotations: { ...required, 'org.opencontainers.image.title': 'not inherited' } },
      { layers: [rootfs, json] },
    ]) {
      const { image } = await build(test, { bases: [base], lines: short });
      const { Labels } = image.config.config;
      for (const [name, value] of Object.entries(required)) assert.equal(Labels[name], value);
      assert.equal('org.opencontainers.image.title' in (image.manifest.annotations ?? {}), false);
    }
    assert.deepEqual(await problems(test, { bases: [{ layers: [rootfs] }], lines: short }), [
      'LABEL_MISSING 1:1',
    ]);
  });

  it('replaces variables by the environment of the base', async (test) => {
    const { image } = await build(test, {
      bases: [{ layers: [rootfs], config }],
      lines: [...lines, 'LABEL greeting="$GREETING world" other=${NOTHING:-none}'],
    });
    assert.equal(image.config.config.Labels.greeting, 'hello world');
    assert.equal(image.config.config.Labels.other, 'none');
  });

  it('replaces a history that fits no layers', async (test) => {
    for (const history of [undefined, [], [{ created_by: 'a' }, { created_by: 'b' }, { created_by: 'c' }]]) {
      const base = { layers: [rootfs, rootfs.slice(0, 1)], document: { history } };
      const { image } = await build(test, { bases: [base], lines });
      // The layout is verified: one entry for each layer.
      assert.equal(image.manifest.layers.length, 4);
    }
  });
});

describe('COPY onto a base', () => {
  const cases: readonly {
    readonly name: string;
    readonly copy: string;
    readonly workingDir?: string;
    /** The entries of its layer. */
    readonly layer?: Readonly<Record<string, string>>;
    readonly error?: string;
  }[] = [
    {
      name: 'a file into a directory',
      copy: 'COPY a /data/',
      layer: { 'data/': 'directory 777 0:0', 'data/a': 'file 644 0:0 a' },
    },
    {
      name: 'a file into a directory without a slash',
      copy: 'COPY a /etc',
      layer: { 'etc/': 'directory 700 5:6', 'etc/a': 'file 644 0:0 a' },
    },
    {
      name: 'a file through a link',
      copy: 'COPY a /bin/a',
      layer: { 'usr/': 'directory 711 0:0', 'usr/bin/': 'directory 751 0:0', 'usr/bin/a': 'file 644 0:0 a' },
    },
    {
      name: 'a file into a link to a directory',
      copy: 'COPY a /bin',
      layer: { 'usr/': 'directory 711 0:0', 'usr/bin/': 'directory 751 0:0', 'usr/bin/a': 'file 644 0:0 a' },
    },
    {
      name: 'a file over another',
      copy: 'COPY a /etc/hosts',
      layer: { 'etc/': 'directory 700 5:6', 'etc/hosts': 'file 644 0:0 a' },
    },
    {
      name: 'a directory over another',
      copy: 'COPY etc /etc',
      layer: { 'etc/': 'directory 700 5:6', 'etc/own': 'file 644 0:0 own' },
    },
    {
      name: 'into the working directory',
      copy: 'COPY a .',
      workingDir: '/srv/app',
      layer: { 'srv/': 'directory 755 0:0', 'srv/app/': 'directory 755 0:0', 'srv/app/a': 'file 644 0:0 a' },
    },
    {
      name: 'below the working directory',
      copy: 'COPY a ../b',
      workingDir: '/data/x',
      layer: { 'data/': 'directory 777 0:0', 'data/b': 'file 644 0:0 a' },
    },
    { name: 'a file at the root', copy: 'COPY a /new', layer: { new: 'file 644 0:0 a' } },
    { name: 'a file where a directory has to be', copy: 'COPY a /file/a', error: 'CONTEXT_PATH 2:6' },
    { name: 'a directory over a file', copy: 'COPY etc /file', error: 'CONTEXT_PATH 2:6' },
  ];
  for (const { name, copy, workingDir, layer, error } of cases) {
    it(`puts ${name}`, async (test) => {
      const fixture = {
        bases: [{ layers: [rootfs], config: workingDir === undefined ? {} : { WorkingDir: workingDir } }],
        lines: ['FROM oci:../base', copy, 'COPY kernel /kernel', 'CMD ["x"]', ...labels],
        files: { a: 'a', 'etc/own': 'own' },
      };
      if (error !== undefined) {
        assert.deepEqual(await problems(test, fixture), [error]);
        return;
      }
      const { image } = await build(test, fixture);
      assert.deepEqual(await list(image.tars[1]), layer);
    });
  }
});

describe('the binary of a base', () => {
  const kernel = { path: 'kernel', content: arm64 };
  const lines = ['FROM oci:../base:1', 'COPY note /note', 'CMD ["x"]', ...labels];
  const files = { note: 'note' };
  const cases: readonly { name: string; layers: SampleBase['layers']; expected: string | string[] }[] = [
    { name: 'is read from its layer', layers: [[kernel]], expected: 'arm64' },
    {
      name: 'is the one of the uppermost layer',
      layers: [[{ ...kernel, content: amd64 }], [kernel]],
      expected: 'arm64',
    },
    {
      name: 'is found through links',
      layers: [[{ path: 'kernel', target: 'boot/image' }], [{ path: 'boot/image', content: arm64 }]],
      expected: 'arm64',
    },
    {
      name: 'is found behind a hard link',
      layers: [
        [{ path: 'boot/image', content: arm64 }],
        [{ path: 'kernel', target: 'boot/image', hard: true }],
      ],
      expected: 'arm64',
    },
    {
      name: 'is gone with a whiteout',
      layers: [[kernel], [{ path: '.wh.kernel' }]],
      expected: ['BINARY_MISSING 6:7'],
    },
    { name: 'is missing', layers: [[]], expected: ['BINARY_MISSING 6:7'] },
    {
      name: 'is no kernel',
      layers: [[{ path: 'kernel', content: 'text' }]],
      expected: ['ARCHITECTURE_UNKNOWN 6:7'],
    },
  ];
  for (const { name, layers, expected } of cases) {
    it(name, async (test) => {
      const fixture = { bases: [{ layers, architecture: 'arm64' }], lines, files };
      if (typeof expected !== 'string') {
        assert.deepEqual(await problems(test, fixture), expected);
        return;
      }
      const { image } = await build(test, fixture);
      assert.equal(image.config.architecture, expected);
      assert.equal(image.config.os, 'linux');
      assert.equal(image.entry.platform?.architecture, expected);
    });
  }

  it('must be for the platform that is named', async (test) => {
    const fixture = {
      bases: [{ layers: [[kernel]] }],
      lines,
      files,
      options: { platform: parsePlatform('linux/amd64') },
    };
    assert.deepEqual(await problems(test, fixture), ['ARCHITECTURE_MISMATCH 6:7']);
  });

  it('and its other files are no reason for warnings', async (test) => {
    const layers = [[kernel, { path: 'boot/initrd', content: '070701' }]];
    const more = [...lines, `LABEL ${key('initrd')}=/boot/initrd`];
    const bases = [{ layers, architecture: 'arm64' }];
    assert.deepEqual(await problems(test, { bases, lines: more, files }), []);
    assert.deepEqual(
      await problems(test, { bases: [{ layers: [[kernel]], architecture: 'arm64' }], lines: more, files }),
      ['LABEL_INVALID 7:7'],
    );
  });

  it('is a reason for a warning when the base is for another architecture', async (test) => {
    assert.deepEqual(await problems(test, { bases: [{ layers: [[kernel]] }], lines, files }), [
      'ARCHITECTURE_MISMATCH 1:6',
    ]);
  });
});

describe('the layers of a base', () => {
  async function fetched(
    test: TestContext,
    copies: readonly string[],
    files: Record<string, string> = {},
  ): Promise<number> {
    const context = await prepare(test, {
      bases: [{ layers: [rootfs, [{ path: 'second', content: '2' }]] }],
      lines: ['FROM oci:../base:1', ...copies, 'CMD ["x"]', ...labels],
      files,
    });
    const images = localImages(test, context);
    let count = 0;
    const counting = {
      ...images,
      open: async (name: string) => {
        const { source, root } = await images.open(name);
        const open: typeof source.open = (descriptor) => {
          const blob = source.open(descriptor);
          const watched = () => {
            if (!descriptor.mediaType.endsWith('json')) count += 1;
            return blob.open();
          };
          return { ...blob, open: watched };
        };
        return { source: { name: source.name, open }, root };
      },
    };
    await buildContext(test, context, { strict: false, images: counting });
    // Publishing the whole layout takes each layer once.
    return count - 2;
  }

  for (const [name, copies, files] of [
    ['one file', ['COPY kernel /kernel'], {}],
    ['files with names of their own', ['COPY kernel /kernel', 'COPY --chmod=755 a b'], { a: 'a' }],
  ] as const) {
    it(`are not looked at for ${name}`, async (test) => {
      assert.equal(await fetched(test, copies, files), 0);
    });
  }

  for (const [name, copies, files] of [
    ['a destination with a directory', ['COPY kernel /kernel', 'COPY a /conf/a'], { a: 'a' }],
    ['a destination with a slash', ['COPY kernel /'], {}],
    ['a directory', ['COPY kernel /kernel', 'COPY d /d'], { 'd/a': 'a' }],
    ['a usual directory', ['COPY kernel /kernel', 'COPY a /usr'], { a: 'a' }],
  ] as const) {
    it(`are looked at once for ${name}`, async (test) => {
      assert.equal(await fetched(test, copies, files), 2);
    });
  }
});

describe('the names of bases', () => {
  const layers = [[{ path: 'one', content: '1' }]];
  const archive = async (folder: string) => {
    const layout = await openLayout(join(folder, '../base'));
    const [, second] = (await layout.readIndex()).manifests;
    assert.ok(second !== undefined);
    await writeArchive(layout, second, [parseReference('own.example/name:tag')], join(folder, 'base.tar'));
    return second.digest;
  };
  for (const name of [
    'oci:../base:2',
    'oci-layout://../base:2',
    'oci:../base@DIGEST',
    'oci:../base:2@DIGEST',
    'oci:base.tar',
    'oci-archive:base.tar',
    'oci-archive:base.tar:tag',
    'docker-archive:base.tar:tag',
    'oci-archive:../context/base.tar',
  ]) {
    it(`may be ${name}`, async (test) => {
      const bases = [{ layers: [rootfs] }, { layers }];
      const context = await prepare(test, { bases, lines: [] });
      const digest = await archive(context);
      const lines = [`FROM ${name.replace('DIGEST', digest)}`, 'COPY kernel /kernel', 'CMD ["x"]', ...labels];
      writeFileSync(join(context, 'Containerfile'), lines.join('\n'));
      const { image } = await buildContext(test, context, { strict: false });
      assert.deepEqual(Object.keys(await list(image.tars[0])), ['one']);
    });
  }
});

describe('the image of an index', () => {
  const of = (os: string, architecture: string, content: Uint8Array) => ({
    os,
    architecture,
    layers: [
      [
        { path: 'unikraft/bin/kernel', content },
        { path: `for-${os}-${architecture}`, content: 'x' },
      ],
    ],
  });
  const unikraft = [of('qemu', 'x86_64', amd64), of('fc', 'x86_64', amd64), of('qemu', 'arm64', arm64)];
  const lines = (hypervisor: string, from = 'FROM oci:../base:all') => [
    from,
    'CMD ["x"]',
    `LABEL ${key('unikernelType')}=unikraft`,
    `LABEL ${key('hypervisor')}=${hypervisor}`,
    `LABEL ${key('binary')}=/unikraft/bin/kernel`,
  ];
  const cases: readonly {
    readonly name: string;
    readonly lines: readonly string[];
    readonly index?: readonly SampleBase[];
    readonly platform?: string;
    readonly expected: string | string[];
  }[] = [
    {
      name: 'qemu with a platform',
      lines: lines('qemu'),
      platform: 'linux/arm64',
      expected: 'for-qemu-arm64',
    },
    { name: 'firecracker', lines: lines('firecracker'), expected: 'for-fc-x86_64' },
    {
      name: 'a platform in FROM',
      lines: lines('qemu', 'FROM --platform=fc/amd64 oci:../base:all'),
      expected: 'for-fc-x86_64',
    },
    { name: 'nothing that decides', lines: lines('qemu'), expected: ['PLATFORM_MISSING 1:6'] },
    {
      name: 'a hypervisor that has no image',
      lines: lines('hvt'),
      expected: ['PLATFORM_MISSING 1:6', 'LABEL_INVALID 4:7'],
    },
    {
      name: 'a platform in FROM that has no image',
      lines: lines('qemu', 'FROM --platform=xen/amd64 oci:../base:all'),
      expected: ['PLATFORM_MISSING 1:27'],
    },
    {
      name: 'a malformed platform in FROM',
      lines: lines('qemu', 'FROM --platform=xen oci:../base:all'),
      expected: ['INPUT_INVALID 1:21'],
    },
    {
      name: 'the binary of the context',
      lines: ['FROM oci:../base:all', 'COPY kernel /kernel', 'CMD ["x"]', ...labels],
      index: [of('linux', 'arm64', arm64), of('linux', 'amd64', amd64)],
      expected: 'for-linux-amd64',
    },
  ];
  for (const { name, index = unikraft, platform, expected, lines: text } of cases) {
    it(`follows from ${name}`, async (test) => {
      const options = platform === undefined ? {} : { options: { platform: parsePlatform(platform) } };
      const fixture = { index, lines: text, ...options };
      if (typeof expected !== 'string') {
        assert.deepEqual(await problems(test, fixture), expected);
        return;
      }
      const { image } = await build(test, fixture);
      const names = Object.keys(await list(image.tars[0]));
      assert.ok(names.includes(expected), names.join(' '));
      assert.equal(image.config.os, 'linux');
    });
  }

  it('is listed with its platforms when none fits', async (test) => {
    const context = await prepare(test, { index: unikraft, lines: lines('hvt') });
    const { errors } = await examine({
      context,
      labels: [],
      strict: false,
      images: localImages(test, context),
    });
    assert.equal(
      errors[0]?.message,
      'expected an image for linux or hvt in "oci:../base:all", got qemu/amd64, fc/amd64, qemu/arm64',
    );
  });
});

describe('stages', () => {
  const tools: readonly SampleEntry[] = [
    { path: 'usr/bin/' },
    { path: 'usr/bin/tool', content: 'tool', mode: 0o4751, uid: 9, gid: 9 },
    { path: 'usr/bin/same', target: 'usr/bin/tool', hard: true },
    { path: 'bin', target: 'usr/bin' },
    { path: 'kernels/', mode: 0o750, uid: 3 },
    { path: 'kernels/one', content: amd64, mode: 0o600 },
    { path: 'kernels/link', target: 'one' },
  ];
  const end = ['CMD ["x"]', ...labels];
  const from = (copy: string, more: readonly string[] = []) => [
    ...more,
    'FROM scratch',
    copy,
    'COPY kernel /kernel',
    ...end,
  ];

  const cases: readonly {
    readonly name: string;
    readonly lines: readonly string[];
    readonly layer: Readonly<Record<string, string>>;
  }[] = [
    {
      name: 'a file of an image keeps its mode and its owner',
      lines: from('COPY --from=oci:../base /bin/tool /tool'),
      layer: { tool: 'file 4751 9:9 tool' },
    },
    {
      name: 'a hard link is a file',
      lines: from('COPY --from=oci:../base usr/bin/same /'),
      layer: { same: 'file 4751 9:9 tool' },
    },
    {
      name: 'flags win',
      lines: from('COPY --from=oci:../base --chmod=640 --chown=1:2 /bin/tool /t'),
      layer: { t: 'file 640 1:2 tool' },
    },
    {
      name: 'what a folder holds, which becomes a plain folder itself',
      lines: from('COPY --from=oci:../base --exclude=kernels/one / /x'),
      layer: {
        'x/': 'directory 755 0:0',
        'x/bin': 'symlink 777 0:0 usr/bin',
        'x/kernels/': 'directory 750 3:0',
        'x/kernels/link': 'symlink 777 0:0 one',
        'x/usr/': 'directory 755 0:0',
        'x/usr/bin/': 'directory 755 0:0',
        'x/usr/bin/same': 'file 4751 9:9 tool',
        'x/usr/bin/tool': 'file 4751 9:9 tool',
      },
    },
    {
      name: 'a folder that is named, as a plain one',
      lines: from('COPY --from=oci:../base --exclude=one /kernels /k'),
      layer: { 'k/': 'directory 755 0:0', 'k/link': 'symlink 777 0:0 one' },
    },
    {
      name: 'a pattern',
      lines: from('COPY --from=oci:../base /bin/t* /usr/bin/s?me /x/'),
      layer: { 'x/': 'directory 755 0:0', 'x/same': 'file 4751 9:9 tool', 'x/tool': 'file 4751 9:9 tool' },
    },
    {
      name: 'a directory with its links',
      lines: from('COPY --from=oci:../base /bin /k'),
      layer: { 'k/': 'directory 755 0:0', 'k/same': 'file 4751 9:9 tool', 'k/tool': 'file 4751 9:9 tool' },
    },
    {
      name: 'a stage by its name',
      lines: from('COPY --from=Tools /x/copied /bin/same /y/', [
        'FROM oci:../base AS tools',
        'COPY a /x/copied',
      ]),
      layer: { 'y/': 'directory 755 0:0', 'y/copied': 'file 644 0:0 a', 'y/same': 'file 4751 9:9 tool' },
    },
    {
      name: 'a stage by its number',
      lines: from('COPY --from=0 /a /b', ['FROM scratch', 'COPY --chmod=700 a /a']),
      layer: { b: 'file 700 0:0 a' },
    },
    {
      name: 'a stage that copies from another',
      lines: from('COPY --from=second /deep /b', [
        'FROM scratch AS first',
        'COPY a /a',
        'FROM scratch AS second',
        'COPY --from=first /a /deep',
      ]),
      layer: { b: 'file 644 0:0 a' },
    },
  ];
  for (const { name, lines, layer } of cases) {
    it(`give ${name}`, async (test) => {
      const fixture = { bases: [{ layers: [tools] }], lines, files: { a: 'a' } };
      const { image } = await build(test, fixture);
      assert.deepEqual(await list(image.tars[0]), layer);
      assert.equal(image.manifest.layers.length, 3);
      assert.equal((await build(test, fixture)).image.entry.digest, image.entry.digest);
    });
  }

  it('bring the binary', async (test) => {
    const { image } = await build(test, {
      bases: [{ layers: [tools] }],
      lines: ['FROM scratch', 'COPY --from=oci:../base /kernels/link /kernel', ...end],
    });
    assert.equal(image.config.architecture, 'amd64');
    assert.equal((await list(image.tars[0])).kernel?.startsWith('file 600 0:0 '), true);
  });

  it('are gone on from, with their layers, labels and arguments', async (test) => {
    const { image } = await build(test, {
      bases: [{ layers: [tools], config: { Env: ['A=b'] } }],
      lines: [
        'FROM oci:../base AS first',
        'COPY a /a',
        'LABEL "from"=first "letter"=$A',
        'CMD ["first"]',
        'FROM first AS second',
        'COPY kernel /kernel',
        'ENTRYPOINT ["/second"]',
        ...labels,
      ],
      files: { a: 'a' },
    });
    assert.equal(image.manifest.layers.length, 4);
    assert.equal(image.config.config.Labels.from, 'first');
    assert.equal(image.config.config.Labels.letter, 'b');
    assert.deepEqual(image.config.config.Entrypoint, ['/second']);
    assert.equal(image.config.config.Cmd, undefined);
  });

  it('are not opened when nothing needs them', async (test) => {
    const lines = ['FROM registry.example/never:1 AS unused', ...from('COPY kernel /other')];
    assert.deepEqual(await problems(test, { lines }), []);
  });

  for (const [name, lines, expected] of [
    ['a layout that is not there', from('COPY --from=oci:../none /a /b'), ['LAYOUT_INVALID 2:13']],
    ['a layout with several images', ['FROM oci:../base', ...end], ['INPUT_INVALID 1:6']],
    ['a tag that is not there', ['FROM oci:../base:3', ...end], ['INPUT_INVALID 1:6']],
    [
      'a file that is not there',
      from('COPY --from=oci:../base:2 /a /nothing /b/'),
      ['CONTEXT_PATH 2:27', 'CONTEXT_PATH 2:30'],
    ],
    ['a name that is no reference', ['FROM Bad//name', ...end], ['REFERENCE_INVALID 1:6']],
    [
      'a stage in which something is missing',
      from('COPY --from=s /a /a', ['FROM scratch AS s', 'COPY none /a']),
      ['CONTEXT_PATH 2:6'],
    ],
  ] as const) {
    it(`have an error where ${name} stands`, async (test) => {
      const bases = [{ layers: [tools] }, { layers: [rootfs] }];
      assert.deepEqual(await problems(test, { bases, lines }), [...expected]);
    });
  }

  it('are refused when a layer may not be passed on', async (test) => {
    const context = await prepare(test, {
      bases: [{ layers: [tools] }],
      lines: ['FROM oci:../base', ...end],
    });
    const images = localImages(test, context);
    const foreign = {
      ...images,
      open: async (name: string) => {
        const { source, root } = await images.open(name);
        const manifest = readFileSync(join(context, '../base/blobs/sha256', root.digest.slice(7)), 'utf8');
        const changed = manifest.replace(
          'image.layer.v1.tar+gzip',
          'image.layer.nondistributable.v1.tar+gzip',
        );
        const { blobOf } = await import('../../../src/core/oci/blob.ts');
        const blob = blobOf(root.mediaType, Buffer.from(changed));
        const open: typeof source.open = (descriptor) =>
          descriptor.digest === blob.descriptor.digest ? blob : source.open(descriptor);
        return { source: { name: source.name, open }, root: blob.descriptor };
      },
    };
    const { errors } = await examine({ context, labels: [], strict: false, images: foreign });
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['NOT_AVAILABLE'],
    );
    assert.match(errors[0]?.message ?? '', /may not be passed on/);
  });
});
