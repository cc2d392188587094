// The memory that an upload takes must not grow with the size of the archive. What it is beyond that of a small one
// is the collector's: it stays the same for 1800 MiB.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../support/folder.ts';
import { createReleases } from '../../support/github/releases.ts';
import { startGithub } from '../../support/github/server.ts';

const run = promisify(execFile);
const child = join(import.meta.dirname, '../../support/release-child.ts');
const mebibyte = 1024 * 1024;

/** In MiB, of uploading a file that is all holes. */
async function peakOf(test: TestContext, size: number): Promise<number> {
  const releases = createReleases('owner/app');
  releases.addRelease({});
  const server = await startGithub(test, { routes: releases.routes });
  const archive = join(temporaryFolder(test, { archive: '' }), 'archive');
  truncateSync(archive, size);
  const env = { PATH: process.env.PATH, ...server.environment };
  const { stdout } = await run(process.execPath, [child, archive], { env });
  assert.equal(releases.assets['archive.tar']?.size, size);
  return Number(stdout) / 1024;
}

describe('memory', () => {
  it('of uploading 600 MiB is within 100 MiB of that of uploading 1 MiB', async (test) => {
    const small = await peakOf(test, mebibyte);
    const large = await peakOf(test, 600 * mebibyte);
    test.diagnostic(`1 MiB took ${small.toFixed(0)} MiB, 600 MiB took ${large.toFixed(0)} MiB`);
    assert.ok(
      large - small < 100,
      `1 MiB took ${small.toFixed(0)} MiB, 600 MiB took ${large.toFixed(0)} MiB`,
    );
  });
});
