// Building on images that other tools made and pushed, and what other tools make of the result.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { startDockerRegistry, storedFromAnother } from '../support/docker-registry.ts';
import type { RunningServer } from '../support/docker-registry.ts';
import { baseLayout, indexLayout } from '../support/base-image.ts';
import type { SampleBase, SampleEntry } from '../support/base-image.ts';
import { temporaryFolder } from '../support/folder.ts';
import { mustRunCommand } from '../support/run-command.ts';
import { tree } from '../support/tree.ts';
import { unlessInstalled, unlessRootWith } from '../support/tools.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const fixtures = join(import.meta.dirname, '../fixtures/containerfiles');
const hello = join(import.meta.dirname, '../../examples/hello');
const [amd64, arm64] = ['amd64', 'arm64'].map((name) => readFileSync(join(hello, `hello-${name}`)));
const key = (name: string) => `com.urunc.unikernel.${name}`;

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1e8 });
}

/** A base as a distribution makes them: what upper layers replace, remove and link. */
const layers: readonly (readonly SampleEntry[])[] = [
  [
    { path: 'bin', target: 'usr/bin' },
    { path: 'etc/', mode: 0o750, uid: 1, gid: 2 },
    { path: 'etc/passwd', content: 'root' },
    { path: 'etc/removed', content: 'x' },
    { path: 'etc/replaced', content: 'old' },
    { path: 'usr/bin/', mode: 0o711 },
    { path: 'usr/bin/busybox', content: 'busybox', mode: 0o4755 },
    { path: 'usr/bin/sh', target: 'usr/bin/busybox', hard: true },
    { path: 'var/cache/', mode: 0o700 },
    { path: 'var/cache/old', content: 'old' },
  ],
  [
    { path: 'etc/.wh.removed' },
    { path: 'etc/replaced', content: 'new', mode: 0o600 },
    { path: 'var/cache/', mode: 0o755 },
    { path: 'var/cache/.wh..wh..opq' },
    { path: 'var/cache/new', content: 'new' },
    { path: 'usr/bin/ls', target: 'usr/bin/busybox', hard: true },
  ],
];

describe('a base that skopeo pushed', { skip: unlessInstalled('docker-registry', 'skopeo', 'umoci') }, () => {
  let registry: RunningServer;
  before(async () => {
    registry = await startDockerRegistry();
  });
  after(() => registry.stop());

  async function push(
    test: TestContext,
    image: string,
    base: SampleBase,
    format: 'oci' | 'v2s2',
  ): Promise<void> {
    const folder = temporaryFolder(test);
    await baseLayout(join(folder, 'base'), [base]);
    const target = `docker://${registry.host}/${image}`;
    run(
      'skopeo',
      'copy',
      '-q',
      '--dest-tls-verify=false',
      '-f',
      format,
      `oci:${join(folder, 'base')}:1`,
      target,
    );
  }

  async function pushIndex(
    test: TestContext,
    image: string,
    bases: readonly SampleBase[],
    format: 'oci' | 'v2s2',
  ) {
    const folder = temporaryFolder(test);
    await indexLayout(join(folder, 'base'), bases);
    const source = `oci:${join(folder, 'base')}:all`;
    const target = `docker://${registry.host}/${image}`;
    run('skopeo', 'copy', '-q', '--all', '--dest-tls-verify=false', '-f', format, source, target);
  }

  /** A context with one of the fixtures, whose registries are all this one. */
  function contextOf(
    test: TestContext,
    fixture: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    change: (text: string) => string = (text) => text,
  ): string {
    const text = readFileSync(join(fixtures, `${fixture}.Containerfile`), 'utf8');
    const here = text.replaceAll(/[a-z]+\.example(?=\/[a-z]+[:\s])/g, registry.host);
    return temporaryFolder(test, { ...files, Containerfile: change(here) });
  }

  async function buildLayout(test: TestContext, context: string, ...args: string[]) {
    const layout = join(temporaryFolder(test), 'layout');
    const build = ['build', '--no-strict', '-o', 'oci', '--dest', layout, '-t', 'own.example/app:tag'];
    const { stderr } = await mustRunCommand([...build, ...args, context]);
    return { layout, stderr, image: verifyLayout(layout)[0] };
  }

  function unpack(test: TestContext, layout: string): Record<string, string> {
    const bundle = join(temporaryFolder(test), 'bundle');
    const asUser = process.getuid?.() === 0 ? [] : ['--rootless'];
    run('umoci', 'unpack', ...asUser, '--image', `${layout}:tag`, bundle);
    return tree(join(bundle, 'rootfs'));
  }

  const unikraft = (os: string, architecture: string, kernel: Uint8Array | undefined): SampleBase => ({
    os,
    architecture,
    layers: [
      [
        { path: 'unikraft/bin/kernel', content: kernel ?? '' },
        { path: `from-${os}`, content: os },
      ],
    ],
    config: { Labels: { [key('unikernelVersion')]: '0.17' } },
  });

  for (const format of ['oci', 'v2s2'] as const) {
    it(`is found by hypervisor and architecture in an index as unikraft.org has it (${format})`, async (test) => {
      const bases = [
        unikraft('qemu', 'x86_64', amd64),
        unikraft('fc', 'x86_64', amd64),
        unikraft('qemu', 'arm64', arm64),
      ];
      await pushIndex(test, 'unikraft/base:latest', bases, format);
      const fixture = (change?: (text: string) => string) =>
        contextOf(test, 'base-image-and-cmd', { 'initrd.cpio': 'initrd' }, (text) =>
          (change ?? String)(text.replace('/base:', '/unikraft/base:')),
        );
      const qemu = await buildLayout(test, fixture(), '--platform', 'linux/amd64');
      assert.equal(qemu.image?.config.architecture, 'amd64');
      assert.equal(qemu.image.config.os, 'linux');
      assert.equal(qemu.image.config.config.Labels[key('version')], '0.17');
      const files = Object.keys(unpack(test, qemu.layout));
      for (const file of ['from-qemu', 'unikraft/bin/kernel', 'initrd.cpio', 'urunc.json'])
        assert.ok(files.includes(file));
      const onArm = await buildLayout(test, fixture(), '--platform', 'linux/arm64');
      assert.equal(onArm.image?.config.architecture, 'arm64');
      // Nothing but the hypervisor has to be known where there is one architecture.
      const fc = await buildLayout(
        test,
        fixture((text) => text.replace('"qemu"', '"firecracker"')),
      );
      assert.ok(Object.keys(unpack(test, fc.layout)).includes('from-fc'));
      // Both at once.
      const both = join(temporaryFolder(test), 'both');
      await mustRunCommand([
        ...['build', '--no-strict', '-o', 'oci', '--dest', both, '-t', 'own.example/app:tag'],
        ...['--platform', 'linux/amd64,linux/arm64', fixture()],
      ]);
      for (const architecture of ['amd64', 'arm64']) {
        const args = ['--override-os', 'linux', '--override-arch', architecture];
        const inspected = JSON.parse(run('skopeo', 'inspect', ...args, '--config', `oci:${both}:tag`)) as {
          architecture: string;
        };
        assert.equal(inspected.architecture, architecture);
      }
    });

    it(`keeps its digests, and its files are as they were (${format})`, async (test) => {
      await push(test, 'distribution/base:1', { layers, config: { Env: ['PATH=/bin'] } }, format);
      const reference = `docker://${registry.host}/distribution/base:1`;
      const raw = JSON.parse(run('skopeo', 'inspect', '--tls-verify=false', '--raw', reference)) as {
        mediaType: string;
        layers: { digest: string; size: number }[];
      };
      assert.equal(raw.mediaType.includes('docker'), format === 'v2s2');
      const context = temporaryFolder(test, {
        kernel: amd64 ?? '',
        'etc/own': 'own',
        Containerfile: [
          `FROM ${registry.host}/distribution/base:1`,
          'COPY kernel /bin/kernel',
          'COPY etc /etc',
          `LABEL ${key('unikernelType')}=linux`,
          `LABEL ${key('hypervisor')}=qemu`,
          `LABEL ${key('binary')}=/bin/kernel`,
          'CMD ["/bin/sh"]',
        ].join('\n'),
      });
      const { layout, image } = await buildLayout(test, context);
      assert.deepEqual(
        image?.manifest.layers.slice(0, 2).map(({ digest, size }) => ({ digest, size })),
        raw.layers.map(({ digest, size }) => ({ digest, size })),
      );
      const files = unpack(test, layout);
      const start = (path: string) => files[path]?.replace(/ \d+:\d+ [\d.]+ /, ' ');
      assert.equal(start('etc/passwd'), 'file 644 root');
      assert.equal(start('etc/replaced'), 'file 600 new');
      assert.equal(start('etc/own'), 'file 644 own');
      assert.equal(start('var/cache/new'), 'file 644 new');
      assert.equal(start('usr/bin/sh'), 'file 4755 busybox');
      assert.equal(start('usr/bin/ls'), 'file 4755 busybox');
      assert.equal(files['etc/removed'], undefined);
      assert.equal(files['var/cache/old'], undefined);
      assert.equal(files.bin, 'link usr/bin');
      assert.ok(start('usr/bin/kernel')?.startsWith('file 644 '));
      assert.equal(files['usr/bin']?.split(' ')[1], '711');
      assert.equal(files.etc?.split(' ')[1], '750');
      if (process.getuid?.() === 0) assert.equal(files.etc.split(' ')[2], '1:2');
    });
  }

  it('is taken for another operating system when FROM names it, without being looked into', async (test) => {
    await pushIndex(
      test,
      'runtime:14',
      [
        { os: 'freebsd', architecture: 'amd64', layers },
        { os: 'linux', architecture: 'amd64', layers: [[]] },
      ],
      'oci',
    );
    const files = { kernel: amd64 ?? '', init: 'init' };
    const context = contextOf(test, 'platform-and-inline-comment', files);
    const { stderr } = await mustRunCommand([
      ...['build', '--no-strict', '--push', '-t', `${registry.host}/runtime-app:1`],
      context,
    ]);
    assert.doesNotMatch(stderr, /fetched/);
    assert.match(stderr, storedFromAnother === 'mounted' ? /mounted/ : /already there/);
    const config = JSON.parse(
      run('skopeo', 'inspect', '--tls-verify=false', '--config', `docker://${registry.host}/runtime-app:1`),
    ) as { os: string; config: { Entrypoint: string[]; Cmd: string[] } };
    assert.equal(config.os, 'linux');
    assert.deepEqual([config.config.Entrypoint, config.config.Cmd], [['/init'], ['/bin/sh']]);
  });

  it('gives files to stages that need no RUN', async (test) => {
    await push(
      test,
      'linux:6',
      { layers: [[{ path: 'boot/vmlinuz', content: amd64 ?? '', mode: 0o600 }]] },
      'v2s2',
    );
    const context = contextOf(test, 'multi-stage', { app: 'app' }, (text) =>
      text.replace(/FROM .* AS build\n[^]*?\n\n/, 'FROM scratch AS build\nCOPY --chmod=755 app /out/app\n\n'),
    );
    const { layout, image } = await buildLayout(test, context);
    assert.equal(image?.manifest.layers.length, 3);
    const files = unpack(test, layout);
    assert.match(files.app ?? '', /^file 755 \d+:\d+ 0 app$/);
    assert.match(files['boot/vmlinuz'] ?? '', /^file 600 /);
  });
});

describe('buildah', { skip: unlessRootWith('buildah') }, () => {
  const config = {
    Env: ['PATH=/bin', 'LANG=C'],
    User: '1000',
    WorkingDir: '/srv',
    Entrypoint: ['/base'],
    Cmd: ['--base'],
    Labels: { from: 'base', kept: 'base' },
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
    StopSignal: 'SIGINT',
  };
  for (const [name, lines] of [
    ['no instruction of its own', []],
    ['CMD', ['CMD ["own", "words"]']],
    ['ENTRYPOINT', ['ENTRYPOINT ["/own"]']],
    ['CMD before ENTRYPOINT', ['CMD ["own"]', 'ENTRYPOINT ["/own"]']],
    ['LABEL and the environment', ['LABEL "from"="own" "lang"="$LANG" "more"="${NONE:-x}"']],
  ] as const) {
    it(`inherits the same config with ${name}`, async (test) => {
      const folder = temporaryFolder(test);
      await baseLayout(join(folder, 'base'), [{ layers, config }]);
      const context = join(folder, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'kernel'), amd64 ?? '');
      const text = ['COPY kernel /kernel', ...lines].join('\n');
      writeFileSync(join(context, 'Buildah'), `FROM oci:base:1\n${text}\n`);
      writeFileSync(join(context, 'Ours'), `FROM oci:../base:1\n${text}\n`);

      const store = [
        '--storage-driver',
        'vfs',
        '--root',
        join(folder, 'store'),
        '--runroot',
        join(folder, 'run'),
      ];
      // It makes a name of the path, which must be lower-case.
      const bud = ['bud', '-q', '--format', 'oci', '-f', join(context, 'Buildah'), '-t', 'image', context];
      execFileSync('buildah', [...store, ...bud], { cwd: folder, stdio: 'pipe' });
      const theirs = JSON.parse(run('buildah', ...store, 'inspect', '--type', 'image', 'image')) as {
        OCIv1: { config: Record<string, unknown> & { Labels: Record<string, string> } };
      };
      const labels = ['unikernelType=unikraft', 'hypervisor=qemu', 'binary=/kernel'].map((pair) => key(pair));
      const layout = join(folder, 'layout');
      await mustRunCommand([
        ...['build', '--no-strict', '-o', 'oci', '--dest', layout, '-f', join(context, 'Ours')],
        ...labels.flatMap((label) => ['--label', label]),
        context,
      ]);
      const ours = verifyLayout(layout)[0]?.config.config;
      assert.ok(ours !== undefined);
      const own = (map: Record<string, string>) =>
        Object.entries(map).filter(([label]) => !/^(?:io\.buildah|com\.urunc)\./.test(label));
      assert.deepEqual(
        { ...ours, Labels: Object.fromEntries(own(ours.Labels)) },
        { ...theirs.OCIv1.config, Labels: Object.fromEntries(own(theirs.OCIv1.config.Labels)) },
      );
    });
  }
});
