import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { agrees, detectPlatform, headSize } from '../../../src/core/unikernel/binary.ts';
import { unlessInstalled } from '../../support/tools.ts';
import type { ToolName } from '../../support/tools.ts';
import { big, elf, image, little, multiboot, overlay, pe } from '../../support/headers.ts';

const arm64Image = image(64, { 56: 'ARM\x64' });
const x86Boot = image(0x400, { 0x1fe: [0x55, 0xaa], 0x202: 'HdrS', 0x206: [0x0c, 0x02] });

function summary(head: Uint8Array): [format: string, ...platforms: string[]] {
  const detection = detectPlatform(head);
  if (detection.platform === undefined) return [detection.format];
  const platforms = [detection.platform, ...detection.alternatives];
  return [detection.format, ...platforms.map(({ os, architecture }) => `${os}/${architecture}`)];
}

describe('detectPlatform', () => {
  const known: [name: string, head: Uint8Array, ...expected: [format: string, ...string[]]][] = [
    ['ELF x86-64', elf(64, 'little', 62), 'ELF64 x86-64', 'linux/amd64'],
    ['ELF x32', elf(32, 'little', 62), 'ELF32 x86-64', 'linux/amd64'],
    // The header of Unikraft's 64-bit kernels.
    ['ELF 386', elf(32, 'little', 3), 'ELF32 Intel 80386', 'linux/amd64', 'linux/386'],
    ['ELF AArch64', elf(64, 'little', 183), 'ELF64 AArch64', 'linux/arm64'],
    ['ELF AArch64 BE', elf(64, 'big', 183), 'ELF64 AArch64, big-endian', 'linux/arm64be'],
    ['ELF ARM', elf(32, 'little', 40), 'ELF32 ARM', 'linux/arm'],
    ['ELF ARM BE', elf(32, 'big', 40), 'ELF32 ARM, big-endian', 'linux/armbe'],
    ['ELF RISC-V 64', elf(64, 'little', 243), 'ELF64 RISC-V', 'linux/riscv64'],
    ['ELF RISC-V 32', elf(32, 'little', 243), 'ELF32 RISC-V', 'linux/riscv'],
    ['ELF MIPS 32 LE', elf(32, 'little', 8), 'ELF32 MIPS', 'linux/mipsle', 'linux/mips64le'],
    ['ELF MIPS 32 BE', elf(32, 'big', 8), 'ELF32 MIPS, big-endian', 'linux/mips', 'linux/mips64'],
    ['ELF MIPS 64 LE', elf(64, 'little', 8), 'ELF64 MIPS', 'linux/mips64le'],
    ['ELF MIPS 64 BE', elf(64, 'big', 8), 'ELF64 MIPS, big-endian', 'linux/mips64'],
    [
      'ELF PowerPC',
      elf(32, 'big', 20),
      'ELF32 PowerPC, big-endian',
      'linux/ppc',
      'linux/ppc64',
      'linux/ppc64le',
    ],
    ['ELF PowerPC64 BE', elf(64, 'big', 21), 'ELF64 PowerPC64, big-endian', 'linux/ppc64'],
    ['ELF PowerPC64 LE', elf(64, 'little', 21), 'ELF64 PowerPC64', 'linux/ppc64le'],
    ['ELF s390x', elf(64, 'big', 22), 'ELF64 IBM S/390, big-endian', 'linux/s390x'],
    ['ELF s390', elf(32, 'big', 22), 'ELF32 IBM S/390, big-endian', 'linux/s390'],
    ['ELF SPARC', elf(32, 'big', 2), 'ELF32 SPARC, big-endian', 'linux/sparc'],
    ['ELF SPARC V9', elf(64, 'big', 43), 'ELF64 SPARC V9, big-endian', 'linux/sparc64'],
    ['ELF LoongArch', elf(64, 'little', 258), 'ELF64 LoongArch', 'linux/loong64'],
    ['PE x86-64', pe(0x8664), 'PE x86-64', 'linux/amd64'],
    ['PE AArch64', pe(0xaa64), 'PE AArch64', 'linux/arm64'],
    ['PE i386', pe(0x14c), 'PE i386', 'linux/386', 'linux/amd64'],
    ['PE ARM Thumb', pe(0x1c2), 'PE ARM Thumb', 'linux/arm'],
    ['PE RISC-V', pe(0x5064), 'PE RISC-V 64', 'linux/riscv64'],
    ['PE LoongArch', pe(0x6264), 'PE LoongArch 64', 'linux/loong64'],
    ['PE whose header ends with the head', pe(0x8664, headSize - 24), 'PE x86-64', 'linux/amd64'],
    ['x86 boot header', x86Boot, 'Linux bzImage x86', 'linux/amd64', 'linux/386'],
    [
      'x86 boot header in a PE file',
      overlay(x86Boot, pe(0x8664)),
      'Linux bzImage x86',
      'linux/amd64',
      'linux/386',
    ],
    ['arm64 Image', arm64Image, 'Linux Image arm64', 'linux/arm64'],
    ['arm64 Image in a PE file', overlay(arm64Image, pe(0xaa64)), 'Linux Image arm64', 'linux/arm64'],
    [
      'arm64 Image, big-endian',
      image(64, { 24: [1], 56: 'ARM\x64' }),
      'Linux Image arm64, big-endian',
      'linux/arm64be',
    ],
    [
      'RISC-V Image',
      image(64, { 48: 'RISCV\0\0\0', 56: 'RSC\x05' }),
      'Linux Image RISC-V',
      'linux/riscv64',
      'linux/riscv',
    ],
    [
      'ARM zImage',
      image(0x34, { 0x24: little(0x016f2818, 4), 0x30: little(0x04030201, 4) }),
      'Linux zImage ARM',
      'linux/arm',
    ],
    [
      'ARM zImage, big-endian',
      image(0x34, { 0x24: big(0x016f2818, 4), 0x30: big(0x04030201, 4) }),
      'Linux zImage ARM, big-endian',
      'linux/armbe',
    ],
    ['Multiboot', multiboot(0, 0x10003), 'Multiboot kernel', 'linux/amd64', 'linux/386'],
    [
      'Multiboot at the end of its 8 KiB',
      multiboot(8192 - 12, 0x10000),
      'Multiboot kernel',
      'linux/amd64',
      'linux/386',
    ],
  ];
  for (const [name, head, ...expected] of known) {
    it(`knows ${name}`, () => {
      assert.deepEqual(summary(head), expected);
    });
  }

  const unknown: [name: string, head: Uint8Array, format: string | RegExp][] = [
    ['an empty file', new Uint8Array(), 'empty file'],
    ['an ELF file of another machine', elf(64, 'little', 1234), 'ELF of unknown machine 1234'],
    ['an ELF file with the machine in the other byte order', elf(64, 'big', 62), 'ELF64 x86-64, big-endian'],
    ['an ELF header without its last byte', elf(64, 'little', 62).subarray(0, 63), /cut off after 63 bytes/],
    ['the magic of ELF alone', image(4, { 0: '\x7fELF' }), /damaged/],
    ['an ELF file of no class', image(64, { 0: '\x7fELF', 5: [1] }), /damaged/],
    ['a PE file of another machine', pe(0x0200), 'PE of unknown machine 0x0200'],
    ['a PE header past the head', pe(0x8664, headSize - 4), /without a PE header/],
    ['a PE header half past the head', pe(0x8664, headSize - 5), /without a PE header/],
    [
      'a PE header at the largest offset',
      image(128, { 0: 'MZ', 0x3c: [255, 255, 255, 255] }),
      /without a PE/,
    ],
    ['an MS-DOS program', image(28, { 0: 'MZ' }), /without a PE header/],
    ['Multiboot with a wrong checksum', multiboot(0, 0x10003, 1), /^data starting with 02 b0 ad 1b/],
    ['Multiboot that leaves the addresses to ELF', multiboot(0, 3), /^data/],
    ['Multiboot at an odd place', multiboot(2, 0x10003), /^data/],
    ['Multiboot past its 8 KiB', multiboot(8192, 0x10003), /^data/],
    ['gzip', image(20, { 0: '\x1f\x8b\x08' }), 'gzip-compressed data'],
    ['zstd', image(20, { 0: '\x28\xb5\x2f\xfd' }), 'zstd-compressed data'],
    ['a script', Buffer.from('#!/bin/sh\n'), 'a script starting with #!'],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /Git LFS pointer/],
    ['a U-Boot image', image(64, { 0: big(0x27051956, 4) }), 'U-Boot legacy image'],
    ['Mach-O', image(64, { 0: little(0xfeedfacf, 4) }), 'Mach-O'],
    ['a tar archive', image(512, { 0: 'kernel', 257: 'ustar\0' }), 'a tar archive'],
    ['an ISO image', image(headSize, { 0: [51, 237], 0x8001: 'CD001' }), 'an ISO 9660 image'],
    ['a text', Buffer.from('\n\tNot "found"\r\nx'), 'text starting with "Not \\"found\\""'],
    ['other bytes', Buffer.from('deadbeef', 'hex'), 'data starting with de ad be ef'],
    [
      'many other bytes',
      Buffer.from('deadbeef0001020304', 'hex'),
      'data starting with de ad be ef 00 01 02 03',
    ],
  ];
  for (const [name, head, format] of unknown) {
    it(`describes ${name}`, () => {
      const detection = detectPlatform(head);
      assert.equal(detection.platform, undefined);
      if (typeof format === 'string') assert.equal(detection.format, format);
      else assert.match(detection.format, format);
    });
  }

  // Arbitrary bytes seldom get past a magic number, so the headers are there to start from.
  const headers = fc.constantFrom(
    new Uint8Array(),
    arm64Image,
    x86Boot,
    pe(0x8664, headSize - 5),
    pe(0x8664, headSize - 6),
    multiboot(8192 - 12, 0x10003),
    ...known.map(([, head]) => head),
    ...unknown.map(([, head]) => head),
  );
  const changes = fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { maxLength: 6 });
  const heads = fc.tuple(headers, changes, fc.uint8Array({ maxLength: 64 })).map(([header, bytes, tail]) => {
    const changed = Uint8Array.from([...header, ...tail]);
    for (const [offset, byte] of bytes) if (offset < changed.length) changed[offset] = byte;
    return changed;
  });

  it('never throws, and always has a printable description', () => {
    fc.assert(
      fc.property(fc.oneof(heads, fc.uint8Array({ maxLength: 600 })), (head) => {
        const { format } = detectPlatform(head);
        assert.match(format, /^[\x20-\x7e]+$/);
      }),
    );
  });

  it('gives the same answer whatever is past 64 KiB', () => {
    fc.assert(
      fc.property(heads, fc.uint8Array({ minLength: 1, maxLength: 64 }), (head, rest) => {
        const trimmed = new Uint8Array(headSize);
        trimmed.set(head.subarray(0, headSize));
        const longer = new Uint8Array(headSize + 64);
        longer.set(trimmed);
        longer.set(rest, headSize);
        assert.deepEqual(detectPlatform(longer), detectPlatform(trimmed));
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same answer for a view into a larger buffer', () => {
    const within = Buffer.concat([Buffer.from('xyz'), elf(64, 'little', 183), pe(0x8664)]);
    assert.deepEqual(summary(within.subarray(3, 67)), ['ELF64 AArch64', 'linux/arm64']);
  });

  const real: [tool: ToolName, path: string, architecture: string][] = [
    ['u-boot-qemu', '/usr/lib/u-boot/malta64el/uboot.elf', 'mips64le'],
    ['u-boot-qemu', '/usr/lib/u-boot/maltael/uboot.elf', 'mipsle'],
    ['u-boot-qemu', '/usr/lib/u-boot/qemu-ppce500/uboot.elf', 'ppc'],
    ['u-boot-qemu', '/usr/lib/u-boot/qemu-riscv64/uboot.elf', 'riscv64'],
    ['u-boot-qemu', '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf', 'riscv64'],
    ['u-boot-qemu', '/usr/lib/u-boot/qemu-x86/uboot.elf', 'amd64'],
    ['u-boot-qemu', '/usr/lib/u-boot/qemu-x86_64/uboot.elf', 'amd64'],
    ['u-boot-qemu', '/usr/lib/u-boot/qemu_arm/uboot.elf', 'arm'],
    ['u-boot-qemu', '/usr/lib/u-boot/qemu_arm64/uboot.elf', 'arm64'],
    ['memtest86+', '/boot/memtest86+x64.bin', 'amd64'],
    ['memtest86+', '/boot/memtest86+x64.efi', 'amd64'],
    ['memtest86+', '/boot/memtest86+ia32.bin', 'amd64'],
    ['ipxe', '/usr/lib/ipxe/ipxe.lkrn', 'amd64'],
    ['ipxe', '/usr/lib/ipxe/ipxe.efi', 'amd64'],
  ];
  for (const [tool, path, architecture] of real) {
    it(`knows ${path}`, { skip: unlessInstalled(tool) }, () => {
      assert.deepEqual(detectPlatform(readFileSync(path)).platform, { os: 'linux', architecture });
    });
  }
});

describe('agrees', () => {
  const cases: [name: string, head: Uint8Array, platform: [string, string, string?], expected: boolean][] = [
    ['the platform of the header', elf(64, 'little', 183), ['linux', 'arm64'], true],
    ['a platform that the header allows', elf(32, 'little', 3), ['linux', '386'], true],
    ['any variant', elf(32, 'little', 40), ['linux', 'arm', 'v6'], true],
    ['another architecture', elf(64, 'little', 62), ['linux', 'arm64'], false],
    ['another operating system', elf(64, 'little', 62), ['freebsd', 'amd64'], false],
    ['anything for bytes of no known platform', new Uint8Array(), ['qemu', 'amd64'], true],
  ];
  for (const [name, head, [os, architecture, variant], expected] of cases) {
    it(`says ${String(expected)} to ${name}`, () => {
      const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
      assert.equal(agrees(detectPlatform(head), platform), expected);
    });
  }
});
