// Which monitors could boot a binary, and why the others can't: what each takes, by its own source
// (QEMU, hw/i386/multiboot.c and x86-common.c; firecracker and cloud-hypervisor, their loaders; Solo5, tenders/common/elf.c).

import type { BinaryFacts } from './examine-binary.ts';

export const knownMonitors = ['qemu', 'firecracker', 'cloud-hypervisor', 'hvt', 'spt'] as const;
export type KnownMonitor = (typeof knownMonitors)[number];

export type BootVerdict =
  | { readonly can: 'yes' }
  /** Only newer or older releases of it, as `why` says. */
  | { readonly can: 'some'; readonly why: string }
  | { readonly can: 'no'; readonly why: string }
  /** The file says too little. */
  | { readonly can: 'unknown' };

export interface MonitorVerdict {
  readonly monitor: KnownMonitor;
  readonly verdict: BootVerdict;
}

export function bootVerdicts(facts: BinaryFacts): readonly MonitorVerdict[] {
  return knownMonitors.map((monitor) => ({ monitor, verdict: bootVerdict(facts, monitor) }));
}

export function bootVerdict(facts: BinaryFacts, monitor: KnownMonitor): BootVerdict {
  if (facts.program !== undefined) return no(`it is a program for Linux: ${facts.program}`);
  if (monitor === 'hvt' || monitor === 'spt') return underTender(facts, monitor);
  const { solo5, architecture } = facts;
  if (solo5?.target !== undefined && !(solo5.target === 'virtio' && monitor === 'qemu'))
    return no(`it is linked for ${solo5Monitor(solo5.target)}`);
  if (architecture !== 'amd64' && architecture !== 'arm64') return { can: 'unknown' };
  if (architecture === 'arm64') return onArm(facts, monitor);
  if (facts.isGzip) return no(packedWithGzip);
  switch (monitor) {
    case 'qemu':
      return underQemu(facts);
    case 'firecracker':
      return underFirecracker(facts);
    case 'cloud-hypervisor':
      return underCloudHypervisor(facts);
  }
}

const yes: BootVerdict = { can: 'yes' };

function no(why: string): BootVerdict {
  return { can: 'no', why };
}

/** Solo5's targets by the monitors that run them. */
export function solo5Monitor(target: string): string {
  return target === 'virtio' ? "Solo5's virtio, which qemu runs" : `Solo5's ${target}`;
}

const packedWithGzip = 'it is packed with gzip, which none but QEMU on arm64 unpacks';

function underTender({ elf, solo5, architecture, isGzip }: BinaryFacts, monitor: 'hvt' | 'spt'): BootVerdict {
  if (isGzip) return no(packedWithGzip);
  if (solo5 === undefined)
    return architecture === undefined ? { can: 'unknown' } : no('it has no note of Solo5');
  if (solo5.target === undefined) return no("Solo5's ABI note can't be read");
  if (solo5.target !== monitor) return no(`it is linked for ${solo5Monitor(solo5.target)}`);
  if (elf !== 64) return no('a tender takes 64-bit ELF files only');
  if (solo5.devices === undefined) return no("Solo5's manifest can't be read");
  if (!solo5.isFoundByTender)
    return no("Solo5's two notes share a PT_NOTE segment, of which a tender reads the first alone");
  const { abiVersion } = solo5;
  if (abiVersion === 1) return { can: 'some', why: 'its ABI version 1 needs a tender of Solo5 before 0.8' };
  if (abiVersion === 2) return yes;
  return no(`no tender is known for its ABI version ${abiVersion ?? 'that is missing'}`);
}

/** QEMU looks for Linux' header first, then for Multiboot's, then for the PVH note. */
function underQemu({ elf, hasPvh, multiboot, linux }: BinaryFacts): BootVerdict {
  if (linux?.form === 'bzImage') return yes;
  const { flags } = multiboot;
  const hasAddresses = flags !== undefined && (flags & 0x10000) !== 0;
  if (flags !== undefined && (elf === 32 || hasAddresses)) return yes;
  if (flags !== undefined && elf === 64)
    return no('it is a 64-bit ELF file with a Multiboot header, which QEMU takes in 32-bit files only');
  if (elf !== undefined && hasPvh) return yes;
  return no(
    `it is ${elf === undefined ? 'no' : 'an'} ELF file${elf === undefined ? '' : ' without a PVH note or a Multiboot header'}, and no bzImage`,
  );
}

function underFirecracker({ elf, linux, multiboot }: BinaryFacts): BootVerdict {
  if (elf === 64) return yes;
  if (elf === 32) {
    const built = multiboot.flags === undefined ? '' : ', built for Multiboot';
    return no(`it is a 32-bit ELF file${built}, and firecracker takes 64-bit ones only`);
  }
  if (linux?.form !== 'bzImage') return no('it is neither an ELF file nor a bzImage');
  return linux.hasEntry64 === true
    ? { can: 'some', why: 'it is a bzImage, which only releases of firecracker since 2026 take' }
    : no('it is a bzImage without a 64-bit entry');
}

function underCloudHypervisor({ elf, hasPvh, linux }: BinaryFacts): BootVerdict {
  if (elf !== undefined)
    return hasPvh ? yes : no('it has no PVH note, without which cloud-hypervisor takes no ELF file');
  return linux?.form === 'bzImage' ? yes : no('it is neither an ELF file with a PVH note nor a bzImage');
}

function onArm(facts: BinaryFacts, monitor: 'qemu' | 'firecracker' | 'cloud-hypervisor'): BootVerdict {
  const { linux, isGzip, elf } = facts;
  if (!isGzip && linux?.form === 'Image') return yes;
  const isPacked = isGzip || linux?.form === 'zboot';
  if (monitor === 'qemu') {
    if (!isGzip && linux?.form === 'zboot') return zbootUnderQemu(linux.packing);
    return isPacked || elf !== undefined ? yes : no('it is neither an ELF file nor an Image of Linux');
  }
  return no(
    isPacked
      ? `it is a packed Image, and ${monitor} takes none but a bare one`
      : `it is no Image of Linux, and ${monitor} takes nothing else on arm64`,
  );
}

/** QEMU, hw/core/loader.c, unpack_efi_zboot_image. */
function zbootUnderQemu(packing: string | undefined): BootVerdict {
  if (packing === 'gzip') return yes;
  const kind = `it is a zboot image packed with ${packing ?? 'an unknown method'}`;
  return packing?.startsWith('zstd') === true
    ? { can: 'some', why: `${kind}, which QEMU unpacks since 11.0` }
    : no(`${kind}, and QEMU unpacks gzip and zstd alone`);
}
