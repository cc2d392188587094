// Layers that an earlier build kept: which are taken, what that costs, and that nobody can tell from the image.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseCompression } from '../../src/adapters/layers/compression.ts';
import { PreviousLayers } from '../../src/adapters/layers/previous-layers.ts';
import { BimaError } from '../../src/core/errors.ts';
import type { Problem } from '../../src/core/errors.ts';
import { openLayerCache } from '../../src/usecases/layer-sources.ts';
import { BlobCache } from '../../src/adapters/disk/blob-cache.ts';
import type { Blob } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { digestOf, hexOf } from '../../src/core/oci/digest.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { countedBuild } from '../support/counted-build.ts';
import type { CountedImage, CountedOptions } from '../support/counted-build.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleOfSize } from '../support/sample.ts';

interface CacheOptions extends CountedOptions {
  readonly reuse?: boolean;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

interface Logged extends CountedImage {
  readonly lines: readonly string[];
  readonly warnings: readonly Problem[];
}

const large = 1_200_000;
const read = large + 'maxmemory 64mb\n'.length;

/** A build like one of a process of its own, with the cache in this folder. */
async function build(test: TestContext, context: string, cache: string, options: CacheOptions = {}) {
  const { compression = 'gzip', reuse = true, limit, signal } = options;
  const lines: string[] = [];
  const warnings: Problem[] = [];
  const reporter = {
    ...silentReporter,
    info: (line: string) => void lines.push(line),
    debug: (line: string) => void lines.push(line),
    warning: (problem: Problem) => void warnings.push(problem),
  };
  const blobs = new BlobCache({
    directory: cache,
    reporter,
    signal,
    limit,
  });
  const layers = openLayerCache(blobs, { compression: parseCompression(compression), reuse, reporter });
  const made = await countedBuild(test, context, { ...options, cache: layers, reporter });
  return { ...made, lines, warnings } satisfies Logged;
}

function blobsIn(cache: string): string[] {
  const folder = join(cache, 'blobs/sha256');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function recordsIn(cache: string): string[] {
  const folder = join(cache, 'layers');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((compressor) =>
    readdirSync(join(folder, compressor)).map((name) => join(folder, compressor, name)),
  );
}

function only(paths: readonly string[]): string {
  assert.equal(paths.length, 1, paths.join());
  return paths[0] ?? '';
}

function setup(test: TestContext): { readonly context: string; readonly cache: string } {
  return { context: sampleOfSize(test, large), cache: join(temporaryFolder(test), 'cache') };
}

describe('a layer in the cache', () => {
  for (const compression of ['gzip', 'gzip:9', 'zstd']) {
    it(`is not compressed again, and the image is the same (${compression})`, async (test) => {
      const { context, cache } = setup(test);
      const without = await countedBuild(test, context, { compression });
      const cold = await build(test, context, cache, { compression });
      assert.deepEqual([cold.read, cold.written, cold.external.length], [read, 3, 0]);
      const warm = await build(test, context, cache, { compression });
      // Small layers are made again.
      assert.deepEqual([warm.read, warm.written, warm.external.length], [read, 2, 1]);
      assert.match(warm.lines.join('\n'), /^COPY test-redis\.hvt .*, there already, in the cache$/m);
      for (const { bytes, layers } of [cold, warm]) {
        assert.equal(bytes, without.bytes);
        assert.deepEqual(layers, without.layers);
      }
      const [{ descriptor } = assert.fail(), ...others] = warm.external;
      assert.equal(others.length, 0);
      assert.deepEqual(await contentOf(warm), readFileSync(cold.layout.blobPath(descriptor.digest)));
    });
  }

  it('has the same memory for a reader that keeps no piece', async (test) => {
    const { context, cache } = setup(test);
    const path = join(context, 'test-redis.hvt');
    // The header tells the architecture.
    writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 4096), randomBytes(large)]));
    await build(test, context, cache);
    const { external } = await build(test, context, cache);
    const memory = new Set<ArrayBufferLike>();
    let pieces = 0;
    for await (const piece of external[0]?.open(true) ?? []) {
      memory.add(piece.buffer);
      pieces += 1;
    }
    assert.ok(pieces > 2);
    assert.equal(memory.size, 1);
  });

  it('is read once when its files have another size than any in the cache', async (test) => {
    const { context, cache } = setup(test);
    await build(test, context, cache);
    truncateSync(join(context, 'test-redis.hvt'), large - 1);
    const changed = await build(test, context, cache);
    assert.deepEqual([changed.read, changed.written], [read - 1, 3]);
  });

  it('is another when its content changed, but not its size', async (test) => {
    const { context, cache } = setup(test);
    await build(test, context, cache);
    const bytes = readFileSync(join(context, 'test-redis.hvt'));
    bytes[large - 1] = 1;
    writeFileSync(join(context, 'test-redis.hvt'), bytes);
    const changed = await build(test, context, cache);
    assert.deepEqual([changed.read, changed.written], [read + large, 3]);
    assert.equal(changed.bytes, (await countedBuild(test, context)).bytes);
    assert.equal(recordsIn(cache).length, 2);
  });

  for (const [made, wanted] of [
    ['gzip', 'gzip:5'],
    ['gzip', 'none'],
    ['zstd', 'gzip'],
    ['none', 'none'],
  ] as const) {
    it(`isn't taken when it is one of ${made} and ${wanted} is wanted, and nothing is read twice`, async (test) => {
      const { context, cache } = setup(test);
      await build(test, context, cache, { compression: made });
      const other = await build(test, context, cache, { compression: wanted });
      assert.deepEqual([other.read, other.written], [read, 3]);
    });
  }

  it("isn't taken by a build that makes everything anew, which adds what it makes", async (test) => {
    const { context, cache } = setup(test);
    await build(test, context, cache);
    const anew = await build(test, context, cache, { reuse: false });
    assert.deepEqual([anew.read, anew.written], [read, 3]);
    rmSync(cache, { recursive: true });
    await build(test, context, cache, { reuse: false });
    assert.equal((await build(test, context, cache)).written, 2);
  });

  it('comes after one that is in the image that is there', async (test) => {
    const { context, cache } = setup(test);
    const cold = await build(test, context, cache);
    const previous = await previousOf(cold, false);
    const warm = await build(test, context, cache, { previous });
    assert.deepEqual([warm.read, warm.written], [read, 0]);
    assert.doesNotMatch(warm.lines.join('\n'), /in the cache/);
  });

  it('stands in for one that is damaged in the image that is there', async (test) => {
    const { context, cache } = setup(test);
    const cold = await build(test, context, cache);
    truncateSync(cold.layout.blobPath(cold.layers[0]?.descriptor.digest ?? 'sha256:'), 5);
    const previous = await previousOf(cold, true);
    const warm = await build(test, context, cache, { previous });
    assert.equal(warm.written, 0);
    assert.match(warm.lines.join('\n'), /in the cache/);
    assert.equal((await contentOf(warm)).length, cold.layers[0]?.descriptor.size);
  });

  it('may travel while later layers are made', async (test) => {
    const { context, cache } = setup(test);
    const cold = await build(test, context, cache);
    const told: string[] = [];
    const finished = ({ descriptor }: Blob) => void told.push(descriptor.digest);
    await build(test, context, cache, { finished });
    assert.deepEqual(
      told,
      cold.layers.map(({ descriptor }) => descriptor.digest),
    );
  });

  it('is a file of its own', async (test) => {
    const { context, cache } = setup(test);
    const { layout, layers } = await build(test, context, cache);
    const blob = only(blobsIn(cache));
    assert.notEqual(
      statSync(blob).ino,
      statSync(layout.blobPath(layers[0]?.descriptor.digest ?? 'sha256:')).ino,
    );
  });

  it('is made again for whoever opens it after another process removed it', async (test) => {
    const { context, cache } = setup(test);
    const cold = await build(test, context, cache);
    const warm = await build(test, context, cache);
    rmSync(cache, { recursive: true });
    const { digest } = cold.layers[0]?.descriptor ?? assert.fail();
    assert.deepEqual(await contentOf(warm), readFileSync(cold.layout.blobPath(digest)));
  });

  const damages: [name: string, damage: (blob: string, record: string) => void][] = [
    [
      'one bit of it is wrong',
      (blob) => {
        const bytes = readFileSync(blob);
        bytes[500] = (bytes[500] ?? 0) ^ 1;
        writeFileSync(blob, bytes);
      },
    ],
    [
      'it is cut short',
      (blob) => {
        truncateSync(blob, 100);
      },
    ],
    [
      'it is gone',
      (blob) => {
        rmSync(blob);
      },
    ],
    [
      'a folder is in its place',
      (blob) => {
        rmSync(blob);
        mkdirSync(join(blob, 'inside'), { recursive: true });
      },
    ],
    [
      'its record is no JSON',
      (_, record) => {
        writeFileSync(record, '{');
      },
    ],
    [
      'its record is empty',
      (_, record) => {
        writeFileSync(record, '');
      },
    ],
    [
      'its record has no digest',
      (_, record) => {
        writeFileSync(record, '{"mediaType":"x","size":5,"digest":"../../etc/passwd"}');
      },
    ],
    [
      'its record names a blob that is not there',
      (_, record) => {
        rewrite(record, { digest: digestOf(Buffer.from('something else')) });
      },
    ],
    [
      'its record has another size',
      (_, record) => {
        rewrite(record, { size: 5 });
      },
    ],
    [
      'its record has the media type of another compression',
      (_, record) => {
        rewrite(record, { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' });
      },
    ],
    [
      'a folder is in place of its record',
      (_, record) => {
        rmSync(record);
        mkdirSync(join(record, 'inside'), { recursive: true });
      },
    ],
  ];
  for (const [name, damage] of damages) {
    it(`is made anew when ${name}, and cached again`, async (test) => {
      const { context, cache } = setup(test);
      const cold = await build(test, context, cache);
      damage(only(blobsIn(cache)), only(recordsIn(cache)));
      const second = await build(test, context, cache);
      assert.deepEqual([second.written, second.external.length, second.warnings], [3, 0, []]);
      assert.equal(second.bytes, cold.bytes);
      assert.equal((await build(test, context, cache)).written, 2);
      only(blobsIn(cache));
      only(recordsIn(cache));
    });
  }

  it('is made anew when its record names another layer, and the record is put right', async (test) => {
    const { context, cache } = setup(test);
    const other = sampleOfSize(test, large + 1);
    const cold = await build(test, context, cache);
    const record = only(recordsIn(cache));
    const right = readFileSync(record, 'utf8');
    await build(test, other, cache);
    const lie = recordsIn(cache).find((path) => path !== record) ?? '';
    writeFileSync(record, readFileSync(lie));
    const again = await build(test, context, cache);
    assert.deepEqual([again.bytes, again.written, again.external.length], [cold.bytes, 3, 0]);
    assert.equal(readFileSync(record, 'utf8'), right);
  });

  it('stops being looked at when the build is interrupted, and stays', async (test) => {
    const { context, cache } = setup(test);
    await build(test, context, cache);
    const reason = new BimaError('INTERRUPTED', 'interrupted');
    await assert.rejects(build(test, context, cache, { signal: AbortSignal.abort(reason) }), reason);
    only(blobsIn(cache));
    only(recordsIn(cache));
  });
});

describe('the cache of layers in a build', () => {
  it('leaves out small ones', async (test) => {
    const { cache } = setup(test);
    await build(test, sampleOfSize(test), cache);
    assert.equal(existsSync(cache), false);
  });

  it('counts them into the limit, removes the oldest, and forgets what is gone', async (test) => {
    const { cache } = setup(test);
    const sizes = [large, large + 1, large + 2, large + 3];
    const contexts = sizes.map((size) => sampleOfSize(test, size));
    for (const context of contexts) await build(test, context, cache, { limit: 1 });
    // What this run has made stays.
    const { digest } = (await build(test, contexts[3] ?? '', cache)).layers[0]?.descriptor ?? assert.fail();
    assert.equal(only(blobsIn(cache)), join(cache, 'blobs/sha256', hexOf(digest)));
    assert.match(only(recordsIn(cache)), new RegExp(`/${large + 3}-`));
  });

  it('warns once where it may not write, and builds', async (test) => {
    const context = sampleOfSize(test, large);
    const folder = temporaryFolder(test, { file: 'in the way' });
    copyTwice(context);
    const { warnings, written } = await build(test, context, join(folder, 'file'));
    assert.equal(written, 4);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['OUTPUT_FAILED'],
    );
    assert.match(warnings[0]?.message ?? '', /^no layer is cached for later builds: can't write ".*file"/);
  });

  it(
    'takes what is there where it may only read',
    { skip: process.getuid?.() === 0 && 'root may write anywhere' },
    async (test) => {
      const { context, cache } = setup(test);
      await build(test, context, cache);
      const folders = [cache, join(cache, 'blobs/sha256'), join(cache, 'layers')];
      for (const folder of folders) chmodSync(folder, 0o500);
      try {
        const { written, warnings } = await build(test, context, cache);
        assert.deepEqual([written, warnings], [2, []]);
      } finally {
        for (const folder of folders) chmodSync(folder, 0o700);
      }
    },
  );

  it('works for several builds at once', async (test) => {
    const { context, cache } = setup(test);
    const builds = await Promise.all([1, 2, 3].map(() => build(test, context, cache)));
    assert.equal(new Set(builds.map(({ bytes }) => bytes)).size, 1);
    assert.deepEqual(
      builds.flatMap(({ warnings }) => warnings),
      [],
    );
    only(blobsIn(cache));
    only(recordsIn(cache));
    assert.equal((await build(test, context, cache)).written, 2);
  });

  it('serves a layer that comes twice in one build', async (test) => {
    const { context, cache } = setup(test);
    copyTwice(context);
    const { written } = await build(test, context, cache);
    // Another path, and so another layer; but of the same size.
    assert.equal(written, 4);
    assert.equal(recordsIn(cache).length, 2);
    assert.equal((await build(test, context, cache)).external.length, 2);
  });
});

async function previousOf({ layout, manifest }: CountedImage, isLocal: boolean): Promise<PreviousLayers> {
  const previous = new PreviousLayers({ compression: parseCompression('gzip'), reporter: silentReporter });
  await previous.read(() => Promise.resolve({ source: layout, roots: [manifest], isLocal }));
  return previous;
}

/** One more COPY of the large file. */
function copyTwice(context: string): void {
  const file = join(context, 'Containerfile');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^LABEL/m, 'COPY test-redis.hvt /again\nLABEL'));
}

function rewrite(record: string, change: Partial<Descriptor>): void {
  const value = JSON.parse(readFileSync(record, 'utf8')) as Descriptor;
  writeFileSync(record, JSON.stringify({ ...value, ...change }));
}

async function contentOf({ external }: CountedImage): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of external[0]?.open() ?? []) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}
