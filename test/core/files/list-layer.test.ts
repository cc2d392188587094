import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../../src/core/files/entry.ts';
import { packLayer } from '../../../src/adapters/layers/layer.ts';
import { listLayer } from '../../../src/core/files/list-layer.ts';
import type { ListedEntry } from '../../../src/core/files/list-layer.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { temporaryFolder } from '../../support/folder.ts';

const long = `${'d'.repeat(150)}/${'f'.repeat(149)}`;

const entries: readonly Entry[] = [
  { type: 'directory', path: 'a', mode: 0o755, uid: 0, gid: 0 },
  {
    type: 'file',
    path: 'a/f',
    mode: 0o4711,
    uid: 3_000_000,
    gid: 4_294_967_294,
    size: 3,
    open: () => streamOf(Buffer.from('123')),
  },
  { type: 'symlink', path: 'a/l', mode: 0o777, uid: 1, gid: 2, target: '../ü' },
  { type: 'file', path: long, mode: 0o644, uid: 0, gid: 0, size: 0, open: () => streamOf() },
];

describe('listLayer', () => {
  it('lists what packLayer packs', async () => {
    assert.deepEqual(await list(packLayer(entries, { mtime: 0 })), [
      { path: 'a', type: 'directory', size: 0, mode: 0o755, uid: 0, gid: 0 },
      { path: 'a/f', type: 'file', size: 3, mode: 0o4711, uid: 3_000_000, gid: 4_294_967_294 },
      { path: 'a/l', type: 'symlink', size: 0, mode: 0o777, uid: 1, gid: 2, target: '../ü' },
      { path: long, type: 'file', size: 0, mode: 0o644, uid: 0, gid: 0 },
    ]);
  });

  it('lists no more entries than its limit', async () => {
    const listed: string[] = [];
    const tar = () => packLayer(entries, { mtime: 0 });
    for (const limit of [entries.length, entries.length + 1])
      for await (const { path } of listLayer(tar(), 'layer', undefined, limit)) listed.push(path);
    assert.equal(listed.length, 2 * entries.length);
    await assert.rejects(
      async () => {
        for await (const { path } of listLayer(tar(), 'layer', undefined, 3)) listed.push(path);
      },
      { code: 'LAYOUT_INVALID', message: 'layer: expected at most 3 entries, got more' },
    );
  });

  it('lists nothing of an empty tar', async () => {
    assert.deepEqual(await list(packLayer([], { mtime: 0 })), []);
    assert.deepEqual(await list(streamOf()), []);
  });

  const skip = process.platform !== 'linux' && 'needs GNU tar';
  for (const format of ['gnu', 'ustar', 'posix']) {
    it(`lists what GNU tar packs in its format ${format}`, { skip }, async (test) => {
      const folder = temporaryFolder(test, { 'a/f': '123', [`${'d'.repeat(90)}/${'f'.repeat(90)}`]: '' });
      mkdirSync(join(folder, 'empty'));
      linkSync(join(folder, 'a', 'f'), join(folder, 'a', 'hard'));
      symlinkSync('f', join(folder, 'a', 'soft'));
      const { stdout } = spawnSync('tar', ['-c', `--format=${format}`, '--sort=name', '.'], { cwd: folder });
      const listed = await list(streamOf(stdout));
      assert.deepEqual(
        listed.map(({ path, type, size, target }) => [
          path,
          type,
          size,
          ...(target === undefined ? [] : [target]),
        ]),
        [
          ['a', 'directory', 0],
          ['a/f', 'file', 3],
          ['a/hard', 'hardlink', 0, 'a/f'],
          ['a/soft', 'symlink', 0, 'f'],
          ['d'.repeat(90), 'directory', 0],
          [`${'d'.repeat(90)}/${'f'.repeat(90)}`, 'file', 0],
          ['empty', 'directory', 0],
        ],
      );
    });
  }

  it('refuses damaged tars', async () => {
    const tar = await collect(packLayer(entries, { mtime: 0 }));
    const damaged: [name: string, bytes: Uint8Array][] = [
      ['no tar', Buffer.from('x'.repeat(2000))],
      ['less than a header', tar.subarray(0, 100)],
      ['a header cut off', tar.subarray(0, 700)],
      ['content cut off', tar.subarray(0, 3 * 512 + 512 + 512 + 1)],
      ['a changed header', Buffer.concat([Buffer.from('b'), tar.subarray(1)])],
    ];
    for (const [name, bytes] of damaged) {
      await assert.rejects(list(streamOf(bytes)), { code: 'LAYOUT_INVALID', message: /^layer 1 / }, name);
    }
  });

  it('takes a tar that ends with the last byte of its last file', async () => {
    const file = { type: 'file', path: 'last', mode: 0o644, uid: 0, gid: 0, size: 700 } as const;
    const content = () => streamOf(Buffer.alloc(700, 'x'));
    const tar = await collect(packLayer([{ ...file, open: content }], { mtime: 0 }));
    const paths = async (bytes: Uint8Array) => (await list(streamOf(bytes))).map(({ path }) => path);
    for (const end of [512 + 700, 512 + 800, 512 + 1024])
      assert.deepEqual(await paths(tar.subarray(0, end)), ['last']);
    await assert.rejects(list(streamOf(tar.subarray(0, 512 + 699))), { code: 'LAYOUT_INVALID' });
  });

  it('passes on what is wrong with its input', async () => {
    const wrong = new BimaError('DIGEST_MISMATCH', 'not what it should be');
    const tar = await collect(packLayer(entries, { mtime: 0 }));
    await assert.rejects(
      list(
        (async function* () {
          yield await Promise.resolve(tar.subarray(0, 1024));
          throw wrong;
        })(),
      ),
      wrong,
    );
  });

  it('releases its input when it is left early', async () => {
    let released: (() => void) | undefined;
    const whenReleased = new Promise<void>((resolve) => (released = resolve));
    const tar = await collect(packLayer(entries, { mtime: 0 }));
    const endless = (async function* () {
      try {
        for (;;) yield await Promise.resolve(tar.subarray(0, 512));
      } finally {
        released?.();
      }
    })();
    for await (const entry of listLayer(endless, 'layer 1')) {
      assert.equal(entry.path, 'a');
      break;
    }
    await whenReleased;
  });

  it('throws its own errors alone, whatever is changed in a tar', async () => {
    const tar = await collect(packLayer(entries, { mtime: 0 }));
    await fc.assert(
      fc.asyncProperty(fc.nat(tar.length - 1), fc.uint8Array({ maxLength: 20 }), async (offset, bytes) => {
        const changed = Buffer.from(tar);
        changed.set(bytes.subarray(0, changed.length - offset), offset);
        await list(streamOf(changed)).catch((error: unknown) => {
          assert.ok(error instanceof BimaError && error.code === 'LAYOUT_INVALID', String(error));
        });
      }),
    );
  });
});

async function list(tar: ByteStream): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = [];
  for await (const entry of listLayer(tar, 'layer 1')) listed.push(entry);
  return listed;
}

async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
