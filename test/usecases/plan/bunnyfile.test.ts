import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { examinePlatforms } from '../../../src/usecases/plan/platforms.ts';
import { baseLayout, indexLayout } from '../../support/base-image.ts';
import { hello } from '../../support/base-registry.ts';
import { buildContext, localImages } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { listTar } from '../../support/list-tar.ts';

const forArm = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-arm64'));
const head = `version: v0.1
platforms:
  framework: unikraft
  monitor: qemu
`;
const kernel = 'kernel: {from: local, path: kernel}\n';
const key = (name: string) => `com.urunc.unikernel.${name}`;

/** A context with a kernel, and with a bunnyfile and what else is given. */
function contextOf(
  test: TestContext,
  bunnyfile: string,
  files: Readonly<Record<string, string | Buffer>> = {},
) {
  return join(
    temporaryFolder(test, {
      'context/kernel': hello,
      'context/bunnyfile': bunnyfile,
      ...Object.fromEntries(Object.entries(files).map(([path, content]) => [`context/${path}`, content])),
    }),
    'context',
  );
}

/** The problem of a build that fails, as `line:column message → hint`. */
async function refusalOf(test: TestContext, context: string): Promise<string> {
  try {
    await buildContext(test, context);
  } catch (error) {
    assert.ok(error instanceof BimaError);
    assert.equal(error.problems.length, 1, JSON.stringify(error.problems));
    return `${error.position?.line ?? 0}:${error.position?.column ?? 0} ${error.message} → ${error.hint ?? ''}`;
  }
  return assert.fail('the build fails');
}

/** Without the prefix of urunc's labels. */
function labelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replace(key(''), ''), value]),
  );
}

describe('a bunnyfile', () => {
  const twins: [name: string, bunnyfile: string, containerfile: string][] = [
    [
      'files, an environment and arguments',
      `${head}  version: 0.17.0\n${kernel}rootfs: {type: raw, include: ["etc:/etc", "one:/two"]}\nenvs: [A=b, C=d e]\nentrypoint: [/init]\ncmd: [a, "b c"]\n`,
      `FROM scratch
COPY etc /etc
COPY one /two
COPY kernel /.boot/kernel
LABEL ${key('unikernelType')}=unikraft ${key('hypervisor')}=qemu ${key('binary')}=/.boot/kernel ${key('unikernelVersion')}=0.17.0 ${key('mountRootfs')}=true
ENV A=b
ENV C="d e"
ENTRYPOINT ["/init"]
CMD ["a", "b c"]
`,
    ],
    [
      'an initrd that is written, on the image of the kernel',
      `${head}  version: 0.17.0\nkernel: {from: "oci:../base:1", path: /kernel}\nrootfs: {include: ["etc:/etc", {from: "oci:../base:1", source: /data, destination: /data}]}\ncmd: [a]\n`,
      `FROM scratch AS rootfs
COPY etc /etc
COPY --from=oci:../base:1 /data /data
FROM oci:../base:1
COPY --from=rootfs --rootfs=initrd / /.boot/rootfs
LABEL ${key('unikernelType')}=unikraft ${key('hypervisor')}=qemu ${key('binary')}=/kernel ${key('unikernelVersion')}=0.17.0 ${key('initrd')}=/.boot/rootfs ${key('mountRootfs')}=false
CMD ["a"]
`,
    ],
  ];
  for (const [name, bunnyfile, containerfile] of twins)
    it(`is the same image as the Containerfile that says the same: ${name}`, async (test) => {
      const context = contextOf(test, bunnyfile, { 'etc/hosts': 'x', 'etc/sub/y': 'y', one: '1' });
      await baseLayout(join(context, '../base'), [
        { layers: [[{ path: 'kernel', content: hello }], [{ path: 'data/file', content: 'x' }]] },
      ]);
      const ofBunny = await buildContext(test, context);
      assert.deepEqual(ofBunny.warnings, []);
      writeFileSync(join(context, 'Containerfile'), containerfile);
      const other = await buildContext(test, context);
      assert.deepEqual(ofBunny.image, other.image);
    });

  it('needs no version, and has neither mountRootfs nor initrd without a rootfs', async (test) => {
    const { image, warnings } = await buildContext(test, contextOf(test, `${head}${kernel}cmd: [a]\n`));
    assert.deepEqual(warnings, []);
    assert.deepEqual(labelsOf(image.config.config.Labels), {
      binary: '/.boot/kernel',
      cmdline: 'a',
      hypervisor: 'qemu',
      unikernelType: 'unikraft',
    });
  });

  it('has no label for a guest without arguments', async (test) => {
    const { image, warnings } = await buildContext(test, contextOf(test, `${head}${kernel}`));
    assert.equal(image.config.config.Labels[key('cmdline')], undefined);
    assert.equal(warnings.length, 1);
  });

  it('keeps what the base says, but for what is replaced', async (test) => {
    const text = `${head}${kernel}rootfs: {from: "oci:../base:1", type: raw}\nenvs: [A=new, B=c]\nentrypoint: [/init]\n`;
    const context = contextOf(test, text);
    const config = {
      Env: ['A=old', 'PATH=/bin'],
      Entrypoint: ['/old'],
      Cmd: ['serve'],
      WorkingDir: '/srv',
      Labels: { maintainer: 'me' },
    };
    await baseLayout(join(context, '../base'), [{ layers: [[{ path: 'etc/x', content: 'x' }]], config }]);
    const { image } = await buildContext(test, context);
    const { Labels, ...others } = image.config.config;
    assert.deepEqual(others, {
      Env: ['A=new', 'PATH=/bin', 'B=c'],
      Entrypoint: ['/init'],
      Cmd: ['serve'],
      WorkingDir: '/srv',
    });
    assert.equal(Labels.maintainer, 'me');
    assert.equal(Labels[key('cmdline')], '/init serve');
    assert.equal(Labels[key('mountRootfs')], 'true');
  });

  it('copies folders as bunny does, and says where one lands inside of another', async (test) => {
    const text = `${head}${kernel}rootfs:\n  from: oci:../base:1\n  type: raw\n  include:\n  - etc:/etc\n  - etc:/new\n  - etc:/srv/\n  - link:/bin/link\n  - "a*"\ncmd: [a]\n`;
    const context = contextOf(test, text, { 'etc/hosts': 'x', 'a*': 'literal' });
    symlinkSync('somewhere', join(context, 'link'));
    await baseLayout(join(context, '../base'), [{ layers: [[{ path: 'etc/', mode: 0o755 }]] }]);
    const { image, warnings } = await buildContext(test, context);
    const paths = image.tars.slice(1, 6).map((tar) => listTar(tar).map((line) => line.split(' ')[0]));
    assert.deepEqual(paths, [
      ['etc/', 'etc/etc/', 'etc/etc/hosts'],
      ['new/', 'new/hosts'],
      ['srv/', 'srv/etc/', 'srv/etc/hosts'],
      ['bin/', 'bin/link'],
      ['a*'],
    ]);
    assert.deepEqual(
      warnings.map(({ message, position }) => [message, position?.line, position?.column]),
      [['"etc" becomes "/etc/etc", since "/etc" is there already', 10, 5]],
    );
  });

  const magic = (offset: number, hex: string) => {
    const bytes = Buffer.alloc(70_000);
    bytes.write(hex, offset, 'hex');
    return bytes;
  };
  const kinds: [name: string, content: Buffer, labels: Record<string, string>][] = [
    ['cpio', magic(0, Buffer.from('070701').toString('hex')), { initrd: '/.boot/rootfs' }],
    ['zstd', magic(0, '28b52ffd'), { initrd: '/.boot/rootfs' }],
    ['ext2', magic(0x438, '53ef'), { block: '/.boot/rootfs', blkMntPoint: '/' }],
    ['UFS2', magic(65536 + 1372, '19015419'), { block: '/.boot/rootfs', blkMntPoint: '/' }],
  ];
  for (const [name, content, expected] of kinds)
    it(`tells by its content that a root file system is ${name}`, async (test) => {
      const text = `${head}${kernel}rootfs: {from: local, path: r.img}\ncmd: [/init]\n`.replace(
        'unikraft',
        'linux',
      );
      const { image } = await buildContext(test, contextOf(test, text, { 'r.img': content }));
      const { initrd, block, blkMntPoint, mountRootfs } = labelsOf(image.config.config.Labels);
      assert.deepEqual(
        { initrd, block, blkMntPoint, mountRootfs },
        {
          initrd: undefined,
          block: undefined,
          blkMntPoint: undefined,
          ...expected,
          mountRootfs: 'false',
        },
      );
    });

  it('tells it for a file in an image too', async (test) => {
    const text = `${head}${kernel}rootfs: {from: "oci:../base:1", path: boot/r}\ncmd: [/init]\n`.replace(
      'unikraft',
      'linux',
    );
    const context = contextOf(test, text);
    const [, content] = kinds[0] ?? assert.fail();
    await baseLayout(join(context, '../base'), [{ layers: [[{ path: 'boot/r', content }]] }]);
    const { image } = await buildContext(test, context);
    assert.equal(image.config.config.Labels[key('initrd')], '/boot/r');
  });

  it('says what is wrong with a root file system that is none', async (test) => {
    const text = `${head}${kernel}rootfs:\n  from: local\n  path: r.img\ncmd: [/init]\n`.replace(
      'unikraft',
      'linux',
    );
    const said = (content: string | Buffer) => refusalOf(test, contextOf(test, text, { 'r.img': content }));
    assert.equal(
      await said(magic(0, '7f454c46')),
      '8:9 expected a cpio archive or a file system in "r.img", got data starting with 7f 45 4c 46 00 00 00 00 → Write "type: initrd" or "type: block" if the guest reads it nevertheless.',
    );
    assert.match(
      await said(''),
      /^8:9 expected a cpio archive or a file system in "r.img", got an empty file/,
    );
    const context = contextOf(test, text.replace('  from: local', '  from: oci:../base:1'));
    await baseLayout(join(context, '../base'), [{ layers: [[{ path: 'other', content: 'x' }]] }]);
    assert.match(
      await refusalOf(test, context),
      /^8:9 expected a root file system at "\/r.img", where the image has no file/,
    );
  });

  it('refuses a root file system that its guest can’t read', async (test) => {
    const text = `${head}${kernel}rootfs:\n  from: local\n  path: r.img\ncmd: [/init]\n`;
    const context = contextOf(test, text, { 'r.img': magic(0x438, '53ef') });
    assert.match(
      await refusalOf(test, context),
      /^8:9 will not boot: expected a bare cpio archive in "\/\.boot\/rootfs", got ext2 → /,
    );
    writeFileSync(
      join(context, 'bunnyfile'),
      text.replace('unikraft', 'rumprun').replace('path: r.img', 'path: r.img\n  type: block'),
    );
    writeFileSync(join(context, 'r.img'), magic(0, '514649fb'));
    assert.match(
      await refusalOf(test, context),
      /^8:9 will not boot: expected a raw disk in .*, got a qcow2 image/,
    );
  });

  it('holds the architecture against the kernel', async (test) => {
    const text = head.replace('monitor', 'architecture: arm64\n  monitor');
    assert.equal(
      await refusalOf(test, contextOf(test, `${text}${kernel}cmd: [a]\n`)),
      '4:17 expected a kernel for arm64, got ELF64 x86-64 in "/.boot/kernel" → Correct the architecture, or take the kernel that is for it.',
    );
  });

  it('names what is missing at its place', async (test) => {
    const text = `${head}kernel:\n  from: local\n  path: kernl\ncmd: [a]\n`;
    assert.equal(
      await refusalOf(test, contextOf(test, text)),
      '7:9 "kernl" is not in the context → Did you mean "kernel"? Names are case-sensitive.',
    );
  });

  it('is one file for several platforms', async (test) => {
    const text = `${head}  architecture: \${TARGETARCH}\nkernel: {from: local, path: "kernel-\${TARGETARCH}"}\nrootfs: {from: "oci:../base:all", type: raw}\ncmd: [a]\n`;
    const context = contextOf(test, text, { 'kernel-amd64': hello, 'kernel-arm64': forArm });
    const layers = (content: string) => [[{ path: 'etc/which', content }]];
    await indexLayout(join(context, '../base'), [
      { layers: layers('amd64') },
      { layers: layers('arm64'), architecture: 'arm64' },
    ]);
    const options = { context, labels: [], strict: true, images: localImages(test, context) };
    const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
    const { plans, errors } = await examinePlatforms({ ...options, platforms });
    assert.deepEqual(errors, []);
    assert.deepEqual(
      plans?.map(({ platform, base }) => [platform.architecture, base?.platform.architecture]),
      [
        ['amd64', 'amd64'],
        ['arm64', 'arm64'],
      ],
    );
    // Also which image of an index is the base follows from it.
    writeFileSync(join(context, 'bunnyfile'), text.replaceAll('${TARGETARCH}', 'arm64'));
    const { image } = await buildContext(test, context);
    assert.equal(image.config.architecture, 'arm64');
    const both = await examinePlatforms({ ...options, platforms });
    assert.match(both.errors[0]?.message ?? '', /expected an architecture for linux\/amd64/);
  });

  it('fills the version from the kernel, and the initrd from the catalog', async (test) => {
    const text = `${head}kernel:\n  from: oci:../base:1\n  path: /unikraft/bin/kernel\n`;
    const context = contextOf(test, text);
    await baseLayout(join(context, '../base'), [
      {
        layers: [
          [
            { path: 'unikraft/bin/kernel', content: hello },
            { path: 'unikraft/bin/initrd', content: '070701' },
          ],
        ],
        annotations: { 'org.unikraft.kernel.version': '0.16.3', 'org.unikraft.kernel.plat': 'qemu' },
        config: { Cmd: ['hello'] },
      },
    ]);
    const { image } = await buildContext(test, context);
    const { unikernelVersion, initrd, binary } = labelsOf(image.config.config.Labels);
    assert.deepEqual(
      [unikernelVersion, initrd, binary],
      ['0.16.3', '/unikraft/bin/initrd', '/unikraft/bin/kernel'],
    );
    assert.deepEqual(image.config.config.Cmd, ['hello']);
  });

  it('is found after a Containerfile and a Dockerfile, under any name when it is named', async (test) => {
    const context = contextOf(test, `${head}${kernel}cmd: [a]\n`);
    mkdirSync(join(context, 'sub'));
    writeFileSync(join(context, 'sub/Containerfile.qemu'), `${head}${kernel}cmd: [b]\n`);
    const { image } = await buildContext(test, context, { file: join(context, 'sub/Containerfile.qemu') });
    assert.deepEqual(image.config.config.Cmd, ['b']);
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nRUN x\n');
    assert.match(await refusalOf(test, context), /RUN is not supported/);
  });
});
