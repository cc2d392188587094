// What this machine can run guests with, and how its system is called.

import { execFile } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { parseOsRelease } from '../../core/monitor/monitor-packages.ts';
import type { SystemName } from '../../core/monitor/monitor-packages.ts';
import type { HostFacts } from '../../core/monitor/machine.ts';

/** Node's names of architectures that Go calls otherwise. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

export async function readHostFacts(): Promise<HostFacts> {
  const { platform: system, arch } = process;
  return {
    system,
    architecture: architectures[arch] ?? arch,
    hasKvm: system === 'linux' && (await mayUseKvm()),
    hasHvf: system === 'darwin' && (await hasHypervisor()),
  };
}

/** Whoever may open it may run machines with it, as a rule. */
async function mayUseKvm(): Promise<boolean> {
  try {
    await (await open('/dev/kvm', 'r+')).close();
    return true;
  } catch {
    return false;
  }
}

/** A Mac that is itself virtual has none (developer.apple.com, "Hypervisor"). */
async function hasHypervisor(): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('/usr/sbin/sysctl', ['-n', 'kern.hv_support']);
    return stdout.trim() === '1';
  } catch {
    return false;
  }
}

export async function readSystemName(): Promise<SystemName> {
  const { platform: system } = process;
  if (system !== 'linux') return { system };
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return { system, ...parseOsRelease(text) };
}
