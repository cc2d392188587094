// Labels that the binary or a base image knows, filled in where nobody gave them.

import { uruncKeys } from './urunc-annotations.ts';
import type { BinaryFacts } from './examine-binary.ts';
import { lastPairs } from './labels.ts';
import type { LabelInput } from './labels.ts';

export interface FilledLabel extends LabelInput {
  /** Where the value is from, such as `the binary "/unikernel/app"`. */
  readonly source: string;
}

/** What a base image says of itself besides its labels. */
export interface KnownBase {
  readonly name: string;
  /** The `os` of its config, where unikraft.org names the hypervisor. */
  readonly os: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether it has a file at a path. */
  readonly provides: (path: string) => boolean;
}

/** Where kraftkit puts them (oci/wellknown.go). */
const [catalogKernel, catalogInitrd] = ['/unikraft/bin/kernel', '/unikraft/bin/initrd'];

const hypervisorsByOs: ReadonlyMap<string, string> = new Map([
  ['qemu', 'qemu'],
  ['kvm', 'qemu'],
  ['fc', 'firecracker'],
  ['firecracker', 'firecracker'],
]);

/** True for an image of unikraft.org's catalog, or one that kraftkit made. */
export function isCatalogImage({ os, annotations }: Pick<KnownBase, 'os' | 'annotations'>): boolean {
  const isMarked = Object.keys(annotations).some((key) => key.startsWith('org.unikraft.kernel.'));
  return isMarked || hypervisorsByOs.has(os) || os === 'xen';
}

/** What a catalog image knows, for labels that are not there. */
export function fillFromBase(given: readonly LabelInput[], base: KnownBase): readonly FilledLabel[] {
  if (!isCatalogImage(base)) return [];
  const labels = lastPairs(given);
  const source = `the base image "${base.name}"`;
  const hypervisor = hypervisorsByOs.get(base.annotations['org.unikraft.kernel.plat'] ?? base.os);
  const type = labels.get(uruncKeys.unikernelType)?.value ?? 'unikraft';
  const binary = labels.get(uruncKeys.binary)?.value ?? catalogKernel;
  // It knows nothing about another kernel or another type.
  if (type !== 'unikraft' || binary !== catalogKernel || !base.provides(catalogKernel)) return [];
  const known: readonly (readonly [key: string, value: string | undefined])[] = [
    [uruncKeys.unikernelType, 'unikraft'],
    [uruncKeys.hypervisor, hypervisor],
    [uruncKeys.binary, catalogKernel],
    [uruncKeys.initrd, base.provides(catalogInitrd) ? catalogInitrd : undefined],
  ];
  return known.flatMap(([key, value]) =>
    value === undefined || labels.has(key) ? [] : [{ key, value, source }],
  );
}

/**
 * What the binary knows, for labels that are not there: the version of its framework, and the names of Solo5's devices.
 * @param base of which the annotation counts where the binary doesn't tell its version
 */
export function fillFromBinary(
  given: readonly LabelInput[],
  facts: BinaryFacts,
  base?: Pick<KnownBase, 'name' | 'annotations'>,
): readonly FilledLabel[] {
  const labels = lastPairs(given);
  const source = `the binary "${labels.get(uruncKeys.binary)?.value ?? ''}"`;
  const type = labels.get(uruncKeys.unikernelType)?.value;
  const filled: FilledLabel[] = [];
  if (!labels.has(uruncKeys.version) && !labels.has(uruncKeys.unikernelVersion)) {
    const own = versionOf(facts, type);
    const ofBase = type === 'unikraft' ? base?.annotations['org.unikraft.kernel.version'] : undefined;
    if (own !== undefined) filled.push({ key: uruncKeys.unikernelVersion, value: own, source });
    else if (base !== undefined && ofBase !== undefined)
      filled.push({
        key: uruncKeys.unikernelVersion,
        value: ofBase,
        source: `the base image "${base.name}"`,
      });
  }
  if (type !== 'mirage') return filled;
  for (const [key, kind, usual] of [
    [uruncKeys.solo5NetDev, 'net', 'service'],
    [uruncKeys.solo5BlkDev, 'block', 'storage'],
  ] as const) {
    const [device, ...others] = (facts.solo5?.devices ?? []).filter((found) => found.type === kind);
    if (device === undefined || others.length > 0 || device.name === usual || labels.has(key)) continue;
    filled.push({ key, value: device.name, source });
  }
  return filled;
}

/** That of the framework which the type names. */
function versionOf(facts: BinaryFacts, type: string | undefined): string | undefined {
  if (type === 'unikraft') return facts.unikraft?.version;
  if (type === 'linux') return facts.linux?.version;
  return type === 'hermit' ? facts.hermit?.version : undefined;
}

/** For the log. */
export function describeFilled({ key, value, source }: FilledLabel): string {
  return `filled "${key}" with "${value}" from ${source}`;
}
