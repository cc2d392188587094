// The memory that a push takes must not grow with the size of a layer. The large one is also the blob of more
// than 4 GiB of the odd sizes in docs/registry.md.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  ftruncateSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createLayout } from '../../../src/adapters/disk/layout.ts';
import type { Layout } from '../../../src/adapters/disk/layout.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { startRegistry } from '../../support/registry.ts';

const run = promisify(execFile);
const child = join(import.meta.dirname, '../../support/push-child.ts');
const mebibyte = 1024 * 1024;

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bima-memory-'));
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A layout with a sparse file as its only blob, and the digest of that. */
async function makeLayout(size: number): Promise<{ layout: Layout; digest: Digest }> {
  const layout = await createLayout(join(folder, `${size}`));
  const file = join(folder, 'blob');
  const handle = openSync(file, 'w');
  ftruncateSync(handle, size);
  closeSync(handle);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: mebibyte })) hash.update(chunk as Buffer);
  const digest: Digest = `sha256:${hash.digest('hex')}`;
  renameSync(file, layout.blobPath(digest));
  return { layout, digest };
}

/** In MiB. */
async function peakOf(size: number): Promise<number> {
  await using registry = await startRegistry({ keepUpTo: 0 });
  const { layout, digest } = await makeLayout(size);
  const { stdout } = await run(process.execPath, [
    child,
    registry.host,
    layout.directory,
    digest,
    String(size),
  ]);
  registry.assertRules();
  assert.equal(registry.uploadedBytes(), size);
  return Number(stdout) / 1024;
}

describe('memory', () => {
  it('odd size: of pushing more than 4 GiB is within 32 MiB of that of pushing 1 MiB', async () => {
    const small = await peakOf(mebibyte);
    const large = await peakOf(4096 * mebibyte + 1);
    // What is sent is read into the same memory again and again: 0 to 10 MiB are the collector's own.
    assert.ok(large - small < 32, `1 MiB took ${small.toFixed(0)} MiB, 4 GiB took ${large.toFixed(0)} MiB`);
  });
});
