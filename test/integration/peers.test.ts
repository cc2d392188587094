// Other tools take what the bundle writes.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mustRunBima } from '../support/cli.ts';
import { startContainerd } from '../support/containerd.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContainerfile, sampleContext, sampleLabels } from '../support/sample.ts';
import { tree } from '../support/tree.ts';
import { extraPrefix, unlessInstalled, unlessMountingWith, unlessRootWith } from '../support/tools.ts';

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1e8 });
}

interface Built {
  readonly folder: string;
  readonly digest: string;
  readonly path: string;
}

async function build(
  test: TestContext,
  output: 'oci' | 'tar',
  tag = 'nubificus/image:tag',
  ...more: string[]
): Promise<Built> {
  const context = sampleContext(test);
  const folder = join(context, '..');
  const path = join(folder, 'image');
  const { stdout } = await mustRunBima(['build', '-t', tag, '-o', output, '--dest', path, ...more, context]);
  return { folder, path, digest: stdout.trim() };
}

describe('skopeo', { skip: unlessInstalled('skopeo') }, () => {
  interface Inspected {
    Digest: string;
    Architecture: string;
    Os: string;
    Labels: Record<string, string>;
    Created: string;
    Layers: string[];
  }

  // skopeo unpacks such an archive with its owner, root, which other users may not do without a user namespace.
  const needsRoot = { skip: unlessRootWith('skopeo') };

  for (const [transport, output, options] of [
    ['oci', 'oci', {}],
    ['oci-archive', 'tar', needsRoot],
  ] as const) {
    it(`inspects ${transport}:`, options, async (test) => {
      const { path, digest } = await build(test, output);
      const inspected = JSON.parse(run('skopeo', 'inspect', `${transport}:${path}:tag`)) as Inspected;
      assert.equal(inspected.Digest, digest);
      assert.equal(inspected.Os, 'linux');
      assert.equal(inspected.Architecture, 'amd64');
      assert.deepEqual(inspected.Labels, sampleLabels);
      assert.equal(inspected.Layers.length, 3);
      const raw = JSON.parse(run('skopeo', 'inspect', '--raw', `${transport}:${path}:tag`)) as {
        annotations: unknown;
      };
      assert.deepEqual(raw.annotations, sampleLabels);
    });
  }

  it('takes the archive as a docker-archive, under its full name', async (test) => {
    const { path } = await build(test, 'tar');
    const inspected = JSON.parse(
      run('skopeo', 'inspect', `docker-archive:${path}:docker.io/nubificus/image:tag`),
    ) as Inspected;
    assert.deepEqual(inspected.Labels, sampleLabels);
    assert.equal(inspected.Layers.length, 3);
  });

  for (const compression of ['gzip', 'gzip:9', 'none', 'zstd']) {
    it(`copies an image with ${compression} layers and keeps its digest`, needsRoot, async (test) => {
      const { path, digest, folder } = await build(test, 'tar', 'a:1', '--compression', compression);
      const copy = join(folder, 'copy');
      run('skopeo', 'copy', '--preserve-digests', `oci-archive:${path}`, `oci:${copy}:1`);
      const inspected = JSON.parse(run('skopeo', 'inspect', `oci:${copy}:1`)) as Inspected;
      assert.equal(inspected.Digest, digest);
    });
  }

  it('finds both images of a layout that was written to twice, and one that it wrote itself', async (test) => {
    const context = sampleContext(test);
    const layout = join(context, '../layout');
    const digests = [];
    for (const tag of ['a:1', 'a:2']) {
      writeFileSync(join(context, 'redis.conf'), tag);
      digests.push(
        (await mustRunBima(['build', '-t', tag, '-o', 'oci', '--dest', layout, context])).stdout.trim(),
      );
    }
    run('skopeo', 'copy', `oci:${layout}:2`, `oci:${layout}:3`);
    writeFileSync(join(context, 'redis.conf'), 'last');
    digests.push(
      (await mustRunBima(['build', '-t', 'a:4', '-o', 'oci', '--dest', layout, context])).stdout.trim(),
    );
    const found = ['1', '2', '3', '4'].map(
      (tag) => (JSON.parse(run('skopeo', 'inspect', `oci:${layout}:${tag}`)) as Inspected).Digest,
    );
    assert.deepEqual(found, [digests[0], digests[1], digests[1], digests[2]]);
  });
});

describe('umoci', { skip: unlessRootWith('umoci') }, () => {
  it('unpacks what COPY says', async (test) => {
    const context = sampleContext(test);
    mkdirSync(join(context, 'tree/empty'), { recursive: true });
    mkdirSync(join(context, 'tree/sub dir'));
    writeFileSync(join(context, 'tree/sub dir/ü'), 'umlaut');
    writeFileSync(join(context, 'tree/script'), 'run', { mode: 0o755 });
    writeFileSync(join(context, 'tree/.hidden'), 'hidden');
    symlinkSync('sub dir/ü', join(context, 'tree/link'));
    writeFileSync(join(context, 'one.txt'), 'one');
    writeFileSync(join(context, 'two.txt'), 'two');
    writeFileSync(
      join(context, 'Containerfile'),
      [
        sampleContainerfile,
        'COPY tree /tree',
        'COPY *.txt /texts/',
        'COPY one.txt two.txt tree/',
        'COPY --chmod=0600 --chown=1000:1001 one.txt /private/one',
        'COPY ["redis.conf", "/with space/"]',
        'COPY two.txt /private',
        'COPY /tree/script .',
        'COPY one.txt redis.conf',
      ].join('\n'),
    );
    const folder = join(context, '..');
    await mustRunBima(['build', '-t', 'a:1', '-o', 'oci', '--dest', join(folder, 'layout'), context]);
    run('umoci', 'unpack', '--image', `${join(folder, 'layout')}:1`, join(folder, 'bundle'));
    const rootfs = join(folder, 'bundle/rootfs');
    const unpacked = tree(rootfs);
    const { 'urunc.json': uruncJson, 'unikernel/test-redis.hvt': binary, ...others } = unpacked;
    assert.ok(binary?.startsWith('file 755 0:0 0 '));
    assert.ok(uruncJson?.startsWith('file 644 0:0 0 '));
    assert.deepEqual(others, {
      conf: 'dir 755 0:0',
      'conf/redis.conf': 'file 644 0:0 0 maxmemory 64mb\n',
      private: 'dir 755 1000:1001',
      'private/one': 'file 600 1000:1001 0 one',
      'private/two.txt': 'file 644 0:0 0 two',
      'redis.conf': 'file 644 0:0 0 one',
      script: 'file 755 0:0 0 run',
      texts: 'dir 755 0:0',
      'texts/one.txt': 'file 644 0:0 0 one',
      'texts/two.txt': 'file 644 0:0 0 two',
      tree: 'dir 755 0:0',
      'tree/.hidden': 'file 644 0:0 0 hidden',
      'tree/empty': 'dir 755 0:0',
      'tree/link': 'link sub dir/ü',
      'tree/one.txt': 'file 644 0:0 0 one',
      'tree/script': 'file 755 0:0 0 run',
      'tree/sub dir': 'dir 755 0:0',
      'tree/sub dir/ü': 'file 644 0:0 0 umlaut',
      'tree/two.txt': 'file 644 0:0 0 two',
      unikernel: 'dir 755 0:0',
      'with space': 'dir 755 0:0',
      'with space/redis.conf': 'file 644 0:0 0 maxmemory 64mb\n',
    });
    const encoded = JSON.parse(readFileSync(join(rootfs, 'urunc.json'), 'utf8')) as Record<string, string>;
    const decoded = Object.entries(encoded).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]);
    assert.deepEqual(Object.fromEntries(decoded), sampleLabels);
    const { process } = JSON.parse(readFileSync(join(folder, 'bundle/config.json'), 'utf8')) as {
      process: { args: string[] };
    };
    assert.deepEqual(process.args, ['redis-server', '/data/conf/redis.conf']);
  });
});

describe('containerd', { skip: unlessMountingWith('ctr') }, () => {
  it('imports the archive under its full name and keeps the manifest as it is', async (test) => {
    const { ctr } = await startContainerd(test);
    const { path, digest } = await build(test, 'tar');
    // The transfer service of containerd 2 unpacks only for the snapshotters of its configuration.
    const hasLocal = (await ctr('images', 'import', '--help')).includes('--local');
    await ctr('images', 'import', ...(hasLocal ? ['--local'] : []), '--snapshotter', 'native', path);
    const list = await ctr('images', 'ls');
    const [, line = ''] = list.trim().split('\n');
    const [name, mediaType, target] = line.split(/\s+/);
    assert.deepEqual(
      [name, mediaType, target],
      ['docker.io/nubificus/image:tag', 'application/vnd.oci.image.manifest.v1+json', digest],
    );
    assert.match(line, /linux\/amd64/);
    assert.match(await ctr('images', 'check', '--snapshotter', 'native'), /complete \(4\/4\)/);
    const manifest = JSON.parse(await ctr('content', 'get', digest)) as { annotations: unknown };
    assert.deepEqual(manifest.annotations, sampleLabels);
  });
});

describe('podman', { skip: unlessRootWith('podman') }, () => {
  it('loads the archive under its full name', async (test) => {
    const { path, folder } = await build(test, 'tar');
    const storage = [
      '--root',
      join(folder, 'root'),
      '--runroot',
      join(folder, 'runroot'),
      '--storage-driver',
      'vfs',
    ];
    run('podman', ...storage, 'load', '--input', path);
    const [image] = JSON.parse(
      run('podman', ...storage, 'image', 'inspect', 'docker.io/nubificus/image:tag'),
    ) as {
      Labels: unknown;
      Annotations: unknown;
    }[];
    assert.deepEqual(image?.Labels, sampleLabels);
    assert.deepEqual(image.Annotations, sampleLabels);
  });
});

const dockerd = '/usr/sbin/dockerd';

// Docker Engine is large, so it isn't installed for this: where it is, it takes the archive as well.
describe(
  'docker',
  { skip: existsSync(dockerd) ? unlessMountingWith() : `${extraPrefix} there is no ${dockerd}` },
  () => {
    it('loads the archive', async (test) => {
      const { path, folder } = await build(test, 'tar');
      const socket = `unix://${folder}/docker.sock`;
      const daemon = spawn(
        dockerd,
        [
          ...['--host', socket, '--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`],
          ...['--pidfile', `${folder}/pid`, '--bridge=none', '--iptables=false', '--storage-driver=vfs'],
        ],
        { stdio: 'ignore' },
      );
      const ended = new Promise((resolve) => daemon.on('close', resolve));
      try {
        for (let tries = 0; tries < 300 && !existsSync(`${folder}/docker.sock`); tries += 1) await sleep(100);
        assert.match(
          run('docker', '--host', socket, 'load', '--input', path),
          /Loaded image: nubificus\/image:tag/,
        );
        const inspected = run(
          'docker',
          '--host',
          socket,
          'image',
          'inspect',
          'nubificus/image:tag',
          '-f',
          '{{json .Config.Labels}}',
        );
        assert.deepEqual(JSON.parse(inspected), sampleLabels);
      } finally {
        daemon.kill('SIGTERM');
        await ended;
      }
    });
  },
);

describe('a binary that no one here wrote', { skip: unlessInstalled('u-boot-qemu') }, () => {
  const platforms: [folder: string, platform: string][] = [
    ['qemu-x86', 'linux/amd64'],
    ['qemu-x86_64', 'linux/amd64'],
    ['qemu_arm', 'linux/arm'],
    ['qemu_arm64', 'linux/arm64'],
    ['qemu-riscv64', 'linux/riscv64'],
    ['qemu-riscv64_smode', 'linux/riscv64'],
    ['qemu-ppce500', 'linux/ppc'],
    ['maltael', 'linux/mipsle'],
    ['malta64el', 'linux/mips64le'],
  ];
  for (const [folder, platform] of platforms) {
    it(`u-boot's ${folder} is packaged for ${platform}`, async (test) => {
      const context = sampleContext(test, `/usr/lib/u-boot/${folder}/uboot.elf`);
      const { stdout } = await mustRunBima([
        'build',
        '--json',
        '-t',
        'a:1',
        '--tar',
        '--dest',
        join(context, '../image.tar'),
        context,
      ]);
      assert.equal((JSON.parse(stdout) as { platform: string }).platform, platform);
    });
  }
});

describe('an output that can not be written', { skip: unlessMountingWith() }, () => {
  it('says that the disk is full and leaves nothing there', async (test) => {
    const context = sampleContext(test);
    writeFileSync(
      join(context, 'noise'),
      execFileSync('head', ['-c', '3000000', '/dev/urandom'], { maxBuffer: 1e8 }),
    );
    writeFileSync(join(context, 'Containerfile'), `${sampleContainerfile}COPY noise /noise\n`);
    const disk = temporaryFolder(test);
    run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk);
    try {
      for (const [output, dest] of [
        ['tar', 'image.tar'],
        ['oci', 'layout'],
      ] as const) {
        const path = join(disk, dest);
        const failure = await mustRunBima(['build', '-t', 'a:1', '-o', output, '--dest', path, context]).then(
          () => assert.fail('it was written'),
          (error: unknown) => String(error),
        );
        assert.match(failure, /exited with 1:[^]*\nbima: error: can't write "[^"]*": the disk is full\n/);
        assert.equal(existsSync(path), false);
        assert.deepEqual(readdirSync(disk), []);
      }
    } finally {
      run('umount', disk);
    }
  });
});
