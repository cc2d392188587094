// Builds BuildKit's programs from the Go module proxy, and runs the tests that compare with them: `npm run test:buildkit`.
// Needs Go, Debian's runc and the right to mount. With BIMA_TEST_BUILDKIT set to a folder with `buildkitd` and `buildctl`,
// these are taken; an empty folder is filled, and stays.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const version = 'v0.26.3';
const programs = ['buildkitd', 'buildctl'];

const folder = mkdtempSync(join(tmpdir(), 'bima-buildkit-'));
try {
  const bin = process.env.BIMA_TEST_BUILDKIT ?? join(folder, 'bin');
  if (!programs.every((name) => existsSync(join(bin, name)))) compile(bin);
  const env = { ...process.env, BIMA_TEST_BUILDKIT: bin };
  const { status } = spawnSync(process.execPath, ['test/run.ts', 'test/integration/buildkit.test.ts'], {
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** In a module of our own: `go install` refuses modules whose go.mod leaves versions out, as BuildKit's does. */
function compile(bin: string): void {
  const module = join(folder, 'module');
  mkdirSync(module);
  mkdirSync(bin, { recursive: true });
  const go = (...args: string[]) => {
    console.log(`go ${args.join(' ')}`);
    const env = { ...process.env, GOFLAGS: '-mod=mod', GOBIN: bin };
    execFileSync('go', args, { cwd: module, env, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  go('mod', 'init', 'buildkit.test');
  go('get', `github.com/moby/buildkit@${version}`);
  go('install', ...programs.map((name) => `github.com/moby/buildkit/cmd/${name}`));
}
