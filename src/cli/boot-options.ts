// The options of `bima run`, from their texts to values.

import { BimaError } from '../core/errors.ts';
import { parseExpectation } from '../core/monitor/expectation.ts';
import { sharedRoots } from '../core/monitor/guest-root.ts';
import { parseGuestVariables } from '../core/monitor/guest-words.ts';
import { parseAccelerator, parseCpus, parseMemory, parsePort } from '../core/monitor/machine.ts';
import type { ForwardedPort } from '../core/monitor/machine.ts';
import { parsePlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { nearest } from '../core/suggest.ts';
import { quote } from '../core/text.ts';
import { knownMonitors } from '../core/unikernel/bootable.ts';
import type { KnownMonitor } from '../core/unikernel/bootable.ts';
import type { BootGoal } from '../usecases/run/boot.ts';
import type { BootOptions } from '../usecases/run/prepare-boot.ts';
import type { Options } from './args.ts';
import type { OptionSpec } from './commands.ts';
import type { Environment } from '../core/environment.ts';

export const bootOptions = {
  monitor: {
    type: 'string',
    value: 'MONITOR',
    help: "What boots it: qemu, firecracker, cloud-hypervisor, hvt or spt (default: qemu, or the image's own where the binary is for that alone)",
  },
  platform: {
    type: 'string',
    value: 'OS/ARCH[/VARIANT]',
    help: "The platform of an image for several (default: this machine's); a foreign one is emulated",
  },
  entrypoint: {
    type: 'string',
    value: 'PROGRAM',
    help: "Start PROGRAM in place of the image's ENTRYPOINT and CMD",
  },
  env: {
    type: 'string',
    short: 'e',
    value: 'NAME[=VALUE]',
    help: 'Give the guest the variable NAME, with VALUE or that of the environment',
  },
  memory: {
    type: 'string',
    short: 'm',
    value: 'SIZE',
    help: "The guest's memory, such as 512M or 2G (default: 256M, and more for a root file system that is put into it)",
  },
  cpus: { type: 'string', value: 'NUMBER', default: '1', help: "The guest's processors" },
  publish: {
    type: 'string',
    short: 'p',
    value: '[ADDRESS:]HOST:GUEST[/udp]',
    help: "Forward the port HOST of this machine to the guest's port GUEST, with qemu; GUEST alone takes a free one",
  },
  rootfs: {
    type: 'string',
    value: 'WAY',
    help: 'Give the guest the files of the image over "9p", or made into a "block" image or an "initrd" (default: as its labels say)',
  },
  accel: {
    type: 'string',
    value: 'NAME',
    env: 'BIMA_ACCEL',
    help: 'Use "kvm", "hvf" or "tcg", which emulates (default: the fastest that is there)',
  },
  expect: {
    type: 'string',
    value: 'TEXT|/EXPRESSION/',
    help: 'Stop with 0 as soon as the guest has printed TEXT, and with 1 and its last lines if it never does',
  },
  timeout: {
    type: 'string',
    value: 'SECONDS',
    help: 'Stop with 1 after SECONDS (default: 60 with --expect, otherwise never)',
  },
  print: { type: 'boolean', help: "Print the monitor's command line, and start nothing" },
} as const satisfies Record<string, OptionSpec>;

/** What the options say, apart from what is booted. */
export interface BootRequest {
  readonly options: Omit<BootOptions, 'ports'>;
  readonly ports: readonly ForwardedPort[];
  readonly platform?: Platform | undefined;
  readonly goal: BootGoal;
}

/** Milliseconds for a guest that is to print something. */
const defaultTimeout = 60_000;

/** @throws BimaError INPUT_INVALID */
export function readBootRequest(options: Options, environment: Environment): BootRequest {
  const text = (name: string) => options.string(name);
  const [memory, expected, timeout, platform] = [
    text('memory'),
    text('expect'),
    text('timeout'),
    text('platform'),
  ];
  const expectation = expected === undefined ? undefined : parseExpectation(expected, '--expect');
  const given = timeout === undefined ? undefined : parseSeconds(timeout, '--timeout');
  return {
    options: {
      monitor: readMonitor(text('monitor')),
      entrypoint: options.isGiven('entrypoint') ? (text('entrypoint') ?? '') : undefined,
      arguments: options.handedOn,
      environment: parseGuestVariables(options.strings('env'), environment, '--env'),
      memory: memory === undefined ? undefined : parseMemory(memory),
      cpus: parseCpus(text('cpus') ?? '1'),
      accelerator: parseAccelerator(text('accel'), '--accel'),
      rootfs: readWord('--rootfs', text('rootfs'), sharedRoots),
    },
    ports: options.strings('publish').map(parsePort),
    platform: platform === undefined ? undefined : parsePlatform(platform),
    goal: { expectation, timeout: given ?? (expectation === undefined ? undefined : defaultTimeout) },
  };
}

/** In milliseconds. @throws BimaError INPUT_INVALID */
export function parseSeconds(text: string, place: string): number {
  const seconds = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds > 0) return seconds * 1000;
  throw new BimaError('INPUT_INVALID', `expected a number of seconds for ${place}, got ${quote(text)}`);
}

function readMonitor(text: string | undefined): KnownMonitor | undefined {
  // The tenders are programs of this name.
  return readWord('--monitor', text?.replace(/^solo5-/, ''), knownMonitors);
}

function readWord<const Word extends string>(
  option: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  const found = words.find((word) => word === text);
  if (text === undefined || found !== undefined) return found;
  const meant = nearest(text, words);
  throw new BimaError('INPUT_INVALID', `expected ${option} ${words.join(', ')}, got ${quote(text)}`, {
    ...(meant === undefined ? {} : { hint: `Did you mean ${meant}?` }),
  });
}
