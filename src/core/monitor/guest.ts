// A guest as the command lines of its kernel and its monitor need it. Pure.

/** Where the guest's root file system is. */
export type RootKind = 'initrd' | 'block' | '9p' | 'none';

/** The user that urunit runs the program as. */
export interface GuestProcess {
  readonly uid: number;
  readonly gid: number;
  /** An absolute path. */
  readonly folder: string;
}

export interface Guest {
  /** As `com.urunc.unikernel.unikernelType` has it. */
  readonly type: string;
  /** Version of the framework; empty without a label. */
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
  /** Devices of the Solo5 manifest, as the labels name them. */
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
  /** urunit's configuration, where the initrd doesn't hold it. */
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
