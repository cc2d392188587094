import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../../src/core/files/entry.ts';
import { planInitrd } from '../../../src/core/files/initrd.ts';
import { readCpio } from '../../support/read-root.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describeTree, fileEntry, readWhole, rootTrees, writeSystem } from '../../support/root-tree.ts';
import { unlessInstalled } from '../../support/tools.ts';

const mtime = 1_700_000_000;
const large = 64 * 1024 * 1024;

describe('an initrd', () => {
  it(
    'holds what random trees hold, to libarchive and to cpio',
    { skip: unlessInstalled('bsdtar', 'cpio') },
    async (test) => {
      const file = join(temporaryFolder(test), 'initrd');
      await fc.assert(
        fc.asyncProperty(rootTrees, async (entries) => {
          await writeSystem(planInitrd(entries, { mtime }), file);
          const expected = await describeTree(entries);
          assert.deepEqual(readCpio(file, mtime), new Map([...expected].sort()), 'libarchive');
          const listed = execFileSync('cpio', ['-t', '--quiet', '-F', file], { maxBuffer: large });
          assert.deepEqual(listed.toString().trim().split('\n').sort(), [...expected.keys()].sort());
        }),
        { numRuns: 40 },
      );
    },
  );

  it('has the same bytes whatever the order of its entries, and a size that is a multiple of four', async () => {
    await fc.assert(
      fc.asyncProperty(rootTrees, async (entries) => {
        const one = await readWhole(planInitrd(entries, { mtime }));
        const other = await readWhole(planInitrd([...entries].reverse(), { mtime }));
        assert.ok(one.equals(other));
        assert.equal(one.length % 4, 0);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the content of a hard link at its last name', async () => {
    const twice = ['a', 'b'].map((path) => fileEntry(path, 'content', { inode: '1' }));
    const text = (await readWhole(planInitrd(twice, { mtime }))).toString('latin1');
    assert.equal(text.split('content').length, 2);
    assert.match(text, /b\0+content/);
  });

  it('goes on after a file that has the name of its end', { skip: unlessInstalled('cpio') }, async (test) => {
    const file = join(temporaryFolder(test), 'initrd');
    await writeSystem(planInitrd([fileEntry('TRAILER!!!', 'x'), fileEntry('after', 'y')], { mtime }), file);
    const listed = execFileSync('cpio', ['-t', '--quiet', '-F', file]).toString();
    assert.deepEqual(listed.trim().split('\n').sort(), ['.', './TRAILER!!!', 'after']);
  });

  it('refuses a file of 4 GiB, and takes one of a byte less', () => {
    const sized = (size: number) => [{ ...fileEntry('huge', ''), size } as Entry];
    assert.ok(planInitrd(sized(2 ** 32 - 1), { mtime }).size > 2 ** 32);
    assert.throws(() => planInitrd(sized(2 ** 32), { mtime }), {
      code: 'INPUT_INVALID',
      message: 'expected files under 4 GiB in an initrd, got 4294967296 bytes of "/huge"',
    });
  });

  it('refuses a path that Linux would skip', () => {
    const long = Array.from({ length: 20 }, () => 'd'.repeat(210)).join('/');
    assert.throws(() => planInitrd([fileEntry(long, '')], { mtime }), { code: 'INPUT_INVALID' });
  });

  it('fails when a file is no longer as long as it was', async () => {
    for (const size of [3, 5]) {
      const entry = { ...fileEntry('file', 'four'), size } as Entry;
      await assert.rejects(async () => readWhole(planInitrd([entry], { mtime })), {
        code: 'CONTEXT_CHANGED',
      });
    }
  });

  it('has the last date that it can hold', async () => {
    const bytes = await readWhole(planInitrd([], { mtime: 253_402_300_799 }));
    assert.equal(bytes.subarray(46, 54).toString(), 'ffffffff');
  });
});
