// Where the program of a monitor is, and what is said where there is none.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findMonitor } from '../../../src/adapters/monitor/find-monitor.ts';
import { readHostFacts, readSystemName } from '../../../src/adapters/monitor/host-facts.ts';
import { installHint, parseOsRelease } from '../../../src/core/monitor/monitor-packages.ts';
import { onPlatform } from '../../support/other-platform.ts';
import { temporaryFolder } from '../../support/folder.ts';

describe('findMonitor', { skip: process.platform === 'win32' && 'needs modes of files' }, () => {
  it('finds the first on the PATH that may be run', async (test) => {
    const folder = temporaryFolder(test, { 'one/qemu': '', 'two/qemu': '', 'three/qemu': '' });
    for (const name of ['two', 'three']) chmodSync(join(folder, name, 'qemu'), 0o755);
    const PATH = ['one', 'two', 'three'].map((name) => join(folder, name)).join(':');
    assert.equal(await findMonitor('qemu', { PATH }), join(folder, 'two/qemu'));
  });

  it('says what to install where there is none', async (test) => {
    const PATH = temporaryFolder(test);
    mkdirSync(join(PATH, 'firecracker'));
    await assert.rejects(findMonitor('firecracker', { PATH }), {
      code: 'MONITOR_MISSING',
      message: 'there is no firecracker on the PATH',
      hint: /firecracker\/releases/,
    });
    const hint = installHint('qemu-system-x86_64', await readSystemName());
    await assert.rejects(findMonitor('qemu-system-x86_64', { PATH, PROGRAMFILES: PATH }), {
      code: 'MONITOR_MISSING',
      message: 'there is no qemu-system-x86_64 on the PATH',
      hint,
    });
  });

  it('does not look where only Windows has it', async (test) => {
    const folder = temporaryFolder(test);
    mkdirSync(join(folder, 'qemu'));
    writeFileSync(join(folder, 'qemu', 'qemu.exe'), '', { mode: 0o755 });
    await assert.rejects(findMonitor('qemu', { PATH: '', PROGRAMFILES: folder }), {
      code: 'MONITOR_MISSING',
    });
  });
});

describe(
  'findMonitor on Windows',
  { skip: process.platform === 'win32' && 'needs names with backslashes' },
  () => {
    it("looks where QEMU's installer puts it, which is not on the PATH", async (test) => {
      // There, these are folders; here, it is the name of a file.
      const folder = temporaryFolder(test, { 'C:\\Programs\\qemu\\qemu-system-x86_64.exe': '' });
      chmodSync(join(folder, 'C:\\Programs\\qemu\\qemu-system-x86_64.exe'), 0o755);
      const before = process.cwd();
      process.chdir(folder);
      try {
        await onPlatform('win32', async () => {
          const find = (environment: Record<string, string>, program = 'qemu-system-x86_64') =>
            findMonitor(program, { PATH: '', ...environment });
          const path = 'C:\\Programs\\qemu\\qemu-system-x86_64.exe';
          assert.equal(await find({ PROGRAMFILES: 'C:\\Programs' }), path);
          assert.equal(await find({ ProgramFiles: 'C:\\Programs' }), path);
          for (const environment of [{}, { PROGRAMFILES: '' }, { PROGRAMFILES: 'D:\\Programs' }]) {
            await assert.rejects(find(environment), {
              code: 'MONITOR_MISSING',
              hint: 'Install it: write "winget install SoftwareFreedomConservancy.QEMU".',
            });
          }
          await assert.rejects(find({ PROGRAMFILES: 'C:\\Programs' }, 'other'), { code: 'MONITOR_MISSING' });
        });
      } finally {
        process.chdir(before);
      }
    });

    it('looks below no folder that depends on the current one', async (test) => {
      const folder = temporaryFolder(test, { 'Programs\\qemu\\qemu.exe': '' });
      chmodSync(join(folder, 'Programs\\qemu\\qemu.exe'), 0o755);
      const before = process.cwd();
      process.chdir(folder);
      try {
        await onPlatform('win32', () =>
          assert.rejects(findMonitor('qemu', { PATH: '', PROGRAMFILES: 'Programs' }), {
            code: 'MONITOR_MISSING',
          }),
        );
      } finally {
        process.chdir(before);
      }
    });
  },
);

describe('this machine', () => {
  it('has KVM on Linux alone, and nothing of a Mac elsewhere', async () => {
    for (const platform of ['darwin', 'win32', 'freebsd'] as const) {
      const found = await onPlatform(platform, readHostFacts);
      assert.deepEqual([found.system, found.hasKvm], [platform, false]);
      if (process.platform !== 'darwin') assert.equal(found.hasHvf, false);
      assert.deepEqual(await onPlatform(platform, readSystemName), { system: platform });
    }
  });

  const names: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386' };

  it('has the architecture of its processor, by the name that Go has for it', async () => {
    const { system, architecture, hasKvm, hasHvf } = await readHostFacts();
    assert.equal(system, process.platform);
    assert.equal(architecture, names[process.arch] ?? process.arch);
    if (process.platform !== 'linux') assert.equal(hasKvm, false);
    if (process.platform !== 'darwin') assert.equal(hasHvf, false);
  });

  it('has KVM where its device can be opened', { skip: process.platform !== 'linux' }, async () => {
    let isThere = true;
    try {
      readFileSync('/dev/kvm', { flag: 'r+' });
    } catch (error) {
      // Reading it fails in another way once it is open.
      isThere = !['ENOENT', 'EACCES', 'EPERM', 'ENXIO', 'ENODEV'].includes(
        (error as NodeJS.ErrnoException).code ?? '',
      );
    }
    assert.equal((await readHostFacts()).hasKvm, isThere);
  });

  it('has the name that its distribution gives it', { skip: process.platform !== 'linux' }, async () => {
    const text = readFileSync('/etc/os-release', 'utf8');
    assert.deepEqual(await readSystemName(), { system: 'linux', ...parseOsRelease(text) });
    assert.match(text, /^ID=/m);
  });
});
