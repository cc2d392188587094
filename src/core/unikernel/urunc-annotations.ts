// The annotations that urunc knows: their names, what they mean, and which urunc reads them.

export const uruncPrefix = 'com.urunc.unikernel.';

/** The full name of each annotation. */
export const uruncKeys = {
  unikernelType: 'com.urunc.unikernel.unikernelType',
  hypervisor: 'com.urunc.unikernel.hypervisor',
  binary: 'com.urunc.unikernel.binary',
  cmdline: 'com.urunc.unikernel.cmdline',
  version: 'com.urunc.unikernel.version',
  unikernelVersion: 'com.urunc.unikernel.unikernelVersion',
  initrd: 'com.urunc.unikernel.initrd',
  block: 'com.urunc.unikernel.block',
  blkMntPoint: 'com.urunc.unikernel.blkMntPoint',
  mountRootfs: 'com.urunc.unikernel.mountRootfs',
  useDMBlock: 'com.urunc.unikernel.useDMBlock',
  vAccel: 'com.urunc.unikernel.vAccel',
  RPCAddress: 'com.urunc.unikernel.RPCAddress',
  solo5NetDev: 'com.urunc.unikernel.solo5NetDev',
  solo5BlkDev: 'com.urunc.unikernel.solo5BlkDev',
} as const;

export type UruncName = keyof typeof uruncKeys;

export interface Annotation {
  /** Half a sentence. */
  readonly meaning: string;
  /** The first urunc release that reads it; absent when none ever did. */
  readonly since?: string;
  /** The last urunc release that reads it; absent when they still do. */
  readonly until?: string;
  /** True for one that whoever runs the image sets, not the image. */
  readonly isOperators?: true;
  /** The annotation to use in its place. */
  readonly successor?: UruncName;
}

export const annotations: Readonly<Record<UruncName, Annotation>> = {
  unikernelType: { since: '0.1', meaning: 'the framework that the unikernel is built with' },
  hypervisor: { since: '0.1', meaning: 'the monitor that runs it' },
  binary: { since: '0.1', meaning: 'the path of the unikernel in the image' },
  cmdline: { since: '0.1', until: '0.7', meaning: 'the command line of the unikernel' },
  version: { meaning: 'the version of the framework, under the name that urunc does not read' },
  unikernelVersion: { since: '0.4', meaning: 'the version of the framework' },
  initrd: { since: '0.3', meaning: 'the path of the initial ramdisk in the image' },
  block: { since: '0.4', meaning: 'the path of a block device image in the image' },
  blkMntPoint: { since: '0.4', meaning: 'where the guest mounts that block device' },
  mountRootfs: { since: '0.6', meaning: "whether the guest gets the container's rootfs" },
  useDMBlock: {
    since: '0.4',
    until: '0.5',
    successor: 'mountRootfs',
    meaning: "whether the guest gets the container's rootfs as a block device",
  },
  vAccel: { since: '0.7', isOperators: true, meaning: 'how the guest reaches vAccel' },
  RPCAddress: { since: '0.7', isOperators: true, meaning: 'where the guest finds the vAccel agent' },
  solo5NetDev: { since: '0.8', meaning: "the name of the guest's network device in its Solo5 manifest" },
  solo5BlkDev: { since: '0.8', meaning: "the name of the guest's block device in its Solo5 manifest" },
};

// Object.keys gives up the names' own type.
export const uruncNames = Object.keys(uruncKeys) as readonly UruncName[];

const names: ReadonlyMap<string, UruncName> = new Map(uruncNames.map((name) => [uruncKeys[name], name]));

/** The short name of a full one, or undefined when urunc never had it. */
export function readUruncKey(key: string): UruncName | undefined {
  return names.get(key);
}
