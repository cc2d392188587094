// The command line that a guest gets, as urunc v0.8 writes it for each type of unikernel (urunc,
// pkg/unikontainers/unikernels). Pure. docs/run.md has the same as a table.

import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';
import { isBefore } from '../unikernel/boot-rule.ts';
import { startsUrunit, userNetwork } from './guest.ts';
import type { Guest } from './guest.ts';
import type { KnownMonitor } from '../unikernel/bootable.ts';

/**
 * Builds the command line.
 * @param isEmulated true where QEMU emulates the guest's processor
 * @throws BimaError INPUT_INVALID for a type that no release of urunc runs, and for a Linux guest without an init
 */
export function guestCommand(guest: Guest, monitor: KnownMonitor, isEmulated: boolean): string {
  switch (guest.type) {
    case 'linux':
      return linuxCommand(guest, monitor, isEmulated);
    case 'unikraft':
      return unikraftCommand(guest);
    case 'mirage':
      return mirageCommand(guest);
    case 'rumprun':
      return rumprunCommand(guest);
    case 'mewz':
      return guest.hasNetwork ? plainNetwork() : '';
    case 'hermit':
      return hermitCommand(guest);
    default:
      throw new BimaError(
        'INPUT_INVALID',
        `expected a unikernelType that urunc runs, got ${quote(guest.type)}`,
        { hint: 'Correct the label "com.urunc.unikernel.unikernelType", and build the image again.' },
      );
  }
}

const { address, prefix, mask, gateway } = userNetwork;

const joined = ({ words }: Guest): string => words.join(' ');

const plainNetwork = (): string => `ip=${address}/${prefix} gateway=${gateway}`;

function linuxCommand(guest: Guest, monitor: KnownMonitor, isEmulated: boolean): string {
  const [init, ...others] = guest.words.map(linuxWord);
  if (init === undefined || init === '') {
    throw new BimaError(
      'INPUT_INVALID',
      'expected the init of a Linux guest as its first argument, got none',
      {
        hint: 'Name it with --entrypoint or behind "--", or in ENTRYPOINT or CMD of the image.',
      },
    );
  }
  const isSerialPort = guest.architecture === 'amd64' || monitor === 'firecracker';
  const network = `ip=${address}::${gateway}:${mask}:urunc:eth0:off`;
  return [
    'panic=-1',
    `console=${isSerialPort ? 'ttyS0' : 'ttyAMA0'}`,
    // Linux skips this check of the timer under KVM by itself: emulated, a late tick on a busy machine would be a panic.
    ...(isEmulated && guest.architecture === 'amd64' ? ['no_timer_check'] : []),
    ...linuxRoot(guest),
    ...(guest.hasNetwork ? [network] : []),
    ...linuxEnvironment(guest),
    `${guest.root === 'initrd' ? 'rd' : ''}init=${init}`,
    '--',
    others.join(' '),
  ].join(' ');
}

/** Quoted as urunit reads them. Any other init gets them split, since the kernel knows no single quotes. */
function linuxWord(word: string): string {
  const text = word.trim();
  return text.includes(' ') ? `'${text}'` : text;
}

function linuxRoot({ root }: Guest): readonly string[] {
  switch (root) {
    case 'initrd':
      return ['root=/dev/ram0', 'rw'];
    case 'block':
      return ['root=/dev/vda', 'rw'];
    case '9p':
      return [
        ...['root=fs0', 'rw', 'rootfstype=9p'],
        'rootflags=trans=virtio,version=9p2000.L,msize=5000000,cache=mmap,posixacl',
      ];
    case 'none':
      return [];
  }
}

function linuxEnvironment(guest: Guest): readonly string[] {
  if (!startsUrunit(guest)) return guest.environment;
  return guest.root === 'initrd'
    ? ['URUNIT_CONFIG=/urunit.conf']
    : ['retain_initrd', 'URUNIT_CONFIG=/sys/firmware/initrd'];
}

/** Unikraft 0.16.1 changed the form of its parameters; a missing version counts as newer. */
function unikraftCommand(guest: Guest): string {
  const { version, architecture, environment, root, hasNetwork } = guest;
  const number = version.replace(/^v/, '');
  const isOld = /^\d/.test(number) && isBefore(number, [0, 16, 1]);
  const [own, router, netmask] = hasNetwork ? [address, gateway, mask] : ['', '', ''];
  const network = isOld
    ? [`netdev.ipv4_addr=${own}`, `netdev.ipv4_gw_addr=${router}`, `netdev.ipv4_subnet_mask=${netmask}`]
    : [`netdev.ip=${own}/24:${router}:8.8.8.8`, '', ''];
  const initrd = isOld ? 'vfs.rootfs=initrd' : 'vfs.fstab=[ "initrd0:/:extract:::" ]';
  const shared = isOld ? '' : 'vfs.fstab=[ "fs0:/:9pfs:::" ]';
  return [
    'Unikraft',
    architecture === 'arm64' ? 'console=ttyS0' : '',
    environment.length === 0 || isOld ? '' : `env.vars=[ ${environment.join(' ')} ]`,
    ...network,
    root === 'initrd' ? initrd : root === '9p' ? shared : '',
    '--',
    joined(guest),
  ].join(' ');
}

/** Missing parts leave their blanks, as in urunc. */
function mirageCommand(guest: Guest): string {
  const network = guest.hasNetwork ? [`--ipv4=${address}/24`, `--ipv4-gateway=${gateway}`] : ['', ''];
  return [...network, joined(guest)].join(' ');
}

/** JSON with one key for each variable, duplicates included, as rumprun reads it. */
function rumprunCommand(guest: Guest): string {
  const block = { source: 'etfs', path: '/dev/ld0a', fstype: 'blk', mountpoint: guest.blockMountPoint };
  const members = [
    `"cmdline":${goJson(joined(guest))}`,
    ...guest.environment.map((variable) => `"env":${goJson(variable)}`),
    ...(guest.hasNetwork ? [`"net":${goJson(rumprunNetwork)}`] : []),
    ...(guest.blockMountPoint === undefined ? [] : [`"blk":${goJson(block)}`]),
  ];
  return `{${members.join(',')}}`;
}

const rumprunNetwork = {
  if: 'ukvmif0',
  cloner: 'True',
  type: 'inet',
  method: 'static',
  addr: address,
  mask: '1',
  gw: gateway,
};

/** Encoded as by Go's json.Marshal, which escapes HTML. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function hermitCommand(guest: Guest): string {
  const own = joined(guest).trim();
  if (!guest.hasNetwork) return own;
  return own === '' ? plainNetwork() : `${plainNetwork()} -- ${own}`;
}
