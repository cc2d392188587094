// The machine that a guest gets, and its accelerator. Pure.

import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';

/** What executes the guest: the processor, through Linux (kvm) or macOS (hvf), or QEMU's emulation (tcg). */
export type Accelerator = 'kvm' | 'hvf' | 'tcg';

const accelerators: readonly Accelerator[] = ['kvm', 'hvf', 'tcg'];

/** Undefined for an empty text. @param place where it comes from, for the error. @throws BimaError INPUT_INVALID */
export function parseAccelerator(text: string | undefined, place: string): Accelerator | undefined {
  const found = accelerators.find((name) => name === text);
  if (text === undefined || text === '' || found !== undefined) return found;
  throw new BimaError(
    'INPUT_INVALID',
    `expected ${accelerators.join(', ')} for ${place}, got ${quote(text)}`,
  );
}

/** A port of the guest that is forwarded from this machine. */
export interface ForwardedPort {
  /** Address on this machine, by default 127.0.0.1. */
  readonly address: string;
  readonly host: number;
  readonly guest: number;
  readonly protocol: 'tcp' | 'udp';
}

export interface Machine {
  readonly accelerator: Accelerator;
  /** In MiB. */
  readonly memory: number;
  readonly cpus: number;
  readonly ports: readonly ForwardedPort[];
}

/** urunc's default memory, in MiB. */
export const defaultMemory = 256;

/** Names of accelerators in the log. */
export const acceleratorNames: Readonly<Record<Accelerator, string>> = {
  kvm: 'KVM',
  hvf: 'HVF',
  tcg: 'emulation',
};

/** What this machine has to run guests. */
export interface HostFacts {
  readonly system: NodeJS.Platform;
  /** As GOARCH names it. */
  readonly architecture: string;
  readonly hasKvm: boolean;
  readonly hasHvf: boolean;
}

/** The fastest accelerator for guests of an architecture. */
export function chooseAccelerator(host: HostFacts, architecture: string): Accelerator {
  if (architecture !== host.architecture) return 'tcg';
  if (host.hasKvm) return 'kvm';
  return host.hasHvf ? 'hvf' : 'tcg';
}

/** Parses `512M` or `2G` into MiB. @throws BimaError INPUT_INVALID */
export function parseMemory(text: string): number {
  const [, number, unit = ''] = /^([1-9]\d{0,6})([MG])(?:i?B)?$/i.exec(text.trim()) ?? [];
  const size = Number(number) * (unit.toUpperCase() === 'G' ? 1024 : 1);
  if (Number.isSafeInteger(size) && size <= 1024 * 1024) return size;
  throw new BimaError('INPUT_INVALID', `expected the memory of the guest as 512M or 2G, got ${quote(text)}`);
}

/** @throws BimaError INPUT_INVALID */
export function parseCpus(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new BimaError('INPUT_INVALID', `expected a number of processors from 1 to 999, got ${quote(text)}`);
}

/**
 * Parses `[ADDRESS:]HOST:GUEST[/tcp|/udp]`, or `GUEST` alone, whose port on the host is 0: any free one.
 * @throws BimaError INPUT_INVALID
 */
export function parsePort(text: string): ForwardedPort {
  const match =
    /^(?:(?:(\[[0-9A-Fa-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}):)?(\d{0,5}):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const [, address = '127.0.0.1', host, guest, protocol] = match ?? [];
  const ports = { host: Number(host === undefined || host === '' ? 0 : host), guest: Number(guest) };
  const isPort = (number: number, least: number) => number >= least && number < 65536;
  if (isPort(ports.host, 0) && isPort(ports.guest, 1))
    return { address, ...ports, protocol: protocol === 'udp' ? 'udp' : 'tcp' };
  throw new BimaError('INPUT_INVALID', `expected a port as HOST:GUEST, got ${quote(text)}`, {
    hint: 'Write for example 8080:80, or 80 alone for a port of this machine that is free.',
  });
}
