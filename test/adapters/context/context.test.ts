import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openContext, resolveContext } from '../../../src/adapters/context/context.ts';
import { withPlace } from '../../../src/adapters/context/disk.ts';
import { diskTree } from '../../../src/adapters/context/disk-tree.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { followLinks } from '../../../src/core/files/file-tree.ts';
import { noIgnoreRules } from '../../../src/core/files/ignore.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { match, outlineMatches, position } from '../../core/files/outline.ts';

const windows = process.platform === 'win32' && 'has no such names';

/** A context with a bit of everything. */
function sample(test: TestContext): string {
  const folder = temporaryFolder(test, {
    kernel: '123',
    'conf/b.conf': 'b',
    'conf/.hidden': '',
    'conf/sub/a.conf': '',
    'conf/sub/deep/a.conf': '',
    'with space/ü.txt': '12',
    'list/a-b': '',
    'list/a/b': '',
    'x1.txt': '',
  });
  mkdirSync(join(folder, 'empty'));
  mkdirSync(join(folder, 'links'));
  symlinkSync('../kernel', join(folder, 'links', 'kernel'));
  symlinkSync('../conf', join(folder, 'links', 'conf'));
  symlinkSync('nowhere', join(folder, 'links', 'dangling'));
  symlinkSync('links/conf/sub', join(folder, 'short'));
  return folder;
}

describe('match', () => {
  const sub = ['sub/', 'sub/a.conf 0', 'sub/deep/', 'sub/deep/a.conf 0'];
  const rows: [name: string, source: string, expected: string[]][] = [
    ['a file', 'kernel', ['kernel 3']],
    ['an absolute path', '/kernel', ['kernel 3']],
    ['a path that is not clean', './conf//sub/../../kernel', ['kernel 3']],
    ['a file with a trailing slash', 'kernel/', ['kernel 3']],
    ['a directory', 'conf/sub', sub],
    ['a directory with a trailing slash', 'conf/sub/', sub],
    ['an empty directory', 'empty', ['empty/']],
    ['names with spaces and unicode', 'with space/ü.txt', ['ü.txt 2']],
    ['a tree in the order of its names', 'list', ['list/', 'list/a/', 'list/a/b 0', 'list/a-b 0']],
    [
      'links in a directory, kept',
      'links',
      ['links/', 'links/conf -> ../conf', 'links/dangling -> nowhere', 'links/kernel -> ../kernel'],
    ],
    ['a link to a file, followed', 'links/kernel', ['kernel 3']],
    ['a link to a directory, followed', 'short', sub.map((line) => line.replace('sub', 'short'))],
    ['a path through links', 'short/deep/a.conf', ['a.conf 0']],
    ['a star', 'conf/*.conf', ['b.conf 1']],
    ['a star, hidden files included', 'conf/*', ['.hidden 0', 'b.conf 1', ...sub]],
    ['a range', 'x[0-9].tx?', ['x1.txt 0']],
    ['two stars, none and many folders', 'conf/**/a.conf', ['a.conf 0', 'a.conf 0']],
    ['two stars at the start', '**/*.conf', ['b.conf 1', 'a.conf 0', 'a.conf 0']],
    ['two stars before a folder', '**/s?b', sub],
    ['two stars at the end, as one', 'conf/**', ['.hidden 0', 'b.conf 1', ...sub]],
    ['a wildcard for a folder', '*/sub/*.conf', ['a.conf 0']],
    ['a wildcard below a link', 'short/*', ['a.conf 0', 'deep/', 'deep/a.conf 0']],
    ['a wildcard that matches a link, followed', 'links/k*', ['kernel 3']],
    ['an escaped character', 'conf/\\b.conf', ['b.conf 1']],
  ];
  for (const [name, source, expected] of rows) {
    it(`finds ${name}`, async (test) => {
      assert.deepEqual(outlineMatches(await match(sample(test), source)), expected);
    });
  }

  it('finds the context itself', async (test) => {
    const folder = temporaryFolder(test, { a: '', 'b/c': '' });
    for (const source of ['.', './', '/', '', 'b/..']) {
      assert.deepEqual(outlineMatches(await match(folder, source)), ['/', '/a 0', '/b/', '/b/c 0']);
    }
  });

  it('finds names that hold wildcards by escaping them', { skip: windows }, async (test) => {
    const folder = temporaryFolder(test, { 'x[1].txt': '', 'a*/b?': '', x1: '' });
    assert.deepEqual(outlineMatches(await match(folder, 'x\\[1\\].txt')), ['x[1].txt 0']);
    assert.deepEqual(outlineMatches(await match(folder, 'x[[]1].txt')), ['x[1].txt 0']);
    assert.deepEqual(outlineMatches(await match(folder, 'a\\*/b?')), ['b? 0']);
  });

  it('takes a folder that matches once, whatever matches inside it', async (test) => {
    const folder = temporaryFolder(test, { 'x/x/f': '' });
    assert.deepEqual(outlineMatches(await match(folder, '**/x')), ['x/', 'x/x/', 'x/x/f 0']);
  });

  it('keeps the executable bit, whoever it is for', { skip: windows }, async (test) => {
    const folder = temporaryFolder(test, { a: '', b: '', c: '', d: '' });
    for (const [name, mode] of Object.entries({ a: 0o644, b: 0o744, c: 0o410, d: 0o601 })) {
      chmodSync(join(folder, name), mode);
    }
    assert.deepEqual(outlineMatches(await match(folder, '?')), ['a 0', 'b* 0', 'c* 0', 'd* 0']);
  });

  it('gives each stream afresh', async (test) => {
    const [only] = await match(temporaryFolder(test, { a: 'hello' }), 'a');
    assert.ok(only?.found.type === 'file');
    for (const round of [1, 2]) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of only.found.open()) chunks.push(Buffer.from(chunk));
      assert.equal(Buffer.concat(chunks).toString(), 'hello', `round ${round}`);
    }
  });

  const refused: [name: string, source: string, message: RegExp, hint?: RegExp][] = [
    ['a name that is not there', 'nothing', /"nothing" is not in the context/],
    ['a name in another case', 'Kernel', /"Kernel" is not in/, /"kernel"\? Names are case-sensitive/],
    ['a path of the home directory', '~/k', /"~\/k" is not in the context/, /"~" is no home directory/],
    ['a misspelt name', 'conf/sup/a.conf', /"conf\/sup\/a.conf" is not in/, /"conf\/sub"/],
    ['a path of the machine', '/etc/hostname', /"\/etc\/hostname" is not in/, /not on this machine/],
    ['a file taken for a folder', 'kernel/x', /"kernel\/x" is not in the context/],
    ['a name of 300 characters', 'n'.repeat(300), /is not in the context/],
    ['a pattern that matches nothing', '*.bin', /nothing in the context matches "\*.bin"/],
    ['a pattern below a file', 'kernel/*', /nothing in the context matches/],
    ['a malformed pattern', 'a[', /"a\[" is not a valid pattern/],
    ['a way up', '../x', /"..\/x" leads out of the context/],
    ['a way up in the middle', 'conf/../../x', /leads out of the context/],
    ['a way up from the root', '/../x', /leads out of the context/],
    ['a way up before a wildcard', '../*', /leads out of the context/],
    ['a null byte', 'a\0b', /null byte/],
    ['a dangling link', 'links/dangling', /"links\/dangling" points to "links\/nowhere", which is not in/],
    ['a wildcard that matches a dangling link', 'links/d*', /"links\/dangling" points to "links\/nowhere"/],
  ];
  for (const [name, source, message, hint] of refused) {
    it(`refuses ${name}`, async (test) => {
      await assert.rejects(match(sample(test), source), {
        code: 'CONTEXT_PATH',
        message,
        position,
        ...(hint === undefined ? {} : { hint }),
      });
    });
  }

  const badLinks: [name: string, link: string, target: string, message: RegExp][] = [
    ['an absolute link', 'in/l', '/etc/hostname', /"in\/l" has an absolute target, "\/etc\/hostname"/],
    ['an absolute link into the context', 'in/l', 'CONTEXT/kernel', /"in\/l" has an absolute target/],
    ['a link out of the context', 'in/l', '../../x', /"in\/l" leads out of the context, to "..\/..\/x"/],
    ['a link that goes out and back', 'in/l', '../../CONTEXT/kernel', /"in\/l" leads out of the context/],
  ];
  for (const [name, link, target, message] of badLinks) {
    it(`follows no ${name.replace(/^an? /, '')}, and keeps it in a directory`, async (test) => {
      const folder = realpathSync(temporaryFolder(test, { kernel: '', 'in/a': '' }));
      const parts = target.split('CONTEXT');
      const base = target.startsWith('CONTEXT') ? folder : (folder.split('/').at(-1) ?? '');
      symlinkSync(parts.join(base), join(folder, link));
      for (const source of [link, `${link}/below`, 'in/*']) {
        await assert.rejects(match(folder, source), { code: 'CONTEXT_PATH', message, position });
      }
      const stored = parts.join(base);
      assert.deepEqual(outlineMatches(await match(folder, 'in')), ['in/', 'in/a 0', `in/l -> ${stored}`]);
      const all = outlineMatches(await match(folder, '.'));
      assert.deepEqual(all, ['/', '/in/', '/in/a 0', `/in/l -> ${stored}`, '/kernel 0']);
    });
  }

  it("names everything in a folder that an image can't hold", { skip: windows }, async (test) => {
    const folder = temporaryFolder(test, { 'in/a': '', 'in/deep/b': '', 'top/x': '' });
    const pipes = ['in/deep/second', 'in/first', 'in/pipe', 'top/third'];
    assert.equal(
      spawnSync(
        'mkfifo',
        pipes.map((path) => join(folder, path)),
      ).status,
      0,
    );
    for (const source of ['.', '*']) {
      await assert.rejects(match(folder, source), (error) => {
        assert.ok(error instanceof BimaError);
        assert.equal(error.problems.length, pipes.length);
        for (const [index, path] of pipes.entries()) {
          assert.ok(error.problems[index]?.message.startsWith(`"${path}" is a FIFO`));
          assert.deepEqual(error.problems[index]?.position, position);
        }
        return true;
      });
    }
  });

  it('refuses a link that leaves the context by way of another', async (test) => {
    const folder = temporaryFolder(test, { kernel: '', 'a/b/c': '' });
    symlinkSync('../..', join(folder, 'a', 'b', 'up'));
    symlinkSync('b/up/../x', join(folder, 'a', 'out'));
    await assert.rejects(match(folder, 'a/out'), {
      code: 'CONTEXT_PATH',
      message: /leads out of the context/,
    });
  });

  it('refuses links that lead in a circle', async (test) => {
    const folder = temporaryFolder(test);
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    await assert.rejects(match(folder, 'a'), { code: 'CONTEXT_PATH', message: /leads to itself/, position });
  });

  it('refuses FIFOs, named and in a directory, unless they are ignored', { skip: windows }, async (test) => {
    const folder = temporaryFolder(test, { 'in/a': '' });
    assert.equal(spawnSync('mkfifo', [join(folder, 'in', 'pipe')]).status, 0);
    for (const source of ['in/pipe', 'in', 'in/*']) {
      await assert.rejects(match(folder, source), {
        code: 'CONTEXT_PATH',
        message: /"in\/pipe" is a FIFO/,
        position,
      });
    }
    writeFileSync(join(folder, '.dockerignore'), '**/pipe');
    assert.deepEqual(outlineMatches(await match(folder, 'in')), ['in/', 'in/a 0']);
  });

  it('refuses sockets', { skip: windows }, async (test) => {
    const folder = temporaryFolder(test);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
    test.after(() => server.close());
    await assert.rejects(match(folder, '.'), {
      code: 'CONTEXT_PATH',
      message: /"socket" is a socket/,
      position,
    });
  });

  it('refuses devices', { skip: process.getuid?.() !== 0 && 'root alone can make one' }, async (test) => {
    const folder = temporaryFolder(test);
    assert.equal(spawnSync('mknod', [join(folder, 'null'), 'c', '1', '3']).status, 0);
    await assert.rejects(match(folder, '.'), {
      code: 'CONTEXT_PATH',
      message: /"null" is a character device/,
    });
  });

  // macOS and Windows don't let such names come into being.
  it('refuses names that are not UTF-8', { skip: process.platform !== 'linux' }, async (test) => {
    const folder = temporaryFolder(test, { a: '', c: '' });
    renameSync(join(folder, 'a'), Buffer.concat([Buffer.from(`${folder}/b`), Buffer.from([0xff])]));
    // It is nobody's business what is beside a file.
    assert.deepEqual(outlineMatches(await match(folder, 'c')), ['c 0']);
    await assert.rejects(match(folder, '.'), {
      code: 'CONTEXT_PATH',
      message: /valid UTF-8, got "b\\xff"/,
      position,
    });
  });

  it(
    'refuses what it may not read',
    { skip: windows || (process.getuid?.() === 0 && 'root may read everything') },
    async (test) => {
      const folder = temporaryFolder(test, { 'closed/a': '' });
      chmodSync(join(folder, 'closed'), 0);
      try {
        await assert.rejects(match(folder, '.'), {
          code: 'CONTEXT_PATH',
          message: /"closed" can't be read: permission denied/,
          position,
        });
      } finally {
        chmodSync(join(folder, 'closed'), 0o700);
      }
    },
  );

  // What a file system finds under another name, it doesn't list under that name.
  it('finds what the listing of its folder names, and nothing else', async (test) => {
    const folder = temporaryFolder(test, { 'APP/File': '' });
    const listing = (...names: string[]) => ({ names: new Set(names), undecodable: [] });
    const listings = new Map([
      ['', listing('app')],
      ['APP', listing('file')],
    ]);
    await withPlace({ root: folder }, listings, (place) => {
      const look = () => {
        const followed = followLinks(diskTree(place, noIgnoreRules), ['APP', 'File'], true);
        return followed.type === 'missing' ? followed : followed.type;
      };
      assert.deepEqual(look(), { type: 'missing', folder: '', name: 'APP' });
      listings.set('', listing('APP'));
      assert.deepEqual(look(), { type: 'missing', folder: 'APP', name: 'File' });
      listings.set('APP', listing('File'));
      assert.equal(look(), 'found');
    });
  });

  for (const source of [
    'KERNEL',
    'Conf/b.conf',
    'conf/b.conf.',
    'kernel::$DATA',
    'conf\\\\b.conf',
    '..\\\\kernel',
  ]) {
    it(`finds no ${source} on any system`, async (test) => {
      await assert.rejects(match(sample(test), source), {
        code: 'CONTEXT_PATH',
        message: /is not in the context/,
      });
    });
  }

  it('says that names in two Unicode forms differ', async (test) => {
    const folder = temporaryFolder(test, { ['ü'.normalize('NFD')]: '' });
    await assert.rejects(match(folder, 'ü'.normalize('NFC')), {
      code: 'CONTEXT_PATH',
      hint: /another Unicode form/,
    });
  });

  it('keeps paths of 300 characters', async (test) => {
    const path = `${'d'.repeat(149)}/${'f'.repeat(150)}`;
    const folder = temporaryFolder(test, { [path]: '1' });
    assert.deepEqual(outlineMatches(await match(folder, path)), [`${'f'.repeat(150)} 1`]);
  });
});

describe('the ignore file', () => {
  const files = { 'a.log': '', 'b.txt': '', 'docs/a.md': '', 'docs/keep/b.md': '', 'docs/more/c.md': '' };

  const rows: [name: string, rules: string, source: string, expected: string[]][] = [
    ['files at the root', '*.log\n.*ignore', '*.*', ['b.txt 0']],
    ['a folder', 'docs\n.*ignore\n*.*', '.', ['/']],
    [
      'a folder, but for what is below',
      'docs\n!docs/keep',
      'docs',
      ['docs/', 'docs/keep/', 'docs/keep/b.md 0'],
    ],
    ['a folder, but for a file far below', 'docs\n!docs/*/c.md', 'docs/*', ['more/', 'more/c.md 0']],
    ['a folder that is named, but for a child', 'docs/keep\n!**/b.md', 'docs/keep', ['keep/', 'keep/b.md 0']],
    ['nothing that is a match of a pattern', 'docs/keep', 'docs/*', ['a.md 0', 'more/', 'more/c.md 0']],
    ['a file found at any depth', 'docs/keep', '**/*.md', ['a.md 0', 'c.md 0']],
  ];
  for (const [name, rules, source, expected] of rows) {
    it(`leaves out ${name}`, async (test) => {
      const folder = temporaryFolder(test, { ...files, '.dockerignore': rules });
      assert.deepEqual(outlineMatches(await match(folder, source)), expected);
    });
  }

  for (const source of ['docs/keep/b.md', 'docs/keep', 'docs/k*', '**/b.md']) {
    it(`is named in the error for ${source}`, async (test) => {
      const folder = temporaryFolder(test, { ...files, '.dockerignore': 'docs/keep' });
      await assert.rejects(match(folder, source), {
        code: 'CONTEXT_PATH',
        message: /"docs\/keep(\/b.md)?" is left out of the context by ".dockerignore"/,
        hint: /"!docs\/keep(\/b.md)?"/,
        position,
      });
    });
  }

  // The folder holds what an image can't, so looking there would show.
  it(
    'keeps the build out of folders that it leaves out',
    { skip: process.platform !== 'linux' },
    async (test) => {
      const folder = temporaryFolder(test, { ...files, 'data/a': '', '.dockerignore': '*\n!docs/keep' });
      assert.equal(spawnSync('mkfifo', [join(folder, 'data', 'pipe')]).status, 0);
      renameSync(join(folder, 'data', 'a'), Buffer.from(`${folder}/data/\xff`, 'latin1'));
      const kept = ['/', '/docs/', '/docs/keep/', '/docs/keep/b.md 0'];
      assert.deepEqual(outlineMatches(await match(folder, '.')), kept);
      assert.deepEqual(outlineMatches(await match(folder, '**/*.md')), ['b.md 0']);
    },
  );

  it('hides the target of a link, and the link itself', async (test) => {
    const folder = temporaryFolder(test, { ...files, '.dockerignore': 'b.txt\nhidden' });
    symlinkSync('b.txt', join(folder, 'link'));
    symlinkSync('a.log', join(folder, 'hidden'));
    for (const source of ['link', 'hidden']) {
      await assert.rejects(match(folder, source), {
        code: 'CONTEXT_PATH',
        message: /left out of the context/,
      });
    }
  });

  it('may have the other name, which then wins', async (test) => {
    const folder = temporaryFolder(test, { ...files, '.dockerignore': 'b.txt', '.containerignore': 'docs' });
    assert.deepEqual(outlineMatches(await match(folder, 'b*')), ['b.txt 0']);
    await assert.rejects(match(folder, 'docs'), { message: /by ".containerignore"/ });
  });

  it('may be a link, but not one that leads out', async (test) => {
    const folder = temporaryFolder(test, { ...files, rules: 'docs' });
    symlinkSync('rules', join(folder, '.dockerignore'));
    await assert.rejects(match(folder, 'docs'), { message: /left out of the context/ });

    const other = temporaryFolder(test, files);
    symlinkSync('../rules', join(other, '.dockerignore'));
    await assert.rejects(openContext(realpathSync(other)), {
      code: 'CONTEXT_PATH',
      message: /".dockerignore" leads out/,
    });
  });

  it('must be a file with valid patterns', async (test) => {
    await assert.rejects(openContext(temporaryFolder(test, { '.dockerignore/a': '' })), {
      code: 'CONTEXT_PATH',
    });
    const faulty = temporaryFolder(test, { '.dockerignore': 'a\n[' });
    for (const [context, file] of [
      ['.', '.dockerignore'],
      ['app', join('app', '.dockerignore')],
      [faulty, join(faulty, '.dockerignore')],
    ] as const) {
      await assert.rejects(openContext(faulty, { context }), {
        code: 'CONTEXT_PATH',
        position: { file, line: 2, column: 1 },
      });
    }
  });
});

describe('resolveContext', () => {
  it('resolves links on the way to the directory', async (test) => {
    const folder = realpathSync(temporaryFolder(test, { 'real/a': '' }));
    symlinkSync('real', join(folder, 'link'));
    assert.equal(await resolveContext(join(folder, 'link')), join(folder, 'real'));
  });

  it('refuses a file, and what is not there', async (test) => {
    const folder = temporaryFolder(test, { file: '' });
    await assert.rejects(resolveContext(join(folder, 'file')), {
      code: 'CONTEXT_PATH',
      message: /got the file/,
    });
    await assert.rejects(resolveContext(join(folder, 'no')), {
      code: 'CONTEXT_PATH',
      message: /does not exist/,
    });
  });
});
