// Which ignore file counts, and what else a build leaves out of its context, as the command line says and does it.

import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { inspectImages } from '../../src/usecases/inspect.ts';
import { mustOpenLocalImages } from '../../src/adapters/disk/open.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootable, elf } from '../support/headers.ts';

const containerfile = `FROM scratch
COPY . /
LABEL com.urunc.unikernel.binary=/kernel
LABEL com.urunc.unikernel.unikernelType=unikraft
LABEL com.urunc.unikernel.hypervisor=qemu
LABEL com.urunc.unikernel.cmdline=a
LABEL com.urunc.unikernel.version=1
`;

async function bima(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(args, {
    environment: {},
    stdout: (line) => out.push(line),
    stderr: (line) => err.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** The files of the archive's image. */
async function filesOf(archive: string): Promise<string[]> {
  const { source, roots } = await mustOpenLocalImages(archive);
  const [image] = await inspectImages(source, roots);
  return (image?.layers ?? []).flatMap(({ files }) =>
    files.filter(({ type }) => type === 'file').map(({ path }) => path),
  );
}

describe('the ignore file', () => {
  const files = { kernel: bootable(elf(64, 'little', 62)), 'rootfs/key.pem': 'key', 'rootfs/app': 'app' };
  const rules = 'rootfs/*.pem\n**/*ontainerfile*\n**/.*ignore';
  const secret = 'rootfs/key.pem';
  const rows: readonly {
    readonly name: string;
    readonly extra: Readonly<Record<string, string>>;
    readonly file?: string;
    readonly counts: string;
  }[] = [
    {
      name: "is the Containerfile's own",
      extra: { 'App.Containerfile': containerfile, 'App.Containerfile.dockerignore': rules },
      file: 'App.Containerfile',
      counts: 'App.Containerfile.dockerignore',
    },
    {
      name: 'is beside a Containerfile in a folder of the context',
      extra: { 'b/Containerfile': containerfile, 'b/Containerfile.dockerignore': rules },
      file: 'b/Containerfile',
      counts: 'b/Containerfile.dockerignore',
    },
    {
      name: 'is that of the Containerfile that was found',
      extra: { Containerfile: containerfile, 'Containerfile.containerignore': rules },
      counts: 'Containerfile.containerignore',
    },
    {
      name: "is the Containerfile's alone, whatever the context's says",
      extra: {
        Containerfile: containerfile,
        'Containerfile.dockerignore': rules,
        '.dockerignore': 'rootfs',
        '.containerignore': 'rootfs',
      },
      counts: 'Containerfile.dockerignore',
    },
    {
      name: 'has the name for all tools first',
      extra: {
        Containerfile: containerfile,
        'Containerfile.containerignore': rules,
        'Containerfile.dockerignore': 'rootfs',
      },
      counts: 'Containerfile.containerignore',
    },
    {
      name: "is the context's, where the Containerfile has none",
      extra: { Containerfile: containerfile, '.dockerignore': rules, 'Other.dockerignore': 'rootfs' },
      counts: '.dockerignore',
    },
  ];
  for (const { name, extra, file, counts } of rows) {
    it(`${name}, and is named`, async (test) => {
      const context = temporaryFolder(test, { ...files, ...extra });
      const archive = join(temporaryFolder(test), 'a.tar');
      const named = file === undefined ? [] : ['--file', join(context, file)];
      const built = await bima('build', '--tar', '--dest', archive, ...named, context);
      assert.equal(built.code, 0, built.err);
      const packed = await filesOf(archive);
      assert.ok(!packed.includes(secret), packed.join());
      assert.ok(packed.includes('rootfs/app'), packed.join());
      const linted = await bima('lint', ...named, context);
      for (const { err } of [built, linted]) {
        const line = err.split('\n').find((text) => text.startsWith('the ignore file is'));
        assert.ok(line?.endsWith(`${counts}"`), err);
      }
    });
  }

  it('is beside a Containerfile outside of the context', async (test) => {
    const folder = temporaryFolder(test, {
      'context/kernel': files.kernel,
      'context/rootfs/key.pem': '',
      'build/Containerfile': containerfile,
      'build/Containerfile.dockerignore': 'rootfs/*.pem',
    });
    const archive = join(folder, 'a.tar');
    const args = ['--file', join(folder, 'build/Containerfile'), join(folder, 'context')];
    const { code, err } = await bima('build', '--tar', '--dest', archive, ...args);
    assert.equal(code, 0, err);
    assert.deepEqual(await filesOf(archive), ['kernel', 'urunc.json']);
    assert.ok(err.includes('build/Containerfile.dockerignore"'), err);
  });

  it('may be no link out of the folder that it is in', async (test) => {
    for (const [containerfileAt, ignoreAt] of [
      ['context/Containerfile', 'context/Containerfile.dockerignore'],
      ['build/Containerfile', 'build/Containerfile.dockerignore'],
    ] as const) {
      const folder = temporaryFolder(test, {
        'context/kernel': files.kernel,
        [containerfileAt]: containerfile,
        outside: '[secret',
      });
      symlinkSync('../outside', join(folder, ignoreAt));
      const { code, err } = await bima('lint', '-f', join(folder, containerfileAt), join(folder, 'context'));
      assert.equal(code, 1);
      assert.match(err, /"Containerfile.dockerignore" leads out/);
      assert.ok(!err.includes('secret'), err);
    }
  });

  it('is mentioned nowhere when there is none', async (test) => {
    const context = temporaryFolder(test, { kernel: files.kernel, Containerfile: containerfile });
    assert.ok(!(await bima('lint', context)).err.includes('ignore'));
  });
});

describe('what a build writes', () => {
  const files = { kernel: bootable(elf(64, 'little', 62)), Containerfile: containerfile };
  const build = async (context: string, ...args: readonly string[]) => {
    const { code, out, err } = await bima('build', ...args, context);
    assert.equal(code, 0, err);
    return { digest: out, err };
  };

  const rows: readonly [name: string, at: string, args: (path: string) => readonly string[]][] = [
    ['an archive', 'app.tar', (path) => ['--tar', '--dest', path]],
    ['an archive in a folder', 'out/app.tar', (path) => ['--tar', '--dest', path]],
    ['a layout', 'image', (path) => ['--output', 'oci', '--dest', path, '--no-reuse', '-t', 'a:1']],
  ];
  for (const [name, at, args] of rows) {
    it(`is left out of its own context: ${name}`, async (test) => {
      const context = temporaryFolder(test, { ...files, 'out/kept': '' });
      const given = args(join(context, at));
      const first = await build(context, ...given);
      for (const round of [2, 3]) {
        const again = await build(context, ...given);
        assert.equal(again.digest, first.digest, `build ${round}`);
        assert.ok(again.err.includes(`"${at}" is left out of the context: this build writes it`), again.err);
      }
    });
  }

  it('is left out by another name of its folder, and as the target of a link', async (test) => {
    const folder = temporaryFolder(test, { ...files, 'context/kernel': files.kernel, Containerfile: '' });
    const context = join(folder, 'context');
    symlinkSync('context', join(folder, 'alias'), 'junction');
    symlinkSync('real.tar', join(context, 'link.tar'));
    const archive = join(folder, 'alias', 'link.tar');
    const given = ['--tar', '--dest', archive, '--file', join(temporaryFolder(test, files), 'Containerfile')];
    const first = await build(context, ...given);
    const again = await build(context, ...given);
    assert.equal(again.digest, first.digest);
    assert.deepEqual(await filesOf(archive), ['kernel', 'urunc.json']);
  });

  it('leaves out the folders that killed builds left beside it', async (test) => {
    const context = temporaryFolder(test, { ...files, '.a.tar.bima-X1y2z3/layout/oci-layout': '' });
    await build(context, '--tar', '--dest', join(context, 'a.tar'));
    assert.deepEqual(await filesOf(join(context, 'a.tar')), ['Containerfile', 'kernel', 'urunc.json']);
  });

  it('is no source of its COPY', async (test) => {
    const own = containerfile.replace('COPY . /', 'COPY kernel app.tar /');
    const context = temporaryFolder(test, { ...files, Containerfile: own, 'app.tar': 'old' });
    const { code, err } = await bima('build', '--tar', '--dest', join(context, 'app.tar'), context);
    assert.equal(code, 1);
    assert.match(err, /Containerfile:2:13: .*"app.tar" is what this build writes/);
  });

  it('is a warning when an earlier build wrote it under another name', async (test) => {
    const context = temporaryFolder(test, { ...files, 'other.tar': Buffer.alloc(10240) });
    await build(context, '--tar', '--dest', join(context, 'one.tar'));
    const { err } = await build(context, '--tar', '--dest', join(context, 'two.tar'));
    const warnings = err.split('\n').filter((line) => line.includes('warning'));
    assert.equal(warnings.length, 1, err);
    assert.match(
      warnings[0] ?? '',
      /Containerfile:2:6: warning: "one.tar" is an archive that an earlier build wrote/,
    );
    const { err: linted } = await bima('lint', context);
    assert.match(linted, /0 errors, 2 warnings/);
  });

  it('is no warning where COPY names it', async (test) => {
    const one = containerfile.replace('COPY . /', 'COPY kernel one.tar /');
    const context = temporaryFolder(test, files);
    await build(context, '--tar', '--dest', join(context, 'one.tar'));
    writeFileSync(join(context, 'Containerfile'), one);
    assert.match((await bima('lint', context)).err, /0 errors, 0 warnings/);
  });
});
