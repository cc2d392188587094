// Real guests boot from root file systems that were written here: Debian's kernel, with busybox in them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { planInitrd } from '../../src/core/files/initrd.ts';
import { mustRunBima } from '../support/cli.ts';
import { findCloudKernel } from '../support/cloud-kernel.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootKernel } from '../support/qemu.ts';
import { fileEntry, readWhole } from '../support/root-tree.ts';
import { skipPrefix, unlessInstalled } from '../support/tools.ts';

const init = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "guest: $(/bin/busybox cat /etc/greeting)"
echo "guest: $(/bin/busybox stat -c '%a %u:%g' /etc/greeting)"
echo "guest: $(/bin/sh -c 'echo a link works')"
[ -e /appended ] && echo "guest: $(/bin/busybox cat /appended)"
/bin/busybox grep -q 'root=' /proc/cmdline && echo kept > /written && /bin/busybox sync
/bin/busybox poweroff -f
`;

const rootStage = `FROM scratch AS root
COPY busybox /bin/busybox
COPY bin /bin
COPY --chmod=755 init /init
COPY --chmod=0640 --chown=5:6 greeting /etc/greeting
WORKDIR /proc
WORKDIR /dev
`;

const labels = `LABEL com.urunc.unikernel.binary=/boot/vmlinuz com.urunc.unikernel.unikernelType=linux
LABEL com.urunc.unikernel.hypervisor=qemu com.urunc.unikernel.cmdline=/init com.urunc.unikernel.version=6.1
`;

/** A context with busybox, and a kernel. */
function contextWith(test: TestContext, kernel: string): string {
  const folder = temporaryFolder(test, {
    init,
    greeting: 'hello from a root file system\n',
    'bin/.keep': '',
  });
  const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? '';
  copyFileSync(busybox, join(folder, 'busybox'));
  copyFileSync(kernel, join(folder, 'vmlinuz'));
  execFileSync('ln', ['-s', 'busybox', join(folder, 'bin/sh')]);
  return folder;
}

/** Builds an image of a context, and unpacks it. */
async function buildRootfs(
  test: TestContext,
  context: string,
  text: string,
  name = 'Containerfile',
): Promise<string> {
  writeFileSync(join(context, name), text);
  const layout = join(temporaryFolder(test), 'layout');
  await mustRunBima(['build', '-t', 'guest:latest', '-o', 'oci', '--dest', layout, context]);
  const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
  execFileSync('umoci', ['unpack', ...rootless, '--image', `${layout}:latest`, `${layout}-bundle`], {
    stdio: 'pipe',
  });
  return join(`${layout}-bundle`, 'rootfs');
}

/** What the guest says, without what the kernel says. */
async function boot(kernel: string, devices: { initrd?: string; disk?: string }): Promise<string[]> {
  const root =
    devices.disk === undefined ? 'rdinit=/init' : 'root=/dev/nvme0n1 rootfstype=ext4 rw init=/init';
  const commandLine = `console=ttyS0 quiet panic=-1 ${root}`;
  const { serial } = await bootKernel({
    architecture: 'amd64',
    kernel,
    commandLine,
    memory: 256,
    ...devices,
  });
  return serial.split(/\r?\n/).flatMap((line) => /^guest: (.*)$/.exec(line)?.[1] ?? []);
}

const said = ['hello from a root file system', '640 5:6', 'a link works'];

const missing = unlessInstalled('qemu-system-x86_64', 'busybox-static', 'umoci', 'e2fsck');
const kernel = missing === false ? findCloudKernel() : undefined;
const skip = missing === false && kernel === undefined ? `${skipPrefix} linux-image-cloud-amd64` : missing;

describe('a guest', () => {
  for (const compression of ['none', 'gzip', 'zstd']) {
    it(`boots from an initrd (${compression}), and finds what is appended to it`, { skip }, async (test) => {
      const context = contextWith(test, kernel ?? '');
      const copy = `COPY --rootfs=initrd,compression=${compression} --from=root / /boot/initrd`;
      const label = 'LABEL com.urunc.unikernel.initrd=/boot/initrd';
      const containerfile = `${rootStage}FROM scratch\nCOPY vmlinuz /boot/vmlinuz\n${copy}\n${labels}${label}\n`;
      const rootfs = await buildRootfs(test, context, containerfile);
      const initrd = join(rootfs, 'boot/initrd');
      assert.equal(statSync(initrd).size % 4, 0);
      // As urunc does it.
      const appended = fileEntry('appended', 'appended');
      appendFileSync(initrd, await readWhole(planInitrd([appended], { mtime: 0 })));
      assert.deepEqual(await boot(join(rootfs, 'boot/vmlinuz'), { initrd }), [...said, 'appended']);
    });
  }

  it(
    'boots from a block image made of the layers of an image, reads it and writes to it',
    { skip },
    async (test) => {
      const context = contextWith(test, kernel ?? '');
      writeFileSync(join(context, 'Containerfile'), `${rootStage}COPY vmlinuz /boot/vmlinuz\n${labels}`);
      const base = join(context, 'base');
      await mustRunBima(['build', '-t', 'base:latest', '-o', 'oci', '--dest', base, context]);
      const copy = 'COPY --rootfs=block,free=4M --from=oci:base / /boot/root';
      const label = 'LABEL com.urunc.unikernel.block=/boot/root com.urunc.unikernel.blkMntPoint=/';
      const containerfile = `FROM scratch\nCOPY vmlinuz /boot/vmlinuz\n${copy}\n${labels}${label}\n`;
      const rootfs = await buildRootfs(test, context, containerfile);
      const disk = join(rootfs, 'boot/root');
      const before = readFileSync(disk);
      assert.deepEqual(await boot(join(rootfs, 'boot/vmlinuz'), { disk }), said);
      assert.ok(!readFileSync(disk).equals(before));
      const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
      const env = { ...process.env, PATH: path };
      execFileSync('e2fsck', ['-fn', disk], { env, stdio: 'pipe' });
      const written = execFileSync('debugfs', ['-R', 'cat /written', disk], { env, stdio: 'pipe' });
      assert.equal(written.toString(), 'kept\n');
    },
  );

  for (const type of ['initrd', 'block'])
    it(`boots from what a bunnyfile says (${type})`, { skip }, async (test) => {
      const context = contextWith(test, kernel ?? '');
      chmodSync(join(context, 'init'), 0o755);
      for (const name of ['proc', 'dev']) mkdirSync(join(context, name));
      const bunnyfile = `version: v0.1
platforms: {framework: linux, monitor: qemu, architecture: x86}
kernel: {from: local, path: vmlinuz}
rootfs:
  type: ${type}
  include:
  - busybox:/bin/busybox
  - bin/sh:/bin/sh
  - init
  - greeting:/etc/greeting
  - proc
  - dev
cmd: [/init]
`;
      const rootfs = await buildRootfs(test, context, bunnyfile, 'bunnyfile');
      const file = join(rootfs, '.boot/rootfs');
      const device = type === 'initrd' ? { initrd: file } : { disk: file };
      const [greeting, mode, link] = said;
      const expected = [greeting, mode?.replace('640 5:6', '644 0:0'), link];
      assert.deepEqual(await boot(join(rootfs, '.boot/kernel'), device), expected);
    });
});
