// The rules for what Solo5's monitors run: target, ABI and devices.

import { quote } from '../text.ts';
import { uruncKeys } from './urunc-annotations.ts';
import { bootVerdict, knownMonitors, solo5Monitor } from './bootable.ts';
import type { BootRule, Seen } from './boot-rule.ts';
import type { Solo5Device } from './solo5.ts';
import { isTrue } from './values.ts';

const isTender = ({ label }: Seen) => label('hypervisor') === 'hvt' || label('hypervisor') === 'spt';

/** The devices of a kind, where urunc looks for names: under Solo5's own monitors. */
function devicesOf({ binary, label }: Seen, type: Solo5Device['type']): readonly string[] | undefined {
  const isSolo5 = ['mirage', 'rumprun'].includes(label('unikernelType'));
  const devices = isSolo5 ? binary?.solo5?.devices : undefined;
  return devices?.filter((device) => device.type === type).map(({ name }) => name);
}

/** The names that urunc gives devices without a label. */
const usualNames = {
  mirage: { net: 'service', block: 'storage' },
  rumprun: { net: 'tap', block: 'rootfs' },
} as const;

/** The name under which urunc attaches a device. */
function attachedName({ label }: Seen, type: Solo5Device['type']): string {
  if (label('unikernelType') === 'rumprun') return usualNames.rumprun[type];
  return label(type === 'net' ? 'solo5NetDev' : 'solo5BlkDev') || usualNames.mirage[type];
}

function deviceRules(type: Solo5Device['type'], name: 'solo5NetDev' | 'solo5BlkDev'): readonly BootRule[] {
  const word = type === 'net' ? 'network' : 'block';
  return [
    {
      name: `${word}-device-name`,
      level: 'error',
      at: ({ label }) => (label(name) === '' || label('unikernelType') === 'rumprun' ? 'binary' : name),
      finds: (seen: Seen): string | undefined => {
        const devices = devicesOf(seen, type);
        if (devices === undefined || devices.length > 1) return undefined;
        const attached = attachedName(seen, type);
        if (devices.includes(attached)) return undefined;
        // A device of a usual name is attached only where there is one.
        if (devices.length === 0 && (seen.label(name) === '' || seen.label('unikernelType') === 'rumprun'))
          return undefined;
        return `expected the ${word} device ${quote(attached)} in the Solo5 manifest, got ${quotedList(devices)}`;
      },
      hint: (seen: Seen): string =>
        seen.label('unikernelType') === 'rumprun'
          ? 'Link it with the devices "tap" and "rootfs": urunc has these names for rumprun alone.'
          : `Name a device of the manifest in "${uruncKeys[name]}", or remove the label.`,
    },
    {
      name: `several-${word}-devices`,
      level: 'error',
      at: 'binary',
      finds: (seen: Seen): string | undefined => {
        const devices = devicesOf(seen, type) ?? [];
        return devices.length < 2
          ? undefined
          : `expected one ${word} device in the Solo5 manifest, got ${quotedList(devices)}`;
      },
      hint: 'Link it with one device of each kind: urunc v0.8 attaches no more, and the tender wants them all.',
    },
  ];
}

export const solo5Rules: readonly BootRule[] = [
  ...deviceRules('net', 'solo5NetDev'),
  ...deviceRules('block', 'solo5BlkDev'),
  {
    name: 'block-not-attached',
    level: 'warning',
    at: 'binary',
    finds: (seen: Seen): string | undefined => {
      const { label } = seen;
      const [device] = devicesOf(seen, 'block') ?? [];
      if (device === undefined || !isTender(seen)) return undefined;
      if (label('block') !== '' || isTrue(label('mountRootfs'))) return undefined;
      return `expected "${uruncKeys.block}" for the block device ${quote(device)} of the Solo5 manifest, got none`;
    },
    hint: "Name a disk in it, or have the container's rootfs attached: the tender starts nothing without its devices.",
  },
  {
    name: 'solo5-target',
    level: 'error',
    at: 'hypervisor',
    finds: (seen: Seen): string | undefined => {
      const target = seen.binary?.solo5?.target;
      if (target === undefined) return undefined;
      const hypervisor = seen.label('hypervisor');
      const fits = target === 'virtio' ? hypervisor === 'qemu' : target === hypervisor;
      // What no urunc knows is said of the label itself.
      if (fits || !(knownMonitors as readonly string[]).includes(hypervisor)) return undefined;
      return `expected the hypervisor that ${quote(seen.label('binary'))} is linked for, ${solo5Monitor(target)}, got "${hypervisor}"`;
    },
    hint: ({ binary }: Seen): string => {
      const target = binary?.solo5?.target ?? '';
      if (target === 'virtio') return 'Write "qemu", or build the unikernel for another target.';
      return target === 'hvt' || target === 'spt'
        ? `Write "${target}", or build the unikernel for another target.`
        : 'Build the unikernel for hvt, spt or virtio: urunc has no other monitor for Solo5.';
    },
  },
  {
    name: 'tender-refuses',
    level: 'error',
    at: 'hypervisor',
    finds: (seen: Seen): string | undefined => {
      const { binary, label } = seen;
      const hypervisor = label('hypervisor');
      if (binary === undefined || (hypervisor !== 'hvt' && hypervisor !== 'spt')) return undefined;
      if (binary.program !== undefined || (binary.solo5?.target ?? hypervisor) !== hypervisor)
        return undefined;
      const verdict = bootVerdict(binary, hypervisor);
      return verdict.can === 'no'
        ? `expected a unikernel for Solo5's ${hypervisor} in ${quote(label('binary'))}, got ${binary.format}: ${verdict.why}`
        : undefined;
    },
    hint: 'Correct the hypervisor, or link the unikernel with the Solo5 of that target.',
  },
  {
    name: 'old-abi',
    level: 'warning',
    at: 'hypervisor',
    finds: (seen: Seen): string | undefined =>
      isTender(seen) && seen.binary?.solo5?.abiVersion === 1
        ? `expected the ABI version 2 of Solo5 0.8 and later in ${quote(seen.label('binary'))}, got 1`
        : undefined,
    hint: 'Run it with a tender of Solo5 before 0.8, or build it with a newer Solo5.',
  },
];

function quotedList(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ');
}
