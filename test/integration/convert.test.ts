// Container images become guests: Debian's kernel boots the busybox of an image from an initrd and from a block image.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { baseLayout } from '../support/base-image.ts';
import type { SampleBase } from '../support/base-image.ts';
import { mustRunBima } from '../support/cli.ts';
import { findCloudKernel } from '../support/cloud-kernel.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootKernel } from '../support/qemu.ts';
import { skipPrefix, unlessInstalled } from '../support/tools.ts';

const run = promisify(execFile);

/** Starts the command of the image as its own child, as urunit does. */
const init = `#!/bin/sh
/bin/busybox mount -t proc proc /proc
PATH=/bin:/usr/local/bin "$@"
/bin/busybox sync
/bin/busybox poweroff -f
`;

const script = `#!/bin/sh
echo "guest: $* in $(busybox cat /etc/release)"
[ -e /etc/removed ] && echo "guest: a removed file is there"
echo "guest: $(busybox stat -c '%a %u:%g' /etc/release)"
echo kept > /written
`;

function busyboxImage(): SampleBase {
  const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? '';
  return {
    layers: [
      [
        { path: 'bin/' },
        { path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
        { path: 'bin/sh', target: 'busybox' },
        { path: 'etc/removed', content: 'x' },
        { path: 'etc/release', content: 'old' },
      ],
      [
        { path: 'etc/.wh.removed' },
        { path: 'etc/release', content: 'the merged layers', mode: 0o640, uid: 5, gid: 6 },
        { path: 'usr/local/bin/hello', mode: 0o755, content: script },
      ],
    ],
    config: { Entrypoint: ['hello'], Cmd: ['one', 'two'] },
  };
}

interface Guest {
  readonly rootfs: string;
  /** The command line as urunc makes it of the arguments of the container. */
  readonly commandLine: (init: 'rdinit' | 'init') => string;
  readonly label: (name: string) => string;
}

function unpack(layout: string): Guest {
  const bundle = `${layout}-bundle`;
  const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
  execFileSync('umoci', ['unpack', ...rootless, '--image', `${layout}:1`, bundle], { stdio: 'pipe' });
  const rootfs = join(bundle, 'rootfs');
  const labels = JSON.parse(readFileSync(join(rootfs, 'urunc.json'), 'utf8')) as Record<string, string>;
  const { process: container } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    process: { args: string[] };
  };
  const [first = '', ...others] = container.args;
  return {
    rootfs,
    label: (name) => Buffer.from(labels[`com.urunc.unikernel.${name}`] ?? '', 'base64').toString(),
    commandLine: (word) => `${word}=${first} -- ${others.join(' ')}`,
  };
}

const missing = unlessInstalled(
  ...(['docker-registry', 'skopeo', 'umoci', 'qemu-system-x86_64', 'busybox-static', 'e2fsck'] as const),
);
const kernel = missing === false ? findCloudKernel() : undefined;
const skip = missing === false && kernel === undefined ? `${skipPrefix} linux-image-cloud-amd64` : missing;

const said = ['one two in the merged layers', '640 5:6'];

describe('a converted image', { skip }, () => {
  for (const form of ['initrd,compression=gzip', 'block,free=4M']) {
    it(`boots from ${form}, out of a registry`, async (test) => {
      await using registry = await startDockerRegistry();
      const folder = temporaryFolder(test, { init });
      const vmlinuz = readFileSync(kernel ?? '');
      await baseLayout(join(folder, 'base'), [busyboxImage()]);
      await baseLayout(join(folder, 'kernel'), [{ layers: [[{ path: 'kernel', content: vmlinuz }]] }]);
      for (const name of ['base', 'kernel']) {
        const from = `oci:${join(folder, name)}:1`;
        await run('skopeo', [
          'copy',
          '--dest-tls-verify=false',
          from,
          `docker://${registry.host}/lib/${name}:1`,
        ]);
      }
      const name = `${registry.host}/guests/busybox:1`;
      await mustRunBima([
        ...['convert', '--push', '-t', name, '--rootfs', form],
        ...['--kernel', `${registry.host}/lib/kernel:1`, '--init', join(folder, 'init')],
        `${registry.host}/lib/base:1`,
      ]);
      const layout = join(folder, 'guest');
      await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${name}`, `oci:${layout}:1`]);
      const { rootfs, commandLine, label } = unpack(layout);
      const isBlock = form.startsWith('block');
      const file = join(rootfs, label(isBlock ? 'block' : 'initrd'));
      const root = isBlock ? 'root=/dev/nvme0n1 rootfstype=ext4 rw ' : '';
      const { serial } = await bootKernel({
        architecture: 'amd64',
        kernel: join(rootfs, label('binary')),
        commandLine: `console=ttyS0 quiet panic=-1 ${root}${commandLine(isBlock ? 'init' : 'rdinit')}`,
        memory: 256,
        ...(isBlock ? { disk: file } : { initrd: file }),
      });
      assert.deepEqual(
        serial.split(/\r?\n/).flatMap((line) => /^guest: (.*)$/.exec(line)?.[1] ?? []),
        said,
      );
      if (!isBlock) return;
      const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
      execFileSync('e2fsck', ['-fn', file], { env, stdio: 'pipe' });
      const written = execFileSync('debugfs', ['-R', 'cat /written', file], { env, stdio: 'pipe' });
      assert.equal(written.toString(), 'kept\n');
    });
  }

  it('keeps the layers of an archive of docker save', async (test) => {
    const folder = temporaryFolder(test, { init });
    await baseLayout(join(folder, 'base'), [busyboxImage()]);
    const archive = join(folder, 'saved.tar');
    await run('skopeo', ['copy', `oci:${join(folder, 'base')}:1`, `docker-archive:${archive}:lib/base:1`]);
    const layout = join(folder, 'guest');
    await mustRunBima([
      ...['convert', '-o', 'oci', '--dest', layout, '-t', 'guest:1', '--monitor', 'cloud-hypervisor'],
      ...['--kernel', kernel ?? '', '--init', join(folder, 'init'), archive],
    ]);
    const { rootfs, label } = unpack(layout);
    assert.equal(readFileSync(join(rootfs, 'etc/release'), 'utf8'), 'the merged layers');
    assert.ok(!existsSync(join(rootfs, 'etc/removed')));
    assert.deepEqual([label('hypervisor'), label('mountRootfs')], ['cloud-hypervisor', 'true']);
    assert.ok(readFileSync(join(rootfs, label('binary'))).equals(readFileSync(kernel ?? '')));
    const idsOf = async (name: string) => {
      const { stdout } = await run('skopeo', ['inspect', '--config', name]);
      return (JSON.parse(stdout) as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids;
    };
    const [first, second, third, ...others] = await idsOf(`oci:${layout}:1`);
    assert.deepEqual([[first, second], others], [await idsOf(`oci:${join(folder, 'base')}:1`), []]);
    assert.ok(third !== undefined);
  });
});

describe('npm run kernels', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('writes the digests of all parts, or leaves the table as it is', async (test) => {
    await using registry = await startDockerRegistry();
    const folder = temporaryFolder(test);
    await baseLayout(join(folder, 'kernel'), [{ layers: [[{ path: 'kernel', content: 'a kernel' }]] }]);
    const to = `docker://${registry.host}/lib/kernel:1`;
    await run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${join(folder, 'kernel')}:1`, to]);
    const [table, image] = [join(folder, 'parts.json'), `${registry.host}/lib/kernel:1`];
    const part = (name: string) => ({ image: name, path: '/kernel' });
    const write = (init: string) => {
      writeFileSync(table, JSON.stringify({ kernels: { qemu: part(image) }, init: part(init) }));
    };
    const kernels = () =>
      run(process.execPath, [resolve(import.meta.dirname, '../../scripts/kernels.ts'), table]);
    write(image);
    await kernels();
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', to]);
    const { Digest: digest } = JSON.parse(stdout) as { Digest: string };
    const pinned = { ...part(image), digest };
    assert.deepEqual(JSON.parse(readFileSync(table, 'utf8')), { kernels: { qemu: pinned }, init: pinned });
    write(`${registry.host}/lib/absent:1`);
    const before = readFileSync(table, 'utf8');
    await assert.rejects(kernels(), /stays as it is/);
    assert.equal(readFileSync(table, 'utf8'), before);
  });
});
