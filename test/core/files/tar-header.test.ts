// The headers of a tar, field by field (POSIX.1-2017, pax, "ustar Interchange Format").

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeHeader, endOfTar, paddingOf, withSize } from '../../../src/core/files/tar-header.ts';
import type { HeaderEntry } from '../../../src/core/files/tar-header.ts';

const file: HeaderEntry = { type: 'file', path: 'a/b', mode: 0o640, uid: 1, gid: 8, size: 9 };

/** The fields of a block, each with what ends it. */
function fieldsOf(block: Uint8Array) {
  const text = (start: number, end: number) => Buffer.from(block.subarray(start, end)).toString('latin1');
  return {
    name: text(0, 100).replace(/\0*$/, ''),
    mode: text(100, 108),
    uid: text(108, 116),
    gid: text(116, 124),
    size: text(124, 136),
    mtime: text(136, 148),
    type: text(156, 157),
    target: text(157, 257).replace(/\0*$/, ''),
    magic: text(257, 265),
    rest: text(265, 329).replace(/\0*$/, ''),
    major: text(329, 337),
    minor: text(337, 345),
    end: text(345, 512).replace(/\0*$/, ''),
  };
}

function checksumOf(block: Uint8Array): string {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}

const plain = {
  name: 'a/b',
  mode: '0000640\0',
  uid: '0000001\0',
  gid: '0000010\0',
  size: '00000000011\0',
  mtime: '14524770400\0',
  type: '0',
  target: '',
  magic: 'ustar\x0000',
  rest: '',
  major: '0000000\0',
  minor: '0000000\0',
  end: '',
};
const mtime = 1_700_000_000;

/** The records of a pax header before a block, each whole. */
function paxOf(header: Uint8Array): { readonly records: readonly string[]; readonly block: Uint8Array } {
  const first = fieldsOf(header.subarray(0, 512));
  const size = Number.parseInt(first.size, 8);
  const padded = Math.ceil(size / 512) * 512;
  assert.equal(header.length, 512 + padded + 512);
  assert.deepEqual(first, {
    ...plain,
    name: 'PaxHeader',
    mode: '0000644\0',
    uid: '0000000\0',
    gid: '0000000\0',
    size: first.size,
    mtime: '00000000000\0',
    type: 'x',
  });
  const body = Buffer.from(header.subarray(512, 512 + size)).toString();
  assert.ok(header.subarray(512 + size, 512 + padded).every((byte) => byte === 0));
  const records: string[] = [];
  for (let rest = Buffer.from(body); rest.length > 0;) {
    const length = Number.parseInt(rest.toString('latin1'), 10);
    const record = rest.subarray(0, length).toString();
    assert.ok(record.startsWith(`${length} `) && record.endsWith('\n'));
    records.push(record.slice(String(length).length + 1, -1));
    rest = rest.subarray(length);
  }
  return { records, block: header.subarray(512 + padded) };
}

describe('the header of a tar', () => {
  it('is one block, with all fields of a file', () => {
    const header = encodeHeader(file, mtime);
    assert.equal(header.length, 512);
    assert.deepEqual(fieldsOf(header), plain);
    assert.equal(Buffer.from(header.subarray(148, 156)).toString('latin1'), checksumOf(header));
  });

  it('is that of a folder, which ends with a slash, and of a link, which has a target', () => {
    const rest = { path: 'a/b', mode: 0o640, uid: 1, gid: 8 };
    assert.deepEqual(fieldsOf(encodeHeader({ ...rest, type: 'directory' }, mtime)), {
      ...plain,
      name: 'a/b/',
      size: '00000000000\0',
      type: '5',
    });
    assert.deepEqual(fieldsOf(encodeHeader({ ...rest, type: 'symlink', target: '../c' }, mtime)), {
      ...plain,
      size: '00000000000\0',
      type: '2',
      target: '../c',
    });
  });

  const whole: readonly (readonly [name: string, entry: HeaderEntry, date?: number])[] = [
    ['the largest owner', { ...file, uid: 0o7777777, gid: 0o7777777 }],
    ['the largest size', { ...file, size: 0o77777777777 }],
    ['the last date', file, 0o77777777777],
    ['a path of 100 bytes', { ...file, path: 'p'.repeat(100) }],
    [
      'a target of 100 bytes',
      { type: 'symlink', path: 'l', mode: 0o777, uid: 0, gid: 0, target: 't'.repeat(100) },
    ],
    ['blanks and tildes', { ...file, path: ' ~' }],
  ];
  for (const [name, entry, date = mtime] of whole) {
    it(`holds ${name} in itself`, () => {
      assert.equal(encodeHeader(entry, date).length, 512);
    });
  }

  const rows: readonly (readonly [
    name: string,
    entry: HeaderEntry,
    records: readonly string[],
    fields: Partial<typeof plain>,
    date?: number,
  ])[] = [
    ['a larger user', { ...file, uid: 0o10000000 }, ['uid=2097152'], { uid: '0000000\0' }],
    ['a larger group', { ...file, gid: 0o10000000 }, ['gid=2097152'], { gid: '0000000\0' }],
    ['a larger size', { ...file, size: 2 ** 33 }, ['size=8589934592'], { size: '00000000000\0' }],
    ['a later date', file, ['mtime=8589934592'], { mtime: '00000000000\0' }, 2 ** 33],
    [
      'a longer path',
      { ...file, path: 'p'.repeat(101) },
      [`path=${'p'.repeat(101)}`],
      { name: 'p'.repeat(100) },
    ],
    ['another alphabet', { ...file, path: 'é' }, ['path=é'], { name: '\xc3\xa9' }],
    ['a control character', { ...file, path: 'a\n' }, ['path=a\n'], { name: 'a\n' }],
    ['the character behind the tilde', { ...file, path: 'a\x7f' }, ['path=a\x7f'], { name: 'a\x7f' }],
    [
      'a longer target',
      { type: 'symlink', path: 'a/b', mode: 0o640, uid: 1, gid: 8, target: 't'.repeat(101) },
      [`linkpath=${'t'.repeat(101)}`],
      { type: '2', size: '00000000000\0', target: 't'.repeat(100) },
    ],
    [
      'a folder whose slash is one too many',
      { type: 'directory', path: 'p'.repeat(100), mode: 0o640, uid: 1, gid: 8 },
      [`path=${'p'.repeat(100)}/`],
      { type: '5', size: '00000000000\0', name: 'p'.repeat(100) },
    ],
    [
      'all of them, in one order',
      { ...file, path: 'ü', uid: 2 ** 31, gid: 2 ** 30, size: 2 ** 40 },
      ['gid=1073741824', 'mtime=8589934593', 'path=ü', 'size=1099511627776', 'uid=2147483648'],
      { name: '\xc3\xbc', uid: '0000000\0', gid: '0000000\0', size: '00000000000\0', mtime: '00000000000\0' },
      2 ** 33 + 1,
    ],
  ];
  for (const [name, entry, records, fields, date = mtime] of rows) {
    it(`has a pax header before it for ${name}`, () => {
      const found = paxOf(encodeHeader(entry, date));
      assert.deepEqual(found.records, records);
      assert.deepEqual(fieldsOf(found.block), { ...plain, ...fields });
    });
  }

  it('counts the digits of a length in it', () => {
    // 99 and 999 bytes are those at which one digit more makes room for itself.
    for (let length = 80; length < 100; length++) {
      const path = 'é'.repeat(length);
      assert.deepEqual(paxOf(encodeHeader({ ...file, path }, mtime)).records, [`path=${path}`]);
    }
    for (let length = 980; length < 1000; length++) {
      const path = 'p'.repeat(length);
      assert.deepEqual(paxOf(encodeHeader({ ...file, path }, mtime)).records, [`path=${path}`]);
    }
  });
});

describe('the end of a tar and of a file in it', () => {
  it('is padded to whole blocks', () => {
    assert.deepEqual(
      [0, 1, 511, 512, 513, 1024].map((size) => paddingOf(size).length),
      [0, 511, 1, 0, 511, 0],
    );
    assert.ok(paddingOf(1).every((byte) => byte === 0));
    assert.deepEqual([endOfTar.length, endOfTar.every((byte) => byte === 0)], [1024, true]);
  });
});

describe('a header with another size', () => {
  it('keeps all else, and has a checksum of its own', () => {
    const header = encodeHeader(file, mtime);
    const other = withSize(header, 0o1234567);
    assert.deepEqual(fieldsOf(other), { ...plain, size: '00001234567\0' });
    assert.deepEqual(Buffer.from(other), Buffer.from(encodeHeader({ ...file, size: 0o1234567 }, mtime)));
    assert.deepEqual(fieldsOf(header), plain);
  });

  it('keeps the way in which numbers end', () => {
    const header = Buffer.from(encodeHeader(file, mtime));
    header.write(' ', 135);
    header.write(' \0', 154);
    const other = Buffer.from(withSize(header, 1));
    assert.equal(other.toString('latin1', 124, 136), '00000000001 ');
    assert.equal(other.toString('latin1', 148, 156), `${checksumOf(other).slice(0, 6)} \0`);
  });

  it('ends numbers that had no end', () => {
    const header = Buffer.from(encodeHeader(file, mtime));
    header.write('777777777777', 124);
    header.write('77777777', 148);
    const other = Buffer.from(withSize(header, 1));
    assert.equal(other.toString('latin1', 124, 136), '00000000001\0');
    assert.equal(other.toString('latin1', 148, 156), checksumOf(other));
  });
});
