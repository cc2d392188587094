// Files that haven't changed since an earlier build: that they aren't read, and when they are.

import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { OwnRecords } from '../../../src/adapters/disk/own-records.ts';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { PreviousLayers } from '../../../src/adapters/layers/previous-layers.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { countedBuild } from '../../support/counted-build.ts';
import type { CountedImage } from '../../support/counted-build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { sampleOfSize } from '../../support/sample.ts';

const size = 9_000_000;
const small = 'maxmemory 64mb\n'.length;
const skip = process.platform === 'linux' ? false : 'nothing is noted on this system';
/** Files that were made a moment ago have stood still for long. */
const later = () => Date.now() + 60_000;

interface Site {
  readonly context: string;
  readonly kernel: string;
  readonly first: CountedImage;
  /** Builds again, with the first image at the tag. */
  readonly again: (options?: {
    readonly reuse?: boolean;
    readonly now?: () => number;
  }) => Promise<CountedImage>;
}

async function start(test: TestContext, now = later): Promise<Site> {
  const context = sampleOfSize(test, size);
  const cacheHome = temporaryFolder(test);
  const records = (reuse = true, clock = now) =>
    new OwnRecords({ cacheHome, reuse, reporter: silentReporter, now: clock });
  const first = await countedBuild(test, context, { records: records() });
  assert.equal(first.read, size + small);
  const compression = parseCompression('gzip');
  return {
    context,
    kernel: join(context, 'test-redis.hvt'),
    first,
    again: async (options = {}) => {
      const previous = new PreviousLayers({ compression, reporter: silentReporter });
      await previous.read(() =>
        Promise.resolve({ source: first.layout, roots: [first.manifest], isLocal: false }),
      );
      return countedBuild(test, context, { previous, records: records(options.reuse, options.now) });
    },
  };
}

/** One byte is another one, in no place of which a sample is taken. */
function otherContent(path: string): Buffer {
  const bytes = readFileSync(path);
  bytes[100_000] = 1 ^ (bytes[100_000] ?? 0);
  return bytes;
}

/** Another content of the same size, with the time of the last change as it was. */
function change(path: string): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(path, otherContent(path));
  utimesSync(path, atime, mtime);
}

describe('a large file that has not changed', { skip }, () => {
  it('is not read again, and the image is the same', async (test) => {
    const { first, again } = await start(test);
    const second = await again();
    assert.deepEqual([second.read, second.written], [small, 0]);
    assert.equal(second.bytes, first.bytes);
    assert.deepEqual(second.layers, first.layers);
  });

  it('is read where it is only known that it will be the same', async (test) => {
    const { first, again } = await start(test);
    assert.equal((await again({ reuse: false })).read, first.read);
  });

  it('is read while its last change is as young as the clock is coarse', async (test) => {
    const { again } = await start(test, Date.now);
    assert.equal((await again()).read, size + small);
    assert.equal((await again({ now: later })).read, size + small, 'nothing was noted at first');
    assert.equal((await again({ now: later })).read, small);
  });

  it('is read when its name in the image is another one', async (test) => {
    const { context, again } = await start(test);
    const containerfile = join(context, 'Containerfile');
    const text = readFileSync(containerfile, 'utf8');
    writeFileSync(containerfile, text.replaceAll('/unikernel/test', '/unikernel/other'));
    const second = await again();
    assert.ok(second.read >= size);
    assert.equal(second.written, 2);
  });
});

describe('a large file that has changed', { skip }, () => {
  const changes: [how: string, change: (path: string) => void][] = [
    ['in one byte, with the time set back', change],
    [
      'for another one of the same size and time',
      (path) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(`${path}.new`, otherContent(path));
        utimesSync(`${path}.new`, atime, mtime);
        renameSync(`${path}.new`, path);
      },
    ],
  ];
  for (const [how, apply] of changes)
    it(`is read and packed: ${how}`, async (test) => {
      const { first, kernel, again } = await start(test);
      apply(kernel);
      const second = await again();
      assert.ok(second.read >= size);
      assert.notEqual(second.layers[0]?.diffId, first.layers[0]?.diffId);
    });
});
