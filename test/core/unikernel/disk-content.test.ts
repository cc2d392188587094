import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeDisk, diskHeadSize } from '../../../src/core/unikernel/disk-content.ts';

/** A head of zeros with these bytes at their places. */
function head(parts: Readonly<Record<number, string>>, size = diskHeadSize): Uint8Array {
  const bytes = Buffer.alloc(size);
  for (const [offset, text] of Object.entries(parts)) bytes.write(text, Number(offset), 'latin1');
  return bytes;
}

/** The superblock of ext: its magic number and the three words with features (fs/ext4/ext4.h). */
function ext(compatible: number, incompatible: number, readOnly: number, size = 2048): Uint8Array {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt16LE(0xef53, 1024 + 56);
  const words = [compatible, incompatible, readOnly];
  for (const [index, word] of words.entries())
    if (1024 + 96 + 4 * index <= size) bytes.writeUInt32LE(word >>> 0, 1024 + 92 + 4 * index);
  return bytes;
}

describe('describeDisk', () => {
  const rows: readonly (readonly [Uint8Array, kind: string, name: string])[] = [
    [head({ 0: '070701' }), 'cpio', 'cpio newc'],
    [head({ 0: '070702' }), 'cpio', 'cpio newc with checksums'],
    [head({ 0: '070707' }), 'unknown', 'an old cpio archive'],
    [head({ 0: '\xc7\x71' }), 'unknown', 'a binary cpio archive'],
    [head({ 0: '\x1f\x8b' }), 'compressed', 'gzip'],
    [head({ 0: 'BZh' }), 'compressed', 'bzip2'],
    [head({ 0: '\xfd7zXZ\0' }), 'compressed', 'xz'],
    [head({ 0: '\x5d\0\0' }), 'compressed', 'lzma'],
    [head({ 0: '\x89LZO' }), 'compressed', 'lzo'],
    [head({ 0: '\x02\x21\x4c\x18' }), 'compressed', 'lz4'],
    [head({ 0: '\x28\xb5\x2f\xfd' }), 'compressed', 'zstd'],
    [head({ 0: 'QFI\xfb' }), 'disk', 'qcow2'],
    [head({ 1024: '\xe2\xe1\xf5\xe0' }), 'file system', 'EROFS'],
    [head({ 0: 'hsqs' }), 'file system', 'squashfs'],
    [head({ 0: 'XFSB' }), 'file system', 'XFS'],
    [head({ [0x10040]: '_BHRfS_M' }), 'file system', 'Btrfs'],
    [head({ [0x8001]: 'CD001' }), 'file system', 'ISO 9660'],
    ...[1372, 8192 + 1372, 65536 + 1372, 262144 + 1372].map(
      (at) => [head({ [at]: '\x19\x01\x54\x19' }), 'file system', 'UFS2'] as const,
    ),
    [head({ 510: '\x55\xaa', 512: 'EFI PART' }), 'disk', 'GPT'],
    [head({ 510: '\x55\xaa' }), 'disk', 'MBR'],
    [head({ 54: 'FAT16', 510: '\x55\xaa' }), 'file system', 'FAT'],
    [head({ 82: 'FAT32', 510: '\x55\xaa' }), 'file system', 'FAT'],
    [head({ 54: 'FAT16' }), 'unknown', 'none that is known'],
    [head({ 1: '070701' }), 'unknown', 'none that is known'],
    [new Uint8Array(), 'unknown', 'none that is known'],
    [ext(0, 0, 0), 'file system', 'ext2'],
    // Those that ext2 and ext3 have: directory index, file types, sparse superblocks, large files.
    [ext(0x38, 0x02, 0x03), 'file system', 'ext2'],
    [ext(0, 0x1f, 0x07), 'file system', 'ext2'],
    [ext(0x04, 0x06, 0x03), 'file system', 'ext3'],
    [ext(0x3c, 0x02c2, 0x046b), 'file system', 'ext4'],
    [ext(0, 0x20, 0), 'file system', 'ext4'],
    [ext(0, 0x40, 0), 'file system', 'ext4'],
    [ext(0, 0, 0x08), 'file system', 'ext4'],
    [ext(0x04, 0, 0x8000_0000), 'file system', 'ext4'],
    // Cut off behind the magic number.
    [ext(0, 0, 0, 1024 + 58), 'file system', 'ext2'],
  ];
  for (const [bytes, kind, name] of rows) {
    it(`finds ${name} (${kind})`, () => {
      assert.deepEqual(describeDisk(bytes), { kind, name });
    });
  }

  it('looks as far as the last of its places', () => {
    assert.equal(diskHeadSize, 264_192);
    assert.deepEqual(describeDisk(head({ 1024: '\xe2\xe1\xf5' })), {
      kind: 'unknown',
      name: 'none that is known',
    });
  });
});
