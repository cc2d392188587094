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

/** The members of an archive, each with all fields of its header (Linux, buffer-format.rst). */
function membersOf(bytes: Buffer) {
  const names = ['ino', 'mode', 'uid', 'gid', 'nlink', 'mtime', 'size', 'major', 'minor', 'rmajor', 'rminor'];
  const found: { name: string; content: string; fields: Record<string, number> }[] = [];
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes.toString('latin1', at, at + 6), '070701');
    const numbers = Array.from({ length: 13 }, (_, index) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16),
    );
    const [nameSize = 0, check] = numbers.slice(11);
    assert.equal(check, 0);
    const fields = Object.fromEntries(names.map((name, index) => [name, numbers[index] ?? -1]));
    const name = bytes.toString('utf8', at + 110, at + 110 + nameSize - 1);
    assert.equal(bytes[at + 110 + nameSize - 1], 0);
    const start = at + Math.ceil((110 + nameSize) / 4) * 4;
    const size = fields.size ?? 0;
    found.push({ name, content: bytes.toString('utf8', start, start + size), fields });
    at = start + Math.ceil(size / 4) * 4;
  }
  return found;
}

describe('the bytes of an initrd', () => {
  const read = async (entries: readonly Entry[], root?: Parameters<typeof planInitrd>[1]['root']) => {
    const plan = planInitrd(entries, { mtime, ...(root === undefined ? {} : { root }) });
    const bytes = await readWhole(plan);
    assert.equal(bytes.length, plan.size);
    return membersOf(bytes);
  };
  const zero = { uid: 0, gid: 0, mtime, size: 0, major: 0, minor: 0, rmajor: 0, rminor: 0 };
  const end = { name: 'TRAILER!!!', content: '', fields: { ...zero, ino: 0, mode: 0, nlink: 1, mtime: 0 } };

  it('are headers with all their fields, in the order of the paths', async () => {
    const special = fileEntry('dev', '', {
      special: { kind: 'character', major: 5, minor: 300 },
      mode: 0o600,
    });
    const entries: Entry[] = [
      { type: 'symlink', path: 'l', mode: 0o777, uid: 0, gid: 0, target: 'dé' },
      fileEntry('d/f', 'hello', { uid: 1, gid: 70_000, mode: 0o4755 }),
      special,
    ];
    assert.deepEqual(await read(entries, { mode: 0o700, uid: 3, gid: 4 }), [
      { name: '.', content: '', fields: { ...zero, ino: 1, mode: 0o040700, uid: 3, gid: 4, nlink: 2 } },
      { name: 'd', content: '', fields: { ...zero, ino: 2, mode: 0o040755, nlink: 2 } },
      {
        name: 'd/f',
        content: 'hello',
        fields: { ...zero, ino: 3, mode: 0o104755, uid: 1, gid: 70_000, nlink: 1, size: 5 },
      },
      {
        name: 'dev',
        content: '',
        fields: { ...zero, ino: 4, mode: 0o020600, nlink: 1, rmajor: 5, rminor: 300 },
      },
      { name: 'l', content: 'dé', fields: { ...zero, ino: 5, mode: 0o120777, nlink: 1, size: 3 } },
      end,
    ]);
  });

  it('have the names of a file apart, and its content at the last one', async () => {
    const linked = { inode: '1' };
    const members = await read([
      fileEntry('a', 'xyz', linked),
      fileEntry('b', ''),
      fileEntry('c', 'xyz', linked),
    ]);
    assert.deepEqual(
      members.map(({ name, content, fields }) => [name, content, fields.ino, fields.nlink]),
      [
        ['.', '', 1, 2],
        ['a', '', 2, 2],
        ['b', '', 3, 1],
        ['c', 'xyz', 2, 2],
        ['TRAILER!!!', '', 0, 1],
      ],
    );
  });

  it('are the end alone behind an empty root', async () => {
    assert.deepEqual(
      (await read([])).map(({ name }) => name),
      ['.', 'TRAILER!!!'],
    );
  });

  it('hold a path of 4095 bytes, and no longer one', () => {
    const path = (length: number) => `${'d/'.repeat(2030)}${'é'.repeat(10)}`.padEnd(length - 10, 'x');
    assert.ok(planInitrd([fileEntry(path(4095), '')], { mtime }).size > 4095);
    assert.throws(() => planInitrd([fileEntry(path(4096), '')], { mtime }), {
      code: 'INPUT_INVALID',
      message: /^expected paths under 4096 bytes in an initrd, got 4096 of "\/d\/d\/.*…"$/,
      hint: 'Linux takes no longer ones: leave it out.',
    });
  });
});
