// The real programs and files that the integration tests run against, and where Debian has them.

import { execFileSync } from 'node:child_process';
import { accessSync, existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { containerdFolder, registryProgram } from './programs.ts';

interface Tool {
  readonly package: string;
  /** Any one of these shows that the package is installed. */
  readonly paths: readonly string[];
}

export const tools = {
  ctr: { package: 'containerd', paths: [join(containerdFolder, 'ctr')] },
  skopeo: { package: 'skopeo', paths: ['/usr/bin/skopeo'] },
  umoci: { package: 'umoci', paths: ['/usr/bin/umoci'] },
  buildah: { package: 'buildah', paths: ['/usr/bin/buildah'] },
  runc: { package: 'runc', paths: ['/usr/sbin/runc', '/usr/bin/runc'] },
  podman: { package: 'podman', paths: ['/usr/bin/podman'] },
  'qemu-system-x86_64': { package: 'qemu-system-x86', paths: ['/usr/bin/qemu-system-x86_64'] },
  'qemu-system-aarch64': { package: 'qemu-system-arm', paths: ['/usr/bin/qemu-system-aarch64'] },
  'u-boot-qemu': { package: 'u-boot-qemu', paths: ['/usr/lib/u-boot/qemu_arm64/uboot.elf'] },
  'memtest86+': { package: 'memtest86+', paths: ['/boot/memtest86+x64.bin'] },
  'docker-registry': { package: 'docker-registry', paths: [registryProgram] },
  htpasswd: { package: 'apache2-utils', paths: ['/usr/bin/htpasswd'] },
  nginx: { package: 'nginx-light', paths: ['/usr/sbin/nginx'] },
  openssl: { package: 'openssl', paths: ['/usr/bin/openssl'] },
  ipxe: { package: 'ipxe', paths: ['/usr/lib/ipxe/ipxe.lkrn'] },
  pigz: { package: 'pigz', paths: ['/usr/bin/pigz'] },
  unzip: { package: 'unzip', paths: ['/usr/bin/unzip'] },
  e2fsck: { package: 'e2fsprogs', paths: ['/usr/sbin/e2fsck', '/sbin/e2fsck'] },
  cpio: { package: 'cpio', paths: ['/usr/bin/cpio', '/bin/cpio'] },
  bsdtar: { package: 'libarchive-tools', paths: ['/usr/bin/bsdtar'] },
  'busybox-static': { package: 'busybox-static', paths: ['/usr/bin/busybox', '/bin/busybox'] },
  'mkfs.xfs': { package: 'xfsprogs', paths: ['/usr/sbin/mkfs.xfs', '/sbin/mkfs.xfs'] },
  'mkfs.btrfs': { package: 'btrfs-progs', paths: ['/usr/sbin/mkfs.btrfs', '/bin/mkfs.btrfs'] },
  'mkfs.erofs': { package: 'erofs-utils', paths: ['/usr/bin/mkfs.erofs'] },
  'mkfs.vfat': { package: 'dosfstools', paths: ['/usr/sbin/mkfs.vfat', '/sbin/mkfs.vfat'] },
  mksquashfs: { package: 'squashfs-tools', paths: ['/usr/bin/mksquashfs'] },
  makefs: { package: 'makefs', paths: ['/usr/bin/makefs', '/usr/sbin/makefs'] },
  xorriso: { package: 'xorriso', paths: ['/usr/bin/xorriso'] },
  sfdisk: { package: 'fdisk', paths: ['/usr/sbin/sfdisk', '/sbin/sfdisk'] },
  'qemu-img': { package: 'qemu-utils', paths: ['/usr/bin/qemu-img'] },
  bzip2: { package: 'bzip2', paths: ['/usr/bin/bzip2', '/bin/bzip2'] },
  xz: { package: 'xz-utils', paths: ['/usr/bin/xz'] },
  lz4: { package: 'lz4', paths: ['/usr/bin/lz4'] },
  lzop: { package: 'lzop', paths: ['/usr/bin/lzop'] },
  zstd: { package: 'zstd', paths: ['/usr/bin/zstd'] },
  zsh: { package: 'zsh', paths: ['/usr/bin/zsh', '/bin/zsh'] },
  fish: { package: 'fish', paths: ['/usr/bin/fish'] },
  script: { package: 'bsdutils', paths: ['/usr/bin/script'] },
  make: { package: 'make', paths: ['/usr/bin/make'] },
  'x86_64-linux-gnu-as': { package: 'binutils-x86-64-linux-gnu', paths: ['/usr/bin/x86_64-linux-gnu-as'] },
  'aarch64-linux-gnu-as': { package: 'binutils-aarch64-linux-gnu', paths: ['/usr/bin/aarch64-linux-gnu-as'] },
} as const satisfies Record<string, Tool>;

const isWindows = process.platform === 'win32';

export type ToolName = keyof typeof tools;

/** Windows has none of them, also where Wine shows it the folders of Linux. */
export function isInstalled(name: ToolName): boolean {
  if (isWindows) return false;
  return tools[name].paths.some((path) => {
    try {
      accessSync(path);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts the reason of every test that is skipped for want of a tool: the runner counts these. */
export const skipPrefix = 'needs';
/** The same for tests against what no machine must have. */
export const extraPrefix = 'extra:';

/**
 * For a test's `skip` option: false when every tool is there, otherwise the reason.
 * With CI=true a missing tool is no reason to skip, but on Windows: the test runs and fails.
 */
export function unlessInstalled(...names: readonly ToolName[]): string | false {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0 || (process.env.CI === 'true' && !isWindows)) return false;
  return `${skipPrefix} ${missing.join(', ')}`;
}

/** For the `skip` of an extra test against a program that is used where it is on the PATH. */
export function unlessFound(program: string): string | false {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const isThere = folders.some((folder) => existsSync(join(folder, program)));
  return !isThere && `${extraPrefix} there is no ${program}`;
}

/**
 * As {@link unlessInstalled}, for tests that must be allowed to mount besides, as root outside of a container is.
 * Without that right they are skipped everywhere: no server is missing.
 */
export function unlessMountingWith(...names: readonly ToolName[]): string | false {
  return canMount() ? unlessInstalled(...names) : `${skipPrefix} the right to mount`;
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'bima-mount-'));
  try {
    execFileSync('sh', ['-c', 'mount -t tmpfs tmpfs "$0" && umount "$0"', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}

/** As {@link unlessInstalled}, for tests that must be root besides. */
export function unlessRootWith(...names: readonly ToolName[]): string | false {
  if (process.getuid?.() !== 0 && process.env.CI !== 'true') return `${skipPrefix} root`;
  return unlessInstalled(...names);
}
