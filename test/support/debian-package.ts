// Packages of Debian that are unpacked into a folder, not installed: also those of another architecture.

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipPrefix } from './tools.ts';

export type DebianArchitecture = 'amd64' | 'arm64';

/** The lists of the other architecture go beside the packages, not among the machine's own. */
const script = `
  set -e
  if [ "$architecture" = "$(dpkg --print-architecture)" ]; then
    options=
  else
    mkdir -p "$lists/lists/partial" "$lists/archives/partial"
    options="-o Dir::State=$lists -o Dir::State::status=/dev/null -o Dir::Cache=$lists"
    options="$options -o APT::Architecture=$architecture -o APT::Architectures=$architecture"
    apt-get -qq $options update
  fi
  # What a package such as linux-image-cloud-arm64 depends on is the newest kernel.
  found=$(apt-cache $options depends "$name" | sed -n 's/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p' | head -n 1)
  apt-get -q $options download "\${found:-$name}"
  dpkg-deb -x ./*.deb .
  rm ./*.deb`;

/**
 * A file of a package, fetched once for this machine; undefined where there is no Debian to fetch it from.
 * @param pattern of its path, relative to the root
 */
export function findDebianFile(
  name: string,
  pattern: string,
  architecture: DebianArchitecture = 'amd64',
): string | undefined {
  const root = join(tmpdir(), 'bima-debian');
  const folder = join(root, `${name}-${architecture}`);
  if (!existsSync(folder) && existsSync('/usr/bin/apt-get')) fetchPackage(root, folder, name, architecture);
  const [found] = globSync(pattern, { cwd: folder }).sort();
  return found === undefined ? undefined : join(folder, found);
}

/** The folder is whole or not there: several tests may fetch the same package. */
function fetchPackage(root: string, folder: string, name: string, architecture: DebianArchitecture): void {
  mkdirSync(root, { recursive: true });
  const temporary = mkdtempSync(join(root, 'fetching-'));
  try {
    const lists = join(root, `apt-${architecture}`);
    const env = { ...process.env, name, architecture, lists };
    execFileSync('sh', ['-c', script], { cwd: temporary, stdio: 'ignore', timeout: 180_000, env });
    renameSync(temporary, folder);
  } catch {
    // Without it the tests that read it are skipped.
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** For a test's `skip` option, as `unlessInstalled` has it: in CI a missing file makes the test fail. */
export function unlessThere(file: string | undefined, name: string): string | false {
  return file === undefined && process.env.CI !== 'true' && `${skipPrefix} ${name} of Debian`;
}
