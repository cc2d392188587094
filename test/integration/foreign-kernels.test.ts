// What is read from the kernels of others, as Debian has them: no tool of ours has made a byte of them.

import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { openReadable } from '../../src/adapters/filesystem/readable-file.ts';
import type { InspectedBinary } from '../../src/usecases/inspect.ts';
import { inspectBinary } from '../../src/usecases/inspect.ts';
import { findDebianFile, unlessThere } from '../support/debian-package.ts';
import type { DebianArchitecture } from '../support/debian-package.ts';

/** A fact, and the monitors that could boot it: `some` stands for newer releases of one. */
interface Expected {
  readonly format: string;
  readonly inside?: string;
  readonly multiboot?: readonly [first: boolean, second: boolean];
  readonly pvh?: boolean;
  readonly linux?: RegExp;
  readonly title?: string;
  readonly program?: RegExp;
  readonly framework?: string;
  readonly able: readonly string[];
  readonly unread?: readonly string[];
}

type Sample = [name: string, pattern: string, expected: Expected, architecture?: DebianArchitecture];

const samples: Sample[] = [
  [
    'memtest86+',
    'boot/memtest86+x64.bin',
    {
      format: 'Linux bzImage x86',
      title: 'Memtest86+ v6.10',
      able: ['qemu yes', 'firecracker some', 'cloud-hypervisor yes'],
    },
  ],
  [
    'grub-xen-host',
    'usr/lib/grub-xen/grub-i386-xen_pvh.bin',
    { format: 'ELF32 Intel 80386', pvh: true, able: ['qemu yes', 'cloud-hypervisor yes'] },
  ],
  [
    'grub-xen-host',
    'usr/lib/grub-xen/grub-x86_64-xen.bin',
    {
      format: 'ELF64 x86-64',
      framework: 'Xen guest, without a PVH entry',
      able: ['firecracker yes'],
    },
  ],
  [
    'grub-xen-host',
    'usr/lib/grub-xen/grub-i386-xen.bin',
    {
      format: 'ELF32 Intel 80386',
      framework: 'Xen guest, without a PVH entry',
      // binutils' readelf says so too.
      unread: ['a note that runs past the end of its segment'],
      able: [],
    },
  ],
  [
    'xen-hypervisor-4.17-amd64',
    'boot/xen-*.gz',
    { format: 'gzip-compressed data', inside: 'ELF32 Intel 80386', multiboot: [true, true], able: [] },
  ],
  ['xen-hypervisor-4.17-amd64', 'boot/xen-*.efi', { format: 'PE x86-64', multiboot: [true, true], able: [] }],
  [
    'gnumach-image-1.8-486',
    'boot/gnumach-*.gz',
    { format: 'gzip-compressed data', inside: 'ELF64 x86-64', multiboot: [true, false], able: [] },
  ],
  ['busybox-static', 'bin/busybox', { format: 'ELF64 x86-64', program: /ABI note names Linux/, able: [] }],
  [
    'linux-image-cloud-amd64',
    'boot/vmlinuz-*',
    {
      format: 'Linux bzImage x86',
      // Packed with LZ4.
      inside: 'ELF64 x86-64',
      linux: /^6\.\d+\.\d+.*-cloud-amd64$/,
      able: ['qemu yes', 'firecracker some', 'cloud-hypervisor yes'],
    },
  ],
  [
    'linux-image-cloud-arm64',
    'boot/vmlinuz-*',
    {
      format: 'Linux Image arm64',
      linux: /^6\.\d+\.\d+.*-cloud-arm64$/,
      able: ['qemu yes', 'firecracker yes', 'cloud-hypervisor yes'],
    },
    'arm64',
  ],
];

function ableOf({ monitors }: InspectedBinary): readonly string[] {
  return monitors
    .filter(({ verdict }) => verdict.can === 'yes' || verdict.can === 'some')
    .map(({ monitor, verdict }) => `${monitor} ${verdict.can}`);
}

describe('inspectBinary', () => {
  for (const [name, pattern, expected, architecture = 'amd64'] of samples) {
    const path = findDebianFile(name, pattern, architecture);
    it(`reads ${basename(pattern)} of ${name}`, { skip: unlessThere(path, name) }, async () => {
      assert.ok(path !== undefined, `there is no ${name}`);
      const binary = await inspectBinary(path, (await openReadable(path)) ?? assert.fail());
      const { format, hasPvh, linux, program, framework, payload } = binary;
      const { flags, hasVersion2 } = (payload ?? binary).multiboot;
      const [first, second] = expected.multiboot ?? [false, false];
      assert.deepEqual(
        {
          format,
          inside: payload?.format,
          first: flags !== undefined,
          second: hasVersion2,
          hasPvh,
          framework,
        },
        {
          ...{ format: expected.format, inside: expected.inside, first, second },
          ...{ hasPvh: expected.pvh ?? false, framework: expected.framework },
        },
      );
      if (expected.linux !== undefined) {
        assert.match(linux?.version ?? '', expected.linux);
        assert.match(linux?.debianVersion ?? '', /^\d+\.\d+\.\d+-\d+/);
      }
      assert.equal(linux?.title, expected.title);
      if (expected.program === undefined) assert.equal(program, undefined);
      else assert.match(program ?? '', expected.program);
      assert.equal(binary.architecture, architecture);
      assert.deepEqual(ableOf(binary), expected.able);
      if (expected.unread !== undefined) assert.deepEqual(binary.unread, expected.unread);
    });
  }
});
