// The process of a step: what it prints, what it leaves, and with which code it ends.
// `runStep` from src/action/step.ts is run by test/support/step-child.ts.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { inputVariables, parseCommand } from '../support/action.ts';
import { temporaryFolder } from '../support/folder.ts';
import { mutationEnvironment } from '../support/mutated-child.ts';

const root = resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

interface Ended {
  readonly code: number | null;
  /** Everything that it printed. */
  readonly lines: readonly string[];
  readonly summary: string;
}

/** @param signals are sent one after the other, each as soon as the text before it is there */
async function endOf(
  test: TestContext,
  [kind, folder = '']: readonly [kind: string, folder?: string],
  env: Readonly<Record<string, string>> = {},
  signals: readonly (readonly [after: string, signal: NodeJS.Signals])[] = [],
): Promise<Ended> {
  const summary = join(temporaryFolder(test, { summary: '' }), 'summary');
  const left = [...signals];
  const child = spawn(process.execPath, [join(root, 'test/support/step-child.ts'), kind, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: temporaryFolder(test),
    env: { PATH: process.env.PATH, GITHUB_STEP_SUMMARY: summary, ...mutationEnvironment(), ...env },
    timeout: 60_000,
  });
  let log = '';
  const collect = (text: string) => {
    log += text;
    const [next] = left;
    if (next === undefined || !log.includes(next[0])) return;
    left.shift();
    child.kill(next[1]);
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  const lines = log.split(/\r?\n/).filter((line) => line !== '');
  return { code, lines, summary: readFileSync(summary, 'utf8') };
}

const start = `bima ${version}`;

describe('the process of a step', () => {
  it('ends with 0 when all went well', async (test) => {
    const { code, lines, summary } = await endOf(test, ['good'], { GITHUB_WORKSPACE: '/work' });
    assert.deepEqual([code, lines, summary], [0, [start, 'in /work'], '']);
  });

  it('hides secrets before it says anything', async (test) => {
    const env = inputVariables({ username: 'u', password: 'p w', 'github-token': 'ghs_x' });
    const { lines } = await endOf(test, ['good'], env);
    const secrets = ['p w', Buffer.from('u:p w').toString('base64'), 'ghs_x'];
    assert.deepEqual(lines.slice(0, 4), [...secrets.map((secret) => `::add-mask::${secret}`), start]);
  });

  it('annotates files of the workspace, which is its own folder where none is named', async (test) => {
    for (const env of [{ GITHUB_WORKSPACE: '/work' }, {}]) {
      const { lines } = await endOf(test, ['warned'], env);
      const command = parseCommand(lines.at(-1) ?? '');
      assert.equal(command?.name, 'warning');
      assert.deepEqual(command.properties, { file: 'app/Containerfile', line: '7', col: '3' });
    }
  });

  it('ends with 1 after a refusal, with all that is wrong in the log and in the summary', async (test) => {
    const { code, lines, summary } = await endOf(test, ['refused']);
    assert.equal(code, 1);
    assert.deepEqual(lines, [
      start,
      '::error::LABEL_MISSING: one%0AAdd it.',
      '::error::CONTEXT_PATH: two',
      '::error::2 problems, each with its place above',
    ]);
    assert.match(summary, /^\*\*No image\*\*: the step failed with 2 errors\./);
  });

  it('leaves no summary where none is wanted', async (test) => {
    assert.equal((await endOf(test, ['refused'], { INPUT_SUMMARY: 'False' })).summary, '');
    for (const text of ['xfalse', 'falsex'])
      assert.notEqual((await endOf(test, ['refused'], { INPUT_SUMMARY: text })).summary, '');
  });

  it('names what the system refuses, and shows where only to those who look', async (test) => {
    const { code, lines, summary } = await endOf(test, ['full']);
    assert.equal(code, 1);
    const [first, error, ...debug] = lines;
    assert.equal(first, start);
    assert.match(
      error ?? '',
      /^::error::OUTPUT_FAILED: can't write "\/x": the disk is full%0AFree some space/,
    );
    assert.match(debug.join('\n'), /^::debug::Error: ENOSPC/);
    assert.match(summary, /OUTPUT_FAILED/);
    const { lines: refused } = await endOf(test, ['refused']);
    assert.ok(!refused.some((line) => line.startsWith('::debug::')), 'a refusal needs no stack');
  });

  const mistakes = [
    ['mistaken', /^TypeError: a mistake$/, 'TypeError: a mistake'],
    ['stackless', /^lost$/, 'Error: lost'],
    ['text', /^only words$/, 'only words'],
  ] as const;
  for (const [kind, line, name] of mistakes) {
    it(`ends with 1 after a mistake of our own, and shows where it is: ${kind}`, async (test) => {
      const { code, lines, summary } = await endOf(test, [kind]);
      assert.deepEqual([code, summary], [1, '']);
      assert.match(lines[1] ?? '', line);
      assert.equal(lines.at(-1), `::error::internal error, please report it with the lines above: ${name}`);
      assert.equal(
        lines.some((text) => /^ {4}at .*step-child/.test(text)),
        kind === 'mistaken',
      );
    });
  }

  it('ends with 1 where the failure itself can not be told', async (test) => {
    const { code, lines } = await endOf(test, ['unreportable']);
    assert.deepEqual([code, lines], [1, [start, 'RangeError: ::error::no stack']]);
  });

  it('ends with 1 after a failure that nobody waits for', async (test) => {
    const { code, lines } = await endOf(test, ['behind']);
    assert.deepEqual([code, lines], [1, [start, '::error::CONTEXT_PATH: behind the back']]);
  });
});

describe('the process of a step that is interrupted', { skip: process.platform === 'win32' }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`ends with 130 after ${signal}, and leaves no folder`, async (test) => {
      const folder = temporaryFolder(test, { 'own/file': 'x' });
      const ended = await endOf(test, ['interrupted', join(folder, 'own')], {}, [['waiting', signal]]);
      assert.deepEqual([ended.code, ended.lines], [130, [start, 'waiting', 'interrupted']]);
      assert.equal(ended.summary, '');
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it('says before what it was', async (test) => {
    const { code, lines } = await endOf(test, ['named'], {}, [['waiting', 'SIGTERM']]);
    assert.deepEqual([code, lines], [130, [start, 'waiting', 'interrupted before the push']]);
  });

  it('waits for nothing after a second signal', async (test) => {
    const folder = temporaryFolder(test, { 'own/file': 'x' });
    const began = performance.now();
    const ended = await endOf(test, ['stubborn', join(folder, 'own')], {}, [
      ['waiting', 'SIGINT'],
      ['not yet', 'SIGTERM'],
    ]);
    assert.deepEqual([ended.code, ended.lines], [130, [start, 'waiting', 'not yet']]);
    assert.deepEqual(readdirSync(folder), []);
    assert.ok(performance.now() - began < 30_000);
  });
});
