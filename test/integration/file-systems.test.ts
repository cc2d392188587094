// What an initrd or a disk is told to be, of what the tools of each format have made.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { describeDisk, diskHeadSize } from '../../src/core/unikernel/disk-content.ts';
import { readRange } from '../../src/core/unikernel/file-ranges.ts';
import { readableFile } from '../../src/adapters/filesystem/readable-file.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toolEnvironment } from '../support/read-root.ts';
import { unlessInstalled } from '../support/tools.ts';
import type { ToolName } from '../support/tools.ts';

/** The shell makes `$out` of the folder `$in`. */
type Row = [kind: string, name: string, tool: ToolName, script: string];

const disk = 'truncate -s 4M "$out"';
const archive = '(cd "$in" && find . | cpio --quiet -o -H newc)';

const rows: Row[] = [
  ['cpio', 'cpio newc', 'cpio', '(cd "$in" && find . | cpio --quiet -o -H newc > "$out")'],
  ['cpio', 'cpio newc with checksums', 'cpio', '(cd "$in" && find . | cpio --quiet -o -H crc > "$out")'],
  ['cpio', 'cpio newc', 'bsdtar', 'bsdtar -c --format=newc -f "$out" -C "$in" .'],
  ['unknown', 'an old cpio archive', 'cpio', '(cd "$in" && find . | cpio --quiet -o -H odc > "$out")'],
  ['unknown', 'an old cpio archive', 'bsdtar', 'bsdtar -c --format=odc -f "$out" -C "$in" .'],
  ['unknown', 'a binary cpio archive', 'cpio', '(cd "$in" && find . | cpio --quiet -o -H bin > "$out")'],
  ['unknown', 'none that is known', 'bsdtar', 'bsdtar -c --format=ustar -f "$out" -C "$in" .'],
  ['compressed', 'gzip', 'pigz', `${archive} | pigz -c > "$out"`],
  ['compressed', 'bzip2', 'bzip2', `${archive} | bzip2 -c > "$out"`],
  ['compressed', 'xz', 'xz', `${archive} | xz -c --check=crc32 > "$out"`],
  ['compressed', 'lzma', 'xz', `${archive} | xz -c --format=lzma > "$out"`],
  ['compressed', 'lzo', 'lzop', `${archive} | lzop -c > "$out"`],
  ['compressed', 'lz4', 'lz4', `${archive} | lz4 -l -c > "$out"`],
  ['compressed', 'zstd', 'zstd', `${archive} | zstd -q -c > "$out"`],
  ['file system', 'ext2', 'e2fsck', `${disk}; mke2fs -q -F -t ext2 -d "$in" "$out"`],
  ['file system', 'ext2', 'e2fsck', `${disk}; mke2fs -q -F -t ext2 -b 4096 "$out"`],
  ['file system', 'ext3', 'e2fsck', `${disk}; mke2fs -q -F -t ext3 "$out"`],
  ['file system', 'ext4', 'e2fsck', `${disk}; mke2fs -q -F -t ext4 "$out"`],
  ['file system', 'ext4', 'e2fsck', `${disk}; mke2fs -q -F -t ext4 -O ^has_journal "$out"`],
  ['file system', 'EROFS', 'mkfs.erofs', 'mkfs.erofs --quiet "$out" "$in"'],
  ['file system', 'squashfs', 'mksquashfs', 'mksquashfs "$in" "$out" -quiet -no-progress'],
  ['file system', 'XFS', 'mkfs.xfs', 'truncate -s 320M "$out"; mkfs.xfs -q "$out"'],
  ['file system', 'Btrfs', 'mkfs.btrfs', 'truncate -s 128M "$out"; mkfs.btrfs -q "$out"'],
  ['file system', 'ISO 9660', 'xorriso', 'xorriso -as mkisofs -quiet -o "$out" "$in"'],
  ['file system', 'FAT', 'mkfs.vfat', `${disk}; mkfs.vfat -F 12 "$out"`],
  ['file system', 'FAT', 'mkfs.vfat', 'truncate -s 64M "$out"; mkfs.vfat -F 32 "$out"'],
  ['file system', 'UFS2', 'makefs', 'makefs -t ffs -o version=2 -s 4m "$out" "$in"'],
  ['file system', 'UFS2', 'makefs', 'makefs -t ffs -o version=2,bsize=65536,fsize=8192 -s 8m "$out" "$in"'],
  ['disk', 'qcow2', 'qemu-img', 'qemu-img create -q -f qcow2 "$out" 4M'],
  ['disk', 'MBR', 'sfdisk', `${disk}; echo ', 1M' | sfdisk --quiet --label dos "$out"`],
  ['disk', 'GPT', 'sfdisk', `${disk}; echo ', 1M' | sfdisk --quiet --label gpt "$out"`],
];

describe('describeDisk', () => {
  for (const [kind, name, tool, script] of rows) {
    it(`tells ${name} of ${script}`, { skip: unlessInstalled(tool, 'cpio') }, async (test) => {
      const folder = temporaryFolder(test, { 'in/etc/hosts': 'localhost\n', 'in/init': '#!/bin/sh\n' });
      const out = join(folder, 'out');
      execFileSync('sh', ['-e', '-c', script], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...toolEnvironment, in: join(folder, 'in'), out },
      });
      const { size } = statSync(out);
      const head = await readRange(readableFile(out, size), 0, diskHeadSize);
      assert.deepEqual(describeDisk(head), { kind, name });
    });
  }
});
