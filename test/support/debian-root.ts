// A root file system of Debian, made once for this machine, and shells in it that leave nothing behind.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders and files of this machine that can be read there, by their paths there. */
export type Mounts = Readonly<Record<string, string>>;

const mirror = 'http://deb.debian.org/debian';

/**
 * The folder of a minimal Debian 12 with these packages besides; undefined where it can't be made.
 * @param say is called with a line before the minutes that this takes
 */
export function findDebianRoot(packages: readonly string[], say: (line: string) => void): string | undefined {
  const folder = join(tmpdir(), 'bima-debian', `root-bookworm-${packages.join('-')}`);
  if (existsSync(folder)) return folder;
  if (process.getuid?.() !== 0 || spawnSync('debootstrap', ['--version']).status !== 0) return undefined;
  say(`making a root file system of Debian from ${mirror}, once`);
  mkdirSync(join(folder, '..'), { recursive: true });
  const temporary = mkdtempSync(`${folder}-`);
  const args = ['--variant=minbase', `--include=${packages.join(',')}`, 'bookworm', temporary, mirror];
  const { status } = spawnSync('debootstrap', args, { stdio: 'ignore', timeout: 600_000 });
  // Whole, or not there.
  if (status === 0) renameSync(temporary, folder);
  else rmSync(temporary, { recursive: true, force: true });
  return status === 0 ? folder : undefined;
}

/**
 * Runs a script in namespaces of its own: it writes to memory, sees no process of this machine, and has no network.
 * @param script for `sh -e`, in the folder /root
 */
export function runInRoot(root: string, script: string, mounts: Mounts): ReturnType<typeof spawnSync> {
  const binds = Object.entries(mounts).flatMap(([path, source]) => [path, source]);
  const outer = `
    set -e
    top=$1 root=$2 script=$3
    shift 3
    mount -t tmpfs -o size=2g tmpfs "$top"
    mkdir "$top/upper" "$top/work" "$top/root"
    mount -t overlay -o "lowerdir=$root,upperdir=$top/upper,workdir=$top/work" overlay "$top/root"
    while [ $# -gt 0 ]; do
      place=$top/root$1
      mkdir -p "$(dirname "$place")"
      if [ -d "$2" ]; then mkdir -p "$place"; else touch "$place"; fi
      mount --bind "$2" "$place"
      mount -o remount,bind,ro "$place"
      shift 2
    done
    mount -t proc proc "$top/root/proc"
    exec env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin TERM=dumb /usr/sbin/chroot "$top/root" /bin/sh -ec "cd /root; $script"`;
  const top = mkdtempSync(join(tmpdir(), 'bima-root-'));
  const program = ['sh', '-c', outer, 'sh', top, root, script, ...binds];
  const unshare = ['-m', '-p', '-n', '-f', '--mount-proc', ...program];
  try {
    return spawnSync('unshare', unshare, { encoding: 'utf8', timeout: 300_000, maxBuffer: 1e8 });
  } finally {
    // Empty: what was mounted there is gone with its namespace.
    rmSync(top, { recursive: true, force: true });
  }
}

/** Why it can't be done here; undefined where it can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'root';
  const probe =
    'mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w overlay /mnt/r';
  const { status } = spawnSync('unshare', ['-m', '-p', '-n', '-f', '--mount-proc', 'sh', '-c', probe]);
  return status === 0 ? undefined : 'namespaces and overlays of its own';
}
