// What an initrd or a disk holds, from the first bytes of the file: archives and file systems.

import { hasBytes, readUnsigned } from './bytes.ts';

export interface DiskContent {
  readonly kind: 'cpio' | 'compressed' | 'file system' | 'disk' | 'unknown';
  /** For messages, such as `ext4`. */
  readonly name: string;
}

type Signature = readonly [offset: number, bytes: string, kind: DiskContent['kind'], name: string];

/** How many of the first bytes {@link describeDisk} looks at. */
export const diskHeadSize = 262144 + 2048;

const signatures: readonly Signature[] = [
  [0, '070701', 'cpio', 'cpio newc'],
  [0, '070702', 'cpio', 'cpio newc with checksums'],
  // Neither Linux nor Unikraft reads these two.
  [0, '070707', 'unknown', 'an old cpio archive'],
  [0, '\xc7\x71', 'unknown', 'a binary cpio archive'],
  [0, '\x1f\x8b', 'compressed', 'gzip'],
  [0, 'BZh', 'compressed', 'bzip2'],
  [0, '\xfd7zXZ\0', 'compressed', 'xz'],
  [0, '\x5d\0\0', 'compressed', 'lzma'],
  [0, '\x89LZO', 'compressed', 'lzo'],
  [0, '\x02\x21\x4c\x18', 'compressed', 'lz4'],
  [0, '\x28\xb5\x2f\xfd', 'compressed', 'zstd'],
  [0, 'QFI\xfb', 'disk', 'qcow2'],
  [1024, '\xe2\xe1\xf5\xe0', 'file system', 'EROFS'],
  [0, 'hsqs', 'file system', 'squashfs'],
  [0, 'XFSB', 'file system', 'XFS'],
  [0x10040, '_BHRfS_M', 'file system', 'Btrfs'],
  [0x8001, 'CD001', 'file system', 'ISO 9660'],
  ...[65536, 8192, 0, 262144].map((at): Signature => [at + 1372, '\x19\x01\x54\x19', 'file system', 'UFS2']),
  [512, 'EFI PART', 'disk', 'GPT'],
];

export function describeDisk(head: Uint8Array): DiskContent {
  const ext = describeExt(head);
  if (ext !== undefined) return { kind: 'file system', name: ext };
  const found = signatures.find(([offset, bytes]) => hasBytes(head, offset, bytes));
  if (found !== undefined) return { kind: found[2], name: found[3] };
  if (hasBytes(head, 510, '\x55\xaa')) return describeBootRecord(head);
  return { kind: 'unknown', name: 'none that is known' };
}

/** A FAT file system has a boot record's mark too, and its own name beside it. */
function describeBootRecord(head: Uint8Array): DiskContent {
  const isFat = hasBytes(head, 54, 'FAT') || hasBytes(head, 82, 'FAT');
  return isFat ? { kind: 'file system', name: 'FAT' } : { kind: 'disk', name: 'MBR' };
}

/** Linux, fs/ext4/ext4.h: a journal makes it ext3, extents make it ext4. */
function describeExt(head: Uint8Array): string | undefined {
  if (readUnsigned(head, 0x438, 2) !== 0xef53) return undefined;
  const flags = (at: number) => readUnsigned(head, at, 4) ?? 0;
  const [compatible, incompatible, readOnly] = [flags(0x45c), flags(0x460), flags(0x464)];
  // Those that ext4 brought: extents, 64-bit, MMP, flexible groups, inline data; huge files and what came after.
  if ((incompatible & ~0x1f) !== 0 || (readOnly & ~0x7) !== 0) return 'ext4';
  return (compatible & 0x4) !== 0 ? 'ext3' : 'ext2';
}
