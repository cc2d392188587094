// The command line of QEMU. Its order is urunc's (urunc v0.8, pkg/unikontainers/hypervisors/qemu.go). Pure.

import type { Guest, GuestFiles } from './guest.ts';
import type { Accelerator, ForwardedPort, Machine } from './machine.ts';

interface QemuRequest {
  readonly guest: Guest;
  readonly files: GuestFiles;
  readonly machine: Machine;
}

/** @param command what the guest gets */
export function qemuArguments({ guest, files, machine }: QemuRequest, command: string): readonly string[] {
  const { architecture } = guest;
  return [
    ...['-m', `${machine.memory}M`],
    ...processor(machine.accelerator, architecture),
    ...['-display', 'none', '-vga', 'none', '-monitor', 'null', '-serial', 'stdio'],
    ...['-smp', `${machine.cpus}`],
    ...(architecture === 'arm64' ? ['-M', 'virt'] : []),
    ...['-kernel', files.kernel],
    ...network(guest, machine.ports),
    ...(files.block === undefined ? [] : blockDevice(guest, files.block)),
    ...(files.initrd === undefined ? [] : ['-initrd', files.initrd]),
    ...(files.shared === undefined ? [] : sharedFolder(files.shared)),
    ...(files.urunit === undefined ? [] : ['-initrd', files.urunit]),
    // urunc passes it for some types only. Without it, a guest that resets itself would do so forever.
    '-no-reboot',
    ...ownArguments(guest),
    ...['-append', command],
  ];
}

function processor(accelerator: Accelerator, architecture: Guest['architecture']): readonly string[] {
  if (accelerator === 'kvm') return ['-cpu', 'host', '-enable-kvm'];
  if (accelerator === 'hvf') return ['-cpu', 'host', '-accel', 'hvf'];
  // All features that QEMU emulates, with the fast form of pointer authentication: the exact one halves the speed.
  const model = architecture === 'arm64' ? 'max,pauth-impdef=on' : 'max';
  return ['-cpu', model, '-accel', 'tcg'];
}

function network(
  { type, architecture, hasNetwork }: Guest,
  ports: readonly ForwardedPort[],
): readonly string[] {
  if (!hasNetwork) return ['-nic', 'none'];
  const forwards = ports.map(
    ({ protocol, address, host, guest }) => `,hostfwd=${protocol}:${address}:${host}-:${guest}`,
  );
  const netdev = `user,id=net0${forwards.join('')}`;
  const mewz = 'virtio-net-pci,netdev=net0,disable-legacy=on,disable-modern=off';
  if (type === 'mewz') return ['-device', mewz, '-netdev', netdev];
  const device = architecture === 'arm64' ? 'virtio-net-device' : 'virtio-net-pci';
  const modern = type === 'hermit' && architecture === 'amd64' ? ',disable-legacy=on' : '';
  return ['-netdev', netdev, '-device', `${device},netdev=net0${modern}`];
}

/** As in urunc, some types get no block device. */
function blockDevice({ type }: Guest, path: string): readonly string[] {
  if (type !== 'linux') return [];
  return [
    ...['-device', 'virtio-blk-pci,serial=rootfs,drive=rootfs'],
    ...['-drive', `format=raw,if=none,id=rootfs,file=${optionValue(path)}`],
  ];
}

/** Owners, modes and devices are kept in files beside the others (QEMU, hw/9pfs, "mapped-file"). */
function sharedFolder(path: string): readonly string[] {
  return [
    ...['-fsdev', `local,id=rootfs9p,security_model=mapped-file,path=${optionValue(path)}`],
    ...['-device', 'virtio-9p-pci,fsdev=rootfs9p,mount_tag=fs0'],
  ];
}

/** A comma in an option's value is doubled. */
function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}

function ownArguments({ type, architecture }: Guest): readonly string[] {
  if (type === 'linux') return ['-nodefaults'];
  if (type === 'mewz') return ['-device', 'isa-debug-exit,iobase=0x501,iosize=2'];
  return type === 'hermit' && architecture === 'amd64'
    ? ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04']
    : [];
}
