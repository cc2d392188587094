// Bunnyfiles as they are found in the wild, built by the bundles. A registry on this machine holds what stands for the
// images that they name.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readDocument } from '../../src/core/oci/blob.ts';
import { readTree } from '../../src/core/oci/image-tree.ts';
import { mustRunAction, runAction } from '../support/action.ts';
import { baseLayout, indexLayout } from '../support/base-image.ts';
import type { SampleBase } from '../support/base-image.ts';
import { hello } from '../support/base-registry.ts';
import { mustRunBima, runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { listTar } from '../support/list-tar.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const fixtures = join(import.meta.dirname, '../fixtures/bunnyfiles');
const forArm = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-arm64'));

const userland: SampleBase = {
  layers: [[{ path: 'etc/os-release', content: 'Alpine' }, { path: 'usr/sbin/nginx', content: 'x', mode: 0o755 }]],
  config: { Env: ['PATH=/usr/sbin'], Cmd: ['of the base'] },
};
const linux: SampleBase = { layers: [[{ path: 'kernel', content: hello }]] };
const catalog = (os: string, architecture: string): SampleBase & { listed: object } => ({
  layers: [[{ path: 'unikraft/bin/kernel', content: architecture === 'amd64' ? hello : forArm }]],
  os,
  architecture,
  config: { Cmd: ['of the base'] },
  annotations: { 'org.unikraft.kernel.version': '0.16.3', 'org.unikraft.kernel.plat': os },
  listed: { 'os.features': ['CONFIG_PLAT_KVM=y', 'CONFIG_LIBNEWLIBC=y'] },
});

/** What the names in the fixtures stand for. */
const images: Readonly<Record<string, SampleBase | readonly SampleBase[]>> = {
  'library/nginx:alpine': userland,
  'library/redis:alpine': userland,
  'xridge/fio:latest': userland,
  'nubificus/urunit:latest': { layers: [[{ path: 'urunit', content: 'urunit', mode: 0o755 }]] },
  'nubificus/urunc/linux-kernel-qemu:v6.14': linux,
  'nubificus/urunc/linux-kernel-firecracker:v6.14': linux,
  'base:latest': [catalog('qemu', 'amd64'), catalog('qemu', 'arm64'), catalog('fc', 'amd64')],
  'helloworld:latest': [catalog('qemu', 'amd64'), catalog('fc', 'amd64'), catalog('fc', 'arm64')],
};

async function fill(test: TestContext, registry: Registry): Promise<void> {
  const folder = temporaryFolder(test);
  for (const [name, image] of Object.entries(images)) {
    const [repository = '', tag = ''] = name.split(':');
    const place = join(folder, repository.replaceAll('/', '-'));
    const layout = 'layers' in image ? await baseLayout(place, [image]) : await indexLayout(place, image);
    const [root] = (await layout.readIndex()).manifests;
    assert.ok(root !== undefined);
    const { blobs, manifests, indexes } = await readTree(layout, root);
    for (const { digest } of blobs) registry.store.addBlob(repository, readFileSync(layout.blobPath(digest)));
    for (const descriptor of [...manifests, ...indexes])
      registry.store.addManifest(
        repository,
        descriptor.mediaType,
        await readDocument(layout.open(descriptor), 'image'),
        descriptor.digest === root.digest ? tag : undefined,
      );
  }
}

/** The file with the names of its images moved to the registry. */
function fixture(name: string, registry: Registry): string {
  const text = readFileSync(join(fixtures, `${name}.yaml`), 'utf8');
  return text.replaceAll(/^( *(?:- )?from: )(?!local|scratch)(\S+)/gm, (_, key: string, image: string) => {
    const [, path = image] = /^(?:docker\.io|harbor\.nbfc\.io|unikraft\.org)\/(.*)$/.exec(image) ?? [];
    return `${key}${registry.host}/${path.includes('/') || image.includes('/') ? path : `library/${path}`}`;
  });
}

/** All files that any fixture names. */
function contextOf(test: TestContext): string {
  const names = ['vmlinuz', 'vmlinux', 'redis.hvt', 'helloworld_fc-x86_64', 'bzImage', 'kernel'];
  const cpio = Buffer.concat([Buffer.from('070701'), Buffer.alloc(1018)]);
  const ufs = Buffer.alloc(131_072);
  ufs.write('19015419', 65536 + 1372, 'hex');
  return temporaryFolder(test, {
    ...Object.fromEntries(names.map((name) => [name, hello])),
    ...Object.fromEntries(['etc', 'data', 'dev', 'proc', 'sys', 'tmp'].map((name) => [`rootfs/${name}/f`, name])),
    'build/sqlite-api': 'x',
    'conf/redis.conf': 'x',
    'rootfs.initrd': cpio,
    'rootfs.ufs': ufs,
    'bin/minimal': 'x',
    'run-nginx.sh': '#!/bin/sh\n',
    urunit: 'x',
    chttp: 'x',
  });
}

interface Shape {
  /** Without the prefix of urunc's labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly cmd?: readonly string[];
  readonly entrypoint?: readonly string[];
  /** What the layers hold that are put on those of the base, without folders and /urunc.json. */
  readonly files: readonly string[];
}

const shapes: Readonly<Record<string, Shape>> = {
  'raw-image-quoted-cmdline': {
    labels: { unikernelType: 'linux', hypervisor: 'qemu', binary: '/.boot/kernel', mountRootfs: 'true' },
    cmd: ['/usr/sbin/nginx', '-g', 'daemon off; error_log stderr debug;'],
    files: ['.boot/kernel'],
  },
  'written-initrd': {
    labels: {
      unikernelType: 'unikraft',
      unikernelVersion: 'v0.21.0',
      version: 'v0.21.0',
      hypervisor: 'qemu',
      binary: '/.boot/kernel',
      initrd: '/.boot/rootfs',
      mountRootfs: 'false',
    },
    cmd: ['/sqlite-api', '-listen=:8080', '-db=/data/app.db'],
    files: ['.boot/kernel', '.boot/rootfs'],
  },
  'raw-from-scratch': {
    labels: { unikernelType: 'rumprun', hypervisor: 'hvt', binary: '/.boot/kernel', mountRootfs: 'true' },
    cmd: ['redis-server', '/data/conf/redis.conf'],
    files: ['conf/redis.conf', '.boot/kernel'],
  },
  'local-initrd': {
    labels: {
      unikernelType: 'linux',
      hypervisor: 'firecracker',
      binary: '/.boot/kernel',
      initrd: '/.boot/rootfs',
      mountRootfs: 'false',
    },
    cmd: ['/urunit', '/server'],
    files: ['.boot/kernel', '.boot/rootfs'],
  },
  'local-initrd-on-kernel-image': {
    labels: {
      unikernelType: 'linux',
      hypervisor: 'firecracker',
      binary: '/kernel',
      initrd: '/.boot/rootfs',
      mountRootfs: 'false',
    },
    cmd: ['/urunit', '/whoami'],
    files: ['.boot/rootfs'],
  },
  'kernel-alone': {
    labels: { unikernelType: 'unikraft', hypervisor: 'firecracker', binary: '/.boot/kernel' },
    files: ['.boot/kernel'],
  },
  'raw-image-entrypoint': {
    labels: { unikernelType: 'linux', hypervisor: 'qemu', binary: '/.boot/kernel', mountRootfs: 'true' },
    entrypoint: ['/urunit', '/usr/bin/fio'],
    cmd: ['of the base'],
    files: ['urunit', '.boot/kernel'],
  },
  'raw-image-kernel-image': {
    labels: { unikernelType: 'linux', hypervisor: 'qemu', binary: '/.boot/kernel', mountRootfs: 'true' },
    cmd: ['/minimal'],
    files: ['minimal', '.boot/kernel'],
  },
  'raw-image-two-includes': {
    labels: { unikernelType: 'linux', hypervisor: 'qemu', binary: '/.boot/kernel', mountRootfs: 'true' },
    cmd: ['/run-nginx.sh'],
    files: ['urunit', 'run-nginx.sh', '.boot/kernel'],
  },
  'raw-image-quoted-cmd': {
    labels: { unikernelType: 'linux', hypervisor: 'firecracker', binary: '/.boot/kernel', mountRootfs: 'true' },
    entrypoint: ['/urunit'],
    cmd: ['/usr/sbin/nginx', '-g', '"daemon off; error_log stderr debug;"'],
    files: ['urunit', '.boot/kernel'],
  },
  'raw-image-cmdline': {
    labels: { unikernelType: 'linux', hypervisor: 'qemu', binary: '/.boot/kernel', mountRootfs: 'true' },
    cmd: ['/usr/local/bin/redis-server'],
    files: ['.boot/kernel'],
  },
  'local-block': {
    labels: {
      unikernelType: 'freebsd',
      hypervisor: 'firecracker',
      binary: '/.boot/kernel',
      block: '/.boot/rootfs',
      blkMntPoint: '/',
      mountRootfs: 'false',
    },
    entrypoint: ['/urunit'],
    cmd: ['/bin/sh'],
    files: ['.boot/kernel', '.boot/rootfs'],
  },
  'catalog-written-initrd': {
    labels: {
      unikernelType: 'unikraft',
      unikernelVersion: '0.18.0',
      version: '0.18.0',
      hypervisor: 'qemu',
      binary: '/unikraft/bin/kernel',
      initrd: '/.boot/rootfs',
      mountRootfs: 'false',
    },
    cmd: ['/chttp'],
    files: ['.boot/rootfs'],
  },
  'catalog-firecracker': {
    labels: {
      unikernelType: 'unikraft',
      unikernelVersion: '0.16.3',
      version: '0.16.3',
      hypervisor: 'firecracker',
      binary: '/unikraft/bin/kernel',
    },
    cmd: ['hello'],
    files: [],
  },
};

const refused: Readonly<Record<string, readonly string[]>> = {
  'list-of-platforms': [
    'bunnyfile:5:3: error: expected a mapping in "platforms", got a list',
    'bunnyfile:9:1: error: expected "kernel.from", got nothing',
    'bunnyfile:10:3: error: expected no key "source" in "kernel"',
    'bunnyfile:14:3: error: expected no key "source" in "rootfs"',
  ],
  app: ['bunnyfile:9:1: error: expected no key "app"'],
  // The documentation's own example names the file of a rootfs and files for it.
  'every-key': ['bunnyfile:14:3: error: expected no "rootfs.include" beside "path"'],
};

describe('a bunnyfile of the wild', () => {
  for (const [name, shape] of Object.entries(shapes))
    it(`is built: ${name}`, async (test) => {
      await using registry = await startRegistry();
      await fill(test, registry);
      const context = contextOf(test);
      writeFileSync(join(context, 'bunnyfile'), fixture(name, registry));
      const dest = join(temporaryFolder(test), 'layout');
      await mustRunBima(['build', '-t', 'x:1', '-o', 'oci', '--dest', dest, context]);
      const [image] = verifyLayout(dest);
      assert.ok(image !== undefined);
      const { Labels, Cmd, Entrypoint } = image.config.config;
      const labels = Object.entries(Labels).map(([key, value]) => [key.replace('com.urunc.unikernel.', ''), value]);
      const { cmdline, ...others } = Object.fromEntries(labels) as Record<string, string>;
      const words = [...(shape.entrypoint ?? []), ...(shape.cmd ?? [])];
      assert.deepEqual(others, shape.labels);
      assert.equal(cmdline, words.length === 0 ? undefined : words.join(' '));
      assert.deepEqual([Entrypoint, Cmd], [shape.entrypoint, shape.cmd]);
      assert.deepEqual(image.manifest.annotations, Labels);
      const own = image.tars.slice(image.tars.length - 1 - shape.files.length, -1);
      const files = own.flatMap((tar) => listTar(tar).flatMap((line) => line.split(' ')[0] ?? []));
      assert.deepEqual(files.filter((path) => !path.endsWith('/')), shape.files);
      const architecture = fixture(name, registry).includes('architecture: arm64') ? 'arm64' : 'amd64';
      assert.equal(image.config.architecture, architecture);
    });

  for (const [name, errors] of Object.entries(refused))
    it(`is refused with its place: ${name}`, async (test) => {
      const context = contextOf(test);
      writeFileSync(join(context, 'bunnyfile'), readFileSync(join(fixtures, `${name}.yaml`)));
      const { code, stdout } = await runBima(['lint', '-f', 'bunnyfile', context], { cwd: context });
      assert.equal(code, 1);
      const lines = stdout.split('\n').filter((line) => line.includes(': error: '));
      assert.deepEqual(lines, errors);
    });
});

const plain = `version: v0.1
platforms:
  framework: unikraft
  monitor: qemu
  architecture: \${TARGETARCH:-amd64}
kernel:
  from: local
  path: kernel-\${TARGETARCH:-amd64}
cmd: [hello]
`;

function plainContext(test: TestContext, text = plain): string {
  return temporaryFolder(test, { 'kernel-amd64': hello, 'kernel-arm64': forArm, bunnyfile: text });
}

describe('a bunnyfile for the bundles', () => {
  it('gives the same image by its name, by -f, from standard input and in a tar', async (test) => {
    const context = plainContext(test);
    const build = (...args: string[]) => ['build', '--tar', '-t', 'x:1', '--dest', join(context, '../x.tar'), ...args];
    const { stdout } = await mustRunBima(build(context));
    assert.match(stdout, /^sha256:/);
    const named = await mustRunBima(build('-f', 'bunnyfile', '.'), { cwd: context });
    const typed = await mustRunBima(build('-f', '-', context), { input: plain });
    assert.deepEqual([named.stdout, typed.stdout], [stdout, stdout]);
  });

  it('is an index of several platforms', async (test) => {
    const context = plainContext(test);
    const dest = join(temporaryFolder(test), 'layout');
    await mustRunBima(['build', '-t', 'x:1', '-o', 'oci', '--dest', dest, '--platform', 'linux/amd64,linux/arm64', context]);
    assert.deepEqual(
      verifyLayout(dest).map(({ config }) => config.architecture),
      ['amd64', 'arm64'],
    );
  });

  it('has its errors as JSON, with their places', async (test) => {
    const context = plainContext(test, plain.replace('monitor: qemu', 'monitor: fc').replace('cmd:', 'cmdd:'));
    const { code, stdout } = await runBima(['lint', '--json', context]);
    assert.equal(code, 1);
    assert.deepEqual(
      (JSON.parse(stdout) as { code: string; hint: string; position: { line: number; column: number } }[]).map(
        ({ code: word, hint, position }) => [word, hint, position.line, position.column],
      ),
      [
        ['BUNNYFILE_INVALID', 'Write "firecracker".', 4, 12],
        ['BUNNYFILE_INVALID', 'Did you mean "cmd"?', 9, 1],
      ],
    );
  });

  it('is pushed by the action, and annotated where it is wrong', async (test) => {
    await using registry = await startRegistry();
    const context = plainContext(test);
    const inputs = {
      context,
      file: 'bunnyfile',
      platforms: 'linux/amd64,linux/arm64',
      image: `${registry.host}/me/app`,
      tags: '1',
      push: 'true',
    };
    const { outputs, annotations } = await mustRunAction(test, { inputs });
    assert.deepEqual(annotations, []);
    assert.equal(registry.store.tags('me/app')['1'], outputs.digest);
    writeFileSync(join(context, 'bunnyfile'), plain.replace('kernel:', 'kernels:'));
    const failed = await runAction(test, { inputs });
    assert.equal(failed.code, 1);
    assert.ok(failed.annotations.some(({ message }) => /unknown key "kernels"[^]*Did you mean "kernel"/.test(message)), failed.log);
  });
});
