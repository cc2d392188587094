import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, readdirSync, readlinkSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { openRegular, readRegular } from '../../../src/adapters/filesystem/open-regular.ts';
import { readFilePieces, writeNewFile } from '../../../src/adapters/filesystem/read-write.ts';
import { temporaryFolder } from '../../support/folder.ts';

const windows = process.platform === 'win32';
const code = 'LAYOUT_INVALID';

describe('openRegular', () => {
  it('opens a file', (test) => {
    closeSync(openRegular(join(temporaryFolder(test, { a: 'x' }), 'a'), { code }));
  });

  it('refuses a directory', { skip: windows }, (test) => {
    assert.throws(() => openRegular(temporaryFolder(test), { code }), { code, message: /got a directory$/ });
  });

  it('refuses a FIFO without waiting for a writer', { skip: windows }, (test) => {
    const path = join(temporaryFolder(test), 'pipe');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    assert.throws(() => openRegular(path, { code, follow: true }), { code, message: /got a FIFO$/ });
  });

  it('refuses a device', { skip: windows }, () => {
    assert.throws(() => openRegular('/dev/zero', { code }), { code, message: /got a character device$/ });
  });

  it('refuses a socket', { skip: process.platform !== 'linux' }, async (test) => {
    const path = join(temporaryFolder(test), 'socket');
    const server = createServer();
    await new Promise<void>((done) => server.listen(path, done));
    try {
      assert.throws(() => openRegular(path, { code }), { code, message: /got a socket$/ });
    } finally {
      server.close();
    }
  });

  it('follows a link only where the user has named it', { skip: windows }, (test) => {
    const folder = temporaryFolder(test, { a: 'x' });
    symlinkSync('a', join(folder, 'link'));
    assert.throws(() => openRegular(join(folder, 'link'), { code }), {
      code,
      message: /got a symbolic link$/,
    });
    closeSync(openRegular(join(folder, 'link'), { code, follow: true }));
  });

  it('passes on what the system says of a file that is not there', (test) => {
    assert.throws(() => openRegular(join(temporaryFolder(test), 'a'), { code }), { code: 'ENOENT' });
  });
});

describe('readRegular', () => {
  it('reads as many bytes as it may, and no more', async (test) => {
    const folder = temporaryFolder(test);
    const path = join(folder, 'a');
    writeFileSync(path, 'x'.repeat(100_000));
    assert.equal((await readRegular(path, 100_000, { code })).length, 100_000);
    await assert.rejects(readRegular(path, 99_999, { code }), { code, message: /at most 99999 bytes/ });
    truncateSync(path, 2 ** 40);
    await assert.rejects(readRegular(path, 99_999, { code, tooLarge: 'CONTEXT_PATH' }), {
      code: 'CONTEXT_PATH',
    });
  });
});

/** What each descriptor of this process leads to; those of Node itself come and go. */
function openBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return [];
    }
  });
}

describe('a file that was opened', { skip: process.platform !== 'linux' }, () => {
  it('is closed again when it is refused', (test) => {
    const folder = temporaryFolder(test);
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    for (const path of [folder, pipe]) assert.throws(() => openRegular(path, { code }), { code });
    assert.deepEqual(openBelow(folder), []);
  });

  it('is closed once it is read, whole or not', async (test) => {
    const folder = temporaryFolder(test, { a: 'x'.repeat(100_000) });
    const path = join(folder, 'a');
    await readRegular(path, 100_000, { code });
    assert.deepEqual(openBelow(folder), []);
    await assert.rejects(readRegular(path, 10, { code }), { code });
    assert.deepEqual(openBelow(folder), []);
    for await (const piece of readFilePieces(path)) {
      assert.ok(piece.length > 0);
      // So that the end is known to be looked at.
      assert.deepEqual(openBelow(folder), [path]);
      break;
    }
    assert.deepEqual(openBelow(folder), []);
  });

  it('is closed once it is written, whole or not', async (test) => {
    const folder = temporaryFolder(test);
    await writeNewFile(join(folder, 'a'), Readable.from([Buffer.from('x')]));
    assert.deepEqual(openBelow(folder), []);
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream that breaks
    const broken = async function* () {
      yield Buffer.from('x');
      throw new Error('broken');
    };
    await assert.rejects(writeNewFile(join(folder, 'b'), broken()), /broken/);
    assert.deepEqual(openBelow(folder), []);
  });
});
