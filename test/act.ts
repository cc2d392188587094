// Compiles act from the Go module proxy, once, and has it run the workflows of the documentation on this machine:
// `npm run test:act`. Needs Go, and root, for namespaces without a network in which ghcr.io is a registry on loopback.
// The program stays in the folder BIMA_TEST_PEERS, or one in the user's cache.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryNames } from './support/act.ts';
import { compilePrograms } from './support/go-programs.ts';
import { installTools } from './support/setup.ts';

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const store = process.env.BIMA_TEST_PEERS ?? join(cache, 'bima-tests/peers');
const wanted = { name: 'act', module: 'github.com/nektos/act', version: 'v0.2.89', packages: [''] };

const reason = process.getuid?.() === 0 ? undefined : 'only root can give it namespaces of its own';
const compiled = reason === undefined ? compilePrograms(store, wanted) : { skip: reason };
if ('skip' in compiled) {
  console.log(`!!! SKIPPED the workflows under act: ${compiled.skip}`);
  process.exitCode = process.env.CI === 'true' ? 1 : 0;
} else {
  installTools();
  process.exitCode = runSuite(join(compiled.folder, 'act'));
}

/** In mount, process and network namespaces of its own, which end with all that was started there. */
function runSuite(program: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'bima-act-'));
  try {
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, `127.0.0.1 localhost ${registryNames.join(' ')}\n`);
    const script = 'ip link set lo up && mount --bind "$0" /etc/hosts && exec "$@"';
    const command = [process.execPath, 'test/run.ts', 'test/dist/act.test.ts'];
    const { status } = spawnSync(
      'unshare',
      ['-m', '-p', '-n', '-f', '--mount-proc', 'sh', '-c', script, hosts, ...command],
      { env: { ...process.env, BIMA_TEST_ACT: program }, stdio: 'inherit' },
    );
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
