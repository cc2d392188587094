// The accelerators of this machine, and the name of its system.

import { execFile } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { parseOsRelease } from '../../core/monitor/monitor-packages.ts';
import type { SystemName } from '../../core/monitor/monitor-packages.ts';
import type { HostFacts } from '../../core/monitor/machine.ts';

/** Architectures whose names differ in Node and Go. */
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

/** Permission to open it is, as a rule, permission to run machines. */
async function mayUseKvm(): Promise<boolean> {
  try {
    await (await open('/dev/kvm', 'r+')).close();
    return true;
  } catch {
    return false;
  }
}

/** A virtual Mac has none (developer.apple.com, "Hypervisor"). */
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
