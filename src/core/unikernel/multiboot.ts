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
  for (let at = 0; at + 12 <= Math.min(head.length, 8192); at += 4) {
    if (readUnsigned(head, at, 4) !== 0x1badb002) continue;
    const flags = readUnsigned(head, at + 4, 4) ?? 0;
    const checksum = readUnsigned(head, at + 8, 4) ?? 0;
    if ((0x1badb002 + flags + checksum) % 2 ** 32 === 0) return { flags };
  }
  return {};
}

function hasSecond(head: Uint8Array): boolean {
  for (let at = 0; at + 16 <= Math.min(head.length, 32768); at += 8) {
    if (readUnsigned(head, at, 4) !== 0xe85250d6) continue;
    const [architecture = 0, length = 0, checksum = 0] = [4, 8, 12].map((more) =>
      readUnsigned(head, at + more, 4),
    );
    if ((0xe85250d6 + architecture + length + checksum) % 2 ** 32 === 0) return true;
  }
  return false;
}
