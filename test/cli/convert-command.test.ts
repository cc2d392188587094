import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { readDocument } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { imagesOf, readTree } from '../../src/core/oci/image-tree.ts';
import type { Layout } from '../../src/adapters/disk/layout.ts';
import { baseLayout, indexLayout } from '../support/base-image.ts';
import type { SampleBase } from '../support/base-image.ts';
import { hello } from '../support/base-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { noise } from '../support/large-context.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { bundlesAbout, newKey } from '../support/signed-image.ts';

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bima(...args: readonly string[]): Promise<Finished> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment: {},
    stdout: (line) => stdout.push(line),
    stderr: (line) => stderr.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
  });
  return { code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

const container: SampleBase = {
  layers: [
    [
      { path: 'bin/' },
      { path: 'bin/app', mode: 0o755, content: noise('app', 20_000) },
      { path: 'old', content: 'old' },
    ],
    [{ path: 'etc/passwd', content: 'app:x:70:80::/:/bin/sh\n' }, { path: '.wh.old' }],
  ],
  config: {
    Entrypoint: ['app'],
    Cmd: ['a b', '$c'],
    Env: ['PATH=/bin', 'A=b c'],
    User: 'app',
    WorkingDir: '/srv',
    Labels: { title: 'it' },
  },
};

const kernelImage = (binary: Uint8Array, architecture = 'amd64'): SampleBase => ({
  layers: [[{ path: 'kernel', content: binary }]],
  architecture,
});
const initImage: SampleBase = { layers: [[{ path: 'urunit', content: '#!/urunit', mode: 0o700 }]] };

/** Puts the first image of a layout into a registry. */
async function publish(registry: Registry, name: string, layout: Layout, tag = '1'): Promise<Descriptor> {
  const [root] = (await layout.readIndex()).manifests;
  assert.ok(root);
  const { blobs, manifests, indexes } = await readTree(layout, root);
  for (const { digest } of blobs) registry.store.addBlob(name, readFileSync(layout.blobPath(digest)));
  for (const document of [...manifests, ...indexes]) {
    const bytes = await readDocument(layout.open(document), name);
    registry.store.addManifest(
      name,
      document.mediaType,
      bytes,
      document.digest === root.digest ? tag : undefined,
    );
  }
  return root;
}

interface Scene extends AsyncDisposable {
  readonly registry: Registry;
  readonly folder: string;
  readonly parts: readonly string[];
  readonly kernel: Descriptor;
  readonly base: Descriptor;
}

async function scene(test: TestContext): Promise<Scene> {
  const registry = await startRegistry();
  const folder = temporaryFolder(test);
  const base = await publish(registry, 'lib/app', await baseLayout(join(folder, 'app'), [container]));
  const kernel = await publish(
    registry,
    'boot/kernel',
    await baseLayout(join(folder, 'kernel'), [kernelImage(hello)]),
  );
  await publish(registry, 'boot/urunit', await baseLayout(join(folder, 'urunit'), [initImage]));
  return {
    registry,
    folder,
    base,
    kernel,
    parts: ['--kernel', `${registry.host}/boot/kernel:1`, '--init', `${registry.host}/boot/urunit:1:/urunit`],
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

interface Inspected {
  readonly annotations: Readonly<Record<string, string>>;
  readonly uruncJson: Readonly<Record<string, string>>;
  readonly config: {
    readonly entrypoint?: readonly string[];
    readonly cmd?: readonly string[];
    readonly env?: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly layers: readonly {
    readonly digest: string;
    readonly files: readonly { path: string; mode: number }[];
  }[];
}

async function inspect(name: string): Promise<Inspected> {
  const { code, stdout, stderr } = await bima('inspect', '--json', name);
  assert.equal(code, 0, stderr);
  const [image] = JSON.parse(stdout) as Inspected[];
  assert.ok(image);
  return image;
}

const key = (name: string) => `com.urunc.unikernel.${name}`;

describe('bima convert', () => {
  it('mounts the layers of the image as they are, fetches none of them, and sends one more', async (test) => {
    await using it = await scene(test);
    const { registry, parts } = it;
    const before = registry.requests.length;
    const target = `${registry.host}/guests/app:1`;
    const { code, stderr } = await bima(
      'convert',
      '--push',
      '-t',
      target,
      ...parts,
      `${registry.host}/lib/app:1`,
    );
    assert.equal(code, 0, stderr);
    const requests = registry.requests.slice(before);
    const fetched = requests.filter(
      ({ method, path }) => method === 'GET' && path.includes('/lib/app/blobs/'),
    );
    // The config alone.
    assert.equal(fetched.length, 1);
    assert.equal(requests.filter(({ query }) => query.includes('mount=')).length, 2);
    const image = await inspect(target);
    const [first, second, third, ...others] = image.layers;
    assert.deepEqual(others, []);
    const own = await inspect(`${registry.host}/lib/app:1`);
    assert.deepEqual(
      [first?.digest, second?.digest],
      own.layers.map(({ digest }) => digest),
    );
    assert.deepEqual(
      third?.files.map(({ path, mode }) => `${mode.toString(8)} ${path}`),
      ['755 .boot', '644 .boot/kernel', '644 urunc.json', '755 urunit'],
    );
    registry.assertRules();
  });

  it('signs what it makes before the tag moves, and nothing without a key that can be read', async (test) => {
    await using made = await scene(test);
    const { registry, folder, parts } = made;
    const key = join(folder, 'key.pem');
    const args = ['convert', ...parts, '--push', '--json', '--key', key, '-t', `${registry.host}/out/app:1`];
    const unread = await bima(...args, `${registry.host}/lib/app:1`);
    assert.equal(unread.code, 2, unread.stderr);
    assert.deepEqual(registry.store.tags('out/app'), {});
    writeFileSync(key, newKey());
    const { code, stdout, stderr } = await bima(...args, `${registry.host}/lib/app:1`);
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout) as {
      digest: string;
      signed: { by: string; signatures: readonly { subject: string }[] };
    };
    const [bundle, ...others] = await bundlesAbout(`${registry.host}/out/app`, result.digest);
    assert.deepEqual(others, []);
    assert.equal(bundle?.predicateType, 'https://sigstore.dev/cosign/sign/v1');
    assert.match(result.signed.by, /^key sha256:/);
    assert.deepEqual(
      result.signed.signatures.map(({ subject }) => subject),
      [result.digest],
    );
    registry.assertRules();
  });

  it('keeps the command, the environment and other labels, and adds its own', async (test) => {
    await using it = await scene(test);
    const dest = join(it.folder, 'out');
    const output = ['-o', 'oci', '--dest', dest, '-t', 'guest:1'];
    const { code, stderr } = await bima('convert', ...output, ...it.parts, `${it.registry.host}/lib/app:1`);
    assert.equal(code, 0, stderr);
    const { config, uruncJson, annotations } = await inspect(dest);
    assert.deepEqual(config.entrypoint, ['/urunit', 'app']);
    assert.deepEqual(config.cmd, ['a b', '$c']);
    assert.deepEqual(config.env, ['PATH=/bin', 'A=b c']);
    const labels = {
      [key('binary')]: '/.boot/kernel',
      [key('cmdline')]: '/urunit app a b $c',
      [key('hypervisor')]: 'qemu',
      [key('mountRootfs')]: 'true',
      [key('unikernelType')]: 'linux',
      title: 'it',
    };
    assert.deepEqual(config.labels, labels);
    assert.deepEqual(uruncJson, labels);
    assert.equal(annotations['org.opencontainers.image.base.digest'], it.base.digest);
  });

  it('records what kernel and init resolved to, with which the same image is made again', async (test) => {
    await using it = await scene(test);
    const image = `${it.registry.host}/lib/app:1`;
    const first = join(it.folder, 'first');
    const one = await bima('convert', '-o', 'oci', '--dest', first, ...it.parts, image);
    assert.equal(one.code, 0, one.stderr);
    const { annotations } = await inspect(first);
    const kernel = annotations['com.nubificus.bima.kernel'] ?? '';
    const init = annotations['com.nubificus.bima.init'] ?? '';
    assert.equal(kernel, `${it.registry.host}/boot/kernel:1@${it.kernel.digest}:/kernel`);
    assert.ok(one.stderr.includes(`the kernel is ${kernel}`), one.stderr);
    // The tag moves on; the digest doesn't.
    const other = await baseLayout(join(it.folder, 'other'), [
      kernelImage(Buffer.concat([hello, Buffer.alloc(8)])),
    ]);
    await publish(it.registry, 'boot/kernel', other);
    const pins = ['--kernel', kernel, '--init', init];
    const two = await bima('convert', '-o', 'oci', '--dest', join(it.folder, 'second'), ...pins, image);
    assert.equal(two.stdout, one.stdout);
    const three = await bima('convert', '-o', 'oci', '--dest', join(it.folder, 'third'), ...it.parts, image);
    assert.notEqual(three.stdout, one.stdout);
  });

  for (const [form, name] of [
    ['initrd,compression=gzip', 'initrd'],
    ['block,free=1M', 'block'],
  ] as const) {
    it(`puts the merged layers into one layer with ${name}, kernel and labels`, async (test) => {
      await using it = await scene(test);
      const dest = join(it.folder, 'out');
      const options = ['-o', 'oci', '--dest', dest, '--rootfs', form, ...it.parts];
      const { code, stderr } = await bima('convert', ...options, `${it.registry.host}/lib/app:1`);
      assert.equal(code, 0, stderr);
      const { layers, uruncJson, config } = await inspect(dest);
      assert.deepEqual(
        layers.map(({ files }) => files.map(({ path }) => path)),
        [['.boot', '.boot/kernel', '.boot/rootfs', 'urunc.json']],
      );
      assert.equal(uruncJson[key(name)], '/.boot/rootfs');
      assert.equal(uruncJson[key('mountRootfs')], 'false');
      assert.deepEqual(config.entrypoint, ['/urunit', 'app']);
    });
  }

  it('writes the numbers of a user whose name the image alone knows', async (test) => {
    await using it = await scene(test);
    const dest = join(it.folder, 'out');
    const options = ['-o', 'oci', '--dest', dest, '--rootfs', 'initrd', '-t', 'guest:1', ...it.parts];
    const { code, stderr } = await bima('convert', ...options, `${it.registry.host}/lib/app:1`);
    assert.equal(code, 0, stderr);
    const { openLayout } = await import('../../src/adapters/disk/layout.ts');
    const layout = await openLayout(dest);
    for (const root of (await layout.readIndex()).manifests) {
      for await (const { read } of imagesOf(layout, root)) {
        const { config } = JSON.parse(Buffer.from((await read())?.configBytes ?? []).toString()) as {
          config: Record<string, unknown>;
        };
        assert.deepEqual([config.User, config.WorkingDir], ['70:80', '/srv']);
      }
    }
  });

  it('takes files as kernel and init, and an image on disk', async (test) => {
    const folder = temporaryFolder(test);
    await baseLayout(join(folder, 'with space'), [container], ['v1']);
    writeFileSync(join(folder, 'vmlinuz-6 (x)'), hello);
    writeFileSync(join(folder, 'my-init'), '#!/x');
    const files = ['--kernel', join(folder, 'vmlinuz-6 (x)'), '--init', join(folder, 'my-init')];
    const dest = join(folder, 'out');
    const { code, stderr } = await bima(
      'convert',
      '-o',
      'oci',
      '--dest',
      dest,
      ...files,
      join(folder, 'with space'),
    );
    assert.equal(code, 0, stderr);
    const { config, annotations, layers } = await inspect(dest);
    assert.deepEqual(config.entrypoint, ['/my-init', 'app']);
    assert.deepEqual(
      layers.at(-1)?.files.map(({ path }) => path),
      ['.boot', '.boot/kernel', 'my-init', 'urunc.json'],
    );
    // No path of this machine is in the image.
    assert.ok(!JSON.stringify([config, annotations]).includes(folder));
  });

  it('converts for several platforms, each with its own kernel and command', async (test) => {
    await using it = await scene(test);
    const { registry, folder } = it;
    const arm = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-arm64'));
    const other = { ...container, architecture: 'arm64', config: { Cmd: ['/bin/app'] } };
    await publish(registry, 'lib/two', await indexLayout(join(folder, 'two'), [container, other]));
    const kernels = [kernelImage(hello), kernelImage(arm, 'arm64')];
    await publish(registry, 'boot/two', await indexLayout(join(folder, 'kernels'), kernels));
    const parts = ['--kernel', `${registry.host}/boot/two:1`, '--init', 'none'];
    const open = await bima(
      'convert',
      '-o',
      'oci',
      '--dest',
      join(folder, 'a'),
      ...parts,
      `${registry.host}/lib/two:1`,
    );
    assert.equal(open.code, 1);
    assert.match(
      open.stderr,
      /for which platform .*, got linux\/amd64, linux\/arm64\n +Name one .* --platform/,
    );
    const dest = join(folder, 'b');
    const options = ['-o', 'oci', '--dest', dest, '--platform', 'linux/amd64,linux/arm64', ...parts];
    const { code, stderr } = await bima('convert', ...options, `${registry.host}/lib/two:1`);
    assert.equal(code, 0, stderr);
    const { stdout } = await bima('inspect', '--json', dest);
    const images = JSON.parse(stdout) as Inspected[];
    assert.deepEqual(
      images.map(({ config }) => [config.entrypoint, config.cmd]),
      [
        [['app'], ['a b', '$c']],
        [undefined, ['/bin/app']],
      ],
    );
  });

  it('says where it is when the first word is no path, or a path that the image lacks', async (test) => {
    await using it = await scene(test);
    const { registry, folder } = it;
    const lost = { ...container, config: { Cmd: ['/bin/lost'] } };
    await publish(registry, 'lib/lost', await baseLayout(join(folder, 'lost'), [lost]));
    const convert = (name: string) =>
      bima(
        'convert',
        '-o',
        'oci',
        '--dest',
        join(folder, name),
        '--kernel',
        `${registry.host}/boot/kernel:1`,
        '--init',
        'none',
        `${registry.host}/lib/${name}:1`,
      );
    const relative = await convert('app');
    assert.equal(relative.code, 0);
    assert.match(relative.stderr, /"app" is "\/bin\/app" in a container of the image/);
    assert.match(relative.stderr, /warning: expected an absolute path as the first word/);
    const absolute = await convert('lost');
    assert.match(absolute.stderr, /warning: expected the program "\/bin\/lost".* which has none/);
  });

  it('names both flags when a part can not be had, and what else is wrong', async (test) => {
    await using it = await scene(test);
    const { registry, folder } = it;
    const image = `${registry.host}/lib/app:1`;
    const dest = ['-o', 'oci', '--dest', join(folder, 'out')];
    const missing = await bima('convert', ...dest, '--kernel', `${registry.host}/no/kernel:1`, image);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /error: the kernel can't be had: .*\n.*--kernel .*--init/);
    const cases: readonly (readonly [words: RegExp, ...args: string[]])[] = [
      [
        /expected --kernel: no public kernel is known for cloud-hypervisor/,
        '--monitor',
        'cloud-hypervisor',
        image,
      ],
      [/expected a file or an image with --kernel, got "vmlinux"/, '--kernel', 'vmlinux', image],
      [/expected a file at "\/x" in/, '--kernel', `${registry.host}/boot/kernel:1:/x`, image],
      [/requires exactly 1 argument/],
    ];
    for (const [words, ...args] of cases) {
      const { code, stderr } = await bima('convert', ...dest, ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, words);
    }
    const guest = join(folder, 'guest');
    assert.equal((await bima('convert', '-o', 'oci', '--dest', guest, ...it.parts, image)).code, 0);
    const again = await bima('convert', ...dest, ...it.parts, guest);
    assert.match(again.stderr, /is an image for urunc already/);
    const absent = await bima('convert', ...dest, ...it.parts, join(folder, 'absent'));
    assert.match(absent.stderr, /does not exist/);
  });
});
