// How large a kernel's file must be, whatever its word size and byte order are.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { describeContent, findFault, isProgram } from '../../../src/core/unikernel/content.ts';
import { neededElfSize } from '../../../src/core/unikernel/elf.ts';
import { big, elf, image, little, overlay } from '../../support/headers.ts';

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** A header with program headers behind it. */
function kernel(bits: 32 | 64, order: 'little' | 'big', segments: readonly Segment[]): Uint8Array {
  const number = order === 'little' ? little : big;
  const address = (value: number) => {
    if (bits === 32) return number(value, 4);
    return order === 'little' ? [...number(value, 4), 0, 0, 0, 0] : [0, 0, 0, 0, ...number(value, 4)];
  };
  const [start, each] = bits === 32 ? [52, 32] : [64, 56];
  const parts: Record<number, readonly number[]> = {
    [bits === 32 ? 28 : 32]: address(start),
    [bits === 32 ? 42 : 54]: number(each, 2),
    [bits === 32 ? 44 : 56]: number(segments.length, 2),
  };
  for (const [index, { type, offset, size }] of segments.entries()) {
    const at = start + each * index;
    parts[at] = number(type, 4);
    parts[at + (bits === 32 ? 4 : 8)] = address(offset);
    parts[at + (bits === 32 ? 16 : 32)] = address(size);
  }
  return overlay(elf(bits, order, 62), image(start + each * segments.length, parts));
}

describe('the size that an ELF file needs', () => {
  for (const bits of [32, 64] as const) {
    for (const order of ['little', 'big'] as const) {
      it(`is that of all that is loaded: ELF${bits}, ${order}-endian`, () => {
        const load = { type: 1, offset: 0x1000, size: 0x234 };
        // Notes of a debugger's file and zero-filled memory have no bytes here.
        const segments = [load, { type: 4, offset: 0x9000, size: 9 }, { type: 1, offset: 0, size: 0x10 }];
        const bytes = kernel(bits, order, segments);
        assert.equal(neededElfSize(bytes), 0x1234);
        assert.equal(findFault(bytes, 0x1234), undefined);
        assert.equal(findFault(bytes, 0x1233)?.isSure, true);
      });

      it(`is that of the table at least: ELF${bits}, ${order}-endian`, () => {
        const bytes = kernel(bits, order, [{ type: 1, offset: 0, size: 0 }]);
        assert.equal(neededElfSize(bytes.subarray(0, bits === 32 ? 52 : 64)), bytes.length);
      });
    }
  }

  it('is a number for whatever is there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const head = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...bytes]);
        assert.ok(neededElfSize(head) >= 52);
        assert.equal(neededElfSize(bytes) > 0, false);
      }),
    );
  });
});

describe('what a file looks like', () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const rows: readonly (readonly [head: Uint8Array, description: string])[] = [
    [new Uint8Array(), 'empty file'],
    [latin1('#!/bin/sh'), 'a script starting with #!'],
    [latin1('version https://git-lfs.github.com/spec/v1'), 'a Git LFS pointer, without the file behind it'],
    [latin1('\x1f\x8b'), 'gzip-compressed data'],
    [latin1('\xfd7zXZ\0'), 'xz-compressed data'],
    [latin1('\x28\xb5\x2f\xfd'), 'zstd-compressed data'],
    [latin1('\x04\x22\x4d\x18'), 'lz4-compressed data'],
    [latin1('\x02\x21\x4c\x18'), 'lz4-compressed data'],
    [latin1('BZh9'), 'bzip2-compressed data'],
    [latin1('\x5d\0\0'), 'lzma-compressed data'],
    [latin1('PK\x03\x04'), 'a ZIP archive'],
    [image(300, { 257: 'ustar' }), 'a tar archive'],
    [latin1('070701'), 'a cpio archive'],
    [latin1('070702'), 'a cpio archive'],
    [latin1('070707'), 'a cpio archive'],
    [latin1('!<arch>\n'), 'an ar archive'],
    [latin1('\x27\x05\x19\x56'), 'U-Boot legacy image'],
    [latin1('\xd0\x0d\xfe\xed'), 'a device tree or a U-Boot FIT image'],
    [latin1('\xfe\xed\xfa\xce'), 'Mach-O'],
    [latin1('\xfe\xed\xfa\xcf'), 'Mach-O'],
    [latin1('\xce\xfa\xed\xfe'), 'Mach-O'],
    [latin1('\xcf\xfa\xed\xfe'), 'Mach-O'],
    [latin1('\xca\xfe\xba\xbe'), 'Mach-O for several machines, or a Java class'],
    [latin1('\0asm'), 'WebAssembly'],
    [latin1('BC\xc0\xde'), 'LLVM bitcode'],
    [latin1('QFI\xfb'), 'a qcow2 disk image'],
    [latin1('hsqs'), 'a squashfs file system'],
    [image(0x440, { 0x438: '\x53\xef' }), 'an ext file system'],
    [image(0x8010, { 0x8001: 'CD001' }), 'an ISO 9660 image'],
    [image(100, {}), 'nothing but zero bytes'],
    [image(100, { 99: [1] }), 'data starting with 00 00 00 00 00 00 00 00'],
    [Buffer.from([1, 2, 0x0f, 0xff]), 'data starting with 01 02 0f ff'],
    [latin1('<html>\n<body>'), 'text starting with "<html>"'],
    [latin1('  \n one\r\ntwo'), 'text starting with "one"'],
    [latin1(`${'x'.repeat(40)}\x01`), `text starting with "${'x'.repeat(32)}"`],
    [latin1('a~ \t'), String.raw`text starting with "a~ \t"`],
    [latin1('a\x7f'), 'data starting with 61 7f'],
    [latin1('a\x1f'), 'data starting with 61 1f'],
    [latin1(' '), 'text starting with ""'],
  ];
  for (const [head, description] of rows) {
    it(`is ${description}`, () => {
      assert.equal(describeContent(head), description);
    });
  }

  it('is a program by its first bytes', () => {
    for (const start of ['\x7fELF', 'MZ', '#!']) {
      assert.ok(isProgram(latin1(`${start} more`)));
      assert.ok(!isProgram(latin1(` ${start}`)));
      assert.ok(!isProgram(latin1(start.slice(0, -1))));
    }
    assert.ok(!isProgram(new Uint8Array()));
  });

  it('is at fault for sure, or probably', () => {
    const pointer = latin1('version https://git-lfs.github.com/spec/v1\noid sha256:0\n');
    assert.deepEqual(findFault(new Uint8Array(), 0), {
      isSure: true,
      got: 'an empty file',
      hint: 'Look at the step that makes it: it has written nothing.',
    });
    assert.deepEqual(findFault(pointer, pointer.length), {
      isSure: true,
      got: 'a Git LFS pointer, without the file behind it',
      hint: 'Run "git lfs pull" before, or check out with lfs: true.',
    });
    const short = elf(64, 'little', 62).subarray(0, 60);
    assert.deepEqual(findFault(short, 60), {
      isSure: true,
      got: 'an ELF file of 60 bytes whose program headers need 64',
      hint: 'It was cut short: look at the download or the copy that it comes from.',
    });
    assert.deepEqual(findFault(latin1('<html>'), 6), {
      isSure: false,
      got: 'text starting with "<html>"',
      hint: 'Look at what is there: a download may have brought a page that says why there is no file.',
    });
  });

  it('is no fault in an archive, in what is no text, and where nothing was read', () => {
    assert.equal(findFault(latin1('070701'), 6), undefined);
    assert.equal(findFault(latin1('abc\x01'), 4), undefined);
    assert.equal(findFault(new Uint8Array(), 10), undefined);
    assert.equal(findFault(latin1(`${'x'.repeat(31)}\x01`), 32), undefined);
    assert.equal(findFault(latin1(`${'x'.repeat(32)}\x01`), 33)?.isSure, false);
  });
});
