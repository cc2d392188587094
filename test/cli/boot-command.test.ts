// `bima run` up to the command line of the monitor, which is as far as it goes without one.

import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import { mustRunCommand, runCommand } from '../support/run-command.ts';

const example = resolve(import.meta.dirname, '../../examples/hello');
const print = ['run', '--print', '--accel', 'tcg'];
const amd64 = ['--platform', 'linux/amd64'];
const line =
  'qemu-system-x86_64 -m 256M -cpu max -accel tcg -display none -vga none -monitor null -serial stdio -smp 1 ' +
  "-kernel image/unikernel/hello -nic none -no-reboot -append '  hello from urunc'";

describe('bima run --print', () => {
  it('says the same of a context, a layout, an archive and an image in a registry', async (test) => {
    await using registry = await startRegistry();
    const folder = temporaryFolder(test);
    const name = `${registry.host}/own/hello:1`;
    const [layout, archive] = [join(folder, 'layout'), join(folder, 'hello.tar')];
    const build = ['build', '-t', name, '--platform', 'linux/amd64,linux/arm64'];
    await mustRunCommand([...build, '-o', 'oci', '--dest', layout, example]);
    await mustRunCommand([...build, '--tar', '--dest', archive, example]);
    await mustRunCommand([...build, '--push', example]);
    for (const place of [example, layout, archive, `oci:${layout}:1`, name, `docker://${name}`]) {
      const { stdout } = await mustRunCommand([...print, ...amd64, place]);
      assert.equal(stdout, line, place);
    }
  });

  it('hands on what stands behind "--", whatever it looks like', async () => {
    const { stdout } = await mustRunCommand([...print, ...amd64, example, '--', '--help', '--', '-p', '']);
    assert.match(stdout, / -append ' {2}--help -- -p '$/);
  });

  it("takes a free port of this machine where only the guest's is named", async () => {
    const { stdout } = await mustRunCommand([...print, ...amd64, '-p', '80', example]);
    const port = Number(/hostfwd=tcp:127\.0\.0\.1:(\d+)-:80 /.exec(stdout)?.[1]);
    assert.ok(port > 1023 && port < 65536, stdout);
  });

  it('has the settings of firecracker below its line', async () => {
    const label = 'com.urunc.unikernel.unikernelType=linux';
    const { stdout, code, stderr } = await runCommand([
      ...print,
      ...amd64,
      '--accel',
      'kvm',
      '--monitor',
      'firecracker',
      '--label',
      label,
      example,
    ]);
    assert.equal(code, 0, stderr);
    const [command, settings = ''] = stdout.split('\n');
    assert.equal(command, 'firecracker --no-api --config-file settings.json');
    const { 'boot-source': source } = JSON.parse(settings) as Record<string, Record<string, string>>;
    assert.deepEqual(source, {
      kernel_image_path: 'image/unikernel/hello',
      boot_args:
        'panic=-1 console=ttyS0 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin init=hello -- from urunc',
    });
  });
});

describe('bima run', () => {
  const wrong: readonly [name: string, args: string[], code: number, message: RegExp][] = [
    ['no image', [], 2, /requires exactly 1 argument .*, got 0\n.*behind "--"/],
    ['arguments without "--"', [example, 'a'], 2, /got 2/],
    ['an image that is nowhere', ['./nowhere'], 1, /"\.\/nowhere" does not exist/],
    [
      'an unknown monitor',
      ['--monitor', 'quemu', example],
      2,
      /expected --monitor qemu, firecracker, .*, got "quemu"\n.*Did you mean qemu/,
    ],
    ['an unknown way', ['--rootfs', 'nfs', example], 2, /expected --rootfs 9p, block, initrd, got "nfs"/],
    [
      'an unknown accelerator',
      ['--accel', 'xen', example],
      2,
      /expected kvm, hvf, tcg for --accel, got "xen"/,
    ],
    [
      'a strange time',
      ['--timeout', '1m', example],
      2,
      /expected a number of seconds for --timeout, got "1m"/,
    ],
    ['no text', ['--expect', ' ', example], 2, /expected a text for --expect/],
    [
      'a monitor without KVM',
      ['--accel', 'tcg', '--monitor', 'firecracker', ...amd64, example],
      1,
      /firecracker needs KVM for amd64/,
    ],
    [
      'a root file system that the type does not take',
      ['--accel', 'tcg', '--rootfs', 'initrd', ...amd64, example],
      2,
      /no root file system over initrd: "mirage" takes none on qemu/,
    ],
  ];
  for (const [name, args, expected, message] of wrong) {
    it(`refuses ${name}`, async () => {
      const { code, stderr, stdout } = await runCommand(['run', '--print', ...args]);
      assert.equal(code, expected, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    });
  }

  it('says what an image lacks that is not for urunc', async (test) => {
    const folder = temporaryFolder(test, { Containerfile: 'FROM scratch\nCOPY a /a\n', a: 'a' });
    const { code, stderr } = await runCommand(['run', '--print', '--no-strict', folder]);
    assert.equal(code, 1);
    assert.match(stderr, /missing labels? .*unikernelType/);
  });
});
