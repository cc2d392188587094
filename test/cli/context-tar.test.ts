// `bima build -` and `bima lint -`: a context that comes in a tar, or a Containerfile alone.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { unpackTar } from '../../src/adapters/context/unpack-tar.ts';
import { run } from '../../src/cli/run.ts';
import { BimaError } from '../../src/core/errors.ts';
import { streamOf } from '../../src/core/oci/blob.ts';
import { temporaryFolder } from '../support/folder.ts';
import { mustRunCommand, runCommand } from '../support/run-command.ts';
import { packTar } from '../support/pack-tar.ts';
import type { TarPart } from '../support/pack-tar.ts';
import { sampleContainerfile, sampleContext } from '../support/sample.ts';

const windows = process.platform === 'win32' && 'Windows has no such files';
const containerfile = { name: 'Containerfile', content: 'FROM scratch\nCOPY missing /\n' };

function tarOfFolder(folder: string): Buffer {
  const { status, stdout, stderr } = spawnSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 1e8 });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

/** What is there of folders for contexts. */
function leftovers(): string[] {
  return readdirSync(tmpdir()).filter(
    (name) => name.startsWith(`.context.bima-`) && name.includes(`${process.pid}`),
  );
}

describe('a tar of a context on standard input', () => {
  it('gives the image of the folder that it was made from', { skip: windows }, async (test) => {
    const context = sampleContext(test);
    mkdirSync(join(context, 'deep/empty'), { recursive: true });
    writeFileSync(join(context, 'deep/run'), 'x');
    chmodSync(join(context, 'deep/run'), 0o710);
    linkSync(join(context, 'deep/run'), join(context, 'deep/again'));
    symlinkSync('../redis.conf', join(context, 'deep/link'));
    symlinkSync('/nowhere/else', join(context, 'deep/out'));
    writeFileSync(join(context, '.dockerignore'), '*.log\n');
    writeFileSync(join(context, 'x.log'), 'x');
    writeFileSync(join(context, 'Containerfile'), `${sampleContainerfile}COPY . /all/\n`);
    const dest = temporaryFolder(test);
    const build = (name: string, place: string) => [
      ...[
        'build',
        '-t',
        'a:1',
        '--compression',
        'none',
        '--output',
        'oci',
        '--dest',
        join(dest, name),
        place,
      ],
    ];
    const { stdout: expected } = await mustRunCommand(build('folder', context));
    const tar = tarOfFolder(context);
    const forms = [
      tar,
      zlib.gzipSync(tar),
      ...('zstdCompressSync' in zlib ? [zlib.zstdCompressSync(tar)] : []),
    ];
    for (const [index, input] of forms.entries()) {
      const { stdout } = await mustRunCommand(build(String(index), '-'), { input });
      assert.equal(stdout, expected);
    }
    assert.deepEqual(leftovers(), []);
  });

  it('has errors that name the files in it, and no folder is left', async () => {
    const { code, stdout } = await runCommand(['lint', '--no-strict', '-'], {
      input: packTar([containerfile]),
    });
    assert.equal(code, 1);
    assert.match(stdout, /^Containerfile:2:6: error: "missing" is not in the context/m);
    assert.doesNotMatch(stdout, /bima-/);
    assert.deepEqual(leftovers(), []);
  });

  it('has the Containerfile that --file names, by its path in the tar', async () => {
    const input = packTar([{ ...containerfile, name: './sub/My.file' }]);
    const named = await runCommand(['lint', '--no-strict', '-f', 'sub/My.file', '-'], { input });
    assert.match(named.stdout, /^sub\/My.file:2:6: error: "missing"/m);
    for (const args of [[], ['-f', 'package.json'], ['-f', '../../../../etc/passwd']]) {
      const { code, stdout, stderr } = await runCommand(['lint', ...args, '-'], { input });
      assert.equal(code, 1);
      assert.match(stdout + stderr, /found no .* in the tar on standard input/);
    }
  });

  it('loses devices with a warning', async () => {
    const input = packTar([containerfile, { name: 'dev', type: 'character-device' }]);
    const { stdout } = await runCommand(['lint', '--no-strict', '-'], { input });
    assert.match(stdout, /warning: "dev" of the tar on standard input is left out/);
  });

  it('is refused when it is cut off or damaged', async () => {
    const tar = packTar([{ ...containerfile, content: 'x'.repeat(5000) }]);
    for (const input of [tar.subarray(0, 2000), zlib.gzipSync(tar).subarray(0, 60)]) {
      const { code, stderr } = await runCommand(['build', '-t', 'a', '--tar', '-'], { input });
      assert.equal(code, 1);
      assert.match(stderr, /the tar on standard input is (?:no valid tar|damaged)/);
    }
    for (const [name, bytes] of [
      ['bzip2', Buffer.from('BZh91AY&SY')],
      ['xz', Buffer.from('\xfd7zXZ\0\0\0', 'latin1')],
    ] as const) {
      const { code, stderr } = await runCommand(['lint', '-'], { input: bytes });
      assert.deepEqual(
        [code, stderr.split('\n')],
        [
          1,
          [
            `bima: error: the tar on standard input is compressed with ${name}, which can't be read`,
            '  Compress it with gzip or zstd, or not at all.',
          ],
        ],
      );
    }
    assert.deepEqual(leftovers(), []);
  });
});

describe('a Containerfile as the context', () => {
  it('is built with an empty context', async () => {
    const { code, stdout } = await runCommand(['lint', '--no-strict', '-'], { input: containerfile.content });
    assert.equal(code, 1);
    assert.match(stdout, /^-:2:6: error: "missing" is not in the context\n.*The context is empty/m);
  });

  const wrong: readonly (readonly [args: readonly string[], input: string, message: RegExp])[] = [
    [['-'], '', /on standard input, got nothing$/],
    [['-f', '-', '-'], 'FROM scratch\n', /got the context - and --file -\n {2}Leave --file out/],
    [
      ['-u', 'me', '--password-stdin', '-'],
      'FROM scratch\n',
      /got the context - and --password-stdin\n {2}Log in with "docker login"/,
    ],
    [
      ['-f', 'Containerfile', '-'],
      'FROM scratch\n',
      /expected the tar of a context with "Containerfile" in it on standard input, got a text\n {2}A Containerfile on standard input goes without --file\./,
    ],
  ];
  for (const [args, input, message] of wrong) {
    it(`is an error for ${args.join(' ')} and ${JSON.stringify(input)}`, async () => {
      const { code, stderr } = await runCommand(['lint', ...args], { input });
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }

  it('is refused when it is far too large', async () => {
    const { code, stderr } = await runCommand(['lint', '-'], { input: '#\n'.repeat(1_000_000) });
    assert.equal(code, 1);
    assert.match(stderr, /at most 1048576 bytes/);
    const largest = `FROM scratch\nCOPY missing /\n#${'x'.repeat(1024 * 1024)}`.slice(0, 1024 * 1024);
    const { stdout } = await runCommand(['lint', '--no-strict', '-'], { input: largest });
    assert.match(stdout, /^-:2:6: error: "missing"/m);
    assert.deepEqual(leftovers(), []);
  });

  it('is a tar without files when it is nothing but zeros', async () => {
    for (const size of [512, 10_240]) {
      const empty = await runCommand(['lint', '-'], { input: Buffer.alloc(size) });
      assert.match(empty.stdout + empty.stderr, /found no .* in the tar on standard input/);
    }
    const short = await runCommand(['lint', '-'], { input: Buffer.alloc(511) });
    assert.doesNotMatch(short.stdout + short.stderr, /in the tar on standard input/);
  });

  it('is not read from a terminal', async () => {
    const lines: string[] = [];
    const code = await run(['build', '--tar', '-t', 'a', '-'], {
      environment: {},
      stdout: () => assert.fail('nothing is built'),
      stderr: (line) => lines.push(line),
      stdin: () => Promise.resolve(''),
      home: '/nowhere',
      signal: new AbortController().signal,
    });
    assert.deepEqual(
      [code, lines],
      [
        2,
        [
          'bima: error: expected a Containerfile or the tar of a context on standard input, which is a terminal\n  Name a folder as the context, or write "bima build - < Containerfile".',
        ],
      ],
    );
  });
});

describe('a hostile tar', () => {
  const file = (name: string) => ({ name, content: 'evil' });
  const hostile: readonly (readonly [what: string, parts: (outside: string) => readonly TarPart[]])[] = [
    ['a name with ..', () => [file('../evil')]],
    ['.. in the middle', () => [file('a/../../evil')]],
    ['a file behind a link', (outside) => [{ name: 'a', target: outside }, file('a/evil')]],
    ['a file behind a relative link', () => [{ name: 'a', target: '..' }, file('a/evil')]],
    [
      'a folder behind a link',
      (outside) => [
        { name: 'a', target: outside },
        { name: 'a/evil', type: 'directory' },
      ],
    ],
    [
      'a link behind a link',
      (outside) => [
        { name: 'a', target: outside },
        { name: 'a/evil', target: 'x' },
      ],
    ],
    ['a hard link with ..', () => [{ name: 'a', target: '../outside/secret', type: 'link' }]],
    ['an absolute hard link', (outside) => [{ name: 'a', target: `${outside}/secret`, type: 'link' }]],
    [
      'a hard link through a link',
      (outside) => [
        { name: 'a', target: outside },
        { name: 'b', target: 'a/secret', type: 'link' },
      ],
    ],
    ['a file in the place of a folder', () => [file('a/b'), file('a')]],
    ['a file below a file', () => [file('a'), file('a/b')]],
  ];
  for (const [what, parts] of hostile) {
    it(`is refused with ${what}`, { skip: windows }, async (test) => {
      const { inside, outside, unpack } = places(test);
      await assert.rejects(unpack(packTar(parts(outside))), { code: 'CONTEXT_PATH' });
      assert.deepEqual(readdirSync(outside), ['secret']);
      assert.deepEqual(readdirSync(join(inside, '..')).sort(), ['inside', 'outside']);
    });
  }

  it(
    'writes no file through a link of its name, nor through a hard link to one',
    { skip: windows },
    async (test) => {
      const { inside, outside, unpack } = places(test);
      const link = { name: 'a', target: `${outside}/secret` };
      await unpack(
        packTar([link, { name: 'b', target: 'a', type: 'link' }, file('a'), file('b'), file('/etc/evil')]),
      );
      assert.equal(readText(join(outside, 'secret')), 'kept');
      for (const name of ['a', 'b', 'etc/evil']) assert.equal(readText(join(inside, name)), 'evil');
    },
  );

  it('is refused with names and targets that no file can have', async (test) => {
    const { unpack } = places(test);
    for (const part of [{ name: 'a', target: '\0x' }, { name: 'x'.repeat(300) }, { name: 'a/'.repeat(2040) }])
      await assert.rejects(unpack(packTar([part])), { code: 'CONTEXT_PATH' });
  });

  it('is refused with a name that is not UTF-8', async (test) => {
    const { unpack } = places(test);
    const tar = packTar([file('caf_')]);
    tar.writeUInt8(0xe9, 3);
    tar.write(
      (0xe9 - 0x5f + Number.parseInt(tar.toString('latin1', 148, 154), 8)).toString(8).padStart(6, '0'),
      148,
    );
    await assert.rejects(unpack(tar), { code: 'CONTEXT_PATH', message: /not UTF-8/ });
  });

  it(
    'is refused when it would fill a disk, before anything of that is written',
    { skip: windows },
    async (test) => {
      const { inside, unpack } = places(test);
      const folder = temporaryFolder(test, { small: 'x', huge: '' });
      truncateSync(join(folder, 'huge'), 9 * 2 ** 30);
      const tar = execFileSync('tar', ['-cS', '-C', folder, 'small', 'huge']);
      await assert.rejects(unpack(tar), { code: 'LAYOUT_INVALID', message: /at most 8589934592 bytes/ });
      assert.deepEqual(readdirSync(inside), ['small']);
    },
  );

  it(
    'has what a sparse file holds, and takes no global header for an entry',
    { skip: windows },
    async (test) => {
      const { inside, unpack } = places(test);
      const folder = temporaryFolder(test, { sparse: '' });
      truncateSync(join(folder, 'sparse'), 3_000_000);
      appendFileSync(join(folder, 'sparse'), 'end');
      const flags = ['--format=pax', '--pax-option=comment=global,globexthdr.name=g'];
      await unpack(execFileSync('tar', ['-cS', ...flags, '-C', folder, 'sparse']));
      assert.deepEqual(readdirSync(inside), ['sparse']);
      const found = readFileSync(join(inside, 'sparse'));
      assert.ok(found.equals(Buffer.concat([Buffer.alloc(3_000_000), Buffer.from('end')])));
    },
  );

  it('writes nothing outside, whatever its entries are', { skip: windows }, async (test) => {
    const { inside, outside, unpack } = places(test);
    const name = fc.array(fc.constantFrom('a', 'b', '.', '..', ''), { minLength: 1, maxLength: 4 });
    const path = name.map((parts) => parts.join('/'));
    const target = fc.oneof(
      path,
      fc.constantFrom(outside, `${outside}/secret`, '../outside', '../outside/secret'),
    );
    const part: fc.Arbitrary<TarPart> = fc.oneof(
      path.map(file),
      path.map((folder) => ({ name: folder, type: 'directory' as const })),
      fc.record({ name: path, target }),
      fc.record({ name: path, target, type: fc.constant('link' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        rmSync(inside, { recursive: true, force: true });
        mkdirSync(inside);
        await unpack(packTar(parts)).catch((error: unknown) => {
          if (!(error instanceof BimaError)) throw error;
        });
        assert.deepEqual(readdirSync(join(inside, '..')).sort(), ['inside', 'outside']);
        assert.deepEqual(readdirSync(outside), ['secret']);
        assert.equal(readText(join(outside, 'secret')), 'kept');
        assert.equal(lstatSync(join(outside, 'secret')).nlink, 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a file that is a hard link to itself', async (test) => {
    const { inside, unpack } = places(test);
    await unpack(packTar([file('a'), { name: './a', target: 'a', type: 'link' }]));
    assert.equal(readText(join(inside, 'a')), 'evil');
  });
});

function places(test: TestContext) {
  const folder = temporaryFolder(test, { 'outside/secret': 'kept' });
  const [inside, outside] = [join(folder, 'inside'), join(folder, 'outside')];
  mkdirSync(inside);
  return { inside, outside, unpack: (tar: Uint8Array) => unpackTar(streamOf(tar), inside, 'the tar') };
}

function readText(path: string): string {
  assert.ok(lstatSync(path).isFile());
  return readFileSync(path, 'utf8');
}
