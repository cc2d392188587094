// How a guest ended, from the exit code of its monitor. Pure.

import type { KnownMonitor } from '../unikernel/bootable.ts';

/** How a monitor ended. */
export interface MonitorEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * True where the guest reported success by powering off. Hermit leaves QEMU through its debug exit device, with 3 for
 * success (hermit-os/kernel, src/arch/x86_64/kernel/processor.rs), and mewz with 1 for the status 0.
 */
export function hasEndedWell(
  { code }: MonitorEnd,
  { monitor, type }: { readonly monitor: KnownMonitor; readonly type: string },
): boolean {
  if (code === 0) return true;
  if (monitor !== 'qemu') return false;
  return (type === 'hermit' && code === 3) || (type === 'mewz' && code === 1);
}
