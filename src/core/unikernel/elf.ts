// ELF: the machine, word size and byte order in a file's first bytes (System V ABI, "ELF Header").

import { hasBytes, readUnsigned } from './bytes.ts';

/** What a header says of the machine. */
export interface Header {
  /** For messages, such as `ELF64 x86-64`. */
  readonly format: string;
  /** Architectures as GOARCH values: the likely one first, then others that it may serve. Empty: unknown. */
  readonly architectures: readonly string[];
}

type Variant = 'little32' | 'little64' | 'big32' | 'big64';
type Machine = { readonly name: string } & Readonly<Partial<Record<Variant, readonly string[]>>>;

/** By e_machine. A variant that is not there has no name in Go. */
const machines: ReadonlyMap<number, Machine> = new Map<number, Machine>([
  [2, { name: 'SPARC', big32: ['sparc'] }],
  // Unikraft's 64-bit kernels carry a 32-bit header, so that a Multiboot loader takes them.
  [3, { name: 'Intel 80386', little32: ['amd64', '386'] }],
  [
    8,
    {
      name: 'MIPS',
      // Linux for 64-bit MIPS is often wrapped like this too, for loaders that know 32 bits only.
      little32: ['mipsle', 'mips64le'],
      big32: ['mips', 'mips64'],
      little64: ['mips64le'],
      big64: ['mips64'],
    },
  ],
  [18, { name: 'SPARC V8+', big32: ['sparc'] }],
  // The boot wrapper of Linux for 64-bit POWER is 32-bit code, also on little-endian systems.
  [20, { name: 'PowerPC', big32: ['ppc', 'ppc64', 'ppc64le'] }],
  [21, { name: 'PowerPC64', little64: ['ppc64le'], big64: ['ppc64'] }],
  [22, { name: 'IBM S/390', big32: ['s390'], big64: ['s390x'] }],
  [40, { name: 'ARM', little32: ['arm'], big32: ['armbe'] }],
  [43, { name: 'SPARC V9', big64: ['sparc64'] }],
  // 32-bit pointers (x32, ILP32) still need the 64-bit machine.
  [62, { name: 'x86-64', little64: ['amd64'], little32: ['amd64'] }],
  [183, { name: 'AArch64', little64: ['arm64'], little32: ['arm64'], big64: ['arm64be'] }],
  [243, { name: 'RISC-V', little64: ['riscv64'], little32: ['riscv'] }],
  [258, { name: 'LoongArch', little64: ['loong64'] }],
]);

/** Undefined when the bytes don't start as an ELF file does. */
export function readElfHeader(head: Uint8Array): Header | undefined {
  if (!hasBytes(head, 0, '\x7fELF')) return undefined;
  const bits = ([32, 64] as const)[(head[4] ?? 0) - 1];
  const order = (['little', 'big'] as const)[(head[5] ?? 0) - 1];
  if (bits === undefined || order === undefined) return unknown('ELF with a damaged header');
  // A header that ends too early is a file that was cut off: its machine doesn't matter any more.
  if (head.length < (bits === 32 ? 52 : 64)) return unknown(`ELF${bits} cut off after ${head.length} bytes`);

  const code = readUnsigned(head, 18, 2, order) ?? 0;
  const machine = machines.get(code);
  if (machine === undefined) return unknown(`ELF of unknown machine ${code}`);
  return {
    format: `ELF${bits} ${machine.name}${order === 'big' ? ', big-endian' : ''}`,
    architectures: machine[`${order}${bits}`] ?? [],
  };
}

/** The type of what a loader puts into memory (System V ABI, "Program Header"). */
const loaded = 1;

/**
 * How many bytes an ELF file needs at least: those of its header, of its table of program headers, and of all that is
 * loaded. 0 for other files.
 * @param head as far as it is known: program headers behind its end don't count
 */
export function neededElfSize(head: Uint8Array): number {
  if (!hasBytes(head, 0, '\x7fELF')) return 0;
  const order = head[5] === 2 ? 'big' : 'little';
  const is64 = head[4] === 2;
  const half = (offset: number) => readUnsigned(head, offset, 2, order) ?? 0;
  const word = (offset: number) => readUnsigned(head, offset, 4, order) ?? 0;
  const address = (offset: number) => {
    if (!is64) return word(offset);
    const [first, second] = [word(offset), word(offset + 4)];
    return order === 'big' ? first * 2 ** 32 + second : second * 2 ** 32 + first;
  };
  const [start, each, count] = is64 ? [address(32), half(54), half(56)] : [address(28), half(42), half(44)];
  const ends = [is64 ? 64 : 52, count === 0 ? 0 : start + each * count];
  for (let index = 0; index < count; index += 1) {
    const offset = start + each * index;
    if (offset + each > head.length) break;
    if (word(offset) !== loaded) continue;
    const [from, size] = is64 ? [8, 32] : [4, 16];
    ends.push(address(offset + from) + address(offset + size));
  }
  return Math.max(...ends);
}

function unknown(format: string): Header {
  return { format, architectures: [] };
}
