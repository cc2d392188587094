// The command lines of monitors: one table, beside what urunc v0.8 makes of the same labels.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guestCommand } from '../../../src/core/monitor/guest-command.ts';
import { startsUrunit } from '../../../src/core/monitor/guest.ts';
import { monitorCommand, monitorProgram } from '../../../src/core/monitor/monitor-arguments.ts';
import type { Guest, GuestFiles } from '../../../src/core/monitor/guest.ts';
import type { Machine } from '../../../src/core/monitor/machine.ts';
import type { KnownMonitor } from '../../../src/core/unikernel/bootable.ts';

const plain: Guest = {
  type: 'linux',
  version: '',
  architecture: 'amd64',
  words: ['/init'],
  environment: [],
  root: 'none',
  process: { uid: 0, gid: 0, folder: '/' },
  hasNetwork: false,
};

const machine: Machine = { accelerator: 'kvm', memory: 256, cpus: 1, ports: [] };
const web = { address: '127.0.0.1', host: 8080, guest: 80, protocol: 'tcp' } as const;

const qemu = '-m 256M -cpu host -enable-kvm -display none -vga none -monitor null -serial stdio -smp 1';
const nine =
  'root=fs0 rw rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=5000000,cache=mmap,posixacl';
const netdev = 'user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80';

interface Row {
  readonly name: string;
  readonly monitor?: KnownMonitor;
  readonly guest?: Partial<Guest>;
  readonly files?: Partial<GuestFiles>;
  readonly machine?: Partial<Machine>;
  /** The program and its arguments without the last one. */
  readonly line: string;
  /** What the guest gets. */
  readonly command: string;
}

const rows: readonly Row[] = [
  {
    name: 'Linux from an initrd, with arguments and a variable',
    guest: { root: 'initrd', words: ['/init', 'a', 'two words', ' b '], environment: ['A=1', 'B=x y'] },
    files: { initrd: 'I' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -initrd I -no-reboot -nodefaults -append`,
    command: "panic=-1 console=ttyS0 root=/dev/ram0 rw A=1 B=x y rdinit=/init -- a 'two words' b",
  },
  {
    name: 'Linux from a block device, with a port',
    guest: { root: 'block', hasNetwork: true },
    files: { block: 'a,b' },
    machine: { ports: [web] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -netdev ${netdev} -device virtio-net-pci,netdev=net0 -device virtio-blk-pci,serial=rootfs,drive=rootfs -drive format=raw,if=none,id=rootfs,file=a,,b -no-reboot -nodefaults -append`,
    command:
      'panic=-1 console=ttyS0 root=/dev/vda rw ip=10.0.2.15::10.0.2.2:255.255.255.0:urunc:eth0:off init=/init -- ',
  },
  {
    name: 'Linux over 9p',
    guest: { root: '9p' },
    files: { shared: 'S' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -fsdev local,id=rootfs9p,security_model=mapped-file,path=S -device virtio-9p-pci,fsdev=rootfs9p,mount_tag=fs0 -no-reboot -nodefaults -append`,
    command: `panic=-1 console=ttyS0 ${nine} init=/init -- `,
  },
  {
    name: 'Linux with urunit over 9p, which gets its variables in a file',
    guest: { root: '9p', words: ['/urunit', '/app'], environment: ['A=1'] },
    files: { shared: 'S', urunit: 'U' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -fsdev local,id=rootfs9p,security_model=mapped-file,path=S -device virtio-9p-pci,fsdev=rootfs9p,mount_tag=fs0 -initrd U -no-reboot -nodefaults -append`,
    command: `panic=-1 console=ttyS0 ${nine} retain_initrd URUNIT_CONFIG=/sys/firmware/initrd init=/urunit -- /app`,
  },
  {
    name: 'Linux with urunit in an initrd',
    guest: { root: 'initrd', words: ['/urunit', '/app'], environment: ['A=1'] },
    files: { initrd: 'I' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -initrd I -no-reboot -nodefaults -append`,
    command: 'panic=-1 console=ttyS0 root=/dev/ram0 rw URUNIT_CONFIG=/urunit.conf rdinit=/urunit -- /app',
  },
  {
    name: 'Linux on arm64, emulated, with more of everything',
    guest: { architecture: 'arm64', hasNetwork: true },
    machine: { accelerator: 'tcg', memory: 512, cpus: 4, ports: [{ ...web, protocol: 'udp' }] },
    line: 'qemu-system-aarch64 -m 512M -cpu max,pauth-impdef=on -accel tcg -display none -vga none -monitor null -serial stdio -smp 4 -M virt -kernel K -netdev user,id=net0,hostfwd=udp:127.0.0.1:8080-:80 -device virtio-net-device,netdev=net0 -no-reboot -nodefaults -append',
    command: 'panic=-1 console=ttyAMA0 ip=10.0.2.15::10.0.2.2:255.255.255.0:urunc:eth0:off init=/init -- ',
  },
  {
    name: 'Linux on amd64, emulated, where it checks no timer either',
    machine: { accelerator: 'tcg' },
    line: `qemu-system-x86_64 ${qemu.replace('-cpu host -enable-kvm', '-cpu max -accel tcg')} -kernel K -nic none -no-reboot -nodefaults -append`,
    command: 'panic=-1 console=ttyS0 no_timer_check init=/init -- ',
  },
  {
    name: 'Unikraft with an initrd',
    guest: {
      type: 'unikraft',
      version: '0.17.0',
      root: 'initrd',
      words: ['app', '-c'],
      environment: ['A=1'],
    },
    files: { initrd: 'I' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -initrd I -no-reboot -append`,
    command:
      'Unikraft  env.vars=[ A=1 ] netdev.ip=/24::8.8.8.8   vfs.fstab=[ "initrd0:/:extract:::" ] -- app -c',
  },
  {
    name: 'Unikraft over 9p with a port, whose version nobody knows',
    guest: { type: 'unikraft', root: '9p', words: [], hasNetwork: true },
    files: { shared: 'S' },
    machine: { ports: [web] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -netdev ${netdev} -device virtio-net-pci,netdev=net0 -fsdev local,id=rootfs9p,security_model=mapped-file,path=S -device virtio-9p-pci,fsdev=rootfs9p,mount_tag=fs0 -no-reboot -append`,
    command: 'Unikraft   netdev.ip=10.0.2.15/24:10.0.2.2:8.8.8.8   vfs.fstab=[ "fs0:/:9pfs:::" ] -- ',
  },
  {
    name: 'Unikraft before 0.16.1, which takes no variables',
    guest: { type: 'unikraft', version: 'v0.16.0', root: 'initrd', words: ['app'], environment: ['A=1'] },
    files: { initrd: 'I' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -initrd I -no-reboot -append`,
    command:
      'Unikraft   netdev.ipv4_addr= netdev.ipv4_gw_addr= netdev.ipv4_subnet_mask= vfs.rootfs=initrd -- app',
  },
  {
    name: 'MirageOS on QEMU, whose missing parts leave their blanks',
    guest: { type: 'mirage', words: ['hello', 'from urunc'] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -no-reboot -append`,
    command: '  hello from urunc',
  },
  {
    name: 'MirageOS with a port',
    guest: { type: 'mirage', words: ['hello'], hasNetwork: true },
    machine: { ports: [web], accelerator: 'hvf' },
    line: `qemu-system-x86_64 ${qemu.replace('-enable-kvm', '-accel hvf')} -kernel K -netdev ${netdev} -device virtio-net-pci,netdev=net0 -no-reboot -append`,
    command: '--ipv4=10.0.2.15/24 --ipv4-gateway=10.0.2.2 hello',
  },
  {
    name: 'mewz, which gets no arguments',
    guest: { type: 'mewz', words: ['app'], hasNetwork: true },
    machine: { ports: [web] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -device virtio-net-pci,netdev=net0,disable-legacy=on,disable-modern=off -netdev ${netdev} -no-reboot -device isa-debug-exit,iobase=0x501,iosize=2 -append`,
    command: 'ip=10.0.2.15/24 gateway=10.0.2.2',
  },
  {
    name: 'Hermit with a port',
    guest: { type: 'hermit', root: 'initrd', words: ['app', '-v'], hasNetwork: true },
    files: { initrd: 'I' },
    machine: { ports: [web] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -netdev ${netdev} -device virtio-net-pci,netdev=net0,disable-legacy=on -initrd I -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=0x04 -append`,
    command: 'ip=10.0.2.15/24 gateway=10.0.2.2 -- app -v',
  },
  {
    name: 'Hermit without a network',
    guest: { type: 'hermit', root: 'initrd', words: ['app', '-v '] },
    files: { initrd: 'I' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -initrd I -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=0x04 -append`,
    command: 'app -v',
  },
  {
    name: 'Hermit on arm64 with a port and no arguments',
    guest: { type: 'hermit', architecture: 'arm64', words: [], hasNetwork: true },
    machine: { ports: [web, { address: '[::1]', host: 1, guest: 2, protocol: 'udp' }] },
    line: `qemu-system-aarch64 ${qemu} -M virt -kernel K -netdev ${netdev},hostfwd=udp:[::1]:1-:2 -device virtio-net-device,netdev=net0 -no-reboot -append`,
    command: 'ip=10.0.2.15/24 gateway=10.0.2.2',
  },
  {
    name: 'mewz without a network',
    guest: { type: 'mewz', words: ['app'] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -no-reboot -device isa-debug-exit,iobase=0x501,iosize=2 -append`,
    command: '',
  },
  {
    name: 'Linux over 9p from a folder with a comma, and no block device for other types',
    guest: { type: 'unikraft', words: [], root: 'block' },
    files: { shared: 'a,b', block: 'B' },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -fsdev local,id=rootfs9p,security_model=mapped-file,path=a,,b -device virtio-9p-pci,fsdev=rootfs9p,mount_tag=fs0 -no-reboot -append`,
    command: 'Unikraft   netdev.ip=/24::8.8.8.8    -- ',
  },
  {
    name: 'Unikraft on arm64 of a branch, whose name begins with no digit',
    guest: { type: 'unikraft', version: 'stable-0.1', architecture: 'arm64', words: ['a'], root: 'initrd' },
    files: { initrd: 'I' },
    line: `qemu-system-aarch64 ${qemu} -M virt -kernel K -nic none -initrd I -no-reboot -append`,
    command: 'Unikraft console=ttyS0  netdev.ip=/24::8.8.8.8   vfs.fstab=[ "initrd0:/:extract:::" ] -- a',
  },
  {
    name: 'Unikraft before 0.16.1 with a port, which knows no 9p',
    guest: {
      type: 'unikraft',
      version: '0.16',
      words: ['a'],
      root: '9p',
      environment: ['A=1', 'B=2'],
      hasNetwork: true,
    },
    machine: { ports: [web] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -netdev ${netdev} -device virtio-net-pci,netdev=net0 -no-reboot -append`,
    command:
      'Unikraft   netdev.ipv4_addr=10.0.2.15 netdev.ipv4_gw_addr=10.0.2.2 netdev.ipv4_subnet_mask=255.255.255.0  -- a',
  },
  {
    name: 'Unikraft from 0.16.1 on with two variables',
    guest: { type: 'unikraft', version: 'v0.16.1', words: ['a', 'b'], environment: ['A=1', 'B=2'] },
    line: `qemu-system-x86_64 ${qemu} -kernel K -nic none -no-reboot -append`,
    command: 'Unikraft  env.vars=[ A=1 B=2 ] netdev.ip=/24::8.8.8.8    -- a b',
  },
  {
    name: 'cloud-hypervisor with an initrd, and with urunit',
    monitor: 'cloud-hypervisor',
    guest: { root: 'initrd', words: ['/urunit', '/app'] },
    files: { initrd: 'I' },
    machine: { memory: 512, cpus: 2 },
    line: 'cloud-hypervisor --memory size=512M --cpus boot=2 --kernel K --console off --serial tty --seccomp true --initramfs I --cmdline',
    command: 'panic=-1 console=ttyS0 root=/dev/ram0 rw URUNIT_CONFIG=/urunit.conf rdinit=/urunit -- /app',
  },
  {
    name: 'cloud-hypervisor on arm64 with the settings of urunit',
    monitor: 'cloud-hypervisor',
    guest: { root: 'block', words: ['/urunit', '/app'], architecture: 'arm64' },
    files: { block: 'B', urunit: 'U' },
    line: 'cloud-hypervisor --memory size=256M --cpus boot=1 --kernel K --console off --serial tty --seccomp true --disk path=B,id=rootfs --initramfs U --cmdline',
    command:
      'panic=-1 console=ttyAMA0 root=/dev/vda rw retain_initrd URUNIT_CONFIG=/sys/firmware/initrd init=/urunit -- /app',
  },
  {
    name: 'MirageOS on spt, whose manifest nobody has read',
    monitor: 'spt',
    guest: { type: 'mirage', words: ['a'] },
    files: { block: 'B' },
    line: 'solo5-spt --mem=256 --block:storage=B -- K',
    command: '  a',
  },
  {
    name: 'rumprun on hvt without anything',
    monitor: 'hvt',
    guest: { type: 'rumprun', words: [] },
    machine: { memory: 64 },
    line: 'solo5-hvt --mem=64 -- K',
    command: '{"cmdline":""}',
  },
  {
    name: 'cloud-hypervisor',
    monitor: 'cloud-hypervisor',
    guest: { root: 'block' },
    files: { block: 'B' },
    line: 'cloud-hypervisor --memory size=256M --cpus boot=1 --kernel K --console off --serial tty --seccomp true --disk path=B,id=rootfs --cmdline',
    command: 'panic=-1 console=ttyS0 root=/dev/vda rw init=/init -- ',
  },
  {
    name: 'MirageOS on hvt, by the names of its manifest',
    monitor: 'hvt',
    guest: { type: 'mirage', words: ['a', 'b'], solo5: { block: 'disk' } },
    files: { block: 'B' },
    line: 'solo5-hvt --mem=256 --block:disk=B -- K',
    command: '  a b',
  },
  {
    name: 'rumprun on spt, with JSON that has a key twice',
    monitor: 'spt',
    guest: {
      type: 'rumprun',
      words: ['redis', '<a>'],
      environment: ['A=1', 'B="2"'],
      root: 'block',
      blockMountPoint: '/data',
    },
    files: { block: 'B' },
    line: 'solo5-spt --mem=256 --block:rootfs=B -- K',
    command: String.raw`{"cmdline":"redis \u003ca\u003e","env":"A=1","env":"B=\"2\"","blk":{"source":"etfs","path":"/dev/ld0a","fstype":"blk","mountpoint":"/data"}}`,
  },
];

function commandOf({ monitor = 'qemu', guest, files, machine: own }: Omit<Row, 'name' | 'line' | 'command'>) {
  return monitorCommand(monitor, {
    guest: { ...plain, ...guest },
    files: { kernel: 'K', ...files },
    machine: { ...machine, ...own },
    configPath: 'C',
  });
}

describe('the command line of a monitor', () => {
  for (const row of rows) {
    it(`is urunc's: ${row.name}`, () => {
      const { program, args } = commandOf(row);
      assert.equal([program, ...args.slice(0, -1)].join(' '), row.line);
      assert.equal(args.at(-1), row.command);
    });
  }

  it('is a file of settings for firecracker', () => {
    const { program, args, config } = commandOf({
      monitor: 'firecracker',
      guest: { root: 'block', architecture: 'arm64' },
      files: { block: 'B' },
      machine: { cpus: 2 },
    });
    assert.deepEqual([program, ...args], ['firecracker', '--no-api', '--config-file', 'C']);
    assert.equal(config?.path, 'C');
    assert.deepEqual(JSON.parse(config.text), {
      'boot-source': {
        kernel_image_path: 'K',
        boot_args: 'panic=-1 console=ttyS0 root=/dev/vda rw init=/init -- ',
      },
      'machine-config': { vcpu_count: 2, mem_size_mib: 256, smt: false, track_dirty_pages: false },
      drives: [{ drive_id: 'FCrootfs', is_read_only: false, is_root_device: false, path_on_host: 'B' }],
    });
  });

  it('has the initrd of firecracker in that file, and a disk for Linux alone', () => {
    const settingsOf = (guest: Partial<Guest>, files: Partial<GuestFiles>) => {
      const { config } = commandOf({ monitor: 'firecracker', guest, files });
      const read = JSON.parse(config?.text ?? '') as { 'boot-source': object; drives: unknown[] };
      return [read['boot-source'], read.drives];
    };
    const linux = { kernel_image_path: 'K', boot_args: 'panic=-1 console=ttyS0 init=/init -- ' };
    assert.deepEqual(settingsOf({}, {}), [linux, []]);
    assert.deepEqual(settingsOf({}, { urunit: 'U' }), [{ ...linux, initrd_path: 'U' }, []]);
    assert.deepEqual(settingsOf({}, { initrd: 'I', urunit: 'U' }), [{ ...linux, initrd_path: 'I' }, []]);
    const unikraft = settingsOf({ type: 'unikraft', words: ['a'] }, { block: 'B', initrd: 'I' });
    assert.deepEqual(unikraft, [
      {
        kernel_image_path: 'K',
        boot_args: 'Unikraft   netdev.ip=/24::8.8.8.8    -- a',
        initrd_path: 'I',
      },
      [],
    ]);
  });

  it('is of a program by the monitor and the architecture', () => {
    const rows: readonly [KnownMonitor, Guest['architecture'], string][] = [
      ['qemu', 'amd64', 'qemu-system-x86_64'],
      ['qemu', 'arm64', 'qemu-system-aarch64'],
      ['firecracker', 'arm64', 'firecracker'],
      ['cloud-hypervisor', 'amd64', 'cloud-hypervisor'],
      ['hvt', 'arm64', 'solo5-hvt'],
      ['spt', 'amd64', 'solo5-spt'],
    ];
    for (const [monitor, architecture, program] of rows)
      assert.equal(monitorProgram(monitor, architecture), program);
  });

  const refused: readonly [
    name: string,
    options: Parameters<typeof commandOf>[0],
    message: string,
    hint: string,
  ][] = [
    [
      'a type that urunc runs elsewhere',
      { monitor: 'firecracker', guest: { type: 'mirage' } },
      'expected a unikernel of the type "unikraft" or "linux" for firecracker, got "mirage"',
      'urunc runs "mirage" on qemu, hvt, spt: name one of these with --monitor.',
    ],
    [
      'a type that no release runs',
      { guest: { type: 'freebsd' } },
      'expected a unikernelType that urunc runs, got "freebsd"',
      'Correct the label "com.urunc.unikernel.unikernelType", and build the image again.',
    ],
    [
      'a type that no release runs on another monitor',
      { monitor: 'hvt', guest: { type: 'templeos' } },
      'expected a unikernelType that urunc runs, got "templeos"',
      'Correct the label "com.urunc.unikernel.unikernelType", and build the image again.',
    ],
    ...[{ words: [] }, { words: [''] }, { words: [' ', 'a'] }].map(
      (guest): [string, { guest: Partial<Guest> }, string, string] => [
        `Linux without an init: ${JSON.stringify(guest.words)}`,
        { guest },
        'expected the init of a Linux guest as its first argument, got none',
        'Name it with --entrypoint or behind "--", or in ENTRYPOINT or CMD of the image.',
      ],
    ),
    [
      'ports without a network',
      { monitor: 'spt', guest: { type: 'mirage' }, machine: { ports: [web] } },
      'expected no ports with spt, which has no network of its own',
      'Forward ports with qemu.',
    ],
  ];
  for (const [name, options, message, hint] of refused) {
    it(`is refused for ${name}`, () => {
      assert.throws(() => commandOf(options), { code: 'INPUT_INVALID', message, hint });
    });
  }
});

describe('the command line of a guest', () => {
  it('is JSON for rumprun, with what HTML and JavaScript would read escaped as Go does', () => {
    const guest: Guest = {
      ...plain,
      type: 'rumprun',
      words: ['a&b', '<\u2028\u2029>', 'ü"'],
      hasNetwork: true,
    };
    assert.equal(
      guestCommand(guest, 'hvt', false),
      String.raw`{"cmdline":"a\u0026b \u003c\u2028\u2029\u003e ü\"","net":{"if":"ukvmif0","cloner":"True","type":"inet","method":"static","addr":"10.0.2.15","mask":"1","gw":"10.0.2.2"}}`,
    );
  });

  it('has the console of its machine', () => {
    const consoleOf = (monitor: KnownMonitor, architecture: Guest['architecture']) =>
      / console=(\S+) /.exec(guestCommand({ ...plain, architecture }, monitor, true))?.[1];
    assert.equal(consoleOf('qemu', 'amd64'), 'ttyS0');
    assert.equal(consoleOf('qemu', 'arm64'), 'ttyAMA0');
    assert.equal(consoleOf('firecracker', 'arm64'), 'ttyS0');
    assert.equal(consoleOf('cloud-hypervisor', 'arm64'), 'ttyAMA0');
  });
});

describe('urunit', () => {
  it('is the init of a Linux guest whose first word names it', () => {
    const rows: readonly [type: string, words: string[], starts: boolean][] = [
      ['linux', ['/urunit', 'a'], true],
      ['linux', ['/sbin/urunit-static'], true],
      ['linux', ['/init', '/urunit'], false],
      ['linux', [], false],
      ['unikraft', ['/urunit'], false],
    ];
    for (const [type, words, starts] of rows) assert.equal(startsUrunit({ type, words }), starts);
  });
});
