// Multiboot headers (Multiboot 0.6.96, 3.1; Multiboot2 2.0, 3.1).

import { readUnsigned } from './bytes.ts';

export interface MultibootFacts {
  /** The flags of a header of version 1; undefined without one. */
  readonly flags?: number;
  readonly hasVersion2: boolean;
}

/** @param head the first 32 KiB at least, where the file has them */
export function findMultiboot(head: Uint8Array): MultibootFacts {
  return { ...findFirst(head), hasVersion2: hasSecond(head) };
}

function findFirst(head: Uint8Array): { readonly flags?: number } {
  const bytes = head.subarray(0, 8192);
  for (const at of placesOf(0x1badb002, bytes, 4)) {
    const [flags, checksum] = numbersAt(bytes, at + 4, 2);
    if (flags === undefined || checksum === undefined) continue;
    if ((0x1badb002 + flags + checksum) % 2 ** 32 === 0) return { flags };
  }
  return {};
}

function hasSecond(head: Uint8Array): boolean {
  const bytes = head.subarray(0, 32768);
  for (const at of placesOf(0xe85250d6, bytes, 8)) {
    const [architecture, length, checksum] = numbersAt(bytes, at + 4, 3);
    if (architecture === undefined || length === undefined || checksum === undefined) continue;
    if ((0xe85250d6 + architecture + length + checksum) % 2 ** 32 === 0) return true;
  }
  return false;
}

/** The aligned offsets of a 32-bit little-endian number. */
function* placesOf(magic: number, bytes: Uint8Array, align: number): Generator<number> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(magic);
  for (let at = view.indexOf(wanted); at >= 0; at = view.indexOf(wanted, at + 1)) {
    if (at % align === 0) yield at;
  }
}

function numbersAt(bytes: Uint8Array, offset: number, count: number): (number | undefined)[] {
  return Array.from({ length: count }, (_, index) => readUnsigned(bytes, offset + index * 4, 4));
}
