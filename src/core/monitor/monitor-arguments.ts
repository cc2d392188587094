// The command line of a monitor, as urunc v0.8 makes it (urunc, pkg/unikontainers/hypervisors), for one table of tests.
// What differs, on purpose: the accelerator is what this machine has, a guest that resets itself ends, the network is
// QEMU's own, and the owners of a shared root file system don't take root to keep. Pure.

import { BimaError } from '../errors.ts';
import { findHypervisors, findTypes } from '../unikernel/monitors.ts';
import type { KnownMonitor } from '../unikernel/bootable.ts';
import { guestCommand } from './guest-command.ts';
import type { Guest, GuestFiles } from './guest.ts';
import { qemuArguments } from './qemu-arguments.ts';
import type { Machine } from './machine.ts';

export interface MonitorCommand {
  readonly monitor: KnownMonitor;
  /** The program's name on the PATH. */
  readonly program: string;
  readonly args: readonly string[];
  /** A file that the monitor reads, and that has to be written first. */
  readonly config?: { readonly path: string; readonly text: string };
}

export interface MonitorRequest {
  readonly guest: Guest;
  readonly files: GuestFiles;
  readonly machine: Machine;
  /** Where the monitor's own file of settings goes, if it has one. */
  readonly configPath: string;
}

const qemuPrograms = { amd64: 'qemu-system-x86_64', arm64: 'qemu-system-aarch64' } as const;

/** The program of a monitor for guests of an architecture. */
export function monitorProgram(monitor: KnownMonitor, architecture: Guest['architecture']): string {
  switch (monitor) {
    case 'qemu':
      return qemuPrograms[architecture];
    case 'firecracker':
    case 'cloud-hypervisor':
      return monitor;
    case 'hvt':
    case 'spt':
      return `solo5-${monitor}`;
  }
}

/**
 * @throws BimaError INPUT_INVALID for a type that urunc doesn't run on this monitor, and for ports where there is no
 *   network to forward them to
 */
export function monitorCommand(monitor: KnownMonitor, request: MonitorRequest): MonitorCommand {
  const { guest, machine } = request;
  checkPair(monitor, guest.type);
  if (monitor !== 'qemu' && machine.ports.length > 0) {
    throw new BimaError(
      'INPUT_INVALID',
      `expected no ports with ${monitor}, which has no network of its own`,
      {
        hint: 'Forward ports with qemu.',
      },
    );
  }
  const command = guestCommand(guest, monitor, machine.accelerator === 'tcg');
  const program = monitorProgram(monitor, guest.architecture);
  switch (monitor) {
    case 'qemu':
      return { monitor, program, args: qemuArguments(request, command) };
    case 'firecracker':
      return { monitor, program, ...firecrackerCommand(request, command) };
    case 'cloud-hypervisor':
      return { monitor, program, args: cloudHypervisorArguments(request, command) };
    case 'hvt':
    case 'spt':
      return { monitor, program, args: tenderArguments(request, command) };
  }
}

function checkPair(monitor: KnownMonitor, type: string): void {
  const types = findTypes(monitor);
  // An unknown type is reported where its command line is made.
  if (types.includes(type) || findHypervisors(type).length === 0) return;
  throw new BimaError(
    'INPUT_INVALID',
    `expected a unikernel of the type ${types.map((known) => `"${known}"`).join(' or ')} for ${monitor}, got "${type}"`,
    {
      hint: `urunc runs "${type}" on ${findHypervisors(type).join(', ')}: name one of these with --monitor.`,
    },
  );
}

/** Settings in the order of urunc's own structure (firecracker, docs/getting-started.md). */
function firecrackerCommand(
  { guest, files, machine, configPath }: MonitorRequest,
  command: string,
): Pick<MonitorCommand, 'args' | 'config'> {
  const initrd = files.initrd ?? files.urunit;
  const drive = { drive_id: 'FCrootfs', is_read_only: false, is_root_device: false };
  const settings = {
    'boot-source': {
      kernel_image_path: files.kernel,
      boot_args: command,
      ...(initrd === undefined ? {} : { initrd_path: initrd }),
    },
    'machine-config': {
      vcpu_count: machine.cpus,
      mem_size_mib: machine.memory,
      smt: false,
      track_dirty_pages: false,
    },
    drives:
      files.block === undefined || guest.type !== 'linux' ? [] : [{ ...drive, path_on_host: files.block }],
  };
  return {
    args: ['--no-api', '--config-file', configPath],
    config: { path: configPath, text: JSON.stringify(settings) },
  };
}

function cloudHypervisorArguments({ files, machine }: MonitorRequest, command: string): readonly string[] {
  const initrd = files.initrd ?? files.urunit;
  return [
    ...['--memory', `size=${machine.memory}M`],
    ...['--cpus', `boot=${machine.cpus}`],
    ...['--kernel', files.kernel],
    ...['--console', 'off', '--serial', 'tty', '--seccomp', 'true'],
    ...(files.block === undefined ? [] : ['--disk', `path=${files.block},id=rootfs`]),
    ...(initrd === undefined ? [] : ['--initramfs', initrd]),
    ...['--cmdline', command],
  ];
}

/** Solo5's tenders: the names of the devices are those of the unikernel's manifest. */
function tenderArguments({ guest, files, machine }: MonitorRequest, command: string): readonly string[] {
  const block = guest.type === 'rumprun' ? 'rootfs' : (guest.solo5?.block ?? 'storage');
  return [
    `--mem=${machine.memory}`,
    ...(files.block === undefined ? [] : [`--block:${block}=${files.block}`]),
    ...['--', files.kernel],
    command,
  ];
}
