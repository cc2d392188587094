// The use case: from an image to the command line of its monitor, with the files that it names in a folder.

import {
  appendBytes,
  checkNames,
  placeBytes,
  placeFile,
  placeTree,
} from '../../adapters/monitor/boot-folder.ts';
import { unpackPayload } from '../../adapters/layers/unpack-payload.ts';
import { BimaError } from '../../core/errors.ts';
import { createBlockImage } from '../../core/files/ext2.ts';
import type { Entry } from '../../core/files/entry.ts';
import { planInitrd } from '../../core/files/initrd.ts';
import type { FileSystem } from '../../core/files/inodes.ts';
import { startsUrunit } from '../../core/monitor/guest.ts';
import type { Guest, GuestFiles } from '../../core/monitor/guest.ts';
import { chooseRoot } from '../../core/monitor/guest-root.ts';
import type { GuestRoot, SharedRoot } from '../../core/monitor/guest-root.ts';
import { guestEnvironment, guestWords, parseUser } from '../../core/monitor/guest-words.ts';
import { chooseAccelerator, defaultMemory } from '../../core/monitor/machine.ts';
import type { Accelerator, ForwardedPort, HostFacts, Machine } from '../../core/monitor/machine.ts';
import { monitorCommand } from '../../core/monitor/monitor-arguments.ts';
import type { MonitorCommand } from '../../core/monitor/monitor-arguments.ts';
import { encodeUrunitConfig, urunitConfigPath } from '../../core/monitor/urunit-config.ts';
import { streamOf } from '../../core/oci/blob.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import { bootVerdict, knownMonitors } from '../../core/unikernel/bootable.ts';
import type { KnownMonitor } from '../../core/unikernel/bootable.ts';
import { rootfsPath } from '../../core/unikernel/label-paths.ts';
import { findDrivers } from '../../core/unikernel/linux-drivers.ts';
import { findTypes } from '../../core/unikernel/monitors.ts';
import { isTrue } from '../../core/unikernel/values.ts';
import type { BootImage } from './boot-image.ts';

export interface BootOptions {
  /** By default qemu, or the image's own monitor where its binary runs on nothing else. */
  readonly monitor?: KnownMonitor | undefined;
  /** In place of ENTRYPOINT and CMD. */
  readonly entrypoint?: string | undefined;
  readonly arguments?: readonly string[] | undefined;
  /** Besides the image's own. */
  readonly environment: ReadonlyMap<string, string>;
  /** In MiB. */
  readonly memory?: number | undefined;
  readonly cpus: number;
  /** With the ports that were really taken on this machine. */
  readonly ports: readonly ForwardedPort[];
  readonly accelerator?: Accelerator | undefined;
  readonly rootfs?: SharedRoot | undefined;
}

export interface PreparedBoot {
  readonly monitor: KnownMonitor;
  readonly type: string;
  /** The name of its program. */
  readonly program: string;
  readonly machine: Machine;
  /** Where the root file system is, and why there. */
  readonly root: GuestRoot;
  /** The command line with another accelerator. */
  readonly commandFor: (accelerator: Accelerator) => MonitorCommand;
}

export interface PrepareWorld {
  /** For the files: it is the caller's to remove. */
  readonly folder: string;
  readonly host: HostFacts;
}

/**
 * @throws BimaError INPUT_INVALID for options that don't go together or with the image, BINARY_INVALID for a binary that
 *   the monitor doesn't boot, NOT_AVAILABLE for a monitor that needs KVM where there is none
 */
export async function prepareBoot(
  image: BootImage,
  options: BootOptions,
  world: PrepareWorld,
): Promise<PreparedBoot> {
  const { label } = image;
  const architecture = readArchitecture(image);
  const monitor = chooseMonitor(image, options.monitor);
  const accelerator = options.accelerator ?? chooseAccelerator(world.host, architecture);
  checkHost(monitor, accelerator, architecture);
  const type = label('unikernelType');
  const root = await chooseRoot({
    monitor,
    type,
    version: label('unikernelVersion'),
    initrd: label('initrd'),
    block: label('block'),
    blkMntPoint: label('blkMntPoint'),
    mountsRootfs: isTrue(label('mountRootfs')),
    wanted: options.rootfs,
    drivers: () => findDrivers(image.kernel, unpackPayload),
    canShare: world.host.system !== 'win32',
  });
  const guest = describeGuest(image, options, root, architecture);
  const { files, madeSize } = await placeFiles(image, guest, root, world);
  const machine: Machine = {
    accelerator,
    memory: options.memory ?? memoryFor(madeSize),
    cpus: options.cpus,
    ports: options.ports,
  };
  const configPath = `${world.folder}/settings.json`;
  const commandFor = (other: Accelerator) =>
    monitorCommand(monitor, { guest, files, machine: { ...machine, accelerator: other }, configPath });
  return { monitor, type, program: commandFor(accelerator).program, machine, root, commandFor };
}

function readArchitecture({ platform, facts }: BootImage): Guest['architecture'] {
  const architecture = facts.architecture ?? platform.architecture;
  if (architecture === 'amd64' || architecture === 'arm64') return architecture;
  throw new BimaError(
    'PLATFORM_FOREIGN',
    `expected an image for amd64 or arm64, got ${formatPlatform(platform)}`,
    {
      hint: 'urunc runs these two: build the image for one of them.',
    },
  );
}

function chooseMonitor({ facts, label }: BootImage, wanted: KnownMonitor | undefined): KnownMonitor {
  const named = knownMonitors.find((known) => known === label('hypervisor'));
  const isForNamed = named !== undefined && bootVerdict(facts, named).can !== 'no';
  const monitor = wanted ?? (bootVerdict(facts, 'qemu').can === 'no' && isForNamed ? named : 'qemu');
  const verdict = bootVerdict(facts, monitor);
  if (verdict.can !== 'no') return monitor;
  const takes = (other: KnownMonitor) => findTypes(other).includes(label('unikernelType'));
  const able = knownMonitors.filter((other) => bootVerdict(facts, other).can === 'yes' && takes(other));
  throw new BimaError(
    'BINARY_INVALID',
    `will not boot: expected a kernel that ${monitor} takes in "${label('binary')}", got ${facts.format}: ${verdict.why}`,
    {
      hint:
        able.length === 0
          ? 'Build the unikernel for a monitor: "bima inspect" shows what the file is.'
          : `Name a monitor that takes it: --monitor ${able.join(' or --monitor ')}.`,
    },
  );
}

/** Only QEMU emulates other processors. */
function checkHost(monitor: KnownMonitor, accelerator: Accelerator, architecture: string): void {
  if (monitor === 'qemu' || monitor === 'spt' || accelerator === 'kvm') return;
  throw new BimaError(
    'NOT_AVAILABLE',
    `${monitor} needs KVM for ${architecture}, which this machine doesn't have`,
    {
      hint: 'Boot it with --monitor qemu, which emulates, if the binary is for that too; or use a Linux machine with /dev/kvm.',
    },
  );
}

function describeGuest(
  { label, image, user, folder }: BootImage,
  options: BootOptions,
  root: GuestRoot,
  architecture: Guest['architecture'],
): Guest {
  const { entrypoint = [], cmd = [], env = [] } = image.config;
  const type = label('unikernelType');
  const own = label('block') === '' ? undefined : label('blkMntPoint');
  const isShared = root.isMade && root.kind === 'block';
  const solo5 = (name: 'solo5NetDev' | 'solo5BlkDev') => (label(name) === '' ? undefined : label(name));
  return {
    type,
    version: label('unikernelVersion'),
    architecture,
    words: guestWords({
      entrypoint,
      cmd,
      cmdline: label('cmdline'),
      ownEntrypoint: options.entrypoint,
      ownArguments: options.arguments,
    }),
    environment: guestEnvironment(env, options.environment),
    root: root.kind,
    blockMountPoint: isShared ? (type === 'rumprun' ? '/data' : '/') : own,
    solo5: { net: solo5('solo5NetDev'), block: solo5('solo5BlkDev') },
    // A user by name, which needs the image's /etc/passwd, is passed as root: the guest may resolve it.
    process: { ...(parseUser(user) ?? { uid: 0, gid: 0 }), folder },
    hasNetwork: options.ports.length > 0,
  };
}

/** Memory that files take as an initrd: packed, and unpacked. */
function memoryFor(madeSize: number): number {
  return defaultMemory + Math.ceil((2 * madeSize) / 1024 ** 2);
}

/** Free space in a block image that is made here. */
const freeSpace = 64 * 1024 ** 2;

async function placeFiles(
  image: BootImage,
  guest: Guest,
  root: GuestRoot,
  { folder }: PrepareWorld,
): Promise<{ readonly files: GuestFiles; readonly madeSize: number }> {
  const { label } = image;
  // Under their names in the image, which nothing that is made here can have.
  const place = (name: 'binary' | 'initrd' | 'block', file: BootImage['initrd']) =>
    file === undefined ? undefined : placeFile(folder, `image/${rootfsPath(label(name))}`, file);
  const made = root.isMade ? await makeRoot(image, root.kind, folder) : { size: 0 };
  const kernel = (await place('binary', image.kernel)) ?? '';
  const initrd = root.isMade ? made.initrd : await place('initrd', image.initrd);
  const block = root.isMade && root.kind === 'block' ? made.block : await place('block', image.block);
  const isConfigured = startsUrunit(guest);
  const config = encodeUrunitConfig(guest);
  if (isConfigured && initrd !== undefined) await appendConfig(initrd, config);
  const urunit =
    isConfigured && initrd === undefined ? await placeBytes(folder, urunitConfigPath, config) : undefined;
  const files = { kernel, initrd, block, shared: made.shared, urunit };
  return { files, madeSize: root.kind === 'initrd' ? made.size : 0 };
}

interface MadeRoot {
  readonly initrd?: string;
  readonly block?: string;
  readonly shared?: string;
  /** In bytes, of a file. */
  readonly size: number;
}

async function makeRoot({ rootfs }: BootImage, kind: GuestRoot['kind'], folder: string): Promise<MadeRoot> {
  const all: readonly Entry[] = [...(rootfs?.entries.values() ?? [])];
  const write = async (name: string, system: FileSystem) => placeBytes(folder, name, system.open());
  if (kind === '9p') {
    checkNamesOnDisk(all);
    return { shared: await placeTree(folder, 'root', all), size: 0 };
  }
  const system =
    kind === 'block' ? createBlockImage(all, { mtime: 0, free: freeSpace }) : planInitrd(all, { mtime: 0 });
  const path = await write(kind === 'block' ? 'root.ext2' : 'root.cpio', system);
  return kind === 'block' ? { block: path, size: system.size } : { initrd: path, size: system.size };
}

/** Linux keeps every name apart; other systems take some for the same. */
function checkNamesOnDisk(entries: readonly Entry[]): void {
  if (process.platform !== 'linux') checkNames(entries);
}

/** As in urunc, by one more cpio archive after the existing one. */
async function appendConfig(initrd: string, config: string): Promise<void> {
  const bytes = Buffer.from(config);
  const entry: Entry = {
    type: 'file',
    path: urunitConfigPath,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: bytes.length,
    open: () => streamOf(bytes),
  };
  await appendBytes(initrd, planInitrd([entry], { mtime: 0 }).open());
}
