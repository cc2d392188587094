// What to install for a monitor that is missing.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { installHint, parseOsRelease } from '../../../src/core/monitor/monitor-packages.ts';

const x86 = 'qemu-system-x86_64';
const arm = 'qemu-system-aarch64';

describe('installHint', () => {
  const rows: readonly [program: string, system: Parameters<typeof installHint>[1], hint: RegExp][] = [
    [x86, { system: 'linux', id: 'debian' }, /sudo apt-get install qemu-system-x86"\.$/],
    [arm, { system: 'linux', id: 'ubuntu', like: 'debian' }, /sudo apt-get install qemu-system-arm"\.$/],
    [
      arm,
      { system: 'linux', id: 'rocky', like: 'rhel centos fedora' },
      /dnf install qemu-system-aarch64-core/,
    ],
    [x86, { system: 'linux', id: 'alpine' }, /apk add qemu-system-x86_64/],
    [x86, { system: 'linux', id: 'opensuse-leap', like: 'suse opensuse' }, /zypper install qemu-x86/],
    [x86, { system: 'linux', id: 'own' }, /the package of your system that has qemu-system-x86_64/],
    [x86, { system: 'linux', id: 'constructor' }, /the package of your system/],
    [x86, { system: 'darwin' }, /brew install qemu/],
    [arm, { system: 'win32' }, /winget install SoftwareFreedomConservancy\.QEMU/],
    ['firecracker', { system: 'linux', id: 'debian' }, /firecracker\/releases/],
    ['solo5-hvt', { system: 'linux' }, /opam install solo5/],
  ];
  for (const [program, system, hint] of rows) {
    it(`names the package of ${program} for ${system.id ?? system.system}`, () => {
      assert.match(installHint(program, system), hint);
    });
  }

  it('reads the names of a distribution', () => {
    const text = 'PRETTY_NAME="Some Linux"\nNAME=x\nVERSION_ID="1"\nID=ubuntu\nID_LIKE="debian other"\n';
    assert.deepEqual(parseOsRelease(text), { id: 'ubuntu', like: 'debian other' });
    assert.deepEqual(parseOsRelease(''), { id: undefined, like: undefined });
  });
});
