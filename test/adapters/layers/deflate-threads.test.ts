import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { allocateShared } from '../../../src/adapters/layers/blocks.ts';
import { DeflateThreads } from '../../../src/adapters/layers/deflate-threads.ts';
import { deflateBlock, maxBlockSize, maxDeflatedSize } from '../../../src/adapters/layers/deflater.ts';
import { codeOf } from './code.ts';

const block = allocateShared(maxBlockSize);
block.set(codeOf(maxBlockSize));
const job = (level = 2) => ({ block, level, output: allocateShared(maxDeflatedSize) });

describe('DeflateThreads', () => {
  it('takes nothing before a thread has started, then as many blocks as it says', async () => {
    const threads = new DeflateThreads(2);
    try {
      assert.equal(threads.deflate(job()), undefined);
      await started(threads);
      const jobs = Array.from({ length: threads.capacity + 1 }, () => threads.deflate(job(9)));
      assert.equal(jobs.filter((taken) => taken === undefined).length, 1);
      await Promise.all(jobs.filter((taken) => taken !== undefined));
    } finally {
      await threads.close();
    }
  });

  it('makes what the main thread makes', async () => {
    const threads = new DeflateThreads(1);
    try {
      await started(threads);
      const mine = job(6);
      const size = await threads.deflate(mine);
      const alone = job(6);
      assert.equal(size, deflateBlock(block, 6, alone.output));
      assert.deepEqual(mine.output, alone.output);
    } finally {
      await threads.close();
    }
  });

  it('fails the jobs of a thread that ends, and those that come after', async () => {
    const threads = new DeflateThreads(1);
    await started(threads);
    const running = threads.deflate(job(9));
    await Promise.all([threads.close(), assert.rejects(running ?? Promise.resolve(), /ended early/)]);
    await assert.rejects(threads.deflate(job()) ?? Promise.resolve(), /ended early/);
  });

  it('keeps no process alive, and ends none that waits for a block', () => {
    const [threads, blocks] = ['deflate-threads.ts', 'blocks.ts'].map((name) =>
      JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../src/adapters/layers', name)).href),
    );
    const script = `
      const { DeflateThreads } = await import(${threads ?? ''});
      const { allocateShared } = await import(${blocks ?? ''});
      const pool = new DeflateThreads(1);
      const [block, output] = [allocateShared(${maxBlockSize}), allocateShared(${maxDeflatedSize})];
      let job;
      while ((job = pool.deflate({ block, level: 9, output })) === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      job.then((size) => process.stdout.write(String(size)));`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^\d+$/);
  });
});

/** Waits until each thread takes blocks. */
async function started(threads: DeflateThreads): Promise<void> {
  for (;;) {
    const jobs = Array.from({ length: threads.capacity }, () => threads.deflate(job(1)));
    await Promise.all(jobs.filter((taken) => taken !== undefined));
    if (!jobs.includes(undefined)) return;
    await sleep(5);
  }
}
