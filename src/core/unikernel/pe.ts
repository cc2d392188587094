// PE: the machine of an EFI application or a Windows program (Microsoft's PE format, "COFF File Header").

import { hasBytes, readUnsigned } from './bytes.ts';
import type { Header } from './elf.ts';

const machines: ReadonlyMap<number, readonly [name: string, ...architectures: string[]]> = new Map<
  number,
  [string, ...string[]]
>([
  // What is 32-bit in EFI really is: no 64-bit kernel is known behind this header. It runs on amd64 too.
  [0x014c, ['i386', '386', 'amd64']],
  [0x01c0, ['ARM', 'arm']],
  [0x01c2, ['ARM Thumb', 'arm']],
  [0x01c4, ['ARM Thumb-2', 'arm']],
  [0x5032, ['RISC-V 32', 'riscv']],
  [0x5064, ['RISC-V 64', 'riscv64']],
  [0x6264, ['LoongArch 64', 'loong64']],
  [0x8664, ['x86-64', 'amd64']],
  [0xaa64, ['AArch64', 'arm64']],
]);

/** Undefined when the bytes don't start as a PE or MS-DOS program does. */
export function readPeHeader(head: Uint8Array): Header | undefined {
  if (!hasBytes(head, 0, 'MZ')) return undefined;
  const start = readUnsigned(head, 0x3c, 4) ?? head.length;
  const code = hasBytes(head, start, 'PE\0\0') ? readUnsigned(head, start + 4, 2) : undefined;
  if (code === undefined)
    return { format: 'MZ program without a PE header near its start', architectures: [] };
  const machine = machines.get(code);
  if (machine === undefined) {
    return { format: `PE of unknown machine 0x${code.toString(16).padStart(4, '0')}`, architectures: [] };
  }
  const [name, ...architectures] = machine;
  return { format: `PE ${name}`, architectures };
}
