// Every command with every kind of wrong path for what it writes: nothing is destroyed, and the message names the path.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join, sep } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { inspectImages } from '../../src/usecases/inspect.ts';
import { mustOpenLocalImages } from '../../src/adapters/disk/open.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootable, elf } from '../support/headers.ts';
import { runWithLines } from '../support/run-inputs.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const windows = process.platform === 'win32';
const isRoot = process.getuid?.() === 0;

const containerfile = `FROM scratch
COPY kernel /
LABEL com.urunc.unikernel.binary=/kernel
LABEL com.urunc.unikernel.unikernelType=unikraft
LABEL com.urunc.unikernel.hypervisor=qemu
LABEL com.urunc.unikernel.cmdline=a
LABEL com.urunc.unikernel.version=1
`;

interface Finished {
  readonly code: number;
  readonly said: string;
  readonly bytes: Buffer;
}

async function bima(...args: readonly string[]): Promise<Finished & { readonly out: string }> {
  const out: string[] = [];
  const said: string[] = [];
  const chunks: Uint8Array[] = [];
  const code = await run(args, {
    environment: {},
    stdout: (line) => out.push(line),
    stdoutBytes: async (stream) => {
      for await (const chunk of stream) chunks.push(Buffer.from(chunk));
    },
    stderr: (line) => said.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
  });
  return { code, said: said.join('\n'), out: out.join('\n'), bytes: Buffer.concat(chunks) };
}

interface Scene {
  readonly folder: string;
  readonly context: string;
  /** An archive that is there, for what reads one. */
  readonly archive: string;
}

async function scene(test: TestContext): Promise<Scene> {
  const folder = temporaryFolder(test, {
    'context/Containerfile': containerfile,
    'context/kernel': bootable(elf(64, 'little', 62)),
    'at/full/file': 'kept',
    'at/file': 'kept',
  });
  const archive = join(folder, 'input.tar');
  const { code, said } = await bima('build', '-q', '--tar', '--dest', archive, join(folder, 'context'));
  assert.equal(code, 0, said);
  return { folder, context: join(folder, 'context'), archive };
}

/** Types, links and contents of everything below a folder, but for the modes. */
function outline(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const at = join(folder, path);
      const stats = lstatSync(at);
      const content = stats.isSymbolicLink()
        ? readlinkSync(at)
        : stats.isFile()
          ? readFileSync(at, 'latin1')
          : '';
      return `${path} ${stats.mode} ${stats.rdev} ${content}`;
    });
}

/** A path that can't be an output. Made in the folder `at`; returns the path. */
interface WrongPath {
  readonly name: string;
  readonly make: (at: string, test: TestContext) => string | Promise<string>;
  /** What it is wrong for. */
  readonly for: readonly Command['kind'][];
  readonly skip?: boolean;
}

const both = ['archive', 'layout'] as const;
const all = [...both, 'cache'] as const;
const wrongPaths: readonly WrongPath[] = [
  { name: 'a folder that holds something', make: (at) => join(at, 'full'), for: both },
  {
    name: 'an empty folder',
    make: (at) => {
      mkdirSync(join(at, 'empty'));
      return join(at, 'empty');
    },
    for: ['archive'],
  },
  { name: 'a folder that is not there', make: (at) => join(at, 'new') + sep, for: ['archive'] },
  { name: 'a file', make: (at) => join(at, 'file'), for: ['layout', 'cache'] },
  { name: 'a path below a file', make: (at) => join(at, 'file', 'x'), for: all },
  { name: 'a path far below a file', make: (at) => join(at, 'file', 'x', 'y', 'z'), for: all },
  {
    name: 'a link to a folder that holds something',
    make: (at) => {
      symlinkSync(join(at, 'full'), join(at, 'link'), 'junction');
      return join(at, 'link');
    },
    for: both,
  },
  {
    name: 'a link that leads to itself',
    make: (at) => {
      symlinkSync('self', join(at, 'self'));
      return join(at, 'self');
    },
    for: all,
    skip: windows,
  },
  {
    name: 'a link to a path below a file',
    make: (at) => {
      symlinkSync('file/x', join(at, 'below'));
      return join(at, 'below');
    },
    for: all,
    skip: windows,
  },
  {
    name: 'a device',
    make: (at) => {
      assert.equal(spawnSync('mknod', ['-m', '666', join(at, 'null'), 'c', '1', '3']).status, 0);
      return join(at, 'null');
    },
    for: all,
    skip: !isRoot || process.platform !== 'linux',
  },
  {
    name: 'a link to a device',
    make: (at) => {
      symlinkSync('/dev/null', join(at, 'null'));
      return join(at, 'null');
    },
    for: all,
    skip: windows,
  },
  {
    name: 'a FIFO',
    make: (at) => {
      assert.equal(spawnSync('mkfifo', [join(at, 'pipe')]).status, 0);
      return join(at, 'pipe');
    },
    for: ['layout', 'cache'],
    skip: windows,
  },
  {
    name: 'a socket',
    make: async (at, test) => {
      const server = createServer();
      await new Promise<void>((done) => server.listen(join(at, 'socket'), done));
      test.after(() => server.close());
      return join(at, 'socket');
    },
    for: all,
    skip: windows,
  },
  {
    name: 'a place that may not be written to',
    make: (at) => {
      mkdirSync(join(at, 'closed'));
      chmodSync(join(at, 'closed'), 0o500);
      return join(at, 'closed', 'x');
    },
    for: all,
    skip: windows || isRoot,
  },
  { name: 'a name that is too long', make: (at) => join(at, 'n'.repeat(300)), for: all },
];

/** Every way to write a file or a folder at a path that a user names. */
interface Command {
  readonly name: string;
  readonly kind: 'archive' | 'layout' | 'cache';
  readonly run: (scene: Scene, path: string, test: TestContext) => Promise<Finished>;
}

const commands: readonly Command[] = [
  {
    name: 'bima build --tar',
    kind: 'archive',
    run: ({ context }, path) => bima('build', '--tar', '--dest', path, context),
  },
  {
    name: 'bima build --output oci',
    kind: 'layout',
    run: ({ context }, path) => bima('build', '--output', 'oci', '-t', 'a:1', '--dest', path, context),
  },
  {
    name: 'bima merge --tar',
    kind: 'archive',
    run: ({ archive }, path) => bima('merge', '--tar', '--dest', path, archive),
  },
  {
    name: 'bima merge --output oci',
    kind: 'layout',
    run: ({ archive }, path) => bima('merge', '--output', 'oci', '--dest', path, archive),
  },
  { name: 'the input tar', kind: 'archive', run: (at, path, test) => step(test, at, { tar: path }) },
  {
    name: 'the input oci-layout',
    kind: 'layout',
    run: (at, path, test) => step(test, at, { 'oci-layout': path }),
  },
  {
    name: 'bima build --cache',
    kind: 'cache',
    run: ({ context, folder }, path) =>
      bima('build', '--cache', path, '--tar', '--dest', join(folder, 'out.tar'), context),
  },
  {
    name: 'bima lint --cache',
    kind: 'cache',
    run: ({ context }, path) => bima('lint', '--cache', path, context),
  },
];

async function step(
  test: TestContext,
  { context }: Scene,
  inputs: Record<string, string>,
): Promise<Finished> {
  const nothing = Buffer.alloc(0);
  try {
    await runWithLines(test, { context, image: 'ghcr.io/a/b', tags: 'c', ...inputs });
    return { code: 0, said: '', bytes: nothing };
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'BimaError', String(error));
    return { code: 1, said: error.message, bytes: nothing };
  }
}

for (const command of commands) {
  describe(`${command.name}, at a path that can't be written`, () => {
    for (const wrong of wrongPaths.filter((row) => row.for.includes(command.kind))) {
      it(`refuses ${wrong.name}`, { skip: wrong.skip ?? false }, async (test) => {
        const here = await scene(test);
        const at = join(here.folder, 'at');
        const path = await wrong.make(at, test);
        // A build would fail on this: the path is looked at before.
        writeFileSync(join(here.context, 'Containerfile'), 'NONSENSE');
        const before = outline(at);
        const { code, said } = await command.run(here, path, test);
        assert.equal(code, 1, said);
        assert.ok(said.includes(`"${path}"`), said);
        assert.doesNotMatch(said, /internal error|NONSENSE/);
        assert.deepEqual(outline(at), before);
      });
    }
  });

  if (command.kind === 'cache') continue;
  describe(`${command.name}, at a path that can be written`, () => {
    const check = async (path: string) => {
      if (command.kind === 'layout') assert.equal(verifyLayout(path).length, 1);
      const { source, roots } = await mustOpenLocalImages(path);
      assert.equal((await inspectImages(source, roots)).length, 1);
    };

    it('makes what is missing', async (test) => {
      const here = await scene(test);
      const path = join(here.folder, 'at/new/deep/image');
      const { code, said } = await command.run(here, path, test);
      assert.equal(code, 0, said);
      await check(path);
    });

    it('follows a link to nothing', { skip: windows }, async (test) => {
      const here = await scene(test);
      const link = join(here.folder, 'at/link');
      symlinkSync('../real/image', link);
      const { code, said } = await command.run(here, link, test);
      assert.equal(code, 0, said);
      assert.equal(readlinkSync(link), '../real/image');
      assert.ok(!lstatSync(join(here.folder, 'real/image')).isSymbolicLink());
      await check(join(here.folder, 'real/image'));
    });

    it('follows a link to what is there', { skip: windows }, async (test) => {
      const here = await scene(test);
      const link = join(here.folder, 'at/link');
      const target = join(here.folder, 'at/there');
      if (command.kind === 'layout') mkdirSync(target);
      else writeFileSync(target, 'old');
      symlinkSync('there', link);
      const { code, said } = await command.run(here, link, test);
      assert.equal(code, 0, said);
      assert.equal(readlinkSync(link), 'there');
      await check(target);
    });
  });
}

describe('an archive as a stream', () => {
  const makers: readonly [name: string, args: (scene: Scene) => readonly string[]][] = [
    ['bima build', ({ context }) => [context]],
    ['bima merge', ({ archive }) => [archive]],
  ];
  for (const [name, more] of makers) {
    const [, command = ''] = name.split(' ');
    for (const dest of ['-', '/dev/stdout']) {
      it(`goes from ${name} to standard output by ${dest}, and the digest elsewhere`, async (test) => {
        const here = await scene(test);
        const { code, said, out, bytes } = await bima(command, '-q', '--tar', '--dest', dest, ...more(here));
        assert.equal(code, 0, said);
        assert.equal(out, '');
        assert.match(said, /^sha256:[0-9a-f]{64}$/);
        assert.deepEqual(bytes, readFileSync(here.archive));
      });
    }

    it(`goes from ${name} into a FIFO, and the digest to standard error`, { skip: windows }, async (test) => {
      const here = await scene(test);
      const pipe = join(here.folder, 'pipe');
      assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
      const writing = bima(command, '-q', '--tar', '--dest', pipe, ...more(here));
      // A process of its own: a reader that waits in here would keep a thread.
      const { readFile } = await import('node:fs/promises');
      const bytes = await readFile(pipe);
      const { code, said, out } = await writing;
      assert.equal(code, 0, said);
      assert.equal(out, '');
      assert.match(said, /^sha256:[0-9a-f]{64}$/);
      assert.deepEqual(bytes, readFileSync(here.archive));
      assert.ok(lstatSync(pipe).isFIFO());
    });

    it(`doesn't go from ${name} to a terminal`, async (test) => {
      const here = await scene(test);
      const said: string[] = [];
      const code = await run([command, '--tar', '--dest', '-', ...more(here)], {
        environment: {},
        stdout: (line) => assert.fail(line),
        stderr: (line) => said.push(line),
        stdin: () => Promise.resolve(''),
        home: '/nonexistent',
        signal: new AbortController().signal,
      });
      assert.equal(code, 2);
      assert.match(said.join('\n'), /got a terminal/);
    });
  }

  const wrongWords: readonly (readonly string[])[] = [
    ['build', '--output', 'oci', '--dest', '-'],
    ['build', '--output', 'oci', '--dest', '/dev/stdout'],
    ['build', '--output', 'oci', '--dest='],
    ['build', '--tar', '--dest='],
    ['merge', '--tar', '--dest='],
  ];
  for (const args of wrongWords) {
    it(`is none with ${args.join(' ')}`, async (test) => {
      const { context } = await scene(test);
      const { code, said } = await bima(...args, context);
      assert.equal(code, 2, said);
    });
  }

  for (const tar of ['-', '/dev/stdout']) {
    it(`is none with the input tar: ${tar}, whose output is the log`, async (test) => {
      const { code, said } = await step(test, await scene(test), { tar });
      assert.equal(code, 1);
      assert.ok(said.includes(`the input "tar", got "${tar}"`), said);
    });
  }
});
