// The notes of an ELF file, wherever they are (System V ABI, "Note Section").

import { readUnsigned } from './bytes.ts';
import { elfParts } from './elf-layout.ts';
import type { ByteOrder, ElfLayout, ElfPart } from './elf-layout.ts';
import { readRanges } from './file-ranges.ts';
import type { ReadableFile } from './file-ranges.ts';

export interface ElfNote {
  /** The name, without its terminating zero. */
  readonly name: string;
  readonly type: number;
  readonly description: Uint8Array;
  /** True for the first note of a PT_NOTE segment. */
  readonly isFirst: boolean;
}

export interface ElfNotes {
  readonly notes: readonly ElfNote[];
  readonly damage: readonly string[];
}

/** Bytes of one place with notes, at most, and how many places are looked at. */
const maxNoteSize = 65536;
const maxPlaces = 64;
const maxNotes = 256;

/** Those of the PT_NOTE segments, then those of sections that no segment has. */
export async function readElfNotes(file: ReadableFile, layout: ElfLayout): Promise<ElfNotes> {
  const segments = layout.segments.filter(({ type }) => type === elfParts.note);
  const isInSegment = ({ offset, size }: ElfPart) =>
    segments.some((segment) => offset >= segment.offset && offset + size <= segment.offset + segment.size);
  const sections = layout.sections.filter(
    (section) =>
      (section.type === elfParts.noteSection || section.name.startsWith('.note')) &&
      section.type !== elfParts.noBits &&
      !isInSegment(section),
  );
  const places = [...segments, ...sections].slice(0, maxPlaces);
  const ranges = places.map(({ offset, size }) => ({ offset, length: Math.min(size, maxNoteSize) }));
  const contents = await readRanges(file, ranges);
  const notes: ElfNote[] = [];
  const damage: string[] = [];
  for (const [index, bytes] of contents.entries()) {
    const place = places[index];
    if (place === undefined || notes.length >= maxNotes) break;
    if (bytes.length < Math.min(place.size, maxNoteSize)) damage.push('notes past the end of the file');
    const found = parseNotes(bytes, layout.order, place.align === 8 ? 8 : 4);
    if (!found.isWhole && place.size <= maxNoteSize)
      damage.push('a note that runs past the end of its segment');
    for (const [at, note] of found.notes.entries())
      notes.push({ ...note, isFirst: at === 0 && index < segments.length });
  }
  return { notes: notes.slice(0, maxNotes), damage: [...new Set(damage)] };
}

interface ParsedNotes {
  readonly notes: readonly Omit<ElfNote, 'isFirst'>[];
  readonly isWhole: boolean;
}

/** @param align of names and descriptions: 4, or 8 in segments that say so */
function parseNotes(bytes: Uint8Array, order: ByteOrder, align: number): ParsedNotes {
  const notes: Omit<ElfNote, 'isFirst'>[] = [];
  let at = 0;
  while (at + 12 <= bytes.length && notes.length < maxNotes) {
    const nameSize = readUnsigned(bytes, at, 4, order) ?? 0;
    const size = readUnsigned(bytes, at + 4, 4, order) ?? 0;
    const type = readUnsigned(bytes, at + 8, 4, order) ?? 0;
    const start = at + roundUp(12 + nameSize, align);
    if (start + size > bytes.length) return { notes, isWhole: false };
    const name = Buffer.from(bytes.subarray(at + 12, at + 12 + nameSize))
      .toString('latin1')
      .replace(/\0+$/, '');
    notes.push({ name, type, description: bytes.subarray(start, start + size) });
    at = start + roundUp(size, align);
  }
  return { notes, isWhole: true };
}

function roundUp(size: number, align: number): number {
  return Math.ceil(size / align) * align;
}
