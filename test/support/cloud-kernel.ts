// Debian's kernels: unpacked into a folder, not installed.

import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const folder = join(tmpdir(), 'bima-cloud-kernel');

/** The path of its bzImage for amd64, fetched once; undefined where there is no Debian to fetch it from. */
export function findCloudKernel(): string | undefined {
  return findKernel('linux-image-cloud-amd64', folder, 'boot/vmlinuz-*-cloud-amd64');
}

/** The same with all drivers that Debian has, 9p among them: as modules, as nearly all are in both. */
export function findWholeKernel(): string | undefined {
  return findKernel('linux-image-amd64', join(tmpdir(), 'bima-whole-kernel'), 'boot/vmlinuz-*');
}

/** The paths of modules of a kernel that was found, in the order that is asked for; what is built in is left out. */
export function findModules(kernel: string, names: readonly string[]): string[] {
  const root = join(kernel, '../../lib/modules');
  const found = new Map(
    globSync('**/*.ko', { cwd: root }).map((path) => [
      basename(path, '.ko').replaceAll('-', '_'),
      join(root, path),
    ]),
  );
  return names.flatMap((name) => found.get(name) ?? []);
}

function findKernel(name: string, place: string, pattern: string): string | undefined {
  const find = () => globSync(pattern, { cwd: place })[0];
  if (find() === undefined) fetchKernel(name, place);
  const found = find();
  return found === undefined ? undefined : join(place, found);
}

function fetchKernel(name: string, place: string): void {
  mkdirSync(place, { recursive: true });
  // The package that is named depends on the newest kernel.
  const script = `
    name=$(apt-cache depends ${name} | sed -n 's/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p' | head -n 1)
    apt-get download -q "$name"
    dpkg-deb -x "$name"_*.deb .
    rm -f -- *.deb`;
  try {
    execFileSync('sh', ['-ec', script], { cwd: place, stdio: 'ignore', timeout: 120_000 });
  } catch {
    // Without it the tests that boot it are skipped.
  }
}
