// A build of a large layer that is interrupted while all cores compress.

import assert from 'node:assert/strict';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContext } from '../support/sample.ts';

/** Bytes: enough for a quarter of a minute and more; holes take no space. */
const large = 64 * 1024 ** 3;

describe('an interrupt', { skip: process.platform === 'win32' && 'needs signals' }, () => {
  for (const compression of ['gzip', 'zstd', 'zstd:19']) {
    const skip = compression !== 'gzip' && !('createZstdCompress' in zlib) && 'this Node has no zstd';
    it(`ends a build with ${compression}, and nothing is left`, { skip, timeout: 60_000 }, async (test) => {
      const context = sampleContext(test);
      truncateSync(join(context, 'test-redis.hvt'), large);
      const folder = temporaryFolder(test);
      let sent = 0;
      const { code, stderr } = await runBima(
        ['build', '--tar', '-t', 'a:1', '--dest', join(folder, 'image.tar'), '--compression', compression, context],
        {
          interrupt: {
            when: written(folder),
            signal: 'SIGINT',
            afterwards: () => (sent = performance.now()),
          },
        },
      );
      assert.equal(code, 130, stderr);
      assert.match(stderr, /^bima: interrupted$/m);
      assert.ok(performance.now() - sent < 10_000, 'it ends at once');
      assert.deepEqual(readdirSync(folder), []);
    });
  }
});

/** Resolves when a part of the layer is there. */
async function written(folder: string): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    if (files.some((file) => sizeOf(join(file.parentPath, file.name)) > 10_000)) return;
    await sleep(10);
  }
}

/** 0 for a file that is gone meanwhile. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
