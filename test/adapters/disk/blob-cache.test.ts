// The cache of fetched blobs: what is read from it is always what the descriptor names.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BlobCache } from '../../../src/adapters/disk/blob-cache.ts';
import { nameOwner } from '../../../src/adapters/filesystem/process-owner.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { hexOf } from '../../../src/core/oci/digest.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { temporaryFolder } from '../../support/folder.ts';

interface Counted extends Blob {
  readonly opened: () => number;
}

function blobOf(text: string, sent: readonly string[] = [text]): Counted {
  let opened = 0;
  return {
    descriptor: describeBytes('application/octet-stream', Buffer.from(text)),
    open: () => {
      opened += 1;
      return streamOf(...sent.map((piece) => Buffer.from(piece)));
    },
    opened: () => opened,
  };
}

async function read(blob: Blob): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob.open()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

interface Lines {
  readonly info: string[];
  readonly debug: string[];
}

function cacheIn(directory: string, limit?: number): BlobCache & { readonly lines: Lines } {
  const lines: Lines = { info: [], debug: [] };
  const reporter = {
    ...silentReporter,
    info: (line: string) => void lines.info.push(line),
    debug: (line: string) => void lines.debug.push(line),
  };
  return Object.assign(new BlobCache({ directory, reporter, limit }), { lines });
}

const pathOf = (directory: string, { descriptor }: Blob) =>
  join(directory, 'blobs', 'sha256', hexOf(descriptor.digest));

describe('the cache of blobs', () => {
  it('fetches a blob once, and says where it came from', async (test) => {
    const directory = join(temporaryFolder(test), 'cache');
    const blob = blobOf('content', ['con', 'tent']);
    const first = cacheIn(directory);
    assert.equal(await read(first.keep(blob, 'registry.example/name')), 'content');
    assert.equal(await read(first.keep(blob, 'registry.example/name')), 'content');
    assert.equal(blob.opened(), 1);
    assert.match(
      first.lines.info.join('\n'),
      /^sha256:\w{64} 7 B: fetched from registry\.example\/name \(0\.\d s\)$/,
    );

    const second = cacheIn(directory);
    assert.equal(await read(second.keep(blob, 'registry.example/name')), 'content');
    assert.equal(blob.opened(), 1);
    assert.match(second.lines.info.join('\n'), /^sha256:\w{64} 7 B: in the cache$/);
    assert.deepEqual(readdirSync(join(directory, 'blobs', 'sha256')), [hexOf(blob.descriptor.digest)]);
  });

  it('makes nothing before something is read', (test) => {
    const directory = join(temporaryFolder(test), 'cache');
    cacheIn(directory).keep(blobOf('x'), 'somewhere');
    assert.equal(existsSync(directory), false);
  });

  for (const [name, damage] of [
    [
      'one bit is wrong',
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[3] = (bytes[3] ?? 0) ^ 1;
        writeFileSync(path, bytes);
      },
    ],
    [
      'it is cut short',
      (path: string) => {
        writeFileSync(path, readFileSync(path).subarray(1));
      },
    ],
    [
      'it is empty',
      (path: string) => {
        writeFileSync(path, '');
      },
    ],
    [
      'a folder stands in its place',
      (path: string) => {
        rmSync(path);
        mkdirSync(join(path, 'inside'), { recursive: true });
      },
    ],
  ] as const) {
    it(`fetches a blob again when ${name}`, async (test) => {
      const directory = temporaryFolder(test);
      const blob = blobOf('some content');
      await read(cacheIn(directory).keep(blob, 'there'));
      damage(pathOf(directory, blob));
      const cache = cacheIn(directory);
      assert.equal(await read(cache.keep(blob, 'there')), 'some content');
      assert.equal(blob.opened(), 2);
      assert.match(cache.lines.debug.join('\n'), /is damaged, and is fetched again/);
      assert.equal(readFileSync(pathOf(directory, blob), 'utf8'), 'some content');
    });
  }

  for (const [name, sent] of [
    ['other content', ['other content!']],
    ['less', ['some']],
    ['more', ['some content', ' and more']],
  ] as const) {
    it(`keeps nothing of a source that sends ${name}`, async (test) => {
      const directory = temporaryFolder(test);
      const blob = blobOf('some content', sent);
      const cache = cacheIn(directory);
      await assert.rejects(read(cache.keep(blob, 'there')), { code: 'DIGEST_MISMATCH' });
      assert.deepEqual(readdirSync(join(directory, 'blobs', 'sha256')), []);
      // A failure is not remembered.
      await assert.rejects(read(cache.keep(blob, 'there')), { code: 'DIGEST_MISMATCH' });
      assert.equal(blob.opened(), 2);
    });
  }

  it('fetches once for readers side by side, and lets several runs fetch the same', async (test) => {
    const directory = temporaryFolder(test);
    const blob = blobOf('x'.repeat(300_000), ['x'.repeat(200_000), 'x'.repeat(100_000)]);
    const caches = [cacheIn(directory), cacheIn(directory), cacheIn(directory)];
    const texts = await Promise.all(
      caches.flatMap((cache) => [1, 2, 3].map(() => read(cache.keep(blob, 'there')))),
    );
    for (const text of texts) assert.equal(text.length, 300_000);
    assert.ok(blob.opened() <= 3);
    assert.deepEqual(readdirSync(join(directory, 'blobs', 'sha256')), [hexOf(blob.descriptor.digest)]);
  });

  it('reads on when another process makes room meanwhile', async (test) => {
    const directory = temporaryFolder(test);
    const blob = blobOf('content');
    const cache = cacheIn(directory);
    await read(cache.keep(blob, 'there'));
    rmSync(directory, { recursive: true });
    assert.equal(await read(cache.keep(blob, 'there')), 'content');
    assert.equal(blob.opened(), 2);
  });

  it('removes what was not used for the longest time, and nothing that this run uses', async (test) => {
    const directory = temporaryFolder(test);
    const [old, older, used] = [blobOf('old '.repeat(10)), blobOf('older '.repeat(10)), blobOf('used')];
    for (const blob of [older, old, used]) await read(cacheIn(directory).keep(blob, 'there'));
    for (const [blob, days] of [
      [older, 3],
      [old, 2],
      [used, 4],
    ] as const) {
      const then = new Date(Date.now() - days * 24 * 3600 * 1000);
      utimesSync(pathOf(directory, blob), then, then);
    }
    writeFileSync(join(directory, 'blobs', 'sha256', '.bima-left'), 'left behind');
    utimesSync(join(directory, 'blobs', 'sha256', '.bima-left'), new Date(0), new Date(0));
    writeFileSync(join(directory, 'blobs', 'sha256', '.bima-running'), 'being written');

    const cache = cacheIn(directory, 60);
    await read(cache.keep(used, 'there'));
    assert.ok(Date.now() - statSync(pathOf(directory, used)).mtimeMs < 60_000, 'its use is noted');
    const added = blobOf('new');
    await read(cache.keep(added, 'there'));
    assert.deepEqual(
      readdirSync(join(directory, 'blobs', 'sha256')).sort(),
      ['.bima-running', ...[old, used, added].map(({ descriptor }) => hexOf(descriptor.digest))].sort(),
    );
  });

  it('says which folder could not be written', async (test) => {
    const folder = temporaryFolder(test, { file: 'no folder' });
    const cache = cacheIn(join(folder, 'file'));
    await assert.rejects(read(cache.keep(blobOf('x'), 'there')), { code: 'OUTPUT_FAILED' });
  });

  it('never gives other bytes than the descriptor names, whatever is in the folder', async (test) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 20 }),
        fc.option(fc.string({ maxLength: 20 })),
        async (wanted, there) => {
          const directory = temporaryFolder(test);
          const blob = blobOf(wanted);
          await read(cacheIn(directory).keep(blob, 'there'));
          if (there !== null) writeFileSync(pathOf(directory, blob), there);
          const got = await read(cacheIn(directory).keep(blob, 'there'));
          assert.equal(`sha256:${createHash('sha256').update(got).digest('hex')}`, blob.descriptor.digest);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says what it fetches at what speed, in a line for layers alone', async (test) => {
    const directory = temporaryFolder(test);
    const lines: string[] = [];
    const progress: unknown[] = [];
    let time = 1000;
    const reporter = {
      ...silentReporter,
      info: (line: string) => void lines.push(`info ${line}`),
      debug: (line: string) => void lines.push(`debug ${line}`),
      progress: (...args: readonly unknown[]) => void progress.push(args),
    };
    const cache = new BlobCache({ directory, reporter, now: () => (time += 1500) });
    assert.equal(cache.directory, directory);
    const blob = blobOf('content', ['con', 'tent']);
    const { digest, size } = blob.descriptor;
    await read(cache.keep(blob, 'there'));
    const json = blobOf('{}');
    const document = { ...json, descriptor: { ...json.descriptor, mediaType: 'application/x+json' } };
    await read(cache.keep(document, 'there'));
    assert.deepEqual(lines, [
      `info ${digest} 7 B: fetched from there (1.5 s)`,
      `debug ${json.descriptor.digest} 2 B: fetched from there (1.5 s)`,
    ]);
    assert.deepEqual(progress, [
      [digest, 3, size],
      [digest, 7, size],
      [json.descriptor.digest, 2, 2],
    ]);
  });

  it('reads a whole source', async (test) => {
    const blob = blobOf('content');
    const source = { name: 'there', open: () => blob };
    const cache = cacheIn(temporaryFolder(test));
    const all = cache.keepAll(source);
    assert.equal(all.name, 'there');
    const opened = all.open(blob.descriptor);
    assert.equal(opened.descriptor, blob.descriptor);
    assert.equal(await read(opened), 'content');
    assert.equal(await read(all.open(blob.descriptor)), 'content');
    assert.equal(blob.opened(), 1);
    assert.match(cache.lines.info.join(), /fetched from there/);
  });

  it('finds what is there whole, notes its use, and removes what is damaged', async (test) => {
    const directory = temporaryFolder(test);
    const blob = blobOf('content');
    assert.equal(await cacheIn(directory).find(blob.descriptor), undefined);
    await read(cacheIn(directory).keep(blob, 'there'));
    const path = pathOf(directory, blob);
    utimesSync(path, 1, 1);
    const found = await cacheIn(directory).find(blob.descriptor);
    assert.ok(Date.now() - statSync(path).mtimeMs < 60_000);
    assert.equal(found?.descriptor, blob.descriptor);
    assert.equal(await read(found), 'content');
    writeFileSync(path, 'c0ntent');
    await assert.rejects(read(found), { code: 'DIGEST_MISMATCH', message: new RegExp(`^${path}: `) });
    const cache = cacheIn(directory);
    assert.equal(await cache.find(blob.descriptor), undefined);
    assert.deepEqual(cache.lines.debug, [`${path} is damaged, and not used`]);
    assert.equal(existsSync(path), false);
    await assert.rejects(read(found), { code: 'ENOENT' });
  });

  it('adds the copy of a file, unless it is there', async (test) => {
    const directory = temporaryFolder(test, { file: 'content', other: 'other' });
    const blob = blobOf('content');
    const cache = cacheIn(join(directory, 'cache'), 0);
    await cache.add(blob.descriptor, join(directory, 'file'));
    const path = pathOf(join(directory, 'cache'), blob);
    assert.equal(readFileSync(path, 'utf8'), 'content');
    assert.notEqual(statSync(path).ino, statSync(join(directory, 'file')).ino);
    await cache.add(blob.descriptor, join(directory, 'none'));
    const other = blobOf('other');
    await assert.rejects(cache.add(other.descriptor, join(directory, 'none')), {
      code: 'OUTPUT_FAILED',
      message: `can't write "${join(directory, 'cache')}": there is no such file or folder`,
    });
    assert.deepEqual(readdirSync(join(path, '..')), [hexOf(blob.descriptor.digest)]);
    // Another run uses neither of them.
    await cacheIn(join(directory, 'cache'), 0).add(other.descriptor, join(directory, 'other'));
    assert.deepEqual(readdirSync(join(path, '..')), [hexOf(other.descriptor.digest)]);
  });

  it('gives up for a signal', async (test) => {
    const directory = temporaryFolder(test);
    const blob = blobOf('content', ['con', 'tent']);
    const controller = new AbortController();
    const cache = new BlobCache({ directory, reporter: silentReporter, signal: controller.signal });
    const stopping = {
      ...blob,
      open: async function* () {
        yield Buffer.from('con');
        controller.abort(new Error('enough'));
        yield await Promise.resolve(Buffer.from('tent'));
      },
    };
    await assert.rejects(read(cache.keep(stopping, 'there')), /enough/);
    assert.deepEqual(readdirSync(join(directory, 'blobs/sha256')), []);
    await read(cacheIn(directory).keep(blob, 'there'));
    const found = await cacheIn(directory).find(blob.descriptor);
    assert.ok(found);
    const later = new AbortController();
    const again = await new BlobCache({ directory, reporter: silentReporter, signal: later.signal }).find(
      blob.descriptor,
    );
    assert.ok(again);
    later.abort(new Error('enough'));
    await assert.rejects(read(again), /enough/);
    await assert.rejects(cache.find(blob.descriptor), /enough/);
    await assert.rejects(read(cache.keep(blob, 'there')), /enough/);
    assert.ok(existsSync(pathOf(directory, blob)));
  });

  it('fetches again what went between, and once', async (test) => {
    const directory = temporaryFolder(test);
    const blob = blobOf('content');
    const cache = cacheIn(directory);
    await read(cache.keep(blob, 'there'));
    // A folder in its place is no file that was evicted.
    rmSync(pathOf(directory, blob));
    mkdirSync(pathOf(directory, blob));
    await assert.rejects(read(cache.keep(blob, 'there')), { code: 'LAYOUT_INVALID' });
    assert.equal(blob.opened(), 1);
  });

  it('sweeps what a process that was killed left', async (test) => {
    const directory = temporaryFolder(test);
    const [place, , , random] = (await nameOwner()).split('-');
    const left = join(directory, 'blobs/sha256', `.bima-${place}-4194300-1-${random}`);
    mkdirSync(join(left, '..'), { recursive: true });
    writeFileSync(left, 'half');
    const cache = cacheIn(directory);
    await read(cache.keep(blobOf('content'), 'there'));
    assert.equal(existsSync(left), false);
    // Once for each run.
    writeFileSync(left, 'half');
    await read(cache.keep(blobOf('other'), 'there'));
    assert.equal(existsSync(left), true);
  });

  it('closes each file that it writes', { skip: process.platform !== 'linux' }, async (test) => {
    const directory = temporaryFolder(test);
    const open = () =>
      readdirSync('/proc/self/fd').filter((name) => {
        try {
          return readlinkSync(`/proc/self/fd/${name}`).startsWith(directory);
        } catch {
          return false;
        }
      });
    await read(cacheIn(directory).keep(blobOf('content'), 'there'));
    await assert.rejects(read(cacheIn(directory).keep(blobOf('more', ['less']), 'there')));
    assert.deepEqual(open(), []);
  });

  it('says which folder is in the way of no blob', async (test) => {
    const directory = temporaryFolder(test, { 'blobs/sha256': 'a file' });
    await assert.rejects(read(cacheIn(directory).keep(blobOf('x'), 'there')), {
      code: 'OUTPUT_FAILED',
      message: `can't write "${directory}": a file is in the way`,
    });
  });
});
