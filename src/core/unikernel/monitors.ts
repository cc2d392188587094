// Which unikernels run on which monitors, in urunc v0.8.

const typesByHypervisor: ReadonlyMap<string, readonly string[]> = new Map([
  ['qemu', ['unikraft', 'linux', 'mirage', 'mewz', 'hermit']],
  ['firecracker', ['unikraft', 'linux']],
  ['cloud-hypervisor', ['linux']],
  ['hvt', ['rumprun', 'mirage']],
  ['spt', ['rumprun', 'mirage']],
  ['hyperlight-unikraft', ['unikraft']],
]);

export const hypervisors: readonly string[] = [...typesByHypervisor.keys()];

export const unikernelTypes: readonly string[] = [...new Set([...typesByHypervisor.values()].flat())];

/** The types that run on a hypervisor; none when it is not known. */
export function findTypes(hypervisor: string | undefined): readonly string[] {
  return typesByHypervisor.get(hypervisor ?? '') ?? [];
}

/** The hypervisors that run a type; none when it is not known. */
export function findHypervisors(type: string | undefined): readonly string[] {
  return hypervisors.filter((hypervisor) => findTypes(hypervisor).includes(type ?? ''));
}
