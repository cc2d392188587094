// Headers of kernels, written out byte by byte for the tests.

/** Zero bytes of a length, with others put in at offsets; a text stands for its latin1 bytes. */
export function image(
  length: number,
  parts: Readonly<Record<number, string | readonly number[]>>,
): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [offset, part] of Object.entries(parts)) {
    bytes.set(typeof part === 'string' ? Buffer.from(part, 'latin1') : part, Number(offset));
  }
  return bytes;
}

export function little(value: number, size: 2 | 4): number[] {
  return Array.from({ length: size }, (_, index) => Math.floor(value / 256 ** index) % 256);
}

export function big(value: number, size: 2 | 4): number[] {
  return little(value, size).reverse();
}

export function elf(bits: 32 | 64, order: 'little' | 'big', machine: number): Uint8Array {
  return image(bits === 32 ? 52 : 64, {
    0: '\x7fELF',
    4: [bits === 32 ? 1 : 2, order === 'little' ? 1 : 2, 1],
    16: (order === 'little' ? little : big)(2, 2),
    18: (order === 'little' ? little : big)(machine, 2),
  });
}

export function pe(machine: number, at = 0x80): Uint8Array {
  return image(at + 24, { 0: 'MZ', 0x3c: little(at, 4), [at]: 'PE\0\0', [at + 4]: little(machine, 2) });
}

/** @param sum what the three words add up to: zero in a valid header */
export function multiboot(offset: number, flags: number, sum = 0): Uint8Array {
  const checksum = (2 ** 33 - 0x1badb002 - flags + sum) % 2 ** 32;
  return image(offset + 48, {
    [offset]: [...little(0x1badb002, 4), ...little(flags, 4), ...little(checksum, 4)],
  });
}

/** The bytes of the second laid over those of the first wherever they are not zero. */
export function overlay(below: Uint8Array, above: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: Math.max(below.length, above.length) },
    (_, index) => (above[index] ?? 0) || (below[index] ?? 0),
  );
}

/** The same with a Multiboot header behind it that names its addresses: QEMU boots that from any file. */
export function bootable(kernel: Uint8Array): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(0x1badb002, 0);
  header.writeUInt32LE(0x10000, 4);
  header.writeUInt32LE(2 ** 32 - 0x1badb002 - 0x10000, 8);
  const padding = Buffer.alloc((4 - (kernel.length % 4)) % 4);
  return Buffer.concat([kernel, padding, header]);
}
