// What is booted, as its monitor and its command line have to know it. Pure.

/** Where the guest's root file system is. */
export type RootKind = 'initrd' | 'block' | '9p' | 'none';

/** Who the program in the guest runs as: urunit is told. */
export interface GuestProcess {
  readonly uid: number;
  readonly gid: number;
  /** An absolute path. */
  readonly folder: string;
}

export interface Guest {
  /** As `com.urunc.unikernel.unikernelType` has it. */
  readonly type: string;
  /** Of the framework; empty where no label says it. */
  readonly version: string;
  /** As GOARCH names it. */
  readonly architecture: 'amd64' | 'arm64';
  /** ENTRYPOINT and CMD as one list. */
  readonly words: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  readonly root: RootKind;
  /** Where the guest mounts its block device; undefined without one. */
  readonly blockMountPoint?: string | undefined;
  /** Devices of a Solo5 manifest that labels name. */
  readonly solo5?: { readonly net?: string | undefined; readonly block?: string | undefined };
  readonly process: GuestProcess;
  /** Whether it has QEMU's user network. */
  readonly hasNetwork: boolean;
}

/** Files of this machine that the monitor is given. */
export interface GuestFiles {
  readonly kernel: string;
  readonly initrd?: string | undefined;
  readonly block?: string | undefined;
  /** The folder that is shared as the root file system. */
  readonly shared?: string | undefined;
  /** urunit's configuration, where it is no part of the initrd. */
  readonly urunit?: string | undefined;
}

/** Addresses in QEMU's user network (QEMU, docs/system/devices/net.rst, "Using the user mode network stack"). */
export const userNetwork = {
  address: '10.0.2.15',
  prefix: 24,
  mask: '255.255.255.0',
  gateway: '10.0.2.2',
} as const;

/** True for a guest whose init is urunit, which reads its environment from a file. */
export function startsUrunit({ type, words }: Pick<Guest, 'type' | 'words'>): boolean {
  return type === 'linux' && words[0]?.includes('urunit') === true;
}
