import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { nameCompressor } from '../../../src/adapters/layers/fingerprint.ts';
import { comparePaths } from '../../../src/core/files/entry.ts';
import type { Entry, FileEntry } from '../../../src/core/files/entry.ts';
import { createLayer, packLayer } from '../../../src/adapters/layers/layer.ts';
import { applyCopy, emptyRootfs } from '../../../src/core/files/rootfs.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { createDigester, digestOf } from '../../../src/core/oci/digest.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { match, position } from '../../core/files/outline.ts';

const skip = process.platform !== 'linux' && 'needs GNU tar';

const methods = 'createZstdCompress' in zlib ? ['gzip', 'zstd', 'none'] : ['gzip', 'none'];

const owner = { uid: 0, gid: 0 };
const fileOf = (path: string, content: string | Uint8Array, more: Partial<FileEntry> = {}): FileEntry => ({
  type: 'file',
  path,
  mode: 0o644,
  ...owner,
  size: Buffer.from(content).length,
  open: () => streamOf(Buffer.from(content)),
  ...more,
});

describe('packLayer', () => {
  /** Sizes around the block of 512 bytes, an empty folder, a link, a space, and names that just fit. */
  const files = {
    'a/f0': '',
    'a/f1': 'x',
    'a/f511': 'x'.repeat(511),
    'a/f512': 'x'.repeat(512),
    'a/f513': 'x'.repeat(513),
    'a/big': Buffer.alloc(1_500_001, 'big'),
    'a-b': 'sorts between a and a/b',
    'with space/f': 'hello\n',
    [`${'d'.repeat(60)}/${'e'.repeat(39)}`]: 'a name of 100 bytes',
  };

  /** Of the sample's layer. */
  const diffId = 'sha256:542a057915e7a751a3bd694275acea66c45dd9c4bcaba0faf4d7321d3918bc11';

  function sample(test: TestContext): string {
    const folder = temporaryFolder(test, files);
    mkdirSync(join(folder, 'empty'));
    symlinkSync('../a-b', join(folder, 'a', 'link'));
    for (const path of everything(folder)) {
      const stats = lstatSync(join(folder, path));
      if (stats.isSymbolicLink()) continue;
      chmodSync(join(folder, path), stats.isDirectory() || path === 'a/f1' ? 0o755 : 0o644);
    }
    return folder;
  }

  it('writes the bytes that GNU tar writes', { skip }, async (test) => {
    const folder = sample(test);
    const { status, stdout } = spawnSync(
      'tar',
      [
        ...['--create', '--format=ustar', '--blocking-factor=1', '--mtime=@0'],
        ...['--owner=0', '--group=0', '--numeric-owner', '--no-recursion', '--null', '--files-from=-'],
      ],
      { cwd: folder, input: everything(folder).join('\0'), maxBuffer: 1 << 24 },
    );
    assert.equal(status, 0);
    const ours = await collect(packLayer(await entriesOf(folder), { mtime: 0 }));
    assert.equal(digestOf(stdout), diffId);
    assert.equal(ours.compare(stdout), 0);
  });

  it('writes the same bytes in any folder, on any day', async (test) => {
    const folder = sample(test);
    assert.equal(digestOf(await collect(packLayer(await entriesOf(folder), { mtime: 0 }))), diffId);

    const umask = process.umask(0o077);
    test.after(() => process.umask(umask));
    const other = temporaryFolder(test, Object.fromEntries(Object.entries(files).reverse()));
    symlinkSync('../a-b', join(other, 'a', 'link'));
    mkdirSync(join(other, 'empty'));
    chmodSync(join(other, 'a', 'f1'), 0o700);
    for (const path of everything(other)) {
      if (!lstatSync(join(other, path)).isSymbolicLink()) utimesSync(join(other, path), 1e9, 1e9);
    }
    assert.equal(digestOf(await collect(packLayer(await entriesOf(other), { mtime: 0 }))), diffId);
  });

  it('is unpacked by GNU tar to what was packed, however long and odd the names', { skip }, async (test) => {
    const long = (char: string, length: number) => char.repeat(length);
    const folder = temporaryFolder(test, {
      [long('n', 100)]: '100',
      [long('m', 101)]: '101',
      [`${long('d', 150)}/${long('e', 149)}/f`]: '302 characters',
      'ünï/cödé ☃ 😀': 'unicode',
      'tab\tand newline\n': 'control characters',
      'back\\slash': '',
    });
    mkdirSync(join(folder, long('p', 99)));
    mkdirSync(join(folder, long('q', 100)));
    symlinkSync(long('t', 100), join(folder, 'link100'));
    symlinkSync(long('u', 101), join(folder, 'link101'));
    symlinkSync('cödé', join(folder, 'ünï', 'link'));

    const tar = await collect(packLayer(await entriesOf(folder), { mtime: 86400 }));
    const target = temporaryFolder(test);
    const { status, stderr } = spawnSync('tar', ['--extract', '--no-same-owner'], {
      cwd: target,
      input: tar,
    });
    assert.equal(status, 0, stderr.toString());
    const paths = everything(folder);
    assert.deepEqual(everything(target), paths);
    for (const path of paths) {
      const [before, after] = [lstatSync(join(folder, path)), lstatSync(join(target, path))];
      assert.equal(after.isDirectory(), before.isDirectory());
      assert.equal(after.mtimeMs, 86_400_000, path);
      if (before.isFile())
        assert.deepEqual(readFileSync(join(target, path)), readFileSync(join(folder, path)));
      if (before.isSymbolicLink())
        assert.equal(readlinkSync(join(target, path)), readlinkSync(join(folder, path)));
    }
  });

  const gib = 1024 ** 3;
  const listed: [name: string, entry: Entry, mtime: number, line: RegExp][] = [
    ['the largest size of a ustar header', fileOf('f', '', { size: 8 * gib - 1 }), 0, / 8589934591 1970-/],
    ['a size of 8 GiB', fileOf('f', '', { size: 8 * gib }), 0, / 8589934592 1970-/],
    ['a size of 9 TiB', fileOf('f', '', { size: 9 * 1024 * gib }), 0, / 9895604649984 1970-/],
    [
      'the largest owner of a ustar header',
      fileOf('f', '', { uid: 0o7777777, gid: 262144 }),
      0,
      / 2097151\/262144 /,
    ],
    [
      'an owner with more digits',
      fileOf('f', '', { uid: 2097152, gid: 4294967294 }),
      0,
      / 2097152\/4294967294 /,
    ],
    ['a date after 2038', fileOf('f', ''), 2 ** 32, / 2106-02-07 06:28:16 f/],
    ['a date with more digits', fileOf('f', ''), 2 ** 33, / 2242-03-16 12:56:32 f/],
    ['all twelve bits of a mode', fileOf('f', '', { mode: 0o7777 }), 0, /^-rwsrwsrwt 0\/0 /],
    ['a mode of 0', fileOf('f', '', { mode: 0 }), 0, /^---------- 0\/0 /],
  ];
  for (const [name, entry, mtime, line] of listed) {
    it(`stores ${name}`, { skip }, async () => {
      // The content would take too long: GNU tar lists the entry before it misses that.
      let header = Buffer.alloc(0);
      const endless: Entry =
        entry.type === 'file' && entry.size > 0 ? { ...entry, open: () => zeros() } : entry;
      for await (const chunk of packLayer([endless], { mtime })) {
        header = Buffer.concat([header, chunk]);
        break;
      }
      const { stdout } = spawnSync(
        'tar',
        ['--list', '--verbose', '--numeric-owner', '--full-time', '--utc'],
        {
          input: header,
        },
      );
      assert.match(stdout.toString(), line);
    });
  }

  it('fails when a file has another size than its entry says', async () => {
    for (const content of ['1234', '123456']) {
      const entry = fileOf('f', content, { size: 5 });
      await assert.rejects(collect(packLayer([entry], { mtime: 0 })), {
        code: 'CONTEXT_CHANGED',
        message: /"f"/,
      });
    }
  });

  it('ends with two empty blocks, and is nothing else without entries', async () => {
    assert.deepEqual(await collect(packLayer([], { mtime: 0 })), Buffer.alloc(1024));
  });
});

describe('comparePaths', () => {
  it('sorts as the bytes of UTF-8 do', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é', '\uffee', '\ud7ff', '😀', '𐀀') });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        assert.equal(Math.sign(comparePaths(a, b)), expected);
      }),
    );
  });
});

describe('createLayer', () => {
  const entries = [fileOf('f', 'hello'), fileOf('g', Buffer.alloc(300_000, 'x'))];

  it('knows both digests and both sizes', async () => {
    let stored: Buffer = Buffer.alloc(0);
    const layer = await createLayer(entries, {
      mtime: 0,
      compression: parseCompression('gzip'),
      write: async (stream) => {
        stored = await collect(stream);
        return { digest: digestOf(stored), size: stored.length };
      },
    });
    const { status, stdout } = spawnSync('gzip', ['-dc'], { input: stored, maxBuffer: 1 << 24 });
    assert.equal(status, 0);
    assert.deepEqual(layer, {
      descriptor: {
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: digestOf(stored),
        size: stored.length,
        annotations: {
          'com.nubificus.bima.compressor': `${await nameCompressor(parseCompression('gzip'))} ${digestOf(stored).slice(7, 23)}`,
        },
      },
      diffId: digestOf(stdout),
      tarSize: stdout.length,
    });
  });

  it('has one digest when nothing is compressed', async () => {
    const layer = await createLayer(entries, {
      mtime: 0,
      compression: parseCompression('none'),
      write: swallow,
    });
    assert.equal(layer.descriptor.digest, layer.diffId);
    assert.equal(layer.descriptor.size, layer.tarSize);
    assert.equal(layer.descriptor.mediaType, 'application/vnd.oci.image.layer.v1.tar');
  });

  for (const method of methods) {
    it(`stops when it is aborted (${method})`, async () => {
      const controller = new AbortController();
      const reason = new Error('enough');
      let closed = false;
      const endless = fileOf('f', '', {
        size: 2 ** 40,
        open: async function* () {
          try {
            for (let count = 0; ; count++) {
              if (count === 5) controller.abort(reason);
              yield* zeros();
            }
          } finally {
            closed = true;
          }
        },
      });
      const { signal } = controller;
      await assert.rejects(
        createLayer([endless], { mtime: 0, compression: parseCompression(method), signal, write: swallow }),
        reason,
      );
      assert.ok(closed);
    });

    it(`closes the files when storing fails (${method})`, async () => {
      const full = new Error('no space left');
      let closed: (() => void) | undefined;
      const whenClosed = new Promise<void>((resolve) => (closed = resolve));
      const endless = fileOf('f', '', {
        size: 2 ** 40,
        open: async function* () {
          try {
            for (;;) yield* zeros();
          } finally {
            closed?.();
          }
        },
      });
      const write = async (stream: ByteStream) => {
        for await (const chunk of stream) if (chunk.length > 0) throw full;
        return { digest: digestOf(Buffer.alloc(0)), size: 0 };
      };
      await assert.rejects(
        createLayer([endless], { mtime: 0, compression: parseCompression(method), write }),
        full,
      );
      await whenClosed;
    });

    it(`passes on what is wrong with a file (${method})`, async () => {
      const entry = fileOf('f', '1234', { size: 5 });
      await assert.rejects(
        createLayer([entry], { mtime: 0, compression: parseCompression(method), write: swallow }),
        { code: 'CONTEXT_CHANGED' },
      );
    });
  }

  it('needs no more memory for a large file than for a small one', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      join(import.meta.dirname, 'large-layer.ts'),
    ]);
    assert.equal(status, 0, stderr.toString());
    const { tarSize, peak } = JSON.parse(stdout.toString()) as { tarSize: number; peak: number };
    assert.ok(tarSize > 400e6, `${tarSize} bytes`);
    assert.ok(peak < 256e6, `${peak} bytes of memory`);
  });
});

async function* zeros(): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < 4; count++) yield await Promise.resolve(new Uint8Array(1 << 16));
}

async function swallow(stream: ByteStream) {
  const digester = createDigester();
  for await (const chunk of stream) digester.update(chunk);
  const { size } = digester;
  return { digest: digester.digest(), size };
}

async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The layer of `COPY . /`. */
async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const copy = { type: 'copy', sources: [{ path: '.', position }], destination: '/', position } as const;
  return applyCopy(emptyRootfs(), copy, await match(folder, '.'));
}

/** Every path below a folder, in the order of a layer. */
function everything(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort(comparePaths);
}
