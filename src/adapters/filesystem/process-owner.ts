// Who made a file that is only there for a while: its name says so, in one step with its making. What is said is enough
// to see later whether that process still runs:
// - Linux: a process is named by the boot of its machine, its pid and time namespaces (so containers are told apart),
//   its number, and when it started (a number is used again). The answer is certain, and known at once.
// - Elsewhere, or without /proc: by the machine's name and network addresses, and its number. A number that is gone is
//   certain; one that is there may be another process.
// - Of another machine or container, as on a network file system, nothing is known: then time alone can tell.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { isSystemError } from '../../core/errors.ts';

/** `unknown` for one of another machine, or when another process may have got its number. */
export type Life = 'running' | 'gone' | 'unknown';

interface Self {
  /** Where the process runs: the numbers of processes can be compared within one place. */
  readonly place: string;
  /** In ticks since the machine was started; 0 where nobody tells. */
  readonly started: string;
}

const pattern = /(?:^|[-:])([0-9a-f]{12})-(\d{1,10})-(\d{1,20})-[0-9a-f]{12}$/;

let self: Self | undefined;

/** Names this process and, by chance, one thing of it. Has no dots, and is good in file names and references. */
export function nameOwner(): Promise<string> {
  const { place, started } = (self ??= describeSelf());
  return Promise.resolve([place, process.pid, started, randomBytes(6).toString('hex')].join('-'));
}

/** Whether the process lives that {@link nameOwner} named at the end of this text; undefined when it names none. */
export function lifeOf(name: string): Promise<Life | undefined> {
  return Promise.resolve(lifeNow(name));
}

function lifeNow(name: string): Life | undefined {
  const [, place, pid = '', started] = pattern.exec(name) ?? [];
  if (place === undefined) return undefined;
  const own = (self ??= describeSelf());
  if (place !== own.place) return 'unknown';
  if (!isThere(Number(pid))) return 'gone';
  if (started === '0' || own.started === '0') return 'unknown';
  const current = startOf(pid);
  if (current === undefined) return 'unknown';
  return current === started ? 'running' : 'gone';
}

function describeSelf(): Self {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1');
    const place = hash([boot, readlinkSync('/proc/self/ns/pid'), timeNamespace()]);
    // A /proc of another namespace has other numbers.
    const isOurs = readlinkSync('/proc/self') === String(process.pid);
    return { place, started: (isOurs ? startOf('self') : undefined) ?? '0' };
  } catch {
    const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ mac }) => mac));
    return { place: hash([hostname(), ...new Set(addresses.sort())]), started: '0' };
  }
}

/** Empty on a system that has none. */
function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time');
  } catch {
    return '';
  }
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is there as well.
    return !isSystemError(error, 'ESRCH');
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); `ended` for a process that nobody has waited for yet. */
function startOf(pid: string): string | undefined {
  const text = readStat(pid);
  // The name before it may hold anything, parentheses and spaces too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19];
}

/** Empty for a process that is gone. */
function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '';
  }
}
