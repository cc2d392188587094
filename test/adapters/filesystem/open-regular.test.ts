import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openRegular, readRegular } from '../../../src/adapters/filesystem/open-regular.ts';
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
