// Which image of an index a unikernel is built on: unikraft.org and others name the hypervisor where an index has the
// operating system.

import { normalPlatform } from '../oci/platform.ts';
import type { Platform } from '../oci/platform.ts';

export interface Wanted {
  /** FROM's own --platform: nothing else counts beside it. */
  readonly named?: Platform;
  /** The platform that is built, as far as it is known. */
  readonly target?: Platform;
  /** The value of the hypervisor label. */
  readonly hypervisor?: string;
}

export type Choice<T> =
  | { readonly type: 'chosen'; readonly entry: T }
  /** Set when several fit, for different architectures. */
  | { readonly type: 'several' }
  | { readonly type: 'none' };

/** What indexes call the hypervisors, besides urunc's own names for them. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  qemu: ['kvm'],
  firecracker: ['fc'],
  'cloud-hypervisor': ['clh'],
};

/**
 * The entry that fits: for the platform that is named, or else for linux, or else for the hypervisor; each time for the
 * architecture that is built. Of several for one platform it is the first.
 */
export function chooseForPlatform<T extends { readonly platform?: Platform }>(
  entries: readonly T[],
  { named, target, hypervisor = '' }: Wanted,
): Choice<T> {
  const known = entries.flatMap((entry) =>
    entry.platform === undefined ? [] : [{ entry, platform: normalPlatform(entry.platform) }],
  );
  const wanted = named ?? target;
  const fitting = known.filter(
    ({ platform }) => wanted === undefined || fits(platform, normalPlatform(wanted)),
  );
  const systems = named === undefined ? ['linux', ...systemsOf(hypervisor)] : [named.os];
  const system = systems.find((os) => fitting.some(({ platform }) => platform.os === os));
  const found = fitting.filter(({ platform }) => platform.os === system);
  const [first, ...others] = found;
  if (first === undefined) return { type: 'none' };
  const { architecture } = first.platform;
  return others.some(({ platform }) => platform.architecture !== architecture)
    ? { type: 'several' }
    : { type: 'chosen', entry: exactly(found, wanted) ?? first.entry };
}

function systemsOf(hypervisor: string): readonly string[] {
  if (hypervisor === '') return [];
  return [hypervisor, ...(Object.hasOwn(otherNames, hypervisor) ? (otherNames[hypervisor] ?? []) : [])];
}

/** Compares all but the operating system. A variant that one side leaves open fits any. */
function fits(platform: Platform, wanted: Platform): boolean {
  if (platform.architecture !== wanted.architecture) return false;
  return (
    platform.variant === undefined || wanted.variant === undefined || platform.variant === wanted.variant
  );
}

function exactly<T>(
  found: readonly { readonly entry: T; readonly platform: Platform }[],
  wanted: Platform | undefined,
): T | undefined {
  return wanted === undefined
    ? undefined
    : found.find(({ platform }) => platform.variant === normalPlatform(wanted).variant)?.entry;
}
