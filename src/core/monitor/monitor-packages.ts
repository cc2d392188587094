// What to install for a monitor that is missing, on each system. Pure.

/** The system; `id` and `like` are ID and ID_LIKE of /etc/os-release on Linux. */
export interface SystemName {
  readonly system: NodeJS.Platform;
  readonly id?: string | undefined;
  readonly like?: string | undefined;
}

type QemuProgram = 'qemu-system-x86_64' | 'qemu-system-aarch64';

/** The line that installs QEMU, by the distribution. */
const qemuPackages: Readonly<Record<string, Readonly<Record<QemuProgram, string>>>> = {
  debian: {
    'qemu-system-x86_64': 'sudo apt-get install qemu-system-x86',
    'qemu-system-aarch64': 'sudo apt-get install qemu-system-arm',
  },
  fedora: {
    'qemu-system-x86_64': 'sudo dnf install qemu-system-x86-core',
    'qemu-system-aarch64': 'sudo dnf install qemu-system-aarch64-core',
  },
  alpine: {
    'qemu-system-x86_64': 'sudo apk add qemu-system-x86_64',
    'qemu-system-aarch64': 'sudo apk add qemu-system-aarch64',
  },
  arch: {
    'qemu-system-x86_64': 'sudo pacman -S qemu-system-x86',
    'qemu-system-aarch64': 'sudo pacman -S qemu-system-aarch64',
  },
  suse: {
    'qemu-system-x86_64': 'sudo zypper install qemu-x86',
    'qemu-system-aarch64': 'sudo zypper install qemu-arm',
  },
  nixos: {
    'qemu-system-x86_64': 'nix-shell -p qemu',
    'qemu-system-aarch64': 'nix-shell -p qemu',
  },
};

/** Distributions that use the packages of another. */
const families: Readonly<Record<string, string>> = {
  ubuntu: 'debian',
  rhel: 'fedora',
  centos: 'fedora',
  opensuse: 'suse',
  'opensuse-leap': 'suse',
  'opensuse-tumbleweed': 'suse',
  sles: 'suse',
};

const elsewhere: Readonly<Record<string, string>> = {
  firecracker:
    'Take it from https://github.com/firecracker-microvm/firecracker/releases, for Linux with KVM.',
  'cloud-hypervisor':
    'Take it from https://github.com/cloud-hypervisor/cloud-hypervisor/releases, for Linux with KVM.',
  'solo5-hvt': 'Install Solo5 with "opam install solo5", or build it from https://github.com/Solo5/solo5.',
  'solo5-spt': 'Install Solo5 with "opam install solo5", or build it from https://github.com/Solo5/solo5.',
};

/** A sentence that says how to install the program. */
export function installHint(program: string, { system, id = '', like = '' }: SystemName): string {
  const known = Object.hasOwn(elsewhere, program) ? elsewhere[program] : undefined;
  if (known !== undefined) return known;
  if (system === 'darwin') return 'Install it: write "brew install qemu".';
  if (system === 'win32') return 'Install it: write "winget install SoftwareFreedomConservancy.QEMU".';
  const names = [id, ...like.split(' ')].map((name) => families[name] ?? name);
  const family = names.find((name) => Object.hasOwn(qemuPackages, name));
  const line = family === undefined ? undefined : qemuPackages[family]?.[program as QemuProgram];
  return line === undefined
    ? `Install the package of your system that has ${program}.`
    : `Install it: write "${line}".`;
}

/** The fields of /etc/os-release that name the distribution (os-release(5)). */
export function parseOsRelease(text: string): Pick<SystemName, 'id' | 'like'> {
  const value = (name: string) =>
    new RegExp(`^${name}=(?:"([^"\\n]*)"|'([^'\\n]*)'|(.*))$`, 'm')
      .exec(text)
      ?.slice(1)
      .find(Boolean)
      ?.trim();
  return { id: value('ID'), like: value('ID_LIKE') };
}
