// The rules for the kernel itself: its monitor, its type and its version.

import { quote } from '../text.ts';
import { bootVerdict } from './bootable.ts';
import { isBefore } from './boot-rule.ts';
import type { BootRule, Seen } from './boot-rule.ts';
import type { BinaryFacts } from './examine-binary.ts';

export const kernelRules: readonly BootRule[] = [
  {
    name: 'linux-program',
    level: 'error',
    at: 'binary',
    finds: ({ binary, label }: Seen): string | undefined =>
      binary?.program === undefined
        ? undefined
        : `expected a unikernel in ${quote(label('binary'))}, got a program for Linux: ${binary.program}`,
    hint: 'Name the kernel that runs it: a monitor starts no programs.',
  },
  {
    name: 'monitor-refuses',
    level: 'error',
    at: 'hypervisor',
    finds: ({ binary, label }: Seen): string | undefined => {
      const monitor = virtualMachine(label('hypervisor'));
      // A program, and what is linked for another monitor, are said by their own rules.
      if (binary === undefined || monitor === undefined || binary.program !== undefined) return undefined;
      if (binary.solo5?.target !== undefined && binary.solo5.target !== 'virtio') return undefined;
      const verdict = bootVerdict(binary, monitor);
      if (verdict.can !== 'no') return undefined;
      return `expected a kernel that ${monitor} takes in ${quote(label('binary'))}, got ${binary.format}: ${verdict.why}`;
    },
    hint: 'Correct the hypervisor, or build the unikernel for it.',
  },
  {
    name: 'newer-monitor',
    level: 'warning',
    at: 'hypervisor',
    finds: ({ binary, label }: Seen): string | undefined => {
      const monitor = virtualMachine(label('hypervisor'));
      if (binary === undefined || monitor === undefined) return undefined;
      const verdict = bootVerdict(binary, monitor);
      return verdict.can === 'some' ? `${quote(label('binary'))} may not boot: ${verdict.why}` : undefined;
    },
    hint: 'Copy the uncompressed kernel, which all releases take: vmlinux, or Image on arm64.',
  },
  {
    name: 'type-contradicted',
    level: 'error',
    at: 'unikernelType',
    finds: ({ binary, label }: Seen): string | undefined => {
      const type = label('unikernelType');
      const marks = typeMarks(binary);
      if (type === '' || marks === undefined || marks.types.includes(type)) return undefined;
      return `expected the unikernelType ${marks.types.map((word) => `"${word}"`).join(' or ')} for ${quote(label('binary'))}, which has ${marks.what}, got ${quote(type)}`;
    },
    hint: 'Correct the label: urunc makes the command line and the devices by it.',
  },
  {
    name: 'unikraft-version-side',
    level: 'error',
    at: 'unikernelVersion',
    finds: (seen: Seen): string | undefined => {
      const [said, found] = unikraftVersions(seen) ?? [];
      if (said === undefined || found === undefined || isModern(said) === isModern(found)) return undefined;
      return `expected the version ${quote(found)} of Unikraft that ${quote(seen.label('binary'))} has, got ${quote(said)}`;
    },
    hint: 'Correct or remove the label: urunc passes network, initrd and environment in another way from 0.16.1 on.',
  },
  {
    name: 'unikraft-version',
    level: 'warning',
    at: 'unikernelVersion',
    finds: (seen: Seen): string | undefined => {
      const [said, found] = unikraftVersions(seen) ?? [];
      if (said === undefined || found === undefined || isModern(said) !== isModern(found)) return undefined;
      return said === found
        ? undefined
        : `expected the version ${quote(found)} of Unikraft that ${quote(seen.label('binary'))} has, got ${quote(said)}`;
    },
    hint: 'Correct or remove the label.',
  },
];

function virtualMachine(hypervisor: string): 'qemu' | 'firecracker' | 'cloud-hypervisor' | undefined {
  return (['qemu', 'firecracker', 'cloud-hypervisor'] as const).find((name) => name === hypervisor);
}

/** The types that a mark allows. MirageOS is linked with Solo5 or with Unikraft. */
function typeMarks(
  binary: BinaryFacts | undefined,
): { readonly types: readonly string[]; readonly what: string } | undefined {
  if (binary?.unikraft !== undefined) return { types: ['unikraft', 'mirage'], what: 'the marks of Unikraft' };
  if (binary?.solo5 !== undefined) return { types: ['mirage', 'rumprun'], what: 'notes of Solo5' };
  if (binary?.hermit !== undefined) return { types: ['hermit'], what: 'notes of Hermit' };
  const version = binary?.linux?.version;
  return version === undefined ? undefined : { types: ['linux'], what: `Linux ${version} in it` };
}

function unikraftVersions({ binary, label }: Seen): readonly [said: string, found: string] | undefined {
  const found = binary?.unikraft?.version;
  const said = label('unikernelVersion');
  if (label('unikernelType') !== 'unikraft' || said === '' || found === undefined) return undefined;
  return [said.replace(/^v/, ''), found];
}

/** Whether urunc passes arguments in the style of Unikraft 0.16.1. */
function isModern(version: string): boolean {
  return !isBefore(version, [0, 16, 1]);
}
