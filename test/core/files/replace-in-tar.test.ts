import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { replaceInTar } from '../../../src/core/files/replace-in-tar.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { packTar } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { unlessFound } from '../../support/tools.ts';

const long = `${'d'.repeat(90)}/${'n'.repeat(120)}`;
const around: readonly SampleEntry[] = [
  { path: 'a/' },
  { path: 'a/large', content: Buffer.alloc(70_001, 'l'), uid: 3 },
  { path: long, content: 'named by a pax header' },
  { path: 'link', target: 'wanted' },
];
const behind: readonly SampleEntry[] = [
  { path: 'z', content: 'z', xattrs: { 'user.a': 'b' } },
  { path: 'dev', special: { type: 'fifo' } },
];

/** Pieces whose memory is used again, as those of a file are. */
async function* inPieces(bytes: Uint8Array, size: number): ByteStream {
  const memory = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    memory.set(piece);
    yield await Promise.resolve(memory.subarray(0, piece.length));
  }
}

function replace(tar: Uint8Array, content: string, piece = 4096): Promise<Uint8Array> {
  return readAll(replaceInTar(inPieces(tar, piece), 'wanted', Buffer.from(content), 'the tar'));
}

describe('replaceInTar', () => {
  const sizes = [0, 1, 511, 512, 513, 3000];
  for (const size of sizes) {
    it(`changes one content and no other byte, from ${size} bytes to each of the sizes`, async () => {
      const tarWith = (content: string) =>
        packTar([...around, { path: 'wanted', content, mode: 0o640, uid: 7, gid: 8 }, ...behind]);
      const before = await tarWith('x'.repeat(size));
      for (const other of sizes) {
        const content = 'y'.repeat(other);
        for (const piece of [513, 100_000])
          assert.ok(Buffer.from(await replace(before, content, piece)).equals(await tarWith(content)));
      }
    });
  }

  it('takes a path with a dot or a slash in front, each time it is there, and no other', async () => {
    const names = ['./wanted', '/wanted', 'a/wanted', 'wanted'];
    const tarWith = (...contents: readonly string[]) =>
      packTar(names.map((path, at) => ({ path, content: contents[at] ?? '' })));
    const after = await replace(await tarWith('1', '2', '3', '4'), 'new');
    assert.ok(Buffer.from(after).equals(await tarWith('new', 'new', '3', 'new')));
  });

  it('keeps a tar as it is where nothing has that path', async () => {
    const tar = await packTar([...around, ...behind]);
    assert.ok(Buffer.from(await replace(tar, 'new')).equals(tar));
  });

  it('gives a tar that tar itself reads', { skip: unlessFound('tar') }, async (test) => {
    const folder = temporaryFolder(test);
    const tar = join(folder, 'a.tar');
    writeFileSync(
      tar,
      await replace(await packTar([{ path: 'wanted', content: 'old' }, ...behind]), 'new content'),
    );
    assert.equal(execFileSync('tar', ['-xOf', tar, 'wanted'], { encoding: 'utf8' }), 'new content');
  });

  it('refuses a tar that is cut off', async () => {
    const tar = await packTar([{ path: 'wanted', content: 'x'.repeat(2000) }]);
    await assert.rejects(replace(tar.subarray(0, 1500), 'new'), (error) => {
      return error instanceof BimaError && error.code === 'LAYOUT_INVALID';
    });
  });

  it('holds little of a large file at a time', async () => {
    const entry = await packTar([{ path: 'large', content: Buffer.alloc(1024 ** 2) }]);
    // The header says 8 GiB less one; the pieces come from nowhere.
    const header = Buffer.from(entry.subarray(0, 512));
    header.write('77777777777\0', 124);
    header.fill(' ', 148, 156);
    header.write(
      `${[...header]
        .reduce((sum, byte) => sum + byte)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    async function* stream(): ByteStream {
      yield await Promise.resolve(header);
      const piece = new Uint8Array(1024 ** 2);
      for (let at = 0; at < 300; at++) yield piece;
    }
    let passed = 0;
    const reading = (async () => {
      for await (const piece of replaceInTar(stream(), 'wanted', new Uint8Array(), 'the tar'))
        passed += piece.length;
    })();
    // Cut off at last, with everything passed on that had come.
    await assert.rejects(reading, /it ends too early/);
    assert.equal(passed, 512 + 300 * 1024 ** 2);
  });
});
