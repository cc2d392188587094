import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../../src/core/files/entry.ts';
import { createBlockImage } from '../../../src/core/files/ext2.ts';
import { checkImage, readImage, toolEnvironment } from '../../support/read-root.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describeTree, fileEntry, readWhole, rootTrees, writeSystem } from '../../support/root-tree.ts';
import { unlessInstalled, unlessMountingWith } from '../../support/tools.ts';

const mtime = 1_700_000_000;
const maxBuffer = 64 * 1024 * 1024;

function zeros(path: string, size: number): Entry {
  const open = async function* () {
    await Promise.resolve();
    const chunk = Buffer.alloc(1024 * 1024);
    for (let left = size; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
  };
  return { ...fileEntry(path, ''), size, open } as Entry;
}

async function makeImage(test: TestContext, entries: readonly Entry[], free: number, blockSize?: number) {
  const file = join(temporaryFolder(test), 'image');
  const options = { mtime, free, ...(blockSize === undefined ? {} : { blockSize }) };
  await writeSystem(createBlockImage(entries, options), file);
  return file;
}

describe('a block image', () => {
  const skip = unlessInstalled('e2fsck');

  it('holds what random trees hold, and is clean', { skip }, async (test) => {
    const folder = temporaryFolder(test);
    const file = join(folder, 'image');
    const sizes = fc.constantFrom(1024, 2048, 4096);
    await fc.assert(
      fc.asyncProperty(
        rootTrees,
        sizes,
        fc.integer({ min: 0, max: 300_000 }),
        async (entries, blockSize, free) => {
          await writeSystem(createBlockImage(entries, { mtime, free, blockSize }), file);
          checkImage(file);
          const expected = await describeTree(entries);
          const got = readImage(file, [...expected.keys()], folder, mtime);
          assert.deepEqual(got, new Map([...expected].map(([path, text]) => [path, text])));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has the same bytes whatever the order of its entries', async () => {
    await fc.assert(
      fc.asyncProperty(rootTrees, async (entries) => {
        const one = await readWhole(createBlockImage(entries, { mtime, free: 0 }));
        assert.ok(one.equals(await readWhole(createBlockImage([...entries].reverse(), { mtime, free: 0 }))));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps extended attributes', { skip }, async (test) => {
    const xattrs = new Map([
      ['user.text', Buffer.from('value')],
      ['user.empty', Buffer.alloc(0)],
      ['trusted.x', Buffer.from('1')],
      ['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')],
    ]);
    const entries = [
      fileEntry('program', 'x', { xattrs }),
      { ...fileEntry('link', ''), type: 'symlink', target: 'program', xattrs } as Entry,
    ];
    const file = await makeImage(test, entries, 0);
    checkImage(file);
    for (const path of ['/program', '/link']) {
      const listed = execFileSync('debugfs', ['-R', `ea_list ${path}`, file], {
        env: toolEnvironment,
        stdio: 'pipe',
      });
      assert.equal(
        listed.toString(),
        'Extended attributes:\n  user.text (5) = "value"\n  user.empty (0)\n  trusted.x (1) = "1"\n' +
          `  security.capability (20) = 01 00 00 02 00 04${' 00'.repeat(14)} \n`,
      );
    }
  });

  it('holds a file with triple indirect blocks', { skip }, async (test) => {
    const file = await makeImage(test, [zeros('a', 70 * 1024 * 1024), fileEntry('b', 'behind')], 0, 1024);
    checkImage(file);
    const shown = execFileSync('debugfs', ['-R', 'stat /a', file], { env: toolEnvironment, stdio: 'pipe' });
    assert.match(shown.toString(), /\(TIND\)/);
    const behind = execFileSync('debugfs', ['-R', 'cat /b', file], { env: toolEnvironment, stdio: 'pipe' });
    assert.equal(behind.toString(), 'behind');
  });

  it('holds 20,000 files in one folder, across block groups', { skip }, async (test) => {
    const entries = Array.from({ length: 20_000 }, (_, index) =>
      fileEntry(`many/file-${index}`, 'x'.repeat(index % 3)),
    );
    const file = await makeImage(test, entries, 0, 1024);
    assert.match(checkImage(file), /20011\/\d+ files \(0\.0% non-contiguous\)/);
  });

  it('has the free space that was asked for, and room for files in it', { skip }, async (test) => {
    for (const free of [0, 1_000_000, 300_000_000]) {
      const file = await makeImage(test, [], free);
      checkImage(file);
      const said = execFileSync('dumpe2fs', ['-h', file], {
        encoding: 'utf8',
        env: toolEnvironment,
        stdio: 'pipe',
      });
      const number = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(said)?.[1]);
      assert.ok(number('Free blocks') * 4096 >= free, said);
      assert.ok(number('Free blocks') * 4096 < free + 4096 + 32 * 4096, said);
      assert.ok(number('Free inodes') >= free / 16_384, said);
    }
  });

  it('refuses what ext2 can not hold', () => {
    const refused = [
      { ...fileEntry('huge', ''), size: 2 ** 41 },
      { ...fileEntry('link', ''), type: 'symlink', target: 't'.repeat(4096) },
      fileEntry('n'.repeat(256), ''),
      fileEntry('attributes', '', { xattrs: new Map([['user.large', Buffer.alloc(4096)]]) }),
    ] as Entry[];
    for (const entry of refused)
      assert.throws(
        () => createBlockImage([entry], { mtime, free: 0 }),
        { code: 'INPUT_INVALID' },
        entry.path,
      );
    const folders = Array.from({ length: 32_000 }, (_, index): Entry => {
      return { type: 'directory', path: `many/${index}`, mode: 0o755, uid: 0, gid: 0 };
    });
    assert.throws(() => createBlockImage(folders, { mtime, free: 0 }), { code: 'INPUT_INVALID' });
  });

  it('fails when a file is no longer as long as it was', async () => {
    for (const size of [3, 5, 4097]) {
      const entry = { ...fileEntry('file', 'four'), size } as Entry;
      const image = createBlockImage([entry], { mtime, free: 0 });
      await assert.rejects(async () => readWhole(image), { code: 'CONTEXT_CHANGED' });
    }
  });

  for (const type of ['ext2', 'ext4']) {
    it(
      `is mounted by Linux as ${type}, read and written`,
      { skip: unlessMountingWith('e2fsck') },
      async (test) => {
        const folder = temporaryFolder(test, { 'root/.keep': '' });
        const file = join(folder, 'image');
        const [entries = []] = fc.sample(
          rootTrees.filter((tree) => tree.length > 10),
          { numRuns: 1, seed: 7 },
        );
        await writeSystem(createBlockImage(entries, { mtime, free: 1_000_000 }), file);
        const script = `
        mount -o loop -t ${type} "$0" "$1"
        cd "$1"
        find . -printf '%P\\t%y\\t%m %U:%G\\t%n\\t%T@\\t%l\\n'
        mkdir new && echo written > new/file && sync
        cd / && umount "$1"`;
        const args = ['-m', 'sh', '-ec', script, file, join(folder, 'root')];
        const printed = execFileSync('unshare', args, { encoding: 'utf8', maxBuffer });
        const letters: Record<string, string> = {
          f: 'file',
          d: 'directory',
          l: 'symlink',
          c: 'character',
          b: 'block',
          p: 'fifo',
          s: 'socket',
        };
        const expected = await describeTree(entries);
        const lines = printed
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t'));
        assert.equal(lines.length, expected.size);
        for (const [path = '', letter = '', owner = '', links = '', time = '', target = ''] of lines) {
          const text = expected.get(path === '' ? '.' : path) ?? '';
          const kind = letters[letter] ?? letter;
          assert.ok(text.startsWith(`${kind} ${owner} `), `${path}: ${text}, ${letter} ${owner}`);
          if (kind === 'file') assert.equal(text.split(' ')[3], links, path);
          if (kind === 'symlink') assert.ok(text.endsWith(` ${target}`), path);
          assert.equal(Number(time), mtime, path);
        }
        checkImage(file);
        const written = execFileSync('debugfs', ['-R', 'cat /new/file', file], {
          env: toolEnvironment,
          stdio: 'pipe',
        });
        assert.equal(written.toString(), 'written\n');
      },
    );
  }
});
