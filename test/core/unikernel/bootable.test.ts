// Which monitor takes which kernel: each branch by the loaders' own sources, which bootable.ts names.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bootVerdict, bootVerdicts, solo5Monitor } from '../../../src/core/unikernel/bootable.ts';
import type { BootVerdict, KnownMonitor } from '../../../src/core/unikernel/bootable.ts';
import type { BinaryFacts, LinuxFacts } from '../../../src/core/unikernel/examine-binary.ts';
import type { Solo5Facts } from '../../../src/core/unikernel/solo5.ts';

const none: BinaryFacts = {
  format: 'x',
  isGzip: false,
  hasPvh: false,
  multiboot: { hasVersion2: false },
  unread: [],
};
const amd64: BinaryFacts = { ...none, architecture: 'amd64' };
const arm64: BinaryFacts = { ...none, architecture: 'arm64' };
const linux = (form: LinuxFacts['form'], more: Partial<LinuxFacts> = {}) => ({ linux: { form, ...more } });
const multiboot = (flags: number) => ({ multiboot: { flags, hasVersion2: false } });
const solo5 = (part: Partial<Solo5Facts> = {}) => ({
  elf: 64 as const,
  solo5: { target: 'hvt', abiVersion: 2, devices: [], isFoundByTender: true, damage: [], ...part },
});

const yes = { can: 'yes' } as const;
const unknown = { can: 'unknown' } as const;
const no = (why: string) => ({ can: 'no', why }) as const;
const some = (why: string) => ({ can: 'some', why }) as const;

const gzip = no('it is packed with gzip, which none but QEMU on arm64 unpacks');
const multiboot64 = no(
  'it is a 64-bit ELF file with a Multiboot header, which QEMU takes in 32-bit files only',
);
const noNote = no('it has no note of Solo5');
const withoutPvh = no('it has no PVH note, without which cloud-hypervisor takes no ELF file');

type Case = [name: string, monitor: KnownMonitor, facts: BinaryFacts, verdict: BootVerdict];

const cases: Case[] = [
  [
    'a program',
    'qemu',
    { ...amd64, elf: 64, hasPvh: true, program: 'p' },
    no('it is a program for Linux: p'),
  ],
  ['a program', 'hvt', { ...amd64, ...solo5(), program: 'p' }, no('it is a program for Linux: p')],
  ['no known architecture', 'qemu', none, unknown],
  ['another architecture', 'firecracker', { ...none, architecture: 'riscv64', elf: 64 }, unknown],
  ['gzip', 'qemu', { ...amd64, isGzip: true }, gzip],
  ['gzip', 'firecracker', { ...amd64, isGzip: true, elf: 64 }, gzip],
  ['gzip', 'spt', { ...none, isGzip: true }, gzip],

  ['a bzImage', 'qemu', { ...amd64, ...linux('bzImage') }, yes],
  ['Multiboot in a 32-bit ELF file', 'qemu', { ...amd64, elf: 32, ...multiboot(3) }, yes],
  [
    'Multiboot with addresses in a 64-bit ELF file',
    'qemu',
    { ...amd64, elf: 64, ...multiboot(0x10003) },
    yes,
  ],
  ['Multiboot with addresses in no ELF file', 'qemu', { ...amd64, ...multiboot(0x10000) }, yes],
  [
    'Multiboot without addresses in a 64-bit ELF file',
    'qemu',
    { ...amd64, elf: 64, ...multiboot(0xffff) },
    multiboot64,
  ],
  ['that beside a PVH note', 'qemu', { ...amd64, elf: 64, hasPvh: true, ...multiboot(0) }, multiboot64],
  [
    'Multiboot without addresses in no ELF file',
    'qemu',
    { ...amd64, ...multiboot(0) },
    no('it is no ELF file, and no bzImage'),
  ],
  ['a PVH note in a 64-bit ELF file', 'qemu', { ...amd64, elf: 64, hasPvh: true }, yes],
  ['a PVH note in a 32-bit ELF file', 'qemu', { ...amd64, elf: 32, hasPvh: true }, yes],
  [
    'a PVH note without an ELF file',
    'qemu',
    { ...amd64, hasPvh: true },
    no('it is no ELF file, and no bzImage'),
  ],
  [
    'a bare ELF file',
    'qemu',
    { ...amd64, elf: 64 },
    no('it is an ELF file without a PVH note or a Multiboot header, and no bzImage'),
  ],
  ['an Image', 'qemu', { ...amd64, ...linux('Image') }, no('it is no ELF file, and no bzImage')],

  ['a 64-bit ELF file', 'firecracker', { ...amd64, elf: 64 }, yes],
  [
    'a 32-bit ELF file',
    'firecracker',
    { ...amd64, elf: 32 },
    no('it is a 32-bit ELF file, and firecracker takes 64-bit ones only'),
  ],
  [
    'a 32-bit ELF file with Multiboot',
    'firecracker',
    { ...amd64, elf: 32, ...multiboot(0) },
    no('it is a 32-bit ELF file, built for Multiboot, and firecracker takes 64-bit ones only'),
  ],
  ['nothing', 'firecracker', amd64, no('it is neither an ELF file nor a bzImage')],
  ['an Image', 'firecracker', { ...amd64, ...linux('Image') }, no('it is neither an ELF file nor a bzImage')],
  [
    'a bzImage',
    'firecracker',
    { ...amd64, ...linux('bzImage', { hasEntry64: true }) },
    some('it is a bzImage, which only releases of firecracker since 2026 take'),
  ],
  [
    'a bzImage for 32 bits',
    'firecracker',
    { ...amd64, ...linux('bzImage', { hasEntry64: false }) },
    no('it is a bzImage without a 64-bit entry'),
  ],
  [
    'an old bzImage',
    'firecracker',
    { ...amd64, ...linux('bzImage') },
    no('it is a bzImage without a 64-bit entry'),
  ],

  ['a PVH note', 'cloud-hypervisor', { ...amd64, elf: 64, hasPvh: true }, yes],
  ['an ELF file', 'cloud-hypervisor', { ...amd64, elf: 64 }, withoutPvh],
  ['an ELF file of Linux', 'cloud-hypervisor', { ...amd64, elf: 64, ...linux('bzImage') }, withoutPvh],
  ['a bzImage', 'cloud-hypervisor', { ...amd64, ...linux('bzImage') }, yes],
  [
    'an Image',
    'cloud-hypervisor',
    { ...amd64, ...linux('Image') },
    no('it is neither an ELF file with a PVH note nor a bzImage'),
  ],
  ['nothing', 'cloud-hypervisor', amd64, no('it is neither an ELF file with a PVH note nor a bzImage')],

  ['an Image on arm64', 'qemu', { ...arm64, ...linux('Image') }, yes],
  ['an Image on arm64', 'firecracker', { ...arm64, ...linux('Image') }, yes],
  ['an Image on arm64', 'cloud-hypervisor', { ...arm64, ...linux('Image') }, yes],
  ['gzip on arm64', 'qemu', { ...arm64, isGzip: true }, yes],
  ['an Image in gzip on arm64', 'qemu', { ...arm64, isGzip: true, ...linux('Image') }, yes],
  ['a zboot in gzip on arm64', 'qemu', { ...arm64, isGzip: true, ...linux('zboot') }, yes],
  [
    'an Image in gzip on arm64',
    'firecracker',
    { ...arm64, isGzip: true, ...linux('Image') },
    no('it is a packed Image, and firecracker takes none but a bare one'),
  ],
  [
    'a zboot on arm64',
    'cloud-hypervisor',
    { ...arm64, ...linux('zboot', { packing: 'gzip' }) },
    no('it is a packed Image, and cloud-hypervisor takes none but a bare one'),
  ],
  ['an ELF file on arm64', 'qemu', { ...arm64, elf: 64 }, yes],
  [
    'an ELF file on arm64',
    'firecracker',
    { ...arm64, elf: 64 },
    no('it is no Image of Linux, and firecracker takes nothing else on arm64'),
  ],
  ['nothing on arm64', 'qemu', arm64, no('it is neither an ELF file nor an Image of Linux')],
  [
    'a bzImage on arm64',
    'qemu',
    { ...arm64, ...linux('bzImage') },
    no('it is neither an ELF file nor an Image of Linux'),
  ],
  ['zboot with gzip', 'qemu', { ...arm64, ...linux('zboot', { packing: 'gzip' }) }, yes],
  [
    'zboot with zstd',
    'qemu',
    { ...arm64, ...linux('zboot', { packing: 'zstd22' }) },
    some('it is a zboot image packed with zstd22, which QEMU unpacks since 11.0'),
  ],
  [
    'zboot with lzma',
    'qemu',
    { ...arm64, ...linux('zboot', { packing: 'lzma' }) },
    no('it is a zboot image packed with lzma, and QEMU unpacks gzip and zstd alone'),
  ],
  [
    'zboot of an unknown kind',
    'qemu',
    { ...arm64, ...linux('zboot') },
    no('it is a zboot image packed with an unknown method, and QEMU unpacks gzip and zstd alone'),
  ],

  ['hvt', 'hvt', { ...amd64, ...solo5() }, yes],
  ['spt', 'spt', { ...amd64, ...solo5({ target: 'spt' }) }, yes],
  ['hvt on arm64', 'hvt', { ...arm64, ...solo5() }, yes],
  ['another target', 'spt', { ...amd64, ...solo5() }, no("it is linked for Solo5's hvt")],
  [
    'virtio',
    'hvt',
    { ...amd64, ...solo5({ target: 'virtio' }) },
    no("it is linked for Solo5's virtio, which qemu runs"),
  ],
  ['an unknown file', 'hvt', none, unknown],
  ['no note', 'hvt', amd64, noNote],
  [
    'a damaged ABI note',
    'hvt',
    { ...amd64, elf: 64, solo5: { isFoundByTender: true, damage: [] } },
    no("Solo5's ABI note can't be read"),
  ],
  ['32 bits', 'hvt', { ...amd64, ...solo5(), elf: 32 }, no('a tender takes 64-bit ELF files only')],
  [
    'a damaged manifest',
    'hvt',
    {
      ...amd64,
      elf: 64,
      solo5: { target: 'hvt', abiVersion: 2, isFoundByTender: true, damage: [] },
    },
    no("Solo5's manifest can't be read"),
  ],
  [
    'hidden notes',
    'hvt',
    { ...amd64, ...solo5({ isFoundByTender: false }) },
    no("Solo5's two notes share a PT_NOTE segment, of which a tender reads the first alone"),
  ],
  [
    'ABI 1',
    'hvt',
    { ...amd64, ...solo5({ abiVersion: 1 }) },
    some('its ABI version 1 needs a tender of Solo5 before 0.8'),
  ],
  ['ABI 3', 'hvt', { ...amd64, ...solo5({ abiVersion: 3 }) }, no('no tender is known for its ABI version 3')],
  [
    'no ABI version',
    'hvt',
    {
      ...amd64,
      elf: 64,
      solo5: { target: 'hvt', devices: [], isFoundByTender: true, damage: [] },
    },
    no('no tender is known for its ABI version that is missing'),
  ],
  [
    'hvt under a virtual machine',
    'qemu',
    { ...amd64, ...solo5(), hasPvh: true },
    no("it is linked for Solo5's hvt"),
  ],
  ['virtio', 'qemu', { ...amd64, ...solo5({ target: 'virtio' }), hasPvh: true }, yes],
  [
    'virtio',
    'firecracker',
    { ...amd64, ...solo5({ target: 'virtio' }) },
    no("it is linked for Solo5's virtio, which qemu runs"),
  ],
  [
    'muen',
    'qemu',
    { ...amd64, ...solo5({ target: 'muen' }), hasPvh: true },
    no("it is linked for Solo5's muen"),
  ],
  [
    'a Solo5 of no known target',
    'firecracker',
    { ...amd64, elf: 64, solo5: { isFoundByTender: false, damage: [] } },
    yes,
  ],
];

describe('bootVerdict', () => {
  for (const [name, monitor, facts, verdict] of cases) {
    it(`of ${monitor} on ${name}`, () => {
      assert.deepEqual(bootVerdict(facts, monitor), verdict);
    });
  }

  it('is given for each monitor, in one order', () => {
    assert.deepEqual(bootVerdicts({ ...amd64, elf: 64, hasPvh: true }), [
      { monitor: 'qemu', verdict: yes },
      { monitor: 'firecracker', verdict: yes },
      { monitor: 'cloud-hypervisor', verdict: yes },
      { monitor: 'hvt', verdict: noNote },
      { monitor: 'spt', verdict: noNote },
    ]);
  });

  it('names Solo5’s targets', () => {
    assert.equal(solo5Monitor('virtio'), "Solo5's virtio, which qemu runs");
    assert.equal(solo5Monitor('spt'), "Solo5's spt");
  });
});
