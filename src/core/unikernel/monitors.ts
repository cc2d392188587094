// Which unikernels run on which monitors, and the first urunc that runs them so.

/** In urunc's main branch, and in no release yet. */
const unreleased = 'newer than v0.8';

interface MonitorPair {
  readonly hypervisor: string;
  readonly type: string;
  /** The first release, or {@link unreleased}. */
  readonly since: string;
}

const pairs: readonly MonitorPair[] = [
  { hypervisor: 'qemu', type: 'unikraft', since: 'v0.3' },
  { hypervisor: 'qemu', type: 'linux', since: 'v0.6' },
  { hypervisor: 'qemu', type: 'mirage', since: 'v0.5' },
  { hypervisor: 'qemu', type: 'mewz', since: 'v0.6' },
  { hypervisor: 'qemu', type: 'hermit', since: 'v0.8' },
  { hypervisor: 'qemu', type: 'freebsd', since: unreleased },
  { hypervisor: 'firecracker', type: 'unikraft', since: 'v0.3' },
  { hypervisor: 'firecracker', type: 'linux', since: 'v0.6' },
  { hypervisor: 'firecracker', type: 'freebsd', since: unreleased },
  { hypervisor: 'cloud-hypervisor', type: 'linux', since: 'v0.8' },
  { hypervisor: 'hvt', type: 'rumprun', since: 'v0.1' },
  { hypervisor: 'hvt', type: 'mirage', since: 'v0.5' },
  { hypervisor: 'spt', type: 'rumprun', since: 'v0.3' },
  { hypervisor: 'spt', type: 'mirage', since: 'v0.5' },
  { hypervisor: 'hyperlight-unikraft', type: 'unikraft', since: 'v0.8' },
];

const released = pairs.filter(({ since }) => since !== unreleased);

export const hypervisors: readonly string[] = [...new Set(released.map(({ hypervisor }) => hypervisor))];

export const unikernelTypes: readonly string[] = [...new Set(pairs.map(({ type }) => type))];

/** The types that urunc v0.8 runs on a hypervisor; none when it is not known. */
export function findTypes(hypervisor: string | undefined): readonly string[] {
  return released.filter((pair) => pair.hypervisor === hypervisor).map(({ type }) => type);
}

/** The hypervisors on which urunc v0.8 runs a type; none when it is not known. */
export function findHypervisors(type: string | undefined): readonly string[] {
  return released.filter((pair) => pair.type === type).map(({ hypervisor }) => hypervisor);
}

/** Which urunc runs a pair that v0.8 doesn't, such as `newer than v0.8`; undefined where none does. */
export function findNewerUrunc(hypervisor: string, type: string): string | undefined {
  const newer = pairs.filter(({ since }) => since === unreleased);
  return newer.find((pair) => pair.hypervisor === hypervisor && pair.type === type)?.since;
}
