import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Position } from '../../../src/core/errors.ts';
import { bootRules, checkBoot, withVersion } from '../../../src/core/unikernel/boot-checks.ts';
import { isBefore } from '../../../src/core/unikernel/boot-rule.ts';
import type { BootInput } from '../../../src/core/unikernel/boot-rule.ts';
import type { DiskContent } from '../../../src/core/unikernel/disk-content.ts';
import type { BinaryFacts } from '../../../src/core/unikernel/examine-binary.ts';
import type { Solo5Device } from '../../../src/core/unikernel/solo5.ts';

const elf64: BinaryFacts = {
  format: 'ELF64 x86-64',
  architecture: 'amd64',
  elf: 64,
  isGzip: false,
  hasPvh: false,
  multiboot: { hasVersion2: false },
  unread: [],
};
const pvh = { ...elf64, hasPvh: true };
const elf32: BinaryFacts = { ...elf64, elf: 32, multiboot: { flags: 0, hasVersion2: false } };
const bzImage: BinaryFacts = {
  format: 'Linux bzImage x86',
  architecture: 'amd64',
  isGzip: false,
  hasPvh: false,
  multiboot: { hasVersion2: false },
  linux: { form: 'bzImage', version: '6.1.0', hasEntry64: true, longestCommandLine: 255 },
  unread: [],
};

function zboot(packing: string): BinaryFacts {
  const linux = { form: 'zboot', packing } as const;
  return { ...bzImage, format: 'PE AArch64', architecture: 'arm64', linux };
}

function solo5(target: string, devices: readonly Solo5Device[] = [], abiVersion = 2): BinaryFacts {
  return { ...elf64, solo5: { target, abiVersion, devices, isFoundByTender: true, damage: [] } };
}

const net = (name: string): Solo5Device => ({ type: 'net', name });
const block = (name: string): Solo5Device => ({ type: 'block', name });
const unikraft = (version: string): BinaryFacts => ({ ...pvh, unikraft: { version, libraries: [] } });
const disk = (kind: DiskContent['kind'], name: string, size = 1024) => ({ content: { kind, name }, size });

type Given = Omit<Partial<BootInput>, 'labels'> & { readonly labels: Readonly<Record<string, string>> };

/** The labels are on the lines 1, 2, … by their order. */
function check({ labels, ...files }: Given) {
  const pairs = Object.entries(labels).map(([name, value], index) => ({
    key: `com.urunc.unikernel.${name}`,
    value,
    position: { file: 'Containerfile', line: index + 1, column: 7 } satisfies Position,
  }));
  const { errors, warnings } = checkBoot({
    words: [],
    environment: [],
    provides: () => true,
    ...files,
    labels: withVersion(pairs),
  });
  return [...errors, ...warnings];
}

const mirage = { unikernelType: 'mirage', hypervisor: 'hvt', binary: '/app' };
const rumprun = { ...mirage, unikernelType: 'rumprun' };
const kraft = { unikernelType: 'unikraft', hypervisor: 'qemu', binary: '/app' };
const linux = { unikernelType: 'linux', hypervisor: 'qemu', binary: '/app' };

type Case = [rule: string, line: number, message: RegExp, wrong: Given, right: Given];

const cases: Case[] = [
  [
    'network-device-name',
    4,
    /^will not boot: expected the network device "eth" in the Solo5 manifest, got "up"$/,
    { labels: { ...mirage, solo5NetDev: 'eth' }, binary: solo5('hvt', [net('up')]) },
    { labels: { ...mirage, solo5NetDev: 'up' }, binary: solo5('hvt', [net('up')]) },
  ],
  [
    'network-device-name',
    3,
    /"service" in the Solo5 manifest, got "up"$/,
    { labels: mirage, binary: solo5('hvt', [net('up')]) },
    { labels: mirage, binary: solo5('hvt', [net('service')]) },
  ],
  [
    'network-device-name',
    3,
    /^will not boot: .*"tap".*got "up"$/,
    { labels: { ...rumprun, solo5NetDev: 'up' }, binary: solo5('hvt', [net('up')]) },
    { labels: rumprun, binary: solo5('hvt', [net('tap')]) },
  ],
  [
    'block-device-name',
    5,
    /^will not boot: .*"disk".*got "storage"$/,
    { labels: { ...mirage, block: '/d', solo5BlkDev: 'disk' }, binary: solo5('hvt', [block('storage')]) },
    { labels: { ...mirage, block: '/d' }, binary: solo5('hvt', [block('storage')]) },
  ],
  [
    'several-network-devices',
    3,
    /^will not boot: expected one network device .*, got "a", "b"$/,
    { labels: mirage, binary: solo5('hvt', [net('a'), net('b')]) },
    { labels: mirage, binary: solo5('hvt', [net('service')]) },
  ],
  [
    'several-block-devices',
    3,
    /^will not boot: expected one block device .*, got "a", "b"$/,
    { labels: { ...mirage, block: '/d' }, binary: solo5('hvt', [block('a'), block('b')]) },
    { labels: { ...mirage, block: '/d' }, binary: solo5('hvt', [block('storage')]) },
  ],
  [
    'block-not-attached',
    3,
    /^expected "com.urunc.unikernel.block" for the block device "storage"/,
    { labels: mirage, binary: solo5('hvt', [block('storage')]) },
    { labels: { ...mirage, block: '/d' }, binary: solo5('hvt', [block('storage')]) },
  ],
  [
    'solo5-target',
    2,
    /^will not boot: .*Solo5's spt, got "hvt"$/,
    { labels: mirage, binary: solo5('spt') },
    { labels: mirage, binary: solo5('hvt') },
  ],
  [
    'solo5-target',
    2,
    /^will not boot: .*Solo5's virtio, which qemu runs, got "hvt"$/,
    { labels: mirage, binary: solo5('virtio') },
    {
      labels: { ...mirage, hypervisor: 'qemu' },
      binary: { ...solo5('virtio'), multiboot: elf32.multiboot, elf: 32 },
    },
  ],
  [
    'solo5-target',
    2,
    /^will not boot: .*Solo5's hvt, got "qemu"$/,
    { labels: { ...mirage, hypervisor: 'qemu' }, binary: solo5('hvt') },
    { labels: { ...mirage, hypervisor: 'spt' }, binary: solo5('spt') },
  ],
  [
    'solo5-target',
    2,
    /^will not boot: .*Solo5's muen, got "spt"$/,
    { labels: { ...mirage, hypervisor: 'spt' }, binary: solo5('muen') },
    { labels: { ...mirage, hypervisor: 'spt' }, binary: solo5('spt') },
  ],
  [
    'tender-refuses',
    2,
    /^will not boot: .*it has no note of Solo5$/,
    { labels: mirage, binary: elf64 },
    { labels: mirage, binary: solo5('hvt') },
  ],
  [
    'old-abi',
    2,
    /^expected the ABI version 2 of Solo5 0.8 and later in "\/app", got 1$/,
    { labels: mirage, binary: solo5('hvt', [], 1) },
    { labels: mirage, binary: solo5('hvt', [], 2) },
  ],
  [
    'linux-program',
    3,
    /^will not boot: expected a unikernel in "\/app", got a program for Linux/,
    { labels: linux, binary: { ...pvh, program: 'it asks for the interpreter "/lib64/ld.so"' } },
    { labels: linux, binary: pvh },
  ],
  [
    'monitor-refuses',
    2,
    /^will not boot: .*32-bit ELF file, built for Multiboot/,
    { labels: { ...kraft, hypervisor: 'firecracker' }, binary: elf32 },
    { labels: kraft, binary: elf32 },
  ],
  [
    'monitor-refuses',
    2,
    /^will not boot: .*without a PVH note/,
    { labels: kraft, binary: elf64 },
    { labels: { ...kraft, hypervisor: 'firecracker' }, binary: elf64 },
  ],
  [
    'monitor-refuses',
    2,
    /^will not boot: .*no PVH note/,
    { labels: { ...linux, hypervisor: 'cloud-hypervisor' }, binary: elf64 },
    { labels: { ...linux, hypervisor: 'cloud-hypervisor' }, binary: pvh },
  ],
  [
    'newer-monitor',
    2,
    /^"\/app" may not boot: it is a bzImage, which only releases of firecracker since 2026 take$/,
    { labels: { ...linux, hypervisor: 'firecracker' }, binary: bzImage },
    { labels: linux, binary: bzImage },
  ],
  [
    'newer-monitor',
    2,
    /^"\/app" may not boot: it is a zboot image packed with zstd22, which QEMU unpacks since 11.0$/,
    { labels: linux, binary: zboot('zstd22') },
    { labels: linux, binary: zboot('gzip') },
  ],
  [
    'monitor-refuses',
    2,
    /^will not boot: .*packed with xzkern, and QEMU unpacks gzip and zstd alone$/,
    { labels: linux, binary: zboot('xzkern') },
    { labels: linux, binary: zboot('gzip') },
  ],
  [
    'monitor-refuses',
    2,
    /^will not boot: .*it is packed with gzip, which none but QEMU on arm64 unpacks$/,
    { labels: kraft, binary: { ...pvh, isGzip: true } },
    { labels: kraft, binary: { ...pvh, isGzip: true, architecture: 'arm64' } },
  ],
  [
    'type-contradicted',
    1,
    /^will not boot: expected the unikernelType "unikraft" or "mirage" for "\/app".*got "linux"$/,
    { labels: linux, binary: unikraft('0.17.0') },
    { labels: kraft, binary: unikraft('0.17.0') },
  ],
  [
    'unikraft-version-side',
    4,
    /^will not boot: expected the version "0.17.0" .*got "0.16.0"$/,
    { labels: { ...kraft, unikernelVersion: '0.16.0' }, binary: unikraft('0.17.0') },
    { labels: { ...kraft, unikernelVersion: '0.17.0' }, binary: unikraft('0.17.0') },
  ],
  [
    'unikraft-version',
    4,
    /^expected the version "0.17.0" .*got "0.16.1"$/,
    { labels: { ...kraft, version: '0.16.1' }, binary: unikraft('0.17.0') },
    { labels: { ...kraft, version: '0.17.0' }, binary: unikraft('0.17.0') },
  ],
  [
    'initrd-content',
    4,
    /^will not boot: expected a bare cpio archive in "\/i", got data compressed with gzip$/,
    { labels: { ...kraft, initrd: '/i' }, initrd: disk('compressed', 'gzip') },
    { labels: { ...linux, initrd: '/i' }, initrd: disk('compressed', 'gzip') },
  ],
  [
    'initrd-content',
    4,
    /^will not boot: .*got EROFS$/,
    { labels: { ...kraft, initrd: '/i' }, initrd: disk('file system', 'EROFS') },
    { labels: { ...kraft, initrd: '/i' }, initrd: disk('cpio', 'cpio newc') },
  ],
  [
    'initrd-length',
    4,
    /^expected a length that is a multiple of 4 .*got 1023 bytes$/,
    { labels: { ...linux, initrd: '/i' }, initrd: disk('compressed', 'gzip', 1023) },
    { labels: { ...linux, initrd: '/i' }, initrd: disk('compressed', 'gzip', 1024) },
  ],
  [
    'block-qcow2',
    4,
    /^will not boot: expected a raw disk in "\/d", got a qcow2 image$/,
    { labels: { ...kraft, block: '/d' }, block: disk('disk', 'qcow2') },
    { labels: { ...kraft, block: '/d' }, block: disk('disk', 'MBR') },
  ],
  [
    'block-for-rumprun',
    4,
    /^will not boot: expected ext2 in "\/d", got ext4$/,
    { labels: { ...rumprun, block: '/d' }, block: disk('file system', 'ext4') },
    { labels: { ...rumprun, block: '/d' }, block: disk('file system', 'ext2') },
  ],
  [
    'block-unknown',
    4,
    /^expected a file system in "\/d", got content that is not known$/,
    { labels: { ...linux, block: '/d' }, block: disk('unknown', 'none that is known') },
    { labels: { ...linux, block: '/d' }, block: disk('file system', 'ext4') },
  ],
  [
    'urunit-kernel',
    3,
    /^expected Linux 6.8 or later for urunit, got "6.1.0"/,
    { labels: linux, binary: bzImage, words: ['/urunit', '/app'] },
    { labels: linux, binary: bzImage, words: ['/app'] },
  ],
  [
    'init-path',
    4,
    /^expected an absolute path .*got "sh"$/,
    { labels: { ...linux, cmdline: 'sh' }, words: ['sh'] },
    { labels: { ...linux, cmdline: '/bin/sh' }, words: ['/bin/sh'] },
  ],
  [
    'init-path',
    4,
    /^expected the init "\/gone" in the image/,
    { labels: { ...linux, cmdline: '/gone' }, words: ['/gone'], provides: () => false },
    { labels: { ...linux, cmdline: '/gone', initrd: '/i' }, words: ['/gone'], provides: () => false },
  ],
  [
    'long-command-line',
    4,
    /^expected at most 255 bytes of arguments and environment for the kernel, got 258$/,
    {
      labels: { ...linux, cmdline: '' },
      binary: bzImage,
      words: ['/a'],
      environment: [`A=${'x'.repeat(252)}`],
    },
    {
      labels: { ...linux, cmdline: '' },
      binary: bzImage,
      words: ['/a'],
      environment: [`A=${'x'.repeat(249)}`],
    },
  ],
  [
    'rootfs-on-firecracker',
    4,
    /on firecracker needs containerd's snapshotter/,
    { labels: { ...linux, hypervisor: 'firecracker', mountRootfs: 'true' } },
    { labels: { ...linux, mountRootfs: 'true' } },
  ],
];

describe('checkBoot', () => {
  for (const [rule, line, message, wrong, right] of cases) {
    it(`finds ${rule}: ${message.source}`, () => {
      const problems = check(wrong);
      assert.equal(problems.length, 1, JSON.stringify(problems));
      assert.match(problems[0]?.message ?? '', message);
      assert.equal(problems[0]?.position?.line, line);
      assert.deepEqual(check(right), []);
    });
  }

  it('has a case for each rule', () => {
    const tested = new Set(cases.map(([rule]) => rule));
    assert.deepEqual(
      bootRules.filter(({ name }) => !tested.has(name)),
      [],
    );
  });

  it('fails a build exactly where the guest can’t read its root file system', () => {
    const fatal = bootRules.filter(({ isFatal }) => isFatal === true);
    assert.deepEqual(
      fatal.map(({ name }) => name),
      ['initrd-content', 'block-qcow2', 'block-for-rumprun'],
    );
    assert.ok(fatal.every(({ level }) => level === 'error'));
    const unreadable = { content: { kind: 'disk', name: 'qcow2' }, size: 512 } as const;
    const { errors, warnings } = checkBoot({
      words: [],
      environment: [],
      provides: () => true,
      labels: [{ key: 'com.urunc.unikernel.block', value: '/b' }],
      block: unreadable,
    });
    assert.equal(errors.length, 1);
    assert.deepEqual(warnings, []);
  });

  it('begins with "will not boot" exactly where the monitor refuses', () => {
    const levels = new Map(bootRules.map(({ name, level }) => [name, level]));
    for (const [rule, , , wrong] of cases)
      assert.equal(
        check(wrong)[0]?.message.startsWith('will not boot: '),
        levels.get(rule) === 'error',
        rule,
      );
  });

  const code = 'BINARY_INVALID';
  const at = (line: number): Position => ({ file: 'Containerfile', line, column: 7 });
  const hints: readonly (readonly [name: string, given: Given, hint: string, line: number])[] = [
    [
      'a device that no label names',
      { labels: mirage, binary: solo5('hvt', [net('up')]) },
      'Name a device of the manifest in "com.urunc.unikernel.solo5NetDev", or remove the label.',
      3,
    ],
    [
      'a device of rumprun',
      { labels: { ...rumprun, solo5NetDev: 'up' }, binary: solo5('hvt', [net('up')]) },
      'Link it with the devices "tap" and "rootfs": urunc has these names for rumprun alone.',
      3,
    ],
    [
      'a target of a tender',
      { labels: mirage, binary: solo5('spt') },
      'Write "spt", or build the unikernel for another target.',
      2,
    ],
    [
      'the other target of a tender',
      { labels: { ...mirage, hypervisor: 'spt' }, binary: solo5('hvt') },
      'Write "hvt", or build the unikernel for another target.',
      2,
    ],
    [
      'virtio',
      { labels: mirage, binary: solo5('virtio') },
      'Write "qemu", or build the unikernel for another target.',
      2,
    ],
    [
      'a target that urunc doesn’t have',
      { labels: mirage, binary: solo5('muen') },
      'Build the unikernel for hvt, spt or virtio: urunc has no other monitor for Solo5.',
      2,
    ],
    [
      'no note under spt',
      { labels: { ...mirage, hypervisor: 'spt' }, binary: elf64 },
      'Correct the hypervisor, or link the unikernel with the Solo5 of that target.',
      2,
    ],
    [
      'an old ABI under spt',
      { labels: { ...mirage, hypervisor: 'spt' }, binary: solo5('spt', [], 1) },
      'Run it with a tender of Solo5 before 0.8, or build it with a newer Solo5.',
      2,
    ],
    [
      'a block device of spt without a disk',
      { labels: { ...mirage, hypervisor: 'spt' }, binary: solo5('spt', [block('storage')]) },
      "Name a disk in it, or have the container's rootfs attached: the tender starts nothing without its devices.",
      3,
    ],
    [
      'a label for a device that there is not',
      { labels: { ...mirage, solo5NetDev: 'up' }, binary: solo5('hvt') },
      'Name a device of the manifest in "com.urunc.unikernel.solo5NetDev", or remove the label.',
      4,
    ],
  ];
  for (const [name, given, hint, line] of hints) {
    it(`says what to do about ${name}`, () => {
      const [problem, ...others] = check(given);
      assert.deepEqual([problem?.code, problem?.hint, problem?.position], [code, hint, at(line)]);
      assert.deepEqual(others, []);
    });
  }

  const silent: readonly (readonly [name: string, given: Given])[] = [
    [
      'a device of rumprun that has a label and is not there',
      { labels: { ...rumprun, solo5NetDev: 'x' }, binary: solo5('hvt') },
    ],
    [
      'a block device that the rootfs becomes',
      { labels: { ...mirage, mountRootfs: 'true' }, binary: solo5('hvt', [block('storage')]) },
    ],
    [
      'a block device under a virtual machine',
      {
        labels: { ...mirage, hypervisor: 'qemu' },
        binary: { ...solo5('virtio', [block('storage')]), hasPvh: true },
      },
    ],
    [
      'devices of another type',
      {
        labels: { ...kraft, hypervisor: 'hvt' },
        binary: { ...solo5('hvt', [net('x')]), unikraft: { libraries: [] } },
      },
    ],
    [
      'a type that nobody says',
      { labels: { hypervisor: 'qemu', binary: '/app' }, binary: unikraft('0.17.0') },
    ],
    ['a binary that was not looked at', { labels: { ...mirage } }],
    [
      'a version of a Unikraft that tells none',
      { labels: { ...kraft, version: '1' }, binary: { ...pvh, unikraft: { libraries: [] } } },
    ],
    ['no version in a label', { labels: kraft, binary: unikraft('0.17.0') }],
    ['a version with its sign', { labels: { ...kraft, version: 'v0.17.0' }, binary: unikraft('0.17.0') }],
    [
      'a version of another type',
      { labels: { ...mirage, version: '1', hypervisor: 'qemu' }, binary: unikraft('0.17.0') },
    ],
    [
      'a file system in the initrd of Linux',
      { labels: { ...linux, initrd: '/i' }, initrd: disk('file system', 'squashfs') },
    ],
    [
      'anything in the initrd of another type',
      { labels: { ...mirage, initrd: '/i' }, initrd: disk('disk', 'MBR') },
    ],
    [
      'an odd length for Unikraft',
      { labels: { ...kraft, initrd: '/i' }, initrd: disk('cpio', 'cpio newc', 1023) },
    ],
    [
      'an odd length of what is not compressed',
      { labels: { ...linux, initrd: '/i' }, initrd: disk('cpio', 'cpio newc', 1023) },
    ],
    [
      'an init in a block device',
      { labels: { ...linux, block: '/d' }, words: ['/gone'], provides: () => false },
    ],
    ['many words for another type', { labels: kraft, binary: pvh, words: ['x'.repeat(5000)] }],
    [
      'many words for urunit',
      {
        labels: linux,
        binary: { ...bzImage, linux: { form: 'bzImage', version: '6.8' } },
        words: ['/urunit', 'x'.repeat(5000)],
      },
    ],
    ['no words', { labels: linux, binary: bzImage }],
    [
      'an unknown version beside urunit',
      { labels: linux, binary: { ...bzImage, linux: { form: 'bzImage' } }, words: ['/urunit'] },
    ],
    [
      'a monitor that nobody knows',
      { labels: { ...kraft, hypervisor: 'hyperlight-unikraft' }, binary: elf64 },
    ],
  ];
  for (const [name, given] of silent) {
    it(`says nothing of ${name}`, () => {
      assert.deepEqual(check(given), []);
    });
  }

  it('says what there is in place of the devices and of the disk', () => {
    const message = (given: Given) => check(given)[0]?.message;
    assert.equal(
      message({ labels: { ...mirage, solo5NetDev: 'x' }, binary: solo5('hvt') }),
      'will not boot: expected the network device "x" in the Solo5 manifest, got none',
    );
    for (const [kind, name, got] of [
      ['compressed', 'gzip', 'data compressed with gzip'],
      ['unknown', 'an old cpio archive', 'an old cpio archive'],
      ['unknown', 'none that is known', 'content that is not known'],
      ['cpio', 'cpio newc', 'cpio newc'],
    ] as const)
      assert.equal(
        message({ labels: { ...linux, block: '/d' }, block: disk(kind, name) }),
        `expected a file system in "/d", got ${got}`,
      );
    assert.equal(
      message({ labels: { ...linux, initrd: '/i' }, initrd: disk('disk', 'none') }),
      'will not boot: expected a cpio archive in "/i", got none',
    );
    for (const [binary, type] of [
      [{ ...pvh, hermit: {} }, '"hermit" for "/app", which has notes of Hermit'],
      [bzImage, '"linux" for "/app", which has Linux 6.1.0 in it'],
      [{ ...solo5('virtio'), hasPvh: true }, '"mirage" or "rumprun" for "/app", which has notes of Solo5'],
    ] as const)
      assert.equal(
        message({ labels: { ...linux, unikernelType: 'mewz' }, binary }),
        `will not boot: expected the unikernelType ${type}, got "mewz"`,
      );
  });

  it('counts 2047 bytes for a kernel that tells no number', () => {
    const given = (length: number): Given => ({
      labels: linux,
      binary: pvh,
      words: [`/${'x'.repeat(length)}`],
    });
    assert.deepEqual(check(given(2045)), []);
    assert.match(check(given(2046))[0]?.message ?? '', /^expected at most 2047 bytes .*, got 2048$/);
  });

  it('blames the start of the file, or nothing, where the label is not there', () => {
    const start = at(1);
    const input: BootInput = {
      labels: [{ key: 'com.urunc.unikernel.unikernelType', value: 'linux' }],
      words: ['sh'],
      environment: [],
      provides: () => true,
    };
    assert.deepEqual(
      checkBoot(input, start).warnings.map(({ position }) => position),
      [start],
    );
    assert.ok(checkBoot(input).warnings.every((problem) => !('position' in problem)));
  });

  it('copies the version to the name that urunc reads, where that is free', () => {
    const version = { key: 'com.urunc.unikernel.version', value: '1', position: at(1) };
    const own = { key: 'com.urunc.unikernel.unikernelVersion', value: '2' };
    assert.deepEqual(withVersion([version]), [version, { ...version, key: own.key }]);
    assert.deepEqual(withVersion([version, own]), [version, own]);
    assert.deepEqual(withVersion([own]), [own]);
    assert.deepEqual(withVersion([]), []);
  });
});

describe('isBefore', () => {
  const rows: readonly (readonly [version: string, limit: readonly number[], is: boolean])[] = [
    ['6.7', [6, 8], true],
    ['6.8', [6, 8], false],
    ['6.8.1', [6, 8], false],
    ['6', [6, 8], true],
    ['7', [6, 8], false],
    ['5.99', [6, 8], true],
    ['0.16.0', [0, 16, 1], true],
    ['0.16.1', [0, 16, 1], false],
    ['0.16', [0, 16], false],
    ['10.1', [9], false],
    ['6.10-rc1', [6, 9], false],
    ['x6.9', [6, 8], true],
    ['', [0, 1], true],
    ['', [0], false],
  ];
  for (const [version, limit, is] of rows) {
    it(`is ${String(is)} for "${version}" and ${limit.join('.')}`, () => {
      assert.equal(isBefore(version, limit), is);
    });
  }
});
