// Boots a kernel in QEMU, without KVM, and reads what it prints on the serial port.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Boot {
  readonly architecture: 'amd64' | 'arm64';
  /** The path of the kernel. */
  readonly kernel: string;
  /** Without it the kernel gets none at all. */
  readonly commandLine?: string;
  /** The path of an initrd. */
  readonly initrd?: string;
  /** The path of a raw disk, which the guest has as NVMe and may write to. */
  readonly disk?: string;
  /** In MiB; 128 by default. */
  readonly memory?: number;
  /** In place of the machine that urunc has for the architecture: `pc`, or `virt` on arm64. */
  readonly machine?: string;
  /** Starts over when the kernel resets the machine, which ends it otherwise. */
  readonly canReboot?: boolean;
}

export interface Booted {
  readonly serial: string;
  readonly exitCode: number;
}

const emulators = {
  amd64: { program: 'qemu-system-x86_64', machine: 'pc', cpu: 'qemu64' },
  arm64: { program: 'qemu-system-aarch64', machine: 'virt', cpu: 'cortex-a53' },
} as const;

/** In milliseconds. A boot takes a tenth of a second; this is for a machine that is busy. */
const timeout = 60_000;

/**
 * Waits until the virtual machine is off.
 * Fails, with what was printed, when that takes too long or QEMU gives up.
 */
export function bootKernel(boot: Boot): Promise<Booted> {
  const { program, machine, cpu } = emulators[boot.architecture];
  // QEMU drops what a pipe doesn't take at once.
  const folder = mkdtempSync(join(tmpdir(), 'bima-serial-'));
  const serialFile = join(folder, 'serial');
  const qemu = spawn(
    program,
    [
      ...['-accel', 'tcg', '-machine', boot.machine ?? machine, '-cpu', cpu],
      // -nographic would have the PC's firmware print on the serial port, too.
      ...['-nodefaults', '-display', 'none', '-monitor', 'none', '-serial', `file:${serialFile}`],
      ...(boot.canReboot === true ? [] : ['-no-reboot']),
      ...['-kernel', boot.kernel],
      ...(boot.memory === undefined ? [] : ['-m', `${boot.memory}`]),
      ...(boot.initrd === undefined ? [] : ['-initrd', boot.initrd]),
      ...(boot.disk === undefined
        ? []
        : [
            ...['-drive', `file=${boot.disk},format=raw,if=none,id=disk`],
            ...['-device', 'nvme,drive=disk,serial=disk'],
          ]),
      ...(boot.commandLine === undefined ? [] : ['-append', boot.commandLine]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], timeout, killSignal: 'SIGKILL' },
  );
  const complaints: Buffer[] = [];
  qemu.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));

  return new Promise<Booted>((resolve, reject) => {
    qemu.on('error', reject);
    qemu.on('close', (exitCode, signal) => {
      const serial = existsSync(serialFile) ? readFileSync(serialFile, 'utf8') : '';
      const complaint = Buffer.concat(complaints).toString();
      if (exitCode === 0 || (exitCode !== null && complaint === '')) {
        resolve({ serial, exitCode });
        return;
      }
      const end = qemu.killed
        ? `still ran after ${timeout / 1000} s`
        : `ended with ${exitCode ?? signal ?? ''}`;
      reject(new Error(`${program} ${end}\nerrors: ${complaint}\nserial port: ${JSON.stringify(serial)}`));
    });
  }).finally(() => {
    rmSync(folder, { recursive: true });
  });
}
