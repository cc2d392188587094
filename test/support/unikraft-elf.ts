// A kernel with the library information of Unikraft, written out byte by byte: for tests that do without an assembler.

export interface UnikraftElf {
  readonly version?: string;
  /** Name, version and licence of each; empty texts are left out. */
  readonly libraries?: readonly (readonly [name: string, version: string, licence: string])[];
}

/** ELF64 for x86-64, with a section table of three sections at its end. */
export function unikraftElf({
  version = '0.17.0',
  libraries = [['libfoo', '2.0', 'Some licence']],
}: UnikraftElf = {}): Buffer {
  const info = Buffer.concat([
    header([record(6, version)]),
    ...libraries.map(([name, ofLibrary, licence]) =>
      header([record(1, name), record(3, ofLibrary), record(4, licence)]),
    ),
  ]);
  const names = Buffer.from('\0.shstrtab\0.uk_libinfo\0');
  const [infoAt, namesAt] = [64, 64 + info.length];
  const start = Buffer.alloc(64);
  start.write('\x7fELF\x02\x01\x01', 'latin1');
  start.writeUInt16LE(2, 16);
  start.writeUInt16LE(62, 18);
  start.writeBigUInt64LE(BigInt(namesAt + names.length), 40);
  for (const [value, at] of [
    [64, 52],
    [56, 54],
    [64, 58],
    [3, 60],
    [1, 62],
  ] as const)
    start.writeUInt16LE(value, at);
  return Buffer.concat([
    start,
    info,
    names,
    Buffer.alloc(64),
    section(1, 3, namesAt, names.length),
    section(11, 1, infoAt, info.length),
  ]);
}

function section(nameAt: number, type: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(nameAt, 0);
  bytes.writeUInt32LE(type, 4);
  bytes.writeBigUInt64LE(BigInt(offset), 24);
  bytes.writeBigUInt64LE(BigInt(size), 32);
  return bytes;
}

function header(records: readonly Buffer[]): Buffer {
  const content = Buffer.concat(records);
  const bytes = Buffer.alloc(6);
  bytes.writeUInt32LE(6 + content.length, 0);
  bytes.writeUInt16LE(1, 4);
  return Buffer.concat([bytes, content]);
}

function record(type: number, text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt32LE(6 + text.length + 1, 2);
  return Buffer.concat([bytes, Buffer.from(`${text}\0`, 'latin1')]);
}
