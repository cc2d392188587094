// The parts of ELF files of both sizes and both byte orders, written out field by field (System V ABI).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { readElfLayout } from '../../../src/core/unikernel/elf-layout.ts';
import type { ByteOrder, ElfPart } from '../../../src/core/unikernel/elf-layout.ts';
import { readElfNotes } from '../../../src/core/unikernel/elf-notes.ts';
import { neededElfSize } from '../../../src/core/unikernel/elf.ts';
import { readHermit } from '../../../src/core/unikernel/hermit.ts';
import type { ElfNote } from '../../../src/core/unikernel/elf-notes.ts';
import { words } from '../../support/sections-elf.ts';

interface Shape {
  readonly is64?: boolean;
  readonly order?: ByteOrder;
}

interface Parts extends Shape {
  readonly segments?: readonly ElfPart[];
  /** Each with the place of its name. */
  readonly sections?: readonly (ElfPart & { readonly nameAt: number })[];
  /** Number of the section with the names. */
  readonly names?: number;
  readonly content?: Readonly<Record<number, Uint8Array>>;
  readonly size?: number;
}

/** The table of segments is at 0x100, and that of sections at 0x800. */
const [segmentsAt, sectionsAt] = [0x100, 0x800];

function elfOf({ is64 = true, order = 'little', ...parts }: Parts): Buffer {
  const { segments = [], sections = [], names = 0, content = {}, size = 0x2000 } = parts;
  const bytes = Buffer.alloc(size);
  const half = (at: number, value: number) =>
    order === 'big' ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at);
  const word = (at: number, value: number) =>
    order === 'big' ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at);
  const address = (at: number, value: number) => {
    if (!is64) word(at, value);
    else if (order === 'big') bytes.writeBigUInt64BE(BigInt(value), at);
    else bytes.writeBigUInt64LE(BigInt(value), at);
  };
  bytes.write('\x7fELF', 'latin1');
  bytes.set([is64 ? 2 : 1, order === 'big' ? 2 : 1, 1, 9], 4);
  half(18, 62);
  const [segmentSize, sectionSize] = is64 ? [56, 64] : [32, 40];
  address(is64 ? 32 : 28, segmentsAt);
  address(is64 ? 40 : 32, sectionsAt);
  const counts = is64 ? 54 : 42;
  for (const [index, value] of [segmentSize, segments.length, sectionSize, sections.length, names].entries())
    half(counts + 2 * index, value);
  for (const [index, { type, offset, size: length, align }] of segments.entries()) {
    const at = segmentsAt + index * segmentSize;
    word(at, type);
    address(at + (is64 ? 8 : 4), offset);
    address(at + (is64 ? 32 : 16), length);
    address(at + (is64 ? 48 : 28), align);
  }
  for (const [index, { nameAt, type, offset, size: length, align }] of sections.entries()) {
    const at = sectionsAt + index * sectionSize;
    word(at, nameAt);
    word(at + 4, type);
    address(at + (is64 ? 24 : 16), offset);
    address(at + (is64 ? 32 : 20), length);
    address(at + (is64 ? 48 : 32), align);
  }
  for (const [at, part] of Object.entries(content)) bytes.set(part, Number(at));
  return bytes;
}

const fileOf = (bytes: Uint8Array) => ({ size: bytes.length, open: () => streamOf(bytes) });
const layoutOf = async (bytes: Uint8Array) => await readElfLayout(fileOf(bytes), bytes.subarray(0, 64));

const shapes: readonly Shape[] = [true, false].flatMap((is64) =>
  (['little', 'big'] as const).map((order) => ({ is64, order })),
);

const load: ElfPart = { type: 1, offset: 0x1000, size: 0x20, align: 0x1000 };
const names = Buffer.from('\0.text\0.names\0', 'latin1');
const sections = [
  { nameAt: 0, type: 0, offset: 0, size: 0, align: 0 },
  { nameAt: 1, type: 1, offset: 0x1000, size: 0x20, align: 16 },
  { nameAt: 7, type: 3, offset: 0x1100, size: names.length, align: 1 },
];

describe('the layout of an ELF file', () => {
  for (const shape of shapes) {
    it(`has segments and sections, with ${JSON.stringify(shape)}`, async () => {
      const bytes = elfOf({
        ...shape,
        segments: [load, { type: 4, offset: 0x1040, size: 12, align: 4 }],
        sections,
        names: 2,
        content: { 0x1100: names },
      });
      assert.deepEqual(await layoutOf(bytes), {
        ...shape,
        osAbi: 9,
        machine: 62,
        segments: [load, { type: 4, offset: 0x1040, size: 12, align: 4 }],
        sections: [
          { name: '', type: 0, offset: 0, size: 0, align: 0 },
          { name: '.text', type: 1, offset: 0x1000, size: 0x20, align: 16 },
          { name: '.names', type: 3, offset: 0x1100, size: names.length, align: 1 },
        ],
        damage: [],
      });
    });

    it(`has a header of its whole size, with ${JSON.stringify(shape)}`, async () => {
      const size = shape.is64 === true ? 64 : 52;
      const whole = elfOf(shape).subarray(0, size);
      assert.deepEqual((await layoutOf(whole))?.damage, []);
      assert.deepEqual(await layoutOf(whole.subarray(0, -1)), {
        ...shape,
        osAbi: 9,
        machine: 62,
        segments: [],
        sections: [],
        damage: ['its ELF header'],
      });
    });
  }

  it('has addresses above 4 GiB', async () => {
    for (const order of ['little', 'big'] as const) {
      const far: ElfPart = { type: 1, offset: 3 * 2 ** 32 + 5, size: 2 ** 33 + 7, align: 8 };
      assert.deepEqual((await layoutOf(elfOf({ order, segments: [far] })))?.segments, [far]);
    }
  });

  it('is none for anything else', async () => {
    assert.equal(await layoutOf(Buffer.from('\x7fELX')), undefined);
    assert.equal(await layoutOf(new Uint8Array()), undefined);
  });

  it('says which table is cut off, and has the rows before', async () => {
    const segments = [load, load, load];
    const short = await layoutOf(elfOf({ segments }).subarray(0, segmentsAt + 2 * 56 + 55));
    assert.deepEqual([short?.segments.length, short?.damage], [2, ['its program headers']]);
    const less = await layoutOf(elfOf({ sections, size: 0x2000 }).subarray(0, sectionsAt + 2 * 64 + 63));
    assert.deepEqual([less?.sections.length, less?.damage], [2, ['its section headers']]);
    const both = await layoutOf(elfOf({ segments, sections }).subarray(0, 64));
    assert.deepEqual(both?.damage, ['its program headers', 'its section headers']);
  });

  it('has no rows that are smaller than they must be', async () => {
    const bytes = elfOf({ segments: [load], sections });
    bytes.writeUInt16LE(55, 54);
    bytes.writeUInt16LE(63, 58);
    const found = await layoutOf(bytes);
    assert.deepEqual([found?.segments, found?.sections], [[], []]);
    assert.deepEqual(found?.damage, ['its program headers', 'its section headers']);
  });

  it('may have rows that are larger', async () => {
    const bytes = elfOf({ segments: [load] });
    bytes.writeUInt16LE(60, 54);
    assert.deepEqual((await layoutOf(bytes))?.segments, [load]);
  });

  it('has no names where their section is missing or holds none', async () => {
    const nameless = async (part: Partial<Parts>) =>
      (await layoutOf(elfOf({ sections, content: { 0x1100: names }, ...part })))?.sections.map(
        ({ name }) => name,
      );
    assert.deepEqual(await nameless({ names: 9 }), ['', '', '']);
    const endless = { 0x1100: Buffer.from('\0.textX.namesY') };
    assert.deepEqual(await nameless({ names: 2, content: endless }), ['', '', '']);
  });
});

const note = (name: string, type: number, description: Uint8Array, align = 4): Buffer => {
  const [nameBytes, up] = [
    Buffer.from(`${name}\0`, 'latin1'),
    (size: number) => Math.ceil(size / align) * align,
  ];
  const start = up(12 + nameBytes.length);
  const bytes = Buffer.alloc(start + up(description.length));
  bytes.writeUInt32LE(nameBytes.length, 0);
  bytes.writeUInt32LE(description.length, 4);
  bytes.writeUInt32LE(type, 8);
  nameBytes.copy(bytes, 12);
  bytes.set(description, start);
  return bytes;
};

const notePart = (offset: number, size: number, align = 4): ElfPart => ({ type: 4, offset, size, align });

async function notesOf(parts: Parts) {
  const bytes = elfOf(parts);
  const layout = await layoutOf(bytes);
  assert.ok(layout !== undefined);
  const { notes, damage } = await readElfNotes(fileOf(bytes), layout);
  return {
    notes: notes.map(({ name, type, description, isFirst }) => [name, type, [...description], isFirst]),
    damage,
  };
}

describe('the notes of an ELF file', () => {
  const [one, two] = [note('A', 1, Uint8Array.of(1, 2, 3)), note('BCDE', 2, Uint8Array.of(4))];
  const told = (isFirst: boolean) => [
    ['A', 1, [1, 2, 3], isFirst],
    ['BCDE', 2, [4], false],
  ];

  it('are those of a segment, one after the other', async () => {
    const content = Buffer.concat([one, two]);
    const segments = [load, notePart(0x1040, content.length)];
    assert.deepEqual(await notesOf({ segments, content: { 0x1040: content } }), {
      notes: told(true),
      damage: [],
    });
  });

  it('may have a last one without its padding', async () => {
    const content = Buffer.concat([one, two]).subarray(0, -3);
    const segments = [notePart(0x1040, content.length)];
    assert.deepEqual(await notesOf({ segments, content: { 0x1040: content } }), {
      notes: told(true),
      damage: [],
    });
  });

  it('may be aligned to eight bytes where the segment is', async () => {
    const content = Buffer.concat([
      note('A', 1, Uint8Array.of(1, 2, 3), 8),
      note('BCDE', 2, Uint8Array.of(4), 8),
    ]);
    const segments = [notePart(0x1040, content.length, 8)];
    assert.deepEqual(await notesOf({ segments, content: { 0x1040: content } }), {
      notes: told(true),
      damage: [],
    });
  });

  it('are those of sections, by type or by name, that are in no segment', async () => {
    const section = (nameAt: number, type: number, offset: number, size: number) => ({
      nameAt,
      type,
      offset,
      size,
      align: 4,
    });
    const strings = Buffer.from('\0.note.x\0.data.note\0', 'latin1');
    const first = { nameAt: 0, type: 3, offset: 0x1800, size: strings.length, align: 1 };
    const read = (nameAt: number, type: number, segments: readonly ElfPart[] = []) =>
      notesOf({
        segments,
        sections: [first, section(nameAt, type, 0x1040, one.length)],
        content: { 0x1800: strings, 0x1040: one },
      });
    const alone = { notes: [['A', 1, [1, 2, 3], false]], damage: [] };
    assert.deepEqual(await read(0, 7), alone);
    assert.deepEqual(await read(1, 1), alone);
    assert.deepEqual(await read(1, 8), { notes: [], damage: [] });
    assert.deepEqual(await read(9, 1), { notes: [], damage: [] });
    // In a segment it is that one's, at either of its ends.
    const inSegment = [['A', 1, [1, 2, 3], true]];
    assert.deepEqual(await read(0, 7, [notePart(0x1040, one.length)]), { notes: inSegment, damage: [] });
    const before = await read(0, 7, [notePart(0x1041, one.length)]);
    assert.equal(before.notes.filter(([name]) => name === 'A').length, 1);
    const shorter = await read(0, 7, [notePart(0x1040, one.length - 4)]);
    assert.deepEqual(shorter.notes.at(-1), ['A', 1, [1, 2, 3], false]);
    assert.deepEqual(shorter.damage, ['a note that runs past the end of its segment']);
    // Another kind of segment has no notes of its own.
    assert.deepEqual(await read(0, 7, [{ ...notePart(0x1000, 0x100), type: 1 }]), alone);
  });

  it('have names without the zeros at their end, and with those in them', async () => {
    const odd = note('a\0b\0\0', 3, new Uint8Array());
    const { notes } = await notesOf({ segments: [notePart(0x1040, odd.length)], content: { 0x1040: odd } });
    assert.deepEqual(notes, [['a\0b', 3, [], true]]);
  });

  it('are damaged where one runs past its segment, or the segment past the file', async () => {
    const cut = await notesOf({ segments: [notePart(0x1040, 15)], content: { 0x1040: one } });
    assert.deepEqual(cut, { notes: [], damage: ['a note that runs past the end of its segment'] });
    const bytes = await notesOf({
      segments: [notePart(0x2000 - one.length, 100), notePart(0x2000 - one.length, 100)],
      content: { [0x2000 - one.length]: one },
    });
    assert.deepEqual(bytes.damage, ['notes past the end of the file']);
    assert.equal(bytes.notes.length, 2);
  });

  it('are looked at up to 64 KiB of one place', async () => {
    const padding = (size: number) => note('pad', 9, Buffer.alloc(size - 16));
    const read = (size: number) =>
      notesOf({
        segments: [notePart(0x2000, size)],
        content: { 0x2000: padding(65536 - one.length), [0x2000 + 65536 - one.length]: one },
        size: 0x2000 + 65536 + 100,
      });
    const exact = await read(65536);
    assert.deepEqual([exact.notes.length, exact.damage], [2, []]);
    const more = await notesOf({
      segments: [notePart(0x2000, 65537)],
      content: { 0x2000: padding(65536 - 12), [0x2000 + 65536 - 12]: note('A', 1, new Uint8Array(4)) },
      size: 0x2000 + 65536 + 100,
    });
    // What is cut off here is no damage of the file.
    assert.deepEqual([more.notes.length, more.damage], [1, []]);
  });

  it('are 256 at most, of one place and of several', async () => {
    const bare = note('', 1, new Uint8Array());
    const many = (count: number) => Buffer.concat(Array.from({ length: count }, () => bare));
    const count = async (...counts: readonly number[]) => {
      const segments = counts.map((some, at) => notePart(0x2000 + at * 0x4000, some * bare.length));
      const content = Object.fromEntries(counts.map((some, at) => [0x2000 + at * 0x4000, many(some)]));
      return (await notesOf({ segments, content, size: 0x10000 })).notes.length;
    };
    assert.deepEqual(
      await Promise.all([count(256), count(300), count(200, 100), count(255, 1, 1)]),
      [256, 256, 256, 256],
    );
  });
});

describe('the notes of Hermit', () => {
  const found = (name: string, type: number, description: Uint8Array): ElfNote => ({
    name,
    type,
    description,
    isFirst: false,
  });
  const entry = found('HERMIT', 0x5a00, Uint8Array.of(4));
  const tag = found('GNU', 1, words(6, 0, 6, 7));

  it('have the version of the kernel and that of its entry', () => {
    assert.deepEqual(readHermit([entry, tag], 255), { version: '0.6.7', entryVersion: 4 });
    assert.deepEqual(readHermit([tag, entry], 0), { version: '0.6.7', entryVersion: 4 });
    assert.deepEqual(readHermit([entry], 0), { entryVersion: 4 });
    assert.deepEqual(readHermit([tag], 255), { version: '0.6.7' });
  });

  it('are those of no other', () => {
    for (const other of [
      found('HERMIT', 1, Uint8Array.of(4)),
      found('GNU', 0x5a00, Uint8Array.of(4)),
      found('GNU', 3, words(6, 0, 6, 7)),
      found('BSD', 1, words(6, 0, 6, 7)),
      found('GNU', 1, words(0, 0, 6, 7)),
    ])
      assert.equal(readHermit([other], 255), undefined);
    assert.equal(readHermit([tag], 0), undefined);
    assert.deepEqual(readHermit([found('GNU', 1, words(0, 0, 1, 1)), tag], 255), { version: '0.6.7' });
  });
});

describe('the size that an ELF file needs', () => {
  for (const shape of shapes) {
    const [header, row] = shape.is64 === true ? [64, 56] : [52, 32];
    it(`is that of its header, its table and what is loaded, with ${JSON.stringify(shape)}`, () => {
      assert.equal(neededElfSize(elfOf(shape)), header);
      const unloaded = { ...load, type: 4 };
      assert.equal(neededElfSize(elfOf({ ...shape, segments: [unloaded, unloaded] })), segmentsAt + 2 * row);
      assert.equal(neededElfSize(elfOf({ ...shape, segments: [unloaded, load] })), 0x1020);
      const far = { ...load, offset: 0x3000, size: 0x300 };
      assert.equal(neededElfSize(elfOf({ ...shape, segments: [far, load] })), 0x3300);
    });

    it(`counts the rows that are known, with ${JSON.stringify(shape)}`, () => {
      const bytes = elfOf({ ...shape, segments: [load, { ...load, offset: 0x3000 }] });
      assert.equal(neededElfSize(bytes.subarray(0, segmentsAt + 2 * row)), 0x3020);
      assert.equal(neededElfSize(bytes.subarray(0, segmentsAt + 2 * row - 1)), 0x1020);
      assert.equal(neededElfSize(bytes.subarray(0, segmentsAt)), segmentsAt + 2 * row);
    });
  }

  it('may be above 4 GiB, and is nothing for other files', () => {
    for (const order of ['little', 'big'] as const)
      assert.equal(
        neededElfSize(elfOf({ order, segments: [{ ...load, offset: 3 * 2 ** 32, size: 2 ** 33 + 7 }] })),
        5 * 2 ** 32 + 7,
      );
    assert.equal(neededElfSize(Buffer.from('\x7fELX')), 0);
  });
});
