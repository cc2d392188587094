// The rules for the initrd and the block device.

import { quote } from '../text.ts';
import type { BootRule, Seen } from './boot-rule.ts';
import type { DiskContent } from './disk-content.ts';

export const diskRules: readonly BootRule[] = [
  {
    name: 'initrd-content',
    level: 'error',
    isFatal: true,
    at: 'initrd',
    finds: ({ initrd, label }: Seen): string | undefined => {
      const type = label('unikernelType');
      if (initrd === undefined || (type !== 'unikraft' && type !== 'linux')) return undefined;
      const { kind, name } = initrd.content;
      // Linux also mounts a file system from there.
      if (kind === 'cpio' || (type === 'linux' && (kind === 'compressed' || kind === 'file system')))
        return undefined;
      const wanted = type === 'linux' ? 'a cpio archive' : 'a bare cpio archive';
      return `expected ${wanted} in ${quote(label('initrd'))}, got ${describeContentOf(kind, name)}`;
    },
    hint: 'Make it with "cpio -o -H newc", for Unikraft without compression.',
  },
  {
    name: 'initrd-length',
    level: 'warning',
    at: 'initrd',
    finds: ({ initrd, label }: Seen): string | undefined =>
      label('unikernelType') === 'linux' && initrd?.content.kind === 'compressed' && initrd.size % 4 !== 0
        ? `expected a length that is a multiple of 4 for the compressed ${quote(label('initrd'))}, got ${initrd.size} bytes`
        : undefined,
    hint: 'Append zero bytes: urunc adds an archive of its own behind it, which the kernel drops otherwise.',
  },
  {
    name: 'block-qcow2',
    level: 'error',
    isFatal: true,
    at: 'block',
    finds: ({ block, label }: Seen): string | undefined =>
      block?.content.name === 'qcow2'
        ? `expected a raw disk in ${quote(label('block'))}, got a qcow2 image`
        : undefined,
    hint: 'Convert it with "qemu-img convert -O raw": urunc passes disks as raw.',
  },
  {
    name: 'block-for-rumprun',
    level: 'error',
    isFatal: true,
    at: 'block',
    finds: ({ block, label }: Seen): string | undefined =>
      label('unikernelType') === 'rumprun' &&
      block?.content.kind === 'file system' &&
      block.content.name !== 'ext2'
        ? `expected ext2 in ${quote(label('block'))}, got ${block.content.name}`
        : undefined,
    hint: 'Make it with "mkfs.ext2": rumprun mounts nothing else.',
  },
  {
    name: 'block-unknown',
    level: 'warning',
    at: 'block',
    finds: ({ block, label }: Seen): string | undefined =>
      block !== undefined && ['unknown', 'cpio', 'compressed'].includes(block.content.kind)
        ? `expected a file system in ${quote(label('block'))}, got ${describeContentOf(block.content.kind, block.content.name)}`
        : undefined,
    hint: 'Look at how the disk is made: the guest mounts it.',
  },
];

function describeContentOf(kind: DiskContent['kind'], name: string): string {
  if (kind === 'compressed') return `data compressed with ${name}`;
  return kind === 'unknown' && name.startsWith('none') ? 'content that is not known' : name;
}
