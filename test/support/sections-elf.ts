// ELF files of nothing but sections, written out byte by byte: for tests that do without an assembler.

export interface TestSection {
  readonly name: string;
  /** sh_type: 1 for data, 7 for notes. */
  readonly type: number;
  readonly content: Uint8Array;
}

/** ELF64 for x86-64, with the table of its sections at its end. @param osAbi what e_ident has at 7 */
export function elfOfSections(sections: readonly TestSection[], osAbi = 0): Buffer {
  const names = Buffer.from(`\0.shstrtab\0${sections.map(({ name }) => `${name}\0`).join('')}`, 'latin1');
  const parts: Buffer[] = [];
  const rows: Buffer[] = [Buffer.alloc(64)];
  let at = 64;
  const add = (name: string, type: number, content: Uint8Array) => {
    rows.push(rowOf(names.indexOf(`${name}\0`, 0, 'latin1'), type, at, content.length));
    const padding = Buffer.alloc((8 - (content.length % 8)) % 8);
    parts.push(Buffer.from(content), padding);
    at += content.length + padding.length;
  };
  add('.shstrtab', 3, names);
  for (const { name, type, content } of sections) add(name, type, content);
  const start = Buffer.alloc(64);
  start.write('\x7fELF\x02\x01\x01', 'latin1');
  start[7] = osAbi;
  for (const [value, place] of [
    ...[[2, 16] as const, [62, 18] as const, [64, 52] as const, [56, 54] as const, [64, 58] as const],
    [rows.length, 60] as const,
    [1, 62] as const,
  ])
    start.writeUInt16LE(value, place);
  start.writeBigUInt64LE(BigInt(at), 40);
  return Buffer.concat([start, ...parts, ...rows]);
}

function rowOf(nameAt: number, type: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(nameAt, 0);
  bytes.writeUInt32LE(type, 4);
  bytes.writeBigUInt64LE(BigInt(offset), 24);
  bytes.writeBigUInt64LE(BigInt(size), 32);
  bytes.writeBigUInt64LE(4n, 48);
  return bytes;
}

/** A section with one note. @param name without the zero byte at its end */
export function noteSection(name: string, type: number, description: Uint8Array): TestSection {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(name.length + 1, 0);
  head.writeUInt32LE(description.length, 4);
  head.writeUInt32LE(type, 8);
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  const content = Buffer.concat([head, padded(Buffer.from(`${name}\0`)), padded(description)]);
  return { name: `.note.${name}`, type: 7, content };
}

/** Words of 32 bits, the low byte first. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}
