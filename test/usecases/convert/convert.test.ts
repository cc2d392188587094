// What a conversion plans: the platform, the kernel, the init, and what is said of each.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import type { Platform } from '../../../src/core/oci/platform.ts';
import { publicInit } from '../../../src/core/unikernel/guest-parts.ts';
import { withConversion } from '../../../src/usecases/convert/convert.ts';
import type { Conversion, ConversionOptions } from '../../../src/usecases/convert/convert.ts';
import type { BaseImages } from '../../../src/usecases/plan/base-images.ts';
import { baseLayout, indexLayout } from '../../support/base-image.ts';
import type { SampleBase } from '../../support/base-image.ts';
import { localImages } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { elf } from '../../support/headers.ts';
import { notingReporter } from '../../support/noting-reporter.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;

const app: SampleBase = {
  layers: [
    [{ path: 'bin/app', content: 'app', mode: 0o755 }],
    [{ path: 'etc/passwd', content: 'app:x:70:80::/:\n' }],
  ],
  config: { Entrypoint: ['/bin/app'], Cmd: ['a b'], Labels: { title: 'it' } },
};

interface Fixture {
  readonly image?: SampleBase | readonly SampleBase[];
  readonly kernel?: SampleBase;
  readonly init?: SampleBase;
  readonly options?: Partial<ConversionOptions>;
  /** Changes what opens images. */
  readonly images?: (images: BaseImages) => BaseImages;
}

async function convert(test: TestContext, fixture: Fixture = {}) {
  const { image = app, kernel, init } = fixture;
  const folder = temporaryFolder(test, { 'context/none': '', vmlinux: hello });
  const context = join(folder, 'context');
  if (Array.isArray(image)) await indexLayout(join(folder, 'app'), image as readonly SampleBase[]);
  else await baseLayout(join(folder, 'app'), [image as SampleBase]);
  if (kernel !== undefined) await baseLayout(join(folder, 'kernel'), [kernel]);
  if (init !== undefined) await baseLayout(join(folder, 'init'), [init]);
  const reporter = notingReporter();
  const own = localImages(test, context);
  let conversion: Conversion | undefined;
  await withConversion(
    {
      image: 'oci:../app',
      monitor: 'qemu',
      rootfs: { type: 'container' },
      kernel: kernel === undefined ? join(folder, 'vmlinux') : 'oci:../kernel',
      init: init === undefined ? 'none' : 'oci:../init',
      platforms: [],
      labels: [],
      failOn: 'error',
      created: 0,
      ...fixture.options,
    },
    {
      images: fixture.images?.(own) ?? own,
      temporary: folder,
      reporter,
      flag: (name) => `--${name}`,
    },
    (found) => {
      conversion = found;
      return Promise.resolve();
    },
  );
  const { plans, annotations } = conversion ?? assert.fail();
  const [plan] = plans;
  assert.ok(plan !== undefined);
  return { plan, plans, annotations, reporter, folder };
}

const kernelImage = (more: Partial<SampleBase> = {}, path = 'kernel'): SampleBase => ({
  layers: [[{ path, content: hello }]],
  ...more,
});

describe('the plan of a conversion', () => {
  it('is that of the image with a kernel, in one layer', async (test) => {
    const { plan, plans, annotations } = await convert(test);
    assert.equal(plans.length, 1);
    assert.equal(plan.isOneLayer, true);
    assert.deepEqual(plan.platform, parsePlatform('linux/amd64'));
    assert.deepEqual(plan.labels, {
      title: 'it',
      [key('binary')]: '/.boot/kernel',
      [key('cmdline')]: '/bin/app a b',
      [key('hypervisor')]: 'qemu',
      [key('mountRootfs')]: 'true',
      [key('unikernelType')]: 'linux',
    });
    assert.deepEqual([plan.arguments.entrypoint, plan.arguments.cmd], [['/bin/app'], ['a b']]);
    assert.deepEqual(
      plan.layers.flatMap(({ entries }) => entries.map(({ path }) => path)),
      ['.boot', '.boot/kernel'],
    );
    const digest = plan.base?.digest;
    assert.deepEqual(annotations, [
      { level: 'manifest', key: 'org.opencontainers.image.base.digest', value: digest },
    ]);
  });

  it('says which image it is of, and shows its recipe to who debugs', async (test) => {
    const { reporter, plan } = await convert(test);
    assert.equal(reporter.said[0], `the image is oci:../app (${plan.base?.digest})`);
    assert.match(reporter.debugged.join('\n'), /^FROM image\nCOPY --chmod=0644 kernel \/\.boot\/kernel\n/);
    assert.deepEqual(reporter.warned, []);
  });

  it('has labels that win over those of the conversion', async (test) => {
    const labels = [{ key: key('hypervisor'), value: 'firecracker' }];
    const { plan } = await convert(test, { options: { labels } });
    assert.equal(plan.labels[key('hypervisor')], 'firecracker');
  });

  it('has the files as an initrd, with what the image says of itself', async (test) => {
    const { plan, reporter } = await convert(test, {
      image: {
        ...app,
        config: { ...app.config, User: 'app', WorkingDir: '/srv' },
        document: { author: 'them' },
      },
      options: { rootfs: { type: 'initrd', compression: 'none' } },
    });
    assert.equal(plan.labels[key('initrd')], '/.boot/rootfs');
    assert.match(reporter.debugged.join('\n'), /\nFROM settings-of-image\n.*\nUSER 70:80\n/s);
    assert.equal(plan.base?.inherited.author, 'them');
    assert.equal(plan.base.values.workingDir, '/srv');
    assert.equal(plan.base.layers.length, 0);
  });

  it('leaves the user to the runtime where the container has the files', async (test) => {
    const image = { ...app, config: { ...app.config, User: 'app' } };
    assert.doesNotMatch((await convert(test, { image })).reporter.debugged.join('\n'), /USER/);
  });

  it('is none of an image for urunc', async (test) => {
    const image = { ...app, config: { Labels: { [key('binary')]: '/a' } } };
    await assert.rejects(convert(test, { image }), {
      code: 'INPUT_INVALID',
      message: '"oci:../app" is an image for urunc already',
      hint: 'Convert the container image that it was made of; "bima relabel" changes its labels.',
    });
  });

  it('warns of a command that is not there, without a place', async (test) => {
    const none = await convert(test, { image: { ...app, config: {} } });
    assert.deepEqual(
      none.reporter.warned.map(({ code, position }) => [code, position]),
      [['LABEL_INVALID', undefined]],
    );
    const missing = await convert(test, { image: { ...app, config: { Cmd: ['/none'] } } });
    assert.ok(missing.reporter.warned.some(({ message }) => message.includes('"/none"')));
    const found = await convert(test, { image: { ...app, config: { Cmd: ['app'], Env: ['PATH=/bin'] } } });
    assert.ok(found.reporter.said.includes('"app" is "/bin/app" in a container of the image'));
    await assert.rejects(
      convert(test, { image: { ...app, config: {} }, options: { failOn: 'warning' } }),
      (error) => {
        assert.ok(error instanceof BimaError);
        assert.ok(error.problems.every(({ position }) => position === undefined));
        return true;
      },
    );
  });
});

describe('the platforms of a conversion', () => {
  const both = [app, { ...app, architecture: 'arm64' }];

  it('are the one of the image, or those that are named', async (test) => {
    // Nothing tells for which processor it is.
    const kernel = join(temporaryFolder(test, { kernel: Buffer.alloc(600, 0xee) }), 'kernel');
    const windows = { ...app, os: 'windows' };
    const one = await convert(test, { image: [windows, app], options: { kernel } });
    assert.deepEqual(one.plan.platform, parsePlatform('linux/amd64'));
    const platforms: Platform[] = ['linux/arm64', 'linux/amd64'].map(parsePlatform);
    const named = await convert(test, { image: both, options: { platforms, kernel } });
    assert.deepEqual(
      named.plans.map(({ platform }) => platform),
      platforms,
    );
  });

  it('are that of the kernel’s file, where there are several', async (test) => {
    assert.deepEqual((await convert(test, { image: both })).plan.platform, parsePlatform('linux/amd64'));
  });

  it('have to be named where nothing tells', async (test) => {
    const missing = {
      code: 'PLATFORM_MISSING',
      message: 'expected to know for which platform "oci:../app" is converted, got linux/amd64, linux/arm64',
      hint: 'Name one or several of them with --platform.',
    };
    await assert.rejects(convert(test, { image: both, options: { kernel: undefined } }), missing);
    const text = join(temporaryFolder(test, { kernel: 'a text' }), 'kernel');
    await assert.rejects(convert(test, { image: both, options: { kernel: text } }), missing);
  });

  it('are none where the image is for another system', async (test) => {
    await assert.rejects(convert(test, { image: [{ ...app, os: 'windows' }] }), {
      code: 'PLATFORM_MISSING',
      message: 'expected a container image for linux, got none in "oci:../app"',
    });
  });
});

describe('the kernel of a conversion', () => {
  it('is a file, under a name of the recipe', async (test) => {
    const folder = temporaryFolder(test, { 'my kernel': hello });
    const { plan, annotations } = await convert(test, { options: { kernel: join(folder, 'my kernel') } });
    assert.equal(plan.labels[key('binary')], '/.boot/kernel');
    assert.ok(!annotations.some(({ key: name }) => name === 'com.nubificus.bima.kernel'));
  });

  it('is a file of an image: where its label says, or at a usual place', async (test) => {
    const labelled = kernelImage(
      { config: { Labels: { [key('binary')]: '/deep/vmlinux' } } },
      'deep/vmlinux',
    );
    const rows: [kernel: SampleBase, path: string][] = [
      [labelled, '/deep/vmlinux'],
      [kernelImage({ config: { Labels: { [key('binary')]: '' } } }), '/kernel'],
      [kernelImage({}, '.boot/kernel'), '/.boot/kernel'],
      [kernelImage({}, 'boot/vmlinuz'), '/boot/vmlinuz'],
      [kernelImage({}, 'vmlinuz'), '/vmlinuz'],
    ];
    for (const [kernel, path] of rows) {
      const { reporter } = await convert(test, { kernel });
      assert.match(
        reporter.said[1] ?? '',
        new RegExp(
          `^the kernel is ${path.replaceAll('.', '\\.')} of oci:\\.\\./kernel \\(sha256:[0-9a-f]{64}\\)$`,
        ),
      );
    }
    const named = await convert(test, {
      kernel: kernelImage({}, 'odd/place'),
      options: { kernel: 'oci:../kernel:/odd/place' },
    });
    assert.match(named.reporter.said[1] ?? '', /^the kernel is \/odd\/place of/);
  });

  it('is missing in its image, with the places that were looked at', async (test) => {
    await assert.rejects(convert(test, { kernel: { layers: [[{ path: 'x' }]] } }), {
      code: 'INPUT_INVALID',
      message:
        'expected a file at "/.boot/kernel", "/kernel", "/boot/vmlinuz", "/vmlinuz" in "oci:../kernel", got none',
      hint: 'Write --kernel REF:path with the path of the kernel.',
    });
    await assert.rejects(
      convert(test, { kernel: kernelImage(), options: { kernel: 'oci:../kernel:/none' } }),
      {
        message: 'expected a file at "/none" in "oci:../kernel", got none',
      },
    );
  });

  it('is a mistake where it is neither a file nor a name', async (test) => {
    for (const given of ['none', './none', '../a/b', '/a/b', '~/a', 'vmlinux'])
      await assert.rejects(convert(test, { options: { kernel: given } }), {
        code: 'INPUT_INVALID',
        message: `expected a file or an image with --kernel, got "${given}", which does not exist`,
        hint: 'Write an image as REF:path, such as ghcr.io/owner/kernel:6.14:/kernel.',
      });
  });

  it('is a name with a tag, a digest or an owner, which is opened', async (test) => {
    for (const given of ['kernel:1', `kernel@sha256:${'1'.repeat(64)}`, 'owner/kernel'])
      await assert.rejects(convert(test, { options: { kernel: given } }), {
        message: /no registry is there/,
      });
  });

  it('is none for a monitor without a public one', async (test) => {
    await assert.rejects(convert(test, { options: { kernel: undefined, monitor: 'cloud-hypervisor' } }), {
      code: 'INPUT_INVALID',
      message: 'expected --kernel: no public kernel is known for cloud-hypervisor',
      hint: 'Name a Linux kernel as a file, or as REF:path for one in an image.',
    });
  });

  it('can not be had, with the error of its image and what to do', async (test) => {
    const failing = (error: Error) => (images: BaseImages) => ({
      ...images,
      open: (name: string) => (name.includes('kernel') ? Promise.reject(error) : images.open(name)),
    });
    const options = { kernel: 'oci:../kernel' };
    const denied = new BimaError('REGISTRY_DENIED', 'no entry', { hint: 'gone' });
    await assert.rejects(convert(test, { options, images: failing(denied) }), {
      code: 'REGISTRY_DENIED',
      message: "the kernel can't be had: no entry",
      hint: 'Name another kernel with --kernel and another init with --init, as REF:path or as a file.',
      cause: denied,
    });
    for (const error of [
      new BimaError('INPUT_INVALID', 'wrong'),
      new BimaError('INTERRUPTED', 'enough'),
      new TypeError('oops'),
    ])
      await assert.rejects(convert(test, { options, images: failing(error) }), error);
  });

  it('is for the platform of the image', async (test) => {
    const kernel = { ...kernelImage(), architecture: 'amd64' };
    const arm = { layers: [[{ path: 'kernel', content: elf(64, 'little', 183) }]], architecture: 'arm64' };
    const { plan } = await convert(test, { kernel, image: app });
    assert.deepEqual(plan.platform, parsePlatform('linux/amd64'));
    await assert.rejects(convert(test, { kernel: arm, image: app }), { code: 'ARCHITECTURE_MISMATCH' });
  });
});

describe('the init of a conversion', () => {
  it('is a file that keeps its name, with the command behind it', async (test) => {
    const folder = temporaryFolder(test, { 'my urunit': 'x', kernel: 'an init of this name' });
    const { plan } = await convert(test, { options: { init: join(folder, 'my urunit') } });
    assert.deepEqual([plan.arguments.entrypoint, plan.arguments.cmd], [['/my-urunit', '/bin/app'], ['a b']]);
    const other = await convert(test, { options: { init: join(folder, 'kernel') } });
    assert.deepEqual(other.plan.arguments.entrypoint, ['/init', '/bin/app']);
    const paths = other.plan.layers.flatMap(({ entries }) => entries.map(({ path }) => path));
    assert.deepEqual(paths, ['init', '.boot', '.boot/kernel']);
  });

  it('is a file of an image, at one of the usual places', async (test) => {
    for (const path of ['urunit', 'init', 'sbin/init']) {
      const { plan, reporter } = await convert(test, { init: { layers: [[{ path, content: 'x' }]] } });
      assert.match(reporter.said.join('\n'), new RegExp(`the init is /${path} of oci:\\.\\./init \\(`));
      assert.deepEqual(plan.arguments.entrypoint?.[0], `/${path.replace('sbin/', '')}`);
    }
    await assert.rejects(convert(test, { init: { layers: [[{ path: 'x' }]] } }), {
      message: 'expected a file at "/urunit", "/init", "/sbin/init" in "oci:../init", got none',
      hint: 'Write --init REF:path with the path of the init.',
    });
  });

  it('is urunit by default, and pinned where it is in a registry', async (test) => {
    const init = publicInit();
    const open = (images: BaseImages): BaseImages => ({
      ...images,
      open: (name) => (name === init.image ? images.open('oci:../init') : images.open(name)),
    });
    const path = (init.path ?? '').slice(1);
    const { annotations, reporter, plan } = await convert(test, {
      init: { layers: [[{ path, content: 'x' }]] },
      options: { init: undefined },
      images: open,
    });
    const pin = annotations.find(({ key: name }) => name === 'com.nubificus.bima.init')?.value ?? '';
    assert.match(
      pin,
      new RegExp(
        `^${init.image.replace(/@.*$/, '').replace(/:[^/]*$/, '')}.*@sha256:[0-9a-f]{64}:${init.path}$`,
      ),
    );
    assert.ok(reporter.said.includes(`the init is ${pin}`));
    assert.equal(plan.arguments.entrypoint?.[0], `/${path.replace(/^.*\//, '')}`);
  });

  it('has no program looked up, nor one that is missing doubted', async (test) => {
    const config = { Cmd: ['app'], Env: ['PATH=/bin'] };
    const { reporter } = await convert(test, {
      image: { ...app, config },
      init: { layers: [[{ path: 'urunit', content: 'x' }]] },
    });
    assert.deepEqual(reporter.warned, []);
    assert.ok(!reporter.said.some((line) => line.includes('in a container of the image')));
    const none = await convert(test, {
      image: { ...app, config: {} },
      init: { layers: [[{ path: 'urunit', content: 'x' }]] },
    });
    assert.deepEqual(
      none.reporter.warned.map(({ message }) => message),
      ['expected a command in the image, got neither ENTRYPOINT nor CMD'],
    );
  });
});

describe('the files of a conversion', () => {
  it('are there while it is used, and gone afterwards', async (test) => {
    const folder = temporaryFolder(test);
    writeFileSync(join(folder, 'vmlinux'), hello);
    const { plan } = await convert(test, { options: { kernel: join(folder, 'vmlinux') } });
    const kernel = plan.layers.flatMap(({ entries }) => entries).find(({ path }) => path === '.boot/kernel');
    assert.ok(kernel?.type === 'file');
    assert.equal(kernel.size, hello.length);
    assert.equal(kernel.mode, 0o644);
  });
});
