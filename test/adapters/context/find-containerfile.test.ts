// Which file says what is built, which ignore file counts, and what a build writes itself.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readContainerfile } from '../../../src/adapters/context/find-containerfile.ts';
import { readIgnoreFile } from '../../../src/adapters/context/ignore-file.ts';
import { findOutputs, withoutOutputs } from '../../../src/adapters/context/own-outputs.ts';
import { isFile, withStagedFiles } from '../../../src/adapters/context/staged-files.ts';
import { noIgnoreRules } from '../../../src/core/files/ignore.ts';
import { temporaryFolder } from '../../support/folder.ts';

const skip = process.platform === 'win32' && 'Windows needs rights for links';

function contextOf(test: TestContext, files: Readonly<Record<string, string>>): string {
  return realpathSync(temporaryFolder(test, files));
}

async function found(context: string, file?: string, origin?: string) {
  const { bytes, ...rest } = await readContainerfile({
    ...{ context, root: realpathSync(context) },
    ...(file === undefined ? {} : { file }),
    ...(origin === undefined ? {} : { origin }),
  });
  return { ...rest, text: Buffer.from(bytes).toString() };
}

describe('readContainerfile', { skip }, () => {
  it('prefers a Containerfile, then a Dockerfile, then a bunnyfile', async (test) => {
    const names = ['Containerfile', 'Dockerfile', 'bunnyfile'];
    for (const [at, name] of names.entries()) {
      const root = contextOf(
        test,
        Object.fromEntries(names.slice(at).map((each) => [each, `text of ${each}`])),
      );
      const expected = { path: join(root, name), place: { root, path: name }, text: `text of ${name}` };
      assert.deepEqual(await found(root), expected);
      assert.deepEqual(await found(root, undefined, 'the tar'), { ...expected, path: name });
    }
  });

  it('reads the one that is named, in the context or elsewhere', async (test) => {
    const root = contextOf(test, { 'a/File': 'inside', Containerfile: '' });
    const other = contextOf(test, { File: 'outside' });
    const inside = { place: { root, path: 'a/File' }, text: 'inside' };
    for (const path of [join(root, 'a/File'), relative('.', join(root, 'a/File'))])
      assert.deepEqual(await found(root, path), { path, ...inside });
    assert.deepEqual(await found(root, join(other, 'File')), {
      path: join(other, 'File'),
      place: { root: other, path: 'File' },
      text: 'outside',
    });
    symlinkSync(root, join(other, 'link'));
    const spelled = join(other, 'link/a/File');
    assert.deepEqual(await found(root, spelled), { path: spelled, ...inside });
    assert.deepEqual(await found(root, 'a/File', 'the tar'), { path: 'a/File', ...inside });
  });

  it('follows a link within the context, and elsewhere anywhere', async (test) => {
    const other = contextOf(test, { File: 'outside' });
    const root = contextOf(test, { 'a/File': 'inside' });
    symlinkSync('a/File', join(root, 'Containerfile'));
    symlinkSync(join(root, 'a/File'), join(other, 'link'));
    assert.equal((await found(root)).text, 'inside');
    assert.equal((await found(root, join(other, 'link'))).text, 'inside');
    symlinkSync(join(other, 'File'), join(root, 'out'));
    await assert.rejects(found(root, join(root, 'out')), { code: 'CONTEXT_PATH' });
  });

  it('says that there is none', async (test) => {
    const root = contextOf(test, { x: '' });
    await assert.rejects(found(root), {
      code: 'CONTAINERFILE_MISSING',
      message: `found no Containerfile, Dockerfile or bunnyfile in "${root}" or the current directory`,
      hint: 'Name the file: with --file, or the input "file" of the action.',
    });
    for (const path of [join(root, 'File'), join(root, 'none/File'), '/nowhere/at/all'])
      await assert.rejects(found(root, path), {
        code: 'CONTAINERFILE_MISSING',
        message: `the Containerfile "${path}" does not exist`,
      });
    for (const [file, wanted] of [
      [undefined, 'Containerfile, Dockerfile or bunnyfile'],
      ['File', '"File"'],
      ['../File', '"../File"'],
    ] as const)
      await assert.rejects(found(root, file, 'the tar'), {
        code: 'CONTAINERFILE_MISSING',
        message: `found no ${wanted} in the tar`,
        hint: 'Name the file with --file, by its path there.',
      });
  });

  it('says of something else what it is', async (test) => {
    const root = contextOf(test, { 'folder/x': '', large: '', exact: '' });
    const other = contextOf(test, { 'folder/x': '', large: '' });
    assert.equal(spawnSync('mkfifo', [join(root, 'pipe')]).status, 0);
    await assert.rejects(found(root, join(root, 'pipe')), {
      code: 'CONTEXT_PATH',
      message: 'expected "pipe" to be a file, got a FIFO',
    });
    for (const folder of [root, other]) {
      const path = join(folder, 'folder');
      await assert.rejects(found(root, path), {
        code: 'CONTAINERFILE_MISSING',
        message: `expected "${path}" to be a file, got a directory`,
      });
      truncateSync(join(folder, 'large'), 1024 * 1024 + 1);
      await assert.rejects(found(root, join(folder, 'large')), {
        code: 'CONTAINERFILE_SYNTAX',
        message: `expected at most 1048576 bytes in "${join(folder, 'large')}", got more`,
      });
    }
    truncateSync(join(root, 'exact'), 1024 * 1024);
    assert.equal((await found(root, join(root, 'exact'))).text.length, 1024 * 1024);
    symlinkSync('link', join(other, 'link'));
    await assert.rejects(found(root, join(other, 'link')), {
      code: 'CONTAINERFILE_MISSING',
      message: new RegExp(`^can't read the Containerfile "${join(other, 'link')}": ELOOP`),
    });
  });
});

describe('readIgnoreFile', () => {
  const suffixes = ['.containerignore', '.dockerignore'];
  const files = [...suffixes.map((suffix) => `build/File${suffix}`), ...suffixes];

  it('takes the first of four that is there', async (test) => {
    for (const [at, file] of files.entries()) {
      const root = contextOf(test, {
        ...Object.fromEntries(files.slice(at).map((each) => [each, each])),
        x: '',
      });
      const containerfile = { path: 'shown/File', place: { root, path: 'build/File' } };
      const rules = await readIgnoreFile(root, 'context', containerfile, new Map());
      assert.equal(rules.file, file.replace('build', 'shown').replace(/^\./, 'context/.'));
      assert.equal(rules.ignores(file), true);
      const own = await readIgnoreFile(root, 'context', undefined, new Map());
      assert.equal(own.file, join('context', at === 3 ? '.dockerignore' : '.containerignore'));
    }
  });

  it('takes that of a Containerfile elsewhere, and none where there is none', async (test) => {
    const root = contextOf(test, { x: '' });
    const other = contextOf(test, { 'File.dockerignore': 'x' });
    const elsewhere = { path: 'File', place: { root: other, path: 'File' } };
    assert.equal((await readIgnoreFile(root, '', elsewhere, new Map())).file, 'File.dockerignore');
    assert.equal(await readIgnoreFile(root, '', undefined, new Map()), noIgnoreRules);
    const bare = { path: 'Other', place: { root: other, path: 'Other' } };
    assert.equal(await readIgnoreFile(root, '', bare, new Map()), noIgnoreRules);
  });

  it('is a file of 8 MiB at most', async (test) => {
    const root = contextOf(test, { '.dockerignore': '' });
    const path = join(root, '.dockerignore');
    const limit = 8 * 1024 * 1024;
    writeFileSync(path, '\n'.repeat(limit));
    assert.equal((await readIgnoreFile(root, 'c', undefined, new Map())).file, join('c', '.dockerignore'));
    truncateSync(path, limit + 1);
    await assert.rejects(readIgnoreFile(root, 'c', undefined, new Map()), {
      code: 'CONTEXT_PATH',
      message: `expected at most ${limit} bytes in "${join('c', '.dockerignore')}", got ${limit + 1}`,
      hint: 'Check that this is the file you meant.',
    });
    mkdirSync(join(root, '.containerignore'));
    await assert.rejects(readIgnoreFile(root, 'c', undefined, new Map()), {
      code: 'CONTEXT_PATH',
      message: `expected "${join('c', '.containerignore')}" to be a file`,
    });
  });
});

describe('what a build writes', { skip }, () => {
  it('is found in the context alone, also behind links', async (test) => {
    const root = contextOf(test, { 'a/x': '' });
    const other = contextOf(test, { x: '' });
    symlinkSync('a', join(root, 'link'));
    symlinkSync(join(other, 'x'), join(root, 'out'));
    symlinkSync(join(root, 'a/x'), join(other, 'in'));
    const paths = ['b.tar', 'a/new/b', 'link/y', 'out', '../elsewhere', '.'].map((path) => join(root, path));
    const outputs = await findOutputs(root, [...paths, join(other, 'in'), other, `${root}-beside`]);
    assert.deepEqual(outputs.paths, ['a/new/b', 'a/x', 'a/y', 'b.tar', 'out']);
    const rows: [path: string, output: string | undefined][] = [
      ['b.tar', 'b.tar'],
      ['b.tar/x', 'b.tar'],
      ['b.tarx', undefined],
      ['.b.tar.bima-1', 'b.tar'],
      ['.b.tar.bima-1/x', 'b.tar'],
      ['x/.b.tar.bima-1', undefined],
      ['a/new/b', 'a/new/b'],
      ['a/new/.b.bima-1', 'a/new/b'],
      ['.b.bima-1', undefined],
      ['a/new', undefined],
      ['a', undefined],
    ];
    for (const [path, output] of rows) assert.equal(outputs.find(path), output, path);
    const noted: string[] = [];
    const written = {
      ...noIgnoreRules,
      file: 'f',
      ignores: (path: string) => path === 'z',
      mayKeepBelow: (path: string) => path !== 'none',
    };
    const rules = withoutOutputs(written, outputs, (output) => void noted.push(output));
    assert.equal(rules.file, 'f');
    assert.deepEqual(
      ['z', 'b.tar', 'b.tar/x', 'out', 'other'].map((path) => rules.ignores(path)),
      [true, true, true, true, false],
    );
    assert.deepEqual(noted, ['b.tar', 'out']);
    assert.deepEqual(
      ['none', 'b.tar', 'other'].map((path) => rules.mayKeepBelow(path)),
      [false, false, true],
    );
  });
});

describe('withStagedFiles', () => {
  it('has each file under its name in a folder that goes again', async (test) => {
    const folder = temporaryFolder(test, { 'in/a': 'of a', 'in/b': 'of b' });
    const temporary = join(folder, 'temporary');
    const files = new Map([
      ['x', join(folder, 'in/a')],
      ['y', join(folder, 'in/b')],
    ]);
    const result = await withStagedFiles(files, temporary, async (context) => {
      assert.deepEqual(await Promise.all([...files.keys()].map((name) => isFile(join(context, name)))), [
        true,
        true,
      ]);
      const rest = relative(temporary, context);
      assert.match(rest, /^\.staged\.bima-[^/\\]+[/\\]context$/);
      return 5;
    });
    assert.equal(result, 5);
    assert.equal(await isFile(join(folder, 'in')), false);
    assert.equal(await isFile(join(folder, 'none')), false);
    await assert.rejects(
      withStagedFiles(new Map([['x', join(folder, 'in')]]), temporary, () => assert.fail('called')),
      { code: 'INPUT_INVALID', message: `expected a file, got "${join(folder, 'in')}"` },
    );
  });
});
