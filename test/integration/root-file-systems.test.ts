// Real guests boot from root file systems that were written here: Debian's kernel, with busybox in them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { planInitrd } from '../../src/core/files/initrd.ts';
import { baseLayout } from '../support/base-image.ts';
import type { SampleBase } from '../support/base-image.ts';
import { hello } from '../support/base-registry.ts';
import { mustRunBima } from '../support/cli.ts';
import { findCloudKernel } from '../support/cloud-kernel.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootKernel } from '../support/qemu.ts';
import { checkImage, readCpio, readImage } from '../support/read-root.ts';
import { fileEntry, readWhole } from '../support/root-tree.ts';
import { skipPrefix, unlessInstalled, unlessRootWith } from '../support/tools.ts';

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

const layers: SampleBase['layers'] = [
  [
    { path: 'kept/', mode: 0o1777 },
    { path: 'kept/file', content: 'below', mode: 0o4755, uid: 1, gid: 2 },
    { path: 'kept/name', target: 'kept/file', hard: true },
    { path: 'kept/gone', content: 'gone' },
    { path: 'hidden/below', content: 'hidden' },
    { path: 'usr/bin/tool', content: 'tool', mode: 0o755 },
    { path: 'bin', target: 'usr/bin' },
    { path: 'turned', content: 'a file' },
    { path: 'large', content: Buffer.alloc(700_000, 'large') },
  ],
  [
    { path: 'kept/.wh.gone' },
    { path: 'hidden/' },
    { path: 'hidden/.wh..wh..opq' },
    { path: 'hidden/above', content: 'above', mode: 0o600 },
    // Through the link of the layer below.
    { path: 'bin/tool', content: 'a newer tool', mode: 0o700, uid: 3 },
    { path: 'bin/tool2', target: 'usr/bin/tool', hard: true },
    { path: 'turned/' },
    { path: 'turned/inside', target: '../kept/nowhere' },
    { path: 'pipe', special: { type: 'fifo' }, mode: 0o622 },
    { path: 'umläut', content: '' },
  ],
];

/** What the system says of a folder that another tool has unpacked, in the words of the readers. */
function describeFolder(root: string): Map<string, string> {
  const described = new Map<string, string>();
  // Not node's own walk, which follows links.
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? [path, ...walk(path)] : [path];
    });
  const paths = ['.', ...walk('')];
  for (const path of paths) {
    const found = lstatSync(join(root, path));
    const { mode, uid, gid, nlink } = found;
    const kind = found.isDirectory()
      ? 'directory'
      : found.isSymbolicLink()
        ? 'symlink'
        : found.isFIFO()
          ? 'fifo'
          : 'file';
    const details = {
      directory: () => '',
      fifo: () => '',
      symlink: () => readlinkSync(join(root, path)),
      file: () =>
        `${nlink} ${createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest('hex')}`,
    };
    described.set(path, `${kind} ${(mode & 0o7777).toString(8)} ${uid}:${gid} ${details[kind]()}`);
  }
  return described;
}

describe('the merged layers of an image', () => {
  const tools = unlessRootWith('umoci', 'bsdtar', 'e2fsck');

  it('are in an initrd and in a block image what umoci unpacks of them', { skip: tools }, async (test) => {
    const folder = temporaryFolder(test, { kernel: hello });
    await baseLayout(join(folder, 'base'), [{ layers }]);
    execFileSync('umoci', ['unpack', '--image', `${join(folder, 'base')}:1`, join(folder, 'bundle')], {
      stdio: 'pipe',
    });
    const expected = describeFolder(join(folder, 'bundle/rootfs'));
    assert.ok(expected.has('hidden/above') && !expected.has('hidden/below') && !expected.has('kept/gone'));
    const copies = ['initrd', 'block'].map((form) => `COPY --rootfs=${form} --from=oci:base / /boot/${form}`);
    const block = 'LABEL com.urunc.unikernel.blkMntPoint=/ com.urunc.unikernel.block=/boot/block';
    writeFileSync(
      join(folder, 'Containerfile'),
      ['FROM scratch', 'COPY kernel /boot/vmlinuz', ...copies, labels.trim(), block].join('\n'),
    );
    const layout = join(folder, 'layout');
    await mustRunBima(['build', '-t', 'guest:latest', '-o', 'oci', '--dest', layout, folder]);
    execFileSync('umoci', ['unpack', '--image', `${layout}:latest`, `${layout}-bundle`], { stdio: 'pipe' });
    const file = (name: string) => join(`${layout}-bundle`, 'rootfs/boot', name);
    assert.deepEqual(sorted(readCpio(file('initrd'), 0)), sorted(expected));
    checkImage(file('block'));
    assert.deepEqual(sorted(readImage(file('block'), [...expected.keys()], folder, 0)), sorted(expected));
  });
});

function sorted(map: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...map].filter(([path]) => path !== '.').sort(([one], [other]) => (one < other ? -1 : 1));
}
