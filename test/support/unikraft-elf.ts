// A kernel with the library information of Unikraft, written out byte by byte: for tests that do without an assembler.

import { elfOfSections } from './sections-elf.ts';

export interface UnikraftElf {
  readonly version?: string;
  /** Name, version and licence of each; empty texts are left out. */
  readonly libraries?: readonly (readonly [name: string, version: string, licence: string])[];
}

/** ELF64 for x86-64. */
export function unikraftElf({
  version = '0.17.0',
  libraries = [['libfoo', '2.0', 'Some licence']],
}: UnikraftElf = {}): Buffer {
  const content = Buffer.concat([
    header([record(6, version)]),
    ...libraries.map(([name, ofLibrary, licence]) =>
      header([record(1, name), record(3, ofLibrary), record(4, licence)]),
    ),
  ]);
  return elfOfSections([{ name: '.uk_libinfo', type: 1, content }]);
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
