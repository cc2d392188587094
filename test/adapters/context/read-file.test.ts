import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { match, position } from '../../core/files/outline.ts';

/** More than is read at once. */
const size = 3 * 1024 * 1024;
const windows = process.platform === 'win32' && 'works otherwise there';

interface ListedFile {
  readonly path: string;
  readonly open: () => ByteStream;
  readonly openRange: (start: number, end: number) => ByteStream;
}

async function listFile(test: TestContext, content = Buffer.alloc(size, 'a')): Promise<ListedFile> {
  const folder = temporaryFolder(test, {
    'in/kernel': content,
    'in/other': Buffer.alloc(size, 'b'),
  });
  const path = join(folder, 'in', 'kernel');
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(path, hourAgo, hourAgo);
  const [only] = await match(folder, 'in/kernel');
  assert.ok(only?.found.type === 'file');
  const { found } = only;
  return {
    path,
    open: () => found.open(),
    openRange: (start, end) => found.openRange?.(start, end) ?? assert.fail('it has only a start'),
  };
}

describe('a file that changes', () => {
  const changes: [name: string, change: (path: string) => void, message: RegExp][] = [
    [
      'grows',
      (path) => {
        appendFileSync(path, 'x');
      },
      /"in\/kernel" grew/,
    ],
    [
      'shrinks',
      (path) => {
        truncateSync(path, size - 1);
      },
      /"in\/kernel" shrank/,
    ],
    [
      'becomes empty',
      (path) => {
        truncateSync(path, 0);
      },
      /"in\/kernel" shrank/,
    ],
    [
      'has other content of the same size',
      (path) => {
        writeFileSync(path, Buffer.alloc(size, 'c'));
      },
      /was changed/,
    ],
  ];
  for (const [name, change, message] of changes) {
    it(`is refused when it ${name} before it is read`, async (test) => {
      const { path, open } = await listFile(test);
      change(path);
      await assert.rejects(drain(open()), { code: 'CONTEXT_CHANGED', message });
    });

    it(`is refused when it ${name} before a part is read`, async (test) => {
      const { path, openRange } = await listFile(test);
      change(path);
      await assert.rejects(drain(openRange(size - 10, size)), { code: 'CONTEXT_CHANGED', message });
    });

    it(`is refused when it ${name} while it is read`, async (test) => {
      const { path, open } = await listFile(test);
      await assert.rejects(
        drain(open(), () => {
          change(path);
        }),
        { code: 'CONTEXT_CHANGED', message },
      );
    });
  }

  const replacements: [name: string, replace: (path: string) => void, message: RegExp][] = [
    ['removed', () => undefined, /was removed/],
    [
      'put elsewhere by a rename of its folder',
      (path) => {
        renameSync(join(path, '..'), join(path, '../../x'));
      },
      /was removed/,
    ],
    [
      'replaced by another file',
      (path) => {
        renameSync(join(path, '../other'), path);
      },
      /was replaced/,
    ],
    [
      'replaced by a link',
      (path) => {
        symlinkSync('other', path);
      },
      /was replaced/,
    ],
    [
      'replaced by a directory',
      (path) => {
        mkdirSync(path);
      },
      /was replaced/,
    ],
    // The test would never end if the FIFO were waited for.
    [
      'replaced by a FIFO',
      (path) => {
        assert.equal(spawnSync('mkfifo', [path]).status, 0);
      },
      /was replaced/,
    ],
  ];
  for (const [name, replace, message] of replacements) {
    it(`is refused when it was ${name}`, { skip: windows }, async (test) => {
      const { path, open } = await listFile(test);
      rmSync(path);
      replace(path);
      await assert.rejects(drain(open()), { code: 'CONTEXT_CHANGED', message });
    });
  }

  it(
    'is refused when its folder was replaced by a link to a folder outside',
    { skip: windows },
    async (test) => {
      const { path, open } = await listFile(test);
      const outside = temporaryFolder(test, { kernel: Buffer.alloc(size, 'a') });
      const { atimeMs, mtimeMs } = statSync(path);
      utimesSync(join(outside, 'kernel'), atimeMs / 1000, mtimeMs / 1000);
      renameSync(join(path, '..'), join(path, '../../x'));
      symlinkSync(outside, join(path, '..'));
      await assert.rejects(drain(open()), { code: 'CONTEXT_CHANGED', message: /was replaced/ });
    },
  );

  it(
    'is refused when it may not be read',
    { skip: windows || (process.getuid?.() === 0 && 'root may read everything') },
    async (test) => {
      const { path, open } = await listFile(test);
      chmodSync(path, 0);
      await assert.rejects(drain(open()), {
        code: 'CONTEXT_PATH',
        message: /"in\/kernel" can't be read: permission denied/,
        position,
      });
    },
  );
});

describe('the stream of a file', () => {
  it('has all its bytes, in large pieces', async (test) => {
    const { open } = await listFile(test);
    const chunks: Uint8Array[] = [];
    for await (const chunk of open()) chunks.push(Buffer.from(chunk));
    assert.ok(Buffer.concat(chunks).equals(Buffer.alloc(size, 'a')));
    assert.ok(chunks.length <= size / (256 * 1024), `${chunks.length} pieces`);
  });

  it('can begin and end anywhere', async (test) => {
    const content = Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index / 1000) % 256));
    const { openRange } = await listFile(test, content);
    for (const [start, end] of [
      [0, 1],
      [12_345, 2_000_000],
      [size - 7, size],
    ] as const) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of openRange(start, end)) chunks.push(Buffer.from(chunk));
      assert.ok(Buffer.concat(chunks).equals(content.subarray(start, end)), `${start} to ${end}`);
    }
  });

  it('closes the file, also when it is left early', { skip: process.platform !== 'linux' }, async (test) => {
    const { path, open } = await listFile(test);
    await drain(open());
    for await (const chunk of open()) {
      assert.ok(isOpen(path), `${chunk.length} bytes are there, so the file must be open`);
      break;
    }
    assert.ok(!isOpen(path));
  });
});

async function drain(stream: ByteStream, afterFirst: () => void = () => undefined): Promise<void> {
  let count = 0;
  for await (const chunk of stream) {
    assert.ok(chunk.length > 0);
    if (++count === 1) afterFirst();
  }
}

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      // The descriptor of the listing itself.
      return false;
    }
  });
}
