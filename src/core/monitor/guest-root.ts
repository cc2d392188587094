// Where a guest gets its root file system from, in urunc's order (v0.7 and later, pkg/unikontainers/rootfs.go): an initrd,
// a block device that is mounted at "/", or the files of the image. Pure.

import { BimaError } from '../errors.ts';
import type { KnownMonitor } from '../unikernel/bootable.ts';
import { isBefore } from '../unikernel/boot-rule.ts';
import type { LinuxDrivers } from '../unikernel/linux-drivers.ts';
import { uruncKeys } from '../unikernel/urunc-annotations.ts';
import type { RootKind } from './guest.ts';

/** How the files of the image reach the guest. */
export type SharedRoot = Exclude<RootKind, 'none'>;

export const sharedRoots: readonly SharedRoot[] = ['9p', 'block', 'initrd'];

export interface RootRequest {
  readonly monitor: KnownMonitor;
  readonly type: string;
  /** Version of the framework; empty without a label. */
  readonly version: string;
  /** Values of labels; empty without a label. */
  readonly initrd: string;
  readonly block: string;
  readonly blkMntPoint: string;
  /** Whether the labels ask for the image's files in the guest. */
  readonly mountsRootfs: boolean;
  /** Overrides the labels. */
  readonly wanted?: SharedRoot | undefined;
  /** What the kernel has built in, as far as it is known; called only where that matters. */
  readonly drivers: () => Promise<LinuxDrivers | undefined>;
  /** Whether QEMU on this machine can share a folder. */
  readonly canShare: boolean;
}

export interface GuestRoot {
  readonly kind: RootKind;
  /** True where it is made of the image's files, false for a file that the image has. */
  readonly isMade: boolean;
  /** Why it differs from what urunc would choose. */
  readonly why?: string;
}

/** Chooses. @throws BimaError LABEL_MISSING or INPUT_INVALID for what urunc refuses as well */
export async function chooseRoot(request: RootRequest): Promise<GuestRoot> {
  const { initrd, block, blkMntPoint, mountsRootfs, wanted } = request;
  if (wanted !== undefined) {
    checkWanted(request, wanted);
    return { kind: wanted, isMade: true };
  }
  if (block !== '' && blkMntPoint === '') {
    throw new BimaError(
      'LABEL_MISSING',
      `missing label "${uruncKeys.blkMntPoint}" beside "${uruncKeys.block}"`,
      {
        hint: 'Say where the guest mounts it, such as "/": urunc starts nothing without.',
      },
    );
  }
  if (initrd !== '') return { kind: 'initrd', isMade: false };
  if (block !== '' && blkMntPoint === '/') return { kind: 'block', isMade: false };
  return mountsRootfs ? shareRoot(request) : { kind: 'none', isMade: false };
}

/** What a type supports on a monitor, the best first. */
function waysOf({ monitor, type, version }: RootRequest): readonly SharedRoot[] {
  const isOld = /^v?\d/.test(version) && isBefore(version.replace(/^v/, ''), [0, 16, 1]);
  switch (type) {
    case 'linux':
      return monitor === 'qemu' ? ['9p', 'initrd', 'block'] : ['block', 'initrd'];
    case 'unikraft':
      return monitor === 'qemu' && !isOld ? ['9p', 'initrd'] : ['initrd'];
    case 'rumprun':
      return ['block'];
    default:
      return [];
  }
}

function checkWanted(request: RootRequest, wanted: SharedRoot): void {
  const ways = waysOf(request);
  if (ways.includes(wanted) && (wanted !== '9p' || request.canShare)) return;
  const { type, monitor } = request;
  const others = ways.filter((way) => way !== wanted);
  const why = ways.includes(wanted)
    ? "QEMU on this system can't share a folder"
    : `"${type}" takes none on ${monitor}`;
  throw new BimaError('INPUT_INVALID', `expected no root file system over ${wanted}: ${why}`, {
    hint: others.length === 0 ? 'Leave it out.' : `What it takes: ${others.join(', ')}.`,
  });
}

async function shareRoot(request: RootRequest): Promise<GuestRoot> {
  const [best] = waysOf(request);
  if (best === undefined) {
    throw new BimaError(
      'INPUT_INVALID',
      `"${uruncKeys.mountRootfs}" is true, and a guest of the type "${request.type}" takes no root file system`,
      { hint: 'Remove the label: urunc from v0.7 on starts nothing with it.' },
    );
  }
  if (best === '9p' && !request.canShare)
    return { kind: 'initrd', isMade: true, why: "QEMU on this system can't share a folder" };
  const drivers = request.type === 'linux' ? await request.drivers() : undefined;
  if (best === '9p' && drivers?.has9p === false)
    return { kind: 'initrd', isMade: true, why: 'the kernel has no 9p over virtio built in' };
  if (best === 'block' && drivers?.hasBlock === false)
    return { kind: 'initrd', isMade: true, why: 'the kernel has no disk of virtio built in' };
  return { kind: best, isMade: true };
}
