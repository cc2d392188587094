import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareTars, firstDifferentByte } from '../../../src/core/trust/compare-tars.ts';
import { encodeHeader } from '../../../src/core/files/tar-header.ts';
import { formatDifference } from '../../../src/core/trust/difference.ts';
import { packTar } from '../../support/pack-tar.ts';
import type { TarPart } from '../../support/pack-tar.ts';

/** In pieces of so many bytes, whose memory is used again, as the streams of files do. */
async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    const part = bytes.subarray(at, at + size);
    piece.set(part);
    yield piece.subarray(0, part.length);
  }
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxLine(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const digits = String(rest.length + 2).length;
  return `${rest.length + digits}${rest}`;
}

const plain: readonly TarPart[] = [
  { name: 'etc/', type: 'directory', mode: 0o755 },
  { name: 'etc/a', content: 'one' },
  { name: 'etc/b', content: 'two' },
  { name: 'l', target: 'etc/a' },
];
const withPart = (at: number, part: Partial<TarPart>) =>
  plain.map((one, index) => (index === at ? { ...one, ...part } : one));

const rows: readonly (readonly [name: string, other: readonly TarPart[], line: string | undefined])[] = [
  ['nothing', plain, undefined],
  [
    'a byte',
    withPart(2, { content: 'twi' }),
    'layer: file "/etc/b", byte 2: the image has 0x6f, the rebuild has 0x69',
  ],
  [
    'a file that goes on',
    withPart(2, { content: 'two more' }),
    'layer: file "/etc/b", byte 3, of 3 and 8: the image has its end, the rebuild has 0x20',
  ],
  [
    'a mode',
    withPart(1, { mode: 0o755 }),
    'layer: mode of file "/etc/a": the image has 0644, the rebuild has 0755',
  ],
  [
    'an owner',
    withPart(1, { uid: 7 }),
    'layer: owner of file "/etc/a": the image has 0:0, the rebuild has 7:0',
  ],
  [
    'a target',
    withPart(3, { target: 'etc/b' }),
    'layer: target of symlink "/l": the image has etc/a, the rebuild has etc/b',
  ],
  [
    'a type',
    withPart(3, { type: 'link' }),
    'layer: type of symlink "/l": the image has symlink, the rebuild has hardlink',
  ],
  [
    'a date',
    withPart(1, { mtime: 60 }),
    'layer: date of file "/etc/a": the image has 1970-01-01T00:00:00Z, the rebuild has 1970-01-01T00:01:00Z',
  ],
  [
    'a file that only the image has',
    plain.filter(({ name }) => name !== 'etc/a'),
    'layer: file "/etc/a": the image has it, the rebuild has none',
  ],
  [
    'a file that only the rebuild has',
    [...plain.slice(0, 2), { name: 'etc/aa', content: '' }, ...plain.slice(2)],
    'layer: file "/etc/aa": the image has none, the rebuild has it',
  ],
  ['a last file', plain.slice(0, 3), 'layer: symlink "/l": the image has it, the rebuild has none'],
  [
    'another order',
    [...plain.slice(0, 1), ...plain.slice(2, 3), ...plain.slice(1, 2), ...plain.slice(3)],
    'layer: order of the files, where: the image has file "/etc/a", the rebuild has file "/etc/b"',
  ],
];

describe('compareTars', () => {
  for (const [name, other, line] of rows) {
    it(`finds ${name}`, async () => {
      for (const size of [7, 512, 100_000]) {
        const found = await compareTars(
          inPieces(packTar(plain), size),
          inPieces(packTar(other), size + 1),
          'layer',
        );
        assert.equal(found === undefined ? undefined : formatDifference(found), line);
      }
    });
  }

  it('tells what each of the two has as its kind of difference', async () => {
    for (const [name, other] of rows.slice(1)) {
      const found = await compareTars(inPieces(packTar(plain), 512), inPieces(packTar(other), 512), 'layer');
      assert.equal(found?.kind, 'file', name);
    }
  });

  it('finds extended attributes, by name and by value', async () => {
    const withAttributes = (...xattrs: readonly (readonly [string, string])[]) => {
      const lines = xattrs.map(([name, value]) => paxLine(`SCHILY.xattr.${name}`, value)).join('');
      return packTar([
        ...(lines === '' ? [] : [{ name: 'p', type: 'pax', content: lines } as const]),
        { name: 'a', content: '' },
      ]);
    };
    const found = async (one: Uint8Array, other: Uint8Array) =>
      await compareTars(inPieces(one, 512), inPieces(other, 512), 'layer');
    const two = withAttributes(['user.a', 'x'], ['user.b', 'yz']);
    assert.equal(await found(two, two), undefined);
    assert.deepEqual(await found(two, withAttributes(['user.a', 'x'])), {
      kind: 'file',
      what: 'layer: extended attributes of file "/a"',
      image: 'user.a=78 user.b=797a',
      rebuild: 'user.a=78',
    });
    assert.deepEqual(await found(withAttributes(), withAttributes(['user.a', 'z'])), {
      kind: 'file',
      what: 'layer: extended attributes of file "/a"',
      image: '',
      rebuild: 'user.a=7a',
    });
  });

  it('finds the numbers of a device, and a date that is none', async () => {
    const device = packTar([{ name: 'd', type: 'character-device' }]);
    const withField = (offset: number, text: string) => {
      const tar = Buffer.from(device);
      tar.write(text, offset);
      tar.fill(' ', 148, 156);
      const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      return tar;
    };
    const found = async (other: Uint8Array) =>
      await compareTars(inPieces(device, 512), inPieces(other, 512), 'layer');
    assert.deepEqual(await found(withField(337, '0000007')), {
      kind: 'file',
      what: 'layer: device of other "/d"',
      image: '{"kind":"character","major":0,"minor":0}',
      rebuild: '{"kind":"character","major":0,"minor":7}',
    });
    assert.deepEqual(await found(withField(136, 'xxxxxxxxxxx')), {
      kind: 'file',
      what: 'layer: date of other "/d"',
      image: '1970-01-01T00:00:00Z',
      rebuild: 'none',
    });
  });

  it('names a path from the root, however the tar has it', async () => {
    for (const [name, shown] of [
      ['./a', '/a'],
      ['/a', '/a'],
      ['.//a', '/a'],
      ['//a', '/a'],
      ['.a', '/.a'],
      ['a/./b', '/a/./b'],
      ['a/', '/a'],
    ] as const) {
      const found = await compareTars(
        inPieces(packTar([{ name, content: '' }]), 512),
        inPieces(packTar([]), 512),
        'l',
      );
      assert.deepEqual(found, { kind: 'file', what: `l: file "${shown}"`, image: 'it' }, name);
    }
  });

  it('finds what a whole tar more has, and closes both', async () => {
    const closed: string[] = [];
    async function* watched(tar: Buffer, name: string): AsyncGenerator<Uint8Array> {
      try {
        yield* inPieces(tar, 512);
      } finally {
        closed.push(name);
      }
    }
    const [one, none] = [packTar([{ name: 'a', content: '' }]), packTar([])];
    assert.deepEqual(await compareTars(watched(none, '1'), watched(one, '2'), 'l'), {
      kind: 'file',
      what: 'l: file "/a"',
      rebuild: 'it',
    });
    await compareTars(watched(one, '3'), watched(packTar([{ name: 'a', mode: 0o600 }]), '4'), 'l');
    assert.deepEqual(closed.sort(), ['1', '2', '3', '4']);
  });

  it('keeps nothing of a large file, and reads no further than the first difference', async () => {
    const size = 64 * 1024 * 1024;
    const head = encodeHeader({ type: 'file', path: 'big', mode: 0o644, uid: 0, gid: 0, size }, 0);
    let [sent, most] = [0, 0];
    async function* stream(different: number): AsyncGenerator<Uint8Array> {
      yield head;
      const piece = Buffer.alloc(1024 * 1024);
      for (let at = 0; at < size; at += piece.length) {
        await Promise.resolve();
        sent += piece.length;
        most = Math.max(most, process.memoryUsage().arrayBuffers);
        piece.fill(at === different ? 1 : 0);
        yield piece;
      }
    }
    const before = process.memoryUsage().arrayBuffers;
    const found = await compareTars(stream(-1), stream(5 * 1024 * 1024), 'layer');
    assert.equal(found?.what, `layer: file "/big", byte ${5 * 1024 * 1024}`);
    assert.equal(sent, 12 * 1024 * 1024);
    assert.ok(most - before < 32 * 1024 * 1024);
  });
});

describe('firstDifferentByte', () => {
  it('closes both streams, also those that need no closing', async () => {
    const closed: string[] = [];
    async function* watched(name: string, ...bytes: readonly number[]): AsyncGenerator<Uint8Array> {
      try {
        for (const byte of bytes) {
          await Promise.resolve();
          yield Uint8Array.of();
          yield Uint8Array.of(byte);
        }
      } finally {
        closed.push(name);
      }
    }
    assert.deepEqual(await firstDifferentByte(watched('a', 1, 2, 3), watched('b', 1, 4, 3)), {
      offset: 1,
      one: 2,
      other: 4,
    });
    assert.deepEqual(closed.sort(), ['a', 'b']);
    const bare = (...bytes: readonly number[]) => ({
      [Symbol.asyncIterator]: () => {
        const left = [...bytes];
        return {
          next: () => {
            const byte = left.shift();
            return Promise.resolve(
              byte === undefined
                ? { done: true as const, value: undefined }
                : { done: false as const, value: Uint8Array.of(byte) },
            );
          },
        };
      },
    });
    assert.equal(await firstDifferentByte(bare(1, 2), bare(1, 2)), undefined);
    assert.deepEqual(await firstDifferentByte(bare(1), bare(1, 2)), { offset: 1, one: undefined, other: 2 });
  });

  it('finds the same place however the streams are cut', async () => {
    const one = Buffer.alloc(1000, 'abc');
    for (const at of [0, 1, 511, 512, 999]) {
      const other = Buffer.from(one);
      other[at] = 0;
      const found = await firstDifferentByte(inPieces(one, 64), inPieces(other, 100));
      assert.deepEqual(found, { offset: at, one: one[at], other: 0 });
    }
    assert.equal(await firstDifferentByte(inPieces(one, 3), inPieces(one, 1000)), undefined);
    assert.deepEqual(await firstDifferentByte(inPieces(one, 3), inPieces(one.subarray(0, 6), 4)), {
      offset: 6,
      one: one[6],
      other: undefined,
    });
  });
});
