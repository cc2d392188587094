// Debian's kernel for virtual machines: unpacked into a folder, not installed.

import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = join(tmpdir(), 'bima-cloud-kernel');

/** The path of its bzImage for amd64, fetched once; undefined where there is no Debian to fetch it from. */
export function findCloudKernel(): string | undefined {
  const find = () => globSync('boot/vmlinuz-*-cloud-amd64', { cwd: folder })[0];
  if (find() === undefined) fetchKernel();
  const found = find();
  return found === undefined ? undefined : join(folder, found);
}

function fetchKernel(): void {
  mkdirSync(folder, { recursive: true });
  // The package that is named depends on the newest kernel.
  const script = `
    name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p' | head -n 1)
    apt-get download -q "$name"
    dpkg-deb -x "$name"_*.deb .
    rm -f -- *.deb`;
  try {
    execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'ignore', timeout: 120_000 });
  } catch {
    // Without it the tests that boot it are skipped.
  }
}
