// The parts of an ELF file: its segments and its sections (System V ABI, "Program Header" and "Sections").

import { hasBytes, readUnsigned } from './bytes.ts';
import { readRanges, zeroTerminated } from './file-ranges.ts';
import type { ReadableFile } from './file-ranges.ts';

export type ByteOrder = 'little' | 'big';

export interface ElfPart {
  /** p_type or sh_type. */
  readonly type: number;
  /** In bytes, from the start of the file. */
  readonly offset: number;
  readonly size: number;
  readonly align: number;
}

export interface ElfSection extends ElfPart {
  readonly name: string;
}

export interface ElfLayout {
  readonly is64: boolean;
  readonly order: ByteOrder;
  /** EI_OSABI. */
  readonly osAbi: number;
  readonly machine: number;
  readonly segments: readonly ElfPart[];
  readonly sections: readonly ElfSection[];
  /** What the headers promise and the file lacks. */
  readonly damage: readonly string[];
}

export const elfParts = { load: 1, note: 4, interpreter: 3, noteSection: 7, noBits: 8 } as const;

/** Headers that are read, at most: kernels have some 80 sections. */
const maxHeaders = 1024;

/** Undefined for a file that doesn't start as ELF does. @param head its first 64 bytes, or more */
export async function readElfLayout(file: ReadableFile, head: Uint8Array): Promise<ElfLayout | undefined> {
  if (!hasBytes(head, 0, '\x7fELF')) return undefined;
  const is64 = head[4] === 2;
  const order: ByteOrder = head[5] === 2 ? 'big' : 'little';
  const start = { is64, order, osAbi: head[7] ?? 0, machine: half(head, 18, order) };
  if (head.length < (is64 ? 64 : 52))
    return { ...start, segments: [], sections: [], damage: ['its ELF header'] };
  const damage: string[] = [];
  const [segmentTable, sectionTable] = is64
    ? [
        table(address(head, 32, is64, order), head, 54, order),
        table(address(head, 40, is64, order), head, 58, order),
      ]
    : [
        table(address(head, 28, is64, order), head, 42, order),
        table(address(head, 32, is64, order), head, 46, order),
      ];
  const names = half(head, is64 ? 62 : 50, order);

  const [segmentBytes = empty, sectionBytes = empty] = await readRanges(file, [segmentTable, sectionTable]);
  const segments = rows(segmentBytes, segmentTable, is64 ? 56 : 32).map((row) =>
    readSegment(row, is64, order),
  );
  const headers = rows(sectionBytes, sectionTable, is64 ? 64 : 40).map((row) =>
    readSection(row, is64, order),
  );
  if (segments.length < segmentTable.count) damage.push('its program headers');
  if (headers.length < sectionTable.count) damage.push('its section headers');
  const [nameBytes = empty] = await readRanges(file, nameRange(headers[names]));
  const sections = headers.map(({ nameAt, ...section }) => {
    return { ...section, name: zeroTerminated(nameBytes.subarray(nameAt, nameAt + 256)) ?? '' };
  });
  return { ...start, segments, sections, damage };
}

const empty = new Uint8Array();

interface Table {
  readonly offset: number;
  readonly length: number;
  readonly each: number;
  readonly count: number;
}

/** Two halves in the file's header: the size of an entry and how many there are. */
function table(offset: number, head: Uint8Array, at: number, order: ByteOrder): Table {
  const each = half(head, at, order);
  const count = Math.min(maxHeaders, half(head, at + 2, order));
  return { offset, length: each * count, each, count };
}

function rows(bytes: Uint8Array, { each, count }: Table, needed: number): Uint8Array[] {
  if (each < needed) return [];
  const whole = Math.min(count, Math.floor(bytes.length / each));
  return Array.from({ length: whole }, (_, index) => bytes.subarray(index * each, (index + 1) * each));
}

function readSegment(row: Uint8Array, is64: boolean, order: ByteOrder): ElfPart {
  const read = (at: number) => address(row, at, is64, order);
  const type = word(row, 0, order);
  return is64
    ? { type, offset: read(8), size: read(32), align: read(48) }
    : { type, offset: read(4), size: read(16), align: read(28) };
}

function readSection(
  row: Uint8Array,
  is64: boolean,
  order: ByteOrder,
): ElfPart & { readonly nameAt: number } {
  const read = (at: number) => address(row, at, is64, order);
  const start = { nameAt: word(row, 0, order), type: word(row, 4, order) };
  return is64
    ? { ...start, offset: read(24), size: read(32), align: read(48) }
    : { ...start, offset: read(16), size: read(20), align: read(32) };
}

function nameRange(section: ElfPart | undefined) {
  return section === undefined ? [] : [{ offset: section.offset, length: Math.min(section.size, 65536) }];
}

function half(bytes: Uint8Array, at: number, order: ByteOrder): number {
  return readUnsigned(bytes, at, 2, order) ?? 0;
}

function word(bytes: Uint8Array, at: number, order: ByteOrder): number {
  return readUnsigned(bytes, at, 4, order) ?? 0;
}

function address(bytes: Uint8Array, at: number, is64: boolean, order: ByteOrder): number {
  if (!is64) return word(bytes, at, order);
  const [first, second] = [word(bytes, at, order), word(bytes, at + 4, order)];
  return order === 'big' ? first * 2 ** 32 + second : second * 2 ** 32 + first;
}
