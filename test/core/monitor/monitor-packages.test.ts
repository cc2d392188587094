// What to install for a monitor that is missing.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { installHint, parseOsRelease } from '../../../src/core/monitor/monitor-packages.ts';

const x86 = 'qemu-system-x86_64';
const arm = 'qemu-system-aarch64';

describe('installHint', () => {
  const rows: readonly [program: string, system: Parameters<typeof installHint>[1], line: string][] = [
    [x86, { system: 'linux', id: 'debian' }, 'sudo apt-get install qemu-system-x86'],
    [arm, { system: 'linux', id: 'ubuntu' }, 'sudo apt-get install qemu-system-arm'],
    [arm, { system: 'linux', id: 'mint', like: 'ubuntu debian' }, 'sudo apt-get install qemu-system-arm'],
    [x86, { system: 'linux', id: 'fedora' }, 'sudo dnf install qemu-system-x86-core'],
    [arm, { system: 'linux', id: 'rocky', like: 'rhel centos' }, 'sudo dnf install qemu-system-aarch64-core'],
    [arm, { system: 'linux', id: 'rhel' }, 'sudo dnf install qemu-system-aarch64-core'],
    [x86, { system: 'linux', id: 'centos' }, 'sudo dnf install qemu-system-x86-core'],
    [x86, { system: 'linux', id: 'alpine' }, 'sudo apk add qemu-system-x86_64'],
    [arm, { system: 'linux', id: 'alpine' }, 'sudo apk add qemu-system-aarch64'],
    [x86, { system: 'linux', id: 'arch' }, 'sudo pacman -S qemu-system-x86'],
    [arm, { system: 'linux', id: 'manjaro', like: 'arch' }, 'sudo pacman -S qemu-system-aarch64'],
    [x86, { system: 'linux', id: 'opensuse-leap', like: 'suse opensuse' }, 'sudo zypper install qemu-x86'],
    [arm, { system: 'linux', id: 'opensuse' }, 'sudo zypper install qemu-arm'],
    [arm, { system: 'linux', id: 'opensuse-leap' }, 'sudo zypper install qemu-arm'],
    [arm, { system: 'linux', id: 'opensuse-tumbleweed' }, 'sudo zypper install qemu-arm'],
    [x86, { system: 'linux', id: 'sles' }, 'sudo zypper install qemu-x86'],
    [x86, { system: 'linux', id: 'nixos' }, 'nix-shell -p qemu'],
    [arm, { system: 'linux', id: 'nixos' }, 'nix-shell -p qemu'],
    [x86, { system: 'linux', id: 'own', like: 'other fedora' }, 'sudo dnf install qemu-system-x86-core'],
    [x86, { system: 'darwin' }, 'brew install qemu'],
    [arm, { system: 'darwin', id: 'debian' }, 'brew install qemu'],
    [arm, { system: 'win32' }, 'winget install SoftwareFreedomConservancy.QEMU'],
  ];
  for (const [program, system, line] of rows) {
    it(`has the line for ${program} on ${[system.id ?? system.system, system.like].join(' ')}`, () => {
      assert.equal(installHint(program, system), `Install it: write "${line}".`);
    });
  }

  const others: readonly [program: string, system: Parameters<typeof installHint>[1], hint: RegExp][] = [
    [
      x86,
      { system: 'linux', id: 'own' },
      /^Install the package of your system that has qemu-system-x86_64\.$/,
    ],
    [arm, { system: 'linux' }, /^Install the package of your system that has qemu-system-aarch64\.$/],
    [x86, { system: 'linux', id: 'constructor' }, /^Install the package of your system/],
    ['firecracker', { system: 'linux', id: 'debian' }, /firecracker-microvm\/firecracker\/releases/],
    ['cloud-hypervisor', { system: 'darwin' }, /cloud-hypervisor\/cloud-hypervisor\/releases/],
    ['solo5-hvt', { system: 'linux' }, /opam install solo5/],
    ['solo5-spt', { system: 'win32' }, /opam install solo5/],
  ];
  for (const [program, system, hint] of others) {
    it(`says where to look for ${program} on ${system.id ?? system.system}`, () => {
      assert.match(installHint(program, system), hint);
    });
  }

  it('reads the names of a distribution', () => {
    const rows: readonly [text: string, id: string | undefined, like: string | undefined][] = [
      [
        'PRETTY_NAME="Some Linux"\nNAME=x\nVERSION_ID="1"\nID=ubuntu\nID_LIKE="debian other"\n',
        'ubuntu',
        'debian other',
      ],
      ['ID="sles"\n', 'sles', undefined],
      ["ID='arch'\nID_LIKE='a b'", 'arch', 'a b'],
      ['ID= alpine \r\n', 'alpine', undefined],
      ['ID=""\nID_LIKE=\n', undefined, undefined],
      ['X_ID=a\nVARIANT_ID=b\nID_LIKE=c\n', undefined, 'c'],
      ['', undefined, undefined],
    ];
    for (const [text, id, like] of rows) assert.deepEqual(parseOsRelease(text), { id, like }, text);
  });
});
