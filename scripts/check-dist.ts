// Fails unless the committed bundles are what the sources build.

import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const fresh = await mkdtemp(join(tmpdir(), 'bima-dist-'));
try {
  execFileSync(process.execPath, ['scripts/build.ts', fresh], { stdio: 'inherit' });
  const names = [...new Set([...(await readdir('dist')), ...(await readdir(fresh))])].sort();
  const stale = [];
  for (const name of names) {
    const [committed, built] = await Promise.all([read(join('dist', name)), read(join(fresh, name))]);
    if (committed === undefined || built === undefined || !committed.equals(built)) stale.push(name);
  }
  if (stale.length > 0)
    fail(`dist/ is not built from src/: ${stale.join(', ')} differ. Run "npm run bundle" and commit dist/.`);
  else console.log(`dist/ is up to date: ${names.join(', ')}`);
} finally {
  await rm(fresh, { recursive: true, force: true });
}

function read(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch(() => undefined);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
