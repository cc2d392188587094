import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeHeader, endOfTar, paddingOf } from '../../../src/core/files/tar-header.ts';
import { isTarHeader, readTar } from '../../../src/core/files/tar-reader.ts';
import { limits } from '../../../src/core/limits.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';

interface Read {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly target: string;
}

async function read(...parts: Uint8Array[]): Promise<Read[]> {
  const found: Read[] = [];
  for await (const { name, type, target, content } of readTar(streamOf(Buffer.concat(parts)), 'layer 1'))
    found.push({ name, type, target, text: Buffer.from(await readAll(content)).toString() });
  return found;
}

/** One header, with fields written over it and its checksum made anew. */
function header(fields: Readonly<Record<number, string>>, size = 0): Buffer {
  const block = Buffer.from(encodeHeader({ type: 'file', path: 'f', mode: 0o644, uid: 0, gid: 0, size }, 0));
  for (const [offset, bytes] of Object.entries(fields)) block.write(bytes, Number(offset), 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function file(name: string, text: string): Buffer {
  return Buffer.concat([header({ 0: `${name}\0` }, text.length), content(text)]);
}

function extension(kind: string, body: string): Buffer {
  return Buffer.concat([header({ 0: 'x\0', 156: kind }, Buffer.byteLength(body)), content(body)]);
}

function content(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), paddingOf(Buffer.byteLength(text))]);
}

/** One record of a pax header. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (`${length}`.length + Buffer.byteLength(rest) !== length)
    length = `${length}`.length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

const plain = (name: string, text: string) => ({ name, type: 'file', text, target: '' });

describe('readTar', () => {
  const sizes: [name: string, field: string][] = [
    ...[0x81, 0x82, 0xbf, 0xc0, 0xfe, 0xff].map((byte): [string, string] => [
      `a first byte of 0x${byte.toString(16)}`,
      `${String.fromCharCode(byte)}\x00000000005\0`,
    ]),
    ['a number over 2^53', '\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff'],
    ['a negative number', '-0000000001\0'],
    ['no digits', 'abcdefghijk\0'],
    ['digits that are not octal', '00000000008\0'],
  ];
  for (const [name, field] of sizes) {
    it(`refuses a size with ${name}`, async () => {
      await assert.rejects(read(header({ 124: field }), endOfTar), {
        code: 'LAYOUT_INVALID',
        message: /^layer 1 is no valid tar: the size /,
      });
    });
  }

  it('takes a size in base 256', async () => {
    const large = header({ 124: '\x80\0\0\0\0\0\0\0\0\0\0\x03' });
    assert.deepEqual(await read(large, content('abc'), endOfTar), [plain('f', 'abc')]);
  });

  for (const size of ['x', '-1', '1e3', '9'.repeat(18), '1'.repeat(30)]) {
    it(`refuses the size ${JSON.stringify(size)} in a pax header`, async () => {
      await assert.rejects(read(extension('x', record('size', size)), file('f', '')), {
        code: 'LAYOUT_INVALID',
      });
    });
  }

  for (const body of ['', '5 a=', '99 path=b\n', '0 path=b\n', 'path=b\n', '9 pathab\n', '9 path=b ']) {
    it(`reads no entry behind the pax header ${JSON.stringify(body)}, or the entry alone`, async () => {
      const found = read(extension('x', body), file('f', 'abc'));
      if (body === '') assert.deepEqual(await found, [plain('f', 'abc')]);
      else await assert.rejects(found, { code: 'LAYOUT_INVALID', message: /pax header is damaged/ });
    });
  }

  it('takes names and targets from pax headers and from those of GNU, for the next entry alone', async () => {
    const long = 'd'.repeat(300);
    assert.deepEqual(
      await read(
        extension('x', record('path', `${long}/ü`) + record('comment', 'x')),
        file('a', '1'),
        extension('L', `${long}\0`),
        extension('K', `${long}/target\0`),
        header({ 0: 'b\0', 156: '2' }),
        file('c', '3'),
      ),
      [
        plain(`${long}/ü`, '1'),
        { name: long, type: 'symlink', text: '', target: `${long}/target` },
        plain('c', '3'),
      ],
    );
  });

  it('keeps what the header says where a pax header says nothing', async () => {
    const nothing = record('path', '') + record('size', '');
    assert.deepEqual(await read(extension('x', nothing), file('f', 'abc')), [plain('f', 'abc')]);
  });

  it('refuses a path that is longer than Linux takes', async () => {
    const path = 'a/'.repeat(limits.path / 2 - 1) + 'bc';
    assert.deepEqual(await read(extension('x', record('path', path)), file('f', '')), [plain(path, '')]);
    for (const [kind, body] of [
      ['x', record('path', `${path}d`)],
      ['x', record('linkpath', `${path}d`)],
      ['L', `${path}d\0`],
      ['x', record('path', 'a/'.repeat(limits.tarHeader / 4))],
    ] as const) {
      await assert.rejects(read(extension(kind, body), file('f', '')), {
        code: 'LAYOUT_INVALID',
        message: /expected paths of at most 4096 bytes/,
      });
    }
  });

  it('bounds extended headers, each and all of them', async () => {
    const large = extension('g', record('comment', 'x'.repeat(limits.tarHeader)));
    await assert.rejects(read(large), { code: 'LAYOUT_INVALID', message: /extended headers are too large/ });
    const most = extension('g', record('comment', 'x'.repeat(limits.tarHeader - 100)));
    const many = Array.from({ length: 65 }, () => most);
    await assert.rejects(read(...many), {
      code: 'LAYOUT_INVALID',
      message: /extended headers are too large/,
    });
  });

  it('does not apply what is said of all entries, as Go does not', async () => {
    const global = extension('g', record('path', 'other') + record('size', '7'));
    assert.deepEqual(await read(global, file('f', 'abc'), file('g', '')), [
      plain('f', 'abc'),
      plain('g', ''),
    ]);
  });

  it('ends at two empty blocks, and reads on behind a single one', async () => {
    const single = endOfTar.subarray(0, 512);
    const found = await read(
      file('a', '1'),
      single,
      file('b', '2'),
      endOfTar,
      file('c', '3'),
      Buffer.from('x'),
    );
    assert.deepEqual(
      found.map(({ name }) => name),
      ['a', 'b'],
    );
  });

  it('gives links and devices no content, whatever their size says', async () => {
    assert.deepEqual(
      (await read(header({ 156: '2' }, 700), header({ 156: '6' }, 700), file('c', '3'))).map(
        ({ type }) => type,
      ),
      ['symlink', 'other', 'file'],
    );
  });

  /** All that is said of the entries, but for their content. */
  const facts = async (...parts: readonly Uint8Array[]) => {
    const found: object[] = [];
    for await (const entry of readTar(streamOf(Buffer.concat(parts)), 'l'))
      found.push(Object.fromEntries(Object.entries(entry).filter(([key]) => key !== 'content')));
    return found;
  };
  const common = { name: 'f', size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0, target: '', start: 512 };

  it('has all fields of an entry, and where its content begins', async () => {
    assert.deepEqual(
      await facts(
        file('a', 'xyz'),
        header({ 100: '0004755\0', 108: '0000001\0', 116: '0000002\0', 136: '00000000003\0' }),
      ),
      [
        { ...common, name: 'a', type: 'file', size: 3 },
        { ...common, type: 'file', mode: 0o4755, uid: 1, gid: 2, mtime: 3, start: 512 * 3 },
      ],
    );
  });

  const kinds: readonly (readonly [kind: string, entry: object])[] = [
    ['0', { type: 'file' }],
    ['\0', { type: 'file' }],
    ['7', { type: 'file' }],
    ['1', { type: 'hardlink' }],
    ['2', { type: 'symlink' }],
    ['3', { type: 'other', special: { kind: 'character', major: 1, minor: 2 } }],
    ['4', { type: 'other', special: { kind: 'block', major: 1, minor: 2 } }],
    ['5', { type: 'directory' }],
    ['6', { type: 'other', special: { kind: 'fifo', major: 0, minor: 0 } }],
    ['Z', { type: 'other' }],
  ];
  for (const [kind, entry] of kinds) {
    it(`knows the kind ${JSON.stringify(kind)}`, async () => {
      assert.deepEqual(await facts(header({ 156: kind, 329: '0000001\0', 337: '0000002\0' })), [
        { ...common, ...entry },
      ]);
    });
  }

  it('refuses numbers of a device that are none, and takes those of a FIFO for nothing', async () => {
    await assert.rejects(facts(header({ 156: '3', 329: 'xxxxxxx\0' })), {
      message: 'l is no valid tar: the device in a header is no number that a file can have',
    });
    assert.equal((await facts(header({ 156: '6', 329: 'xxxxxxx\0' }))).length, 1);
    for (const [offset, name] of [
      [100, 'mode'],
      [108, 'owner'],
      [116, 'group'],
    ] as const)
      await assert.rejects(facts(header({ [offset]: 'xxxxxxx\0' })), {
        message: `l is no valid tar: the ${name} in a header is no number that a file can have`,
      });
  });

  it('takes an old name with a slash for a folder, and no other', async () => {
    assert.deepEqual(await facts(header({ 0: 'd/\0', 156: '\0' }, 7)), [
      { ...common, name: 'd/', type: 'directory' },
    ]);
    assert.deepEqual(await facts(header({ 0: '/d\0', 156: '\0' })), [
      { ...common, name: '/d', type: 'file' },
    ]);
    assert.deepEqual(await facts(header({ 0: 'd/\0' })), [{ ...common, name: 'd/', type: 'file' }]);
  });

  it('puts the prefix of ustar before a name, and takes none of another form', async () => {
    assert.deepEqual(await facts(header({ 345: 'pre/fix\0' })), [
      { ...common, name: 'pre/fix/f', type: 'file' },
    ]);
    assert.deepEqual(await facts(header({ 257: 'ustar  \0', 345: 'pre\0' })), [{ ...common, type: 'file' }]);
  });

  it('reads numbers with blanks around them, without an end, and of nothing', async () => {
    for (const [field, value] of [
      [' 17 \0', 15],
      ['  17\0\0\0\0', 15],
      ['00000017', 15],
      ['       \0', 0],
      ['\0\0\0\0\0\0\0\0', 0],
      ['\x80\0\0\0\0\0\x01\x02', 258],
    ] as const)
      assert.deepEqual(
        await facts(header({ 108: field.padEnd(8, '\0') })),
        [{ ...common, type: 'file', uid: value }],
        field,
      );
    assert.deepEqual(await facts(header({ 136: 'x' })), [{ ...common, type: 'file', mtime: undefined }]);
  });

  it('takes owners, sizes and attributes from pax headers, and nothing that they leave out', async () => {
    const body = [
      'uid=2097152',
      'gid=7',
      'size=3',
      'SCHILY.xattr.user.a=x=y',
      'SCHILY.xattr.user.b=',
      'xSCHILY.xattr.user.c=z',
      'GNU.other=1',
    ]
      .map((line) => record(...(line.split(/=(.*)/s).slice(0, 2) as [string, string])))
      .join('');
    const [entry] = await facts(extension('x', body), header({}, 0), content('abc'));
    assert.deepEqual(entry, {
      ...common,
      type: 'file',
      size: 3,
      uid: 2_097_152,
      gid: 7,
      start: 512 * 3,
      xattrs: new Map([
        ['user.a', Uint8Array.from(Buffer.from('x=y'))],
        ['user.b', new Uint8Array()],
      ]),
    });
    for (const key of ['uid', 'gid'])
      await assert.rejects(facts(extension('x', record(key, '1x')), file('f', '')), {
        message: `l is no valid tar: the ${key} in a pax header is no valid number`,
      });
  });

  it('takes an old long name of GNU', async () => {
    assert.deepEqual(await facts(extension('N', 'long\0rest'), file('f', '')), [
      { ...common, name: 'long', type: 'file', start: 512 * 3 },
    ]);
  });

  it('refuses a header whose checksum is wrong, and a tar that ends within one', async () => {
    const wrong = header({});
    wrong[0] = 0x41;
    await assert.rejects(facts(wrong), { message: 'l is no valid tar: a header has a wrong checksum' });
    await assert.rejects(facts(header({}).subarray(0, 511)), {
      message: 'l is no valid tar: it ends too early',
    });
    await assert.rejects(facts(header({}, 3)), { message: 'l is no valid tar: it ends too early' });
    assert.equal((await facts(header({}, 3), Buffer.from('abc'))).length, 1);
  });

  it('takes a pax header whose length has as many digits as it can, and no more', async () => {
    const value = 'x'.repeat(20);
    const line = (digits: string) => `${digits} path=${value}\n`;
    const size = (length: number) => String(length + ` path=${value}\n`.length).padStart(length, '0');
    assert.deepEqual((await read(extension('x', line(size(10))), file('f', '')))[0]?.name, value);
    for (const digits of [size(11), '1x', ''])
      await assert.rejects(read(extension('x', line(digits)), file('f', '')), {
        message: /a pax header is damaged/,
      });
    await assert.rejects(read(extension('x', '6 abc\n3 =\n'), file('f', '')), {
      message: /a pax header is damaged/,
    });
  });

  it('closes a stream that needs it, and none that doesn’t', async () => {
    const bytes = [file('a', 'x'), endOfTar];
    const bare = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const value = bytes.shift();
          return Promise.resolve(
            value === undefined ? { done: true as const, value } : { done: false as const, value },
          );
        },
      }),
    };
    const names: string[] = [];
    for await (const { name } of readTar(bare, 'l')) names.push(name);
    assert.deepEqual(names, ['a']);
  });

  describe('of a sparse file', () => {
    const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
    /** GNU's own form: four parts in the header, and 21 in each block behind it. */
    const gnu = (size: number, parts: readonly (readonly [number, number])[], text: string) => {
      const fields: Record<number, string> = { 156: 'S', 257: 'ustar  \0', 483: octal(size) };
      for (const [at, [offset, length]] of parts.slice(0, 4).entries()) {
        fields[386 + 24 * at] = octal(offset);
        fields[386 + 24 * at + 12] = octal(length);
      }
      const behind: Buffer[] = [];
      for (let first = 4; first < parts.length; first += 21) {
        const block = Buffer.alloc(512);
        for (const [at, [offset, length]] of parts.slice(first, first + 21).entries())
          block.write(octal(offset) + octal(length), 24 * at, 'latin1');
        if (parts.length > first + 21) block[504] = 1;
        behind.push(block);
      }
      if (parts.length > 4) fields[482] = '\x01';
      return Buffer.concat([header(fields, text.length), ...behind, content(text)]);
    };
    const spread = (count: number): (readonly [number, number])[] =>
      Array.from({ length: count }, (_, at) => [at * 3 + 1, 2]);
    const texts = (count: number) => 'ab'.repeat(count);
    const whole = (count: number) => `${'\0ab'.repeat(count)}\0`;

    for (const count of [0, 1, 3, 4, 5, 24, 25, 26, 46, 47])
      it(`has ${count} parts`, async () => {
        const [entry, next] = await read(gnu(count * 3 + 1, spread(count), texts(count)), file('g', 'x'));
        assert.deepEqual([entry?.text, next?.name], [whole(count), 'g']);
        const [fact] = await facts(gnu(count * 3 + 1, spread(count), texts(count)));
        assert.deepEqual(fact, {
          ...common,
          type: 'file',
          size: count * 3 + 1,
          isSparse: true,
          start: 512 * (1 + Math.ceil(Math.max(0, count - 4) / 21)),
        });
      });

    it('is refused with a map that is damaged', async () => {
      const damaged = { message: 'l is no valid tar: the map of a sparse file is damaged' };
      const with4 = (fields: Readonly<Record<number, string>>) => {
        const tar = gnu(4, [[1, 2]], 'ab');
        for (const [at, text] of Object.entries(fields)) tar.write(text, Number(at), 'latin1');
        tar.fill(' ', 148, 156);
        const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
        tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
        return tar;
      };
      assert.equal((await facts(with4({}))).length, 1);
      for (const fields of [{ 483: 'x' }, { 386: 'x' }, { 398: 'x' }, { 398: octal(3) }, { 483: octal(2) }])
        await assert.rejects(facts(with4(fields)), damaged, JSON.stringify(fields));
      await assert.rejects(facts(with4({ 482: '\x01' })), { message: /^l is no valid tar: / });
    });

    const pax = (fields: Readonly<Record<string, string>>, kind = '0') =>
      Buffer.concat([
        extension(
          'x',
          Object.entries(fields)
            .map(([key, value]) => record(`GNU.sparse.${key}`, value))
            .join(''),
        ),
        header({ 156: kind }, 2),
        content('ab'),
      ]);

    it('is read of all three forms of pax', async () => {
      const oldest = extension(
        'x',
        [
          ['size', '4'],
          ['numblocks', '2'],
          ['offset', '0'],
          ['numbytes', '1'],
          ['offset', '3'],
          ['numbytes', '1'],
        ]
          .map(([key = '', value = '']) => record(`GNU.sparse.${key}`, value))
          .join(''),
      );
      assert.equal((await read(oldest, header({}, 2), content('ab')))[0]?.text, 'a\0\0b');
      const [older] = await read(pax({ name: 'real', size: '4', map: '0,1,3,1' }));
      assert.deepEqual([older?.name, older?.text], ['real', 'a\0\0b']);
      const newest = Buffer.concat([
        extension(
          'x',
          [
            ['major', '1'],
            ['minor', '0'],
            ['name', 'real'],
            ['realsize', '4'],
          ]
            .map(([key = '', value = '']) => record(`GNU.sparse.${key}`, value))
            .join(''),
        ),
        header({}, 512 + 2),
        Buffer.from('2\n0\n1\n3\n1\n'.padEnd(512, '\0')),
        content('ab'),
      ]);
      const [found, next] = await read(newest, file('g', 'x'));
      assert.deepEqual([found?.name, found?.text, next?.text], ['real', 'a\0\0b', 'x']);
    });

    it('is none of another kind, or without a map', async () => {
      assert.equal((await read(pax({ name: 'real' })))[0]?.text, 'ab');
      assert.equal((await read(pax({ size: '4', map: '0,1,3,1' }, '\0')))[0]?.text, 'a\0\0b');
      assert.equal((await read(pax({ size: '4', map: '0,1,3,1' }, '7')))[0]?.text, 'a\0\0b');
      assert.equal((await read(pax({ size: '4', map: '0,1,3,1' }, 'Z')))[0]?.text, 'ab');
      await assert.rejects(read(pax({ major: '1' })), { code: 'LAYOUT_INVALID' });
      await assert.rejects(read(pax({ size: '4' })), { message: /the map of a sparse file is damaged/ });
    });
  });
});

describe('isTarHeader', () => {
  it('is true for the first block of a tar that holds something', () => {
    const first = header({});
    assert.ok(isTarHeader(first) && isTarHeader(Buffer.concat([first, first])));
    assert.ok(!isTarHeader(first.subarray(0, 511)));
    assert.ok(!isTarHeader(Buffer.alloc(512)));
    first[0] = 0x41;
    assert.ok(!isTarHeader(first));
  });
});
