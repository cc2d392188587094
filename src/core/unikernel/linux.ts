// Kernels that are no ELF file: the boot headers that Linux defines and others use too, and Multiboot's.

import { hasBytes, readUnsigned } from './bytes.ts';
import { findMultiboot } from './multiboot.ts';
import type { Header } from './elf.ts';

/**
 * Undefined when none of these headers is there. An EFI stub makes such a file a PE file as well,
 * and the header here is the one that tells more: ask for it first.
 */
export function readBootHeader(head: Uint8Array): Header | undefined {
  return readArm64(head) ?? readRiscv(head) ?? readX86(head) ?? readArm(head) ?? readMultiboot(head);
}

/** Linux, Documentation/arch/arm64/booting.rst. */
function readArm64(head: Uint8Array): Header | undefined {
  if (!hasBytes(head, 56, 'ARM\x64')) return undefined;
  const bigEndian = ((head[24] ?? 0) & 1) === 1;
  return bigEndian
    ? { format: 'Linux Image arm64, big-endian', architectures: ['arm64be'] }
    : { format: 'Linux Image arm64', architectures: ['arm64'] };
}

/** Linux, Documentation/arch/riscv/boot-image-header.rst. The header doesn't tell the word size. */
function readRiscv(head: Uint8Array): Header | undefined {
  if (!hasBytes(head, 56, 'RSC\x05')) return undefined;
  return { format: 'Linux Image RISC-V', architectures: ['riscv64', 'riscv'] };
}

/** Linux, Documentation/arch/x86/boot.rst. 64-bit kernels start in 32-bit code too. */
function readX86(head: Uint8Array): Header | undefined {
  if (!hasBytes(head, 0x202, 'HdrS')) return undefined;
  return { format: 'Linux bzImage x86', architectures: ['amd64', '386'] };
}

/** The magic words that Linux's arch/arm/boot/compressed/head.S writes, in the kernel's byte order. */
function readArm(head: Uint8Array): Header | undefined {
  const isZImage = (order: 'little' | 'big') =>
    readUnsigned(head, 0x24, 4, order) === 0x016f2818 && readUnsigned(head, 0x30, 4, order) === 0x04030201;
  if (isZImage('little')) return { format: 'Linux zImage ARM', architectures: ['arm'] };
  if (isZImage('big')) return { format: 'Linux zImage ARM, big-endian', architectures: ['armbe'] };
  return undefined;
}

/**
 * Multiboot 0.6.96, section 3.1. Without ELF around it, a loader needs the addresses that flag 16 promises; it starts
 * in i386 state.
 */
function readMultiboot(head: Uint8Array): Header | undefined {
  const { flags = 0 } = findMultiboot(head);
  const hasAddresses = (flags & 0x10000) !== 0;
  return hasAddresses ? { format: 'Multiboot kernel', architectures: ['amd64', '386'] } : undefined;
}
