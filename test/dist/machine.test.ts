// The bundles on machines that are a little off: files of the runner that can't be written, full disks, no home.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunAction, runAction } from '../support/action.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { sampleContext } from '../support/sample.ts';

const onLinux = { skip: process.platform === 'linux' ? false : '/dev/full is of Linux' };
const isRoot = process.getuid?.() === 0;

async function start(test: TestContext): Promise<{ registry: Registry; inputs: Readonly<Record<string, string>> }> {
  const registry = await startRegistry();
  test.after(() => registry.close());
  return { registry, inputs: { context: sampleContext(test), registry: registry.host, push: 'true' } };
}

/** Places where nothing can be written, by what the system answers. */
function places(test: TestContext): [name: string, path: string, reason: RegExp][] {
  const folder = temporaryFolder(test, { file: '' });
  const pipe = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  return [
    ['ENXIO', pipe, /it is a FIFO that nobody reads/],
    ['ENOSPC', '/dev/full', /the disk is full/],
    ['EISDIR', folder, /it is a directory/],
    ['ENOENT', join(folder, 'missing/file'), /no such file or folder|Missing file at path/],
    ['ENOTDIR', join(folder, 'file/file'), /a part of the path is a file|Missing file at path/],
  ];
}

describe('a step whose summary or state can not be written', onLinux, () => {
  for (const variable of ['GITHUB_STEP_SUMMARY', 'GITHUB_STATE']) {
    it(`pushes all the same, with a warning: ${variable}`, async (test) => {
      const { registry, inputs } = await start(test);
      for (const [name, path, reason] of places(test)) {
        const { outputs, annotations } = await mustRunAction(test, { inputs, env: { [variable]: path } });
        assert.equal(outputs.pushed, 'true', name);
        assert.deepEqual(annotations.map(({ severity }) => severity), ['warning'], name);
        assert.match(annotations[0]?.message ?? '', /^OUTPUT_FAILED: can't (?:write the summary|keep the value)/);
        assert.match(annotations[0]?.message ?? '', reason);
      }
      assert.equal(Object.keys(registry.store.tags('nubificus/redis-unikernel')).length, 1);
    });
  }
});

describe('a step whose event is no file', onLinux, () => {
  it('says so, and waits for nobody', async (test) => {
    const { inputs } = await start(test);
    const folder = temporaryFolder(test);
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    for (const [path, kind] of [
      [pipe, 'a FIFO'],
      [folder, 'a directory'],
      ['/dev/zero', 'a character device'],
    ] as const) {
      const { code, annotations } = await runAction(test, { inputs, env: { GITHUB_EVENT_PATH: path } });
      assert.equal(code, 1);
      assert.deepEqual(
        annotations.map(({ message }) => message),
        [`INPUT_INVALID: expected "${path}" to be a file, got ${kind}`],
      );
    }
  });
});

describe('a step whose outputs or folder can not be written', onLinux, () => {
  for (const variable of ['GITHUB_OUTPUT', 'RUNNER_TEMP']) {
    it(`says so, and is no internal error: ${variable}`, async (test) => {
      const { inputs } = await start(test);
      for (const [name, path, reason] of places(test)) {
        // A folder that is missing is made.
        if (variable === 'RUNNER_TEMP' && name !== 'ENOTDIR') continue;
        const { code, annotations, log } = await runAction(test, { inputs, env: { [variable]: path } });
        assert.equal(code, 1, name);
        assert.equal(annotations.length, 1, log);
        assert.match(annotations[0]?.message ?? '', /^OUTPUT_FAILED: can't (?:set the output "digest"|write ")/);
        assert.match(annotations[0]?.message ?? '', reason);
        assert.doesNotMatch(log, /internal error/);
      }
    });
  }

  it('names the full disk that the layout is on', { skip: isRoot ? false : 'mounts need root' }, (test) => {
    const folder = temporaryFolder(test);
    const context = sampleContext(test);
    writeFileSync(join(context, 'redis.conf'), Buffer.alloc(3_000_000).map(() => Math.random() * 256));
    for (const name of ['temp', 'workspace']) mkdirSync(join(folder, name));
    for (const name of ['output', 'state', 'summary']) writeFileSync(join(folder, name), '');
    const bundle = resolve(import.meta.dirname, '../../dist/action.cjs');
    const script = `mount -t tmpfs -o size=1m none temp && cd workspace && exec "$0" "${bundle}"`;
    const env = {
      PATH: process.env.PATH,
      RUNNER_TEMP: join(folder, 'temp'),
      GITHUB_OUTPUT: join(folder, 'output'),
      GITHUB_STATE: join(folder, 'state'),
      GITHUB_REPOSITORY: 'a/b',
      INPUT_CONTEXT: context,
      INPUT_TAGS: '1',
    };
    const options = ['-m', 'sh', '-c', script, process.execPath];
    const { status, stdout } = spawnSync('unshare', options, { cwd: folder, env, encoding: 'utf8' });
    assert.equal(status, 1, stdout);
    assert.match(stdout, /^::error::OUTPUT_FAILED: can't write ".*": the disk is full/m);
    assert.doesNotMatch(stdout, /internal error/);
  });
});

interface Stranger {
  /** Where everything is that this user may read, with the context in `context`. */
  readonly folder: string;
  readonly run: (
    bundle: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number | null; readonly text: string }>;
}

/** A user whom the system doesn't know, without a home. */
function stranger(test: TestContext, context: string): Stranger {
  const folder = temporaryFolder(test);
  chmodSync(folder, 0o777);
  // The folder of whoever runs the tests is not for others.
  cpSync(resolve(import.meta.dirname, '../../dist'), join(folder, 'dist'), { recursive: true });
  cpSync(context, join(folder, 'context'), { recursive: true });
  cpSync(process.execPath, join(folder, 'node'));
  const run: Stranger['run'] = (bundle, args, env) =>
    new Promise((done, fail) => {
      const child = spawn(join(folder, 'node'), [join(folder, 'dist', bundle), ...args], {
        cwd: folder,
        env: { PATH: process.env.PATH, TMPDIR: folder, ...env },
        uid: 54321,
        gid: 54321,
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      }
      child.on('error', fail);
      child.on('close', (code) => {
        done({ code, text });
      });
    });
  return { folder, run };
}

const needsRoot = { skip: isRoot ? false : 'another user needs root' };

describe('a step that may not write where it has to', needsRoot, () => {
  const rows: [variable: string, result: RegExp, isPushed: boolean][] = [
    ['GITHUB_STEP_SUMMARY', /^::warning::OUTPUT_FAILED: can't write the summary.*: permission denied/m, true],
    ['GITHUB_STATE', /^::warning::OUTPUT_FAILED: can't keep the value.*: permission denied/m, true],
    ['RUNNER_TOOL_CACHE', /^pushed /m, true],
    ['GITHUB_OUTPUT', /^::error::OUTPUT_FAILED: can't set the output "digest".*: permission denied/m, false],
    ['RUNNER_TEMP', /^::error::OUTPUT_FAILED: can't write ".*": permission denied/m, false],
    ['GITHUB_EVENT_PATH', /^::error::INPUT_INVALID: the event ".*" can't be read: EACCES/m, false],
  ];
  for (const [variable, result, isPushed] of rows) {
    it(`${isPushed ? 'pushes all the same' : 'says so'}: ${variable}`, async (test) => {
      const { registry, inputs } = await start(test);
      const { folder, run } = stranger(test, inputs.context ?? '');
      const isFolder = variable === 'RUNNER_TEMP' || variable === 'RUNNER_TOOL_CACHE';
      const place = join(folder, 'place');
      if (isFolder) mkdirSync(place, { mode: 0o555 });
      else writeFileSync(place, '', { mode: variable === 'GITHUB_EVENT_PATH' ? 0 : 0o444 });
      const { code, text } = await run('action.cjs', [], {
        INPUT_CONTEXT: 'context',
        INPUT_PUSH: 'true',
        INPUT_TAGS: `${registry.host}/own/app:1`,
        GITHUB_REPOSITORY: 'a/b',
        RUNNER_TEMP: folder,
        [variable]: place,
      });
      assert.equal(code, isPushed ? 0 : 1, text);
      assert.match(text, result);
      assert.doesNotMatch(text, /internal error/);
      assert.equal('1' in registry.store.tags('own/app'), isPushed);
    });
  }
});

describe('a user without a home', needsRoot, () => {
  it('has no credentials there, and pushes: the command line and the action', async (test) => {
    const { registry, inputs } = await start(test);
    const { folder, run } = stranger(test, inputs.context ?? '');
    const built = await run('cli.cjs', ['build', '--push', '-t', `${registry.host}/own/cli:1`, 'context'], {});
    assert.equal(built.code, 0, built.text);
    const variables = { INPUT_CONTEXT: 'context', INPUT_PUSH: 'true', INPUT_TAGS: `${registry.host}/own/action:1` };
    const stepped = await run('action.cjs', [], { ...variables, GITHUB_REPOSITORY: 'a/b', RUNNER_TEMP: folder });
    assert.equal(stepped.code, 0, stepped.text);
    for (const name of ['own/cli', 'own/action']) assert.ok('1' in registry.store.tags(name), name);
  });
});
