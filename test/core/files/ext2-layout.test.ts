// The arithmetic of ext2 (Linux, Documentation/filesystems/ext2.rst), with numbers that were worked out by hand.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  blockAt,
  countPointers,
  inodePointers,
  planLayout,
  runsOf,
} from '../../../src/core/files/ext2-layout.ts';
import { encodeBitmap } from '../../../src/core/files/ext2-superblock.ts';
import { encodeXattrs, unstorable } from '../../../src/core/files/ext2-xattrs.ts';
import { directoryBlocks, encodeDirectory } from '../../../src/core/files/ext2-directory.ts';
import type { Name } from '../../../src/core/files/ext2-directory.ts';
import { fileEntry } from '../../support/root-tree.ts';

describe('the layout of a file system', () => {
  it('is the smallest that holds its data and its inodes', () => {
    assert.deepEqual(planLayout({ data: 10, inodes: 5 }, 4096), {
      blockSize: 4096,
      // Superblock, descriptors, two bitmaps, one block of 32 inodes, and the data.
      blocks: 15,
      firstDataBlock: 0,
      blocksPerGroup: 32768,
      inodesPerGroup: 32,
      groups: [{ number: 0, start: 0, blocks: 15, overhead: 5, hasSuperblock: true, firstData: 0 }],
    });
    assert.deepEqual(planLayout({ data: 10, inodes: 5 }, 1024), {
      blockSize: 1024,
      // Two blocks of eight inodes each, and the block before the superblock.
      blocks: 17,
      firstDataBlock: 1,
      blocksPerGroup: 8192,
      inodesPerGroup: 16,
      groups: [{ number: 0, start: 1, blocks: 16, overhead: 6, hasSuperblock: true, firstData: 0 }],
    });
  });

  it('has room for the ten reserved inodes', () => {
    const perGroup = (inodes: number) => planLayout({ data: 1, inodes }, 4096).inodesPerGroup;
    assert.deepEqual([perGroup(22), perGroup(23)], [32, 64]);
  });

  it('has one group up to its last block, and two from there', () => {
    const full = 8192 - 6;
    const one = planLayout({ data: full, inodes: 5 }, 1024);
    assert.deepEqual([one.groups.length, one.blocks], [1, 8193]);
    const two = planLayout({ data: full + 1, inodes: 5 }, 1024);
    assert.equal(two.groups.length, 2);
    assert.deepEqual(two.groups, [
      { number: 0, start: 1, blocks: 8192, overhead: 5, hasSuperblock: true, firstData: 0 },
      { number: 1, start: 8193, blocks: 5, overhead: 5, hasSuperblock: true, firstData: 8187 },
    ]);
    assert.equal(two.inodesPerGroup, 8);
  });

  it('has as many groups as its inodes need', () => {
    const { groups, inodesPerGroup } = planLayout({ data: 1, inodes: 8192 }, 1024);
    assert.deepEqual([groups.length, inodesPerGroup], [2, 4104]);
    assert.equal(planLayout({ data: 1, inodes: 8182 }, 1024).groups.length, 1);
  });

  it('keeps copies of the superblock in the groups 0 and 1, and those of powers of 3, 5 and 7', () => {
    const { groups } = planLayout({ data: 8192 * 130, inodes: 10 }, 1024);
    assert.deepEqual(
      groups.filter(({ hasSuperblock }) => hasSuperblock).map(({ number }) => number),
      [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125],
    );
    const [with3, without4] = [groups[3], groups[4]];
    assert.ok(with3 !== undefined && without4 !== undefined);
    // A superblock and five blocks of descriptors: 32 bytes each.
    assert.equal(with3.overhead - without4.overhead, 1 + Math.ceil((groups.length * 32) / 1024));
  });

  it('has less than 2^32 blocks', () => {
    assert.throws(() => planLayout({ data: 2 ** 32, inodes: 1 }, 4096), {
      code: 'INPUT_INVALID',
      message: /^expected a root file system of less than 2\^32 blocks, got \d+$/,
      hint: 'Leave out what the guest has no use for.',
    });
  });

  it('places data behind what its groups begin with', () => {
    const layout = planLayout({ data: 20_000, inodes: 5 }, 1024);
    for (const group of layout.groups) {
      const size = group.blocks - group.overhead;
      assert.equal(blockAt(layout, group.firstData), group.start + group.overhead);
      assert.equal(blockAt(layout, group.firstData + size - 1), group.start + group.blocks - 1);
    }
    assert.deepEqual(layout.groups.length, 3);
    assert.throws(() => blockAt({ ...layout, groups: [] }, 0), RangeError);
  });
});

/** With four pointers in a block: 12 direct ones, then 4, 16 and 64. */
const perBlock = 4;

describe('the blocks of a file', () => {
  const rows: readonly (readonly [blocks: number, pointers: number])[] = [
    [0, 0],
    [12, 0],
    [13, 1],
    [16, 1],
    [17, 1 + 1 + 1],
    [20, 1 + 1 + 1],
    [21, 1 + 1 + 2],
    [32, 1 + 1 + 4],
    [33, 1 + 5 + 1 + 1 + 1],
    [36, 1 + 5 + 1 + 1 + 1],
    [37, 1 + 5 + 1 + 1 + 2],
    [48, 1 + 5 + 1 + 1 + 4],
    [49, 1 + 5 + 1 + 2 + 5],
    [96, 1 + 5 + 1 + 4 + 16],
  ];
  for (const [blocks, pointers] of rows) {
    it(`that has ${blocks} need ${pointers} with pointers`, () => {
      assert.equal(countPointers(blocks, perBlock), pointers);
    });
  }

  it('are found from the inode, whatever their number is', () => {
    for (let blocks = 0; blocks <= 96; blocks++) {
      // Written one after the other, as the image has them.
      const written: (number | readonly number[])[] = [];
      let data = 0;
      for (const run of runsOf(blocks, perBlock)) {
        if ('pointers' in run) written.push(run.pointers);
        else for (let left = run.data; left > 0; left--) written.push(data++);
      }
      assert.equal(written.length, blocks + countPointers(blocks, perBlock));
      const follow = (at: number | undefined, depth: number): number[] => {
        const found = at === undefined ? undefined : written[at];
        if (found === undefined) return [];
        if (depth === 0) return typeof found === 'number' ? [found] : assert.fail('pointers where data is');
        assert.ok(typeof found !== 'number' && found.length > 0 && found.length <= perBlock);
        return found.flatMap((next) => follow(next, depth - 1));
      };
      const pointers = inodePointers(blocks, perBlock);
      assert.equal(pointers.length, 15);
      const seen = pointers.flatMap((at, index) => follow(at, Math.max(0, index - 11)));
      assert.deepEqual(
        seen,
        Array.from({ length: blocks }, (_, at) => at),
        `${blocks} blocks`,
      );
    }
  });

  it('have no pointer where there is no block', () => {
    assert.deepEqual(inodePointers(2, perBlock), [0, 1, ...Array.from({ length: 13 }, () => undefined)]);
    assert.deepEqual(inodePointers(13, perBlock).slice(11), [11, 12, undefined, undefined]);
    assert.deepEqual(inodePointers(17, perBlock).slice(11), [11, 12, 17, undefined]);
    assert.deepEqual(inodePointers(33, perBlock).slice(11), [11, 12, 17, 38]);
  });
});

describe('a bitmap', () => {
  /** The bits that are set, as ranges. */
  const rangesOf = (bitmap: Uint8Array) => {
    const ranges: [number, number][] = [];
    for (let bit = 0; bit < bitmap.length * 8; bit++) {
      if (((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) continue;
      const last = ranges.at(-1);
      if (last?.[1] === bit) last[1] = bit + 1;
      else ranges.push([bit, bit + 1]);
    }
    return ranges;
  };
  for (const [used, count, expected] of [
    [0, 64, []],
    [1, 64, [[0, 1]]],
    [8, 64, [[0, 8]]],
    [13, 64, [[0, 13]]],
    [0, 0, [[0, 64]]],
    [0, 63, [[63, 64]]],
    [
      3,
      57,
      [
        [0, 3],
        [57, 64],
      ],
    ],
    [
      3,
      5,
      [
        [0, 3],
        [5, 64],
      ],
    ],
    [
      20,
      24,
      [
        [0, 20],
        [24, 64],
      ],
    ],
    [
      9,
      11,
      [
        [0, 9],
        [11, 64],
      ],
    ],
  ] as const)
    it(`has the first ${used}, and those behind ${count}`, () => {
      assert.deepEqual(rangesOf(encodeBitmap(used, count, 8)), expected);
    });
});

describe('a directory', () => {
  const names: readonly Name[] = [
    { name: '.', number: 2, kind: 'directory' },
    { name: '..', number: 2, kind: 'directory' },
    { name: 'file', number: 11, kind: 'file' },
    { name: 'é', number: 12, kind: 'symlink' },
  ];
  const read = (bytes: Uint8Array) => {
    const block = Buffer.from(bytes);
    const found: unknown[][] = [];
    for (let at = 0; at < block.length; at += block.readUInt16LE(at + 4)) {
      const size = block.readUInt8(at + 6);
      const name = block.toString('utf8', at + 8, at + 8 + size);
      found.push([block.readUInt32LE(at), block.readUInt16LE(at + 4), block.readUInt8(at + 7), name]);
    }
    return found;
  };

  it('has its names one after the other, the last one up to the end of the block', () => {
    const [block, ...others] = [...encodeDirectory(names, 64)];
    assert.deepEqual(others, []);
    assert.deepEqual(read(block ?? assert.fail()), [
      [2, 12, 2, '.'],
      [2, 12, 2, '..'],
      [11, 12, 1, 'file'],
      [12, 28, 7, 'é'],
    ]);
  });

  it('has no name across the end of a block', () => {
    const [one, two, ...others] = [...encodeDirectory(names, 36)];
    assert.deepEqual(others, []);
    assert.deepEqual(read(one ?? assert.fail()).length, 3);
    assert.deepEqual(read(two ?? assert.fail()), [[12, 36, 7, 'é']]);
    assert.deepEqual(
      [directoryBlocks(names, 36), directoryBlocks(names, 48), directoryBlocks(names, 47)],
      [2, 1, 2],
    );
    assert.equal(directoryBlocks([], 36), 1);
  });

  it('has a number for each kind', () => {
    const kinds = ['file', 'directory', 'character', 'block', 'fifo', 'socket', 'symlink'] as const;
    const [block] = [
      ...encodeDirectory(
        kinds.map((kind) => ({ name: kind, number: 1, kind })),
        256,
      ),
    ];
    assert.deepEqual(
      read(block ?? assert.fail()).map(([, , type]) => type),
      [1, 2, 3, 4, 5, 6, 7],
    );
  });
});

describe('a block of attributes', () => {
  const withXattrs = (given: Readonly<Record<string, string>>) =>
    fileEntry('f', '', {
      xattrs: new Map(Object.entries(given).map(([key, value]) => [key, Buffer.from(value)])),
    });
  const namesIn = (block: Uint8Array) => {
    const bytes = Buffer.from(block);
    const found: unknown[][] = [];
    for (let at = 32; bytes.readUInt32LE(at) !== 0; at += 16 + Math.ceil((bytes[at] ?? 0) / 4) * 4) {
      const [start, size] = [bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 8)];
      const name = bytes.toString('latin1', at + 16, at + 16 + (bytes[at] ?? 0));
      found.push([bytes[at + 1], name, bytes.toString('latin1', start, start + size)]);
    }
    return found;
  };

  it('has its names in the order in which Linux looks for them', () => {
    const entry = withXattrs({
      'security.a': '1',
      'user.bb': '2',
      'user.ab': '3',
      'trusted.x': '45678',
      'user.c': '',
    });
    const block = encodeXattrs(entry, 1024) ?? assert.fail();
    assert.deepEqual(namesIn(block), [
      [1, 'c', ''],
      [1, 'ab', '3'],
      [1, 'bb', '2'],
      [4, 'x', '45678'],
      [6, 'a', '1'],
    ]);
    const bytes = Buffer.from(block);
    assert.deepEqual(
      [bytes.length, bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)],
      [1024, 0xea020000, 1, 1],
    );
  });

  it('is none where there is nothing that it can hold', () => {
    assert.equal(encodeXattrs(fileEntry('f', ''), 1024), undefined);
    assert.equal(encodeXattrs(withXattrs({ 'system.posix_acl_access': 'x', 'user.': 'x' }), 1024), undefined);
    assert.equal(encodeXattrs(withXattrs({ [`user.${'x'.repeat(256)}`]: 'x' }), 1024), undefined);
    assert.equal(
      namesIn(encodeXattrs(withXattrs({ [`user.${'x'.repeat(255)}`]: 'x' }), 1024) ?? assert.fail()).length,
      1,
    );
  });

  it('tells what it can’t hold', () => {
    const keys = ['user.a', 'system.x', 'xuser.a', 'trusted.', 'security.b'];
    assert.deepEqual(unstorable(new Map(keys.map((key) => [key, Buffer.alloc(0)]))), [
      'system.x',
      'xuser.a',
      'trusted.',
    ]);
  });

  it('holds as much as fits, with four zeros behind the names', () => {
    // 32 of the header, 16 and 4 of the name, 4 at its end.
    const largest = 1024 - 32 - 20 - 4;
    assert.ok(encodeXattrs(withXattrs({ 'user.a': 'x'.repeat(largest) }), 1024) !== undefined);
    assert.throws(() => encodeXattrs(withXattrs({ 'user.a': 'x'.repeat(largest + 1) }), 1024), {
      code: 'INPUT_INVALID',
      message: 'expected at most 1024 bytes of extended attributes of "/f", got more',
      hint: 'Leave the file out, or its attributes.',
    });
  });
});
