// What the runner is told, by commands on standard output and by its files, and what becomes of files that aren't there.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { addToPath, createRunner } from '../../src/action/runner.ts';
import type { Runner } from '../../src/action/runner.ts';
import { caught } from '../support/caught.ts';
import { temporaryFolder } from '../support/folder.ts';

const names = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY', 'GITHUB_PATH'] as const;
type Files = Readonly<Record<(typeof names)[number], string>>;

/** The runner of a step whose files are in a folder of the test; the library knows them by this process's environment. */
function start(
  test: TestContext,
  more: Readonly<Record<string, string>> = {},
): { files: Files; runner: Runner } {
  const folder = temporaryFolder(test);
  const files = Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Files;
  for (const file of Object.values(files)) writeFileSync(file, '');
  const before = { ...process.env };
  test.after(() => {
    process.env = before;
  });
  Object.assign(process.env, files, more);
  return { files, runner: createRunner(process.env) };
}

/** What `body` prints, a line each. */
function printed(test: TestContext, body: () => void): string[] {
  let text = '';
  const { mock } = test.mock.method(process.stdout, 'write', (chunk: unknown) => {
    text += String(chunk);
    return true;
  });
  try {
    body();
  } finally {
    mock.restore();
  }
  return text.split(/\r?\n/).filter((line) => line !== '');
}

/** `name<<delimiter`, the value, `delimiter`. */
function valueIn(file: string, name: string): string | undefined {
  const pattern = new RegExp(`^${name}<<(\\S+)\\r?\\n([^]*?)\\r?\\n\\1\\r?\\n`, 'm');
  return pattern.exec(readFileSync(file, 'utf8'))?.[2];
}

describe('the runner', () => {
  it('gives inputs without blanks around them, and nothing for those that are not set', (test) => {
    const { runner } = start(test, { 'INPUT_OCI-LAYOUT': '  a b \n' });
    assert.equal(runner.input('oci-layout'), 'a b');
    assert.equal(runner.input('context-of-nothing'), '');
  });

  it('gets outputs, states and folders of the PATH in its files, and the summary as it is', (test) => {
    const { runner, files } = start(test);
    runner.output('digest', 'a\nb');
    runner.keep('folder', '/tmp/x');
    runner.summarize('one\n');
    runner.summarize('two\n');
    addToPath('/opt/bima', process.env);
    assert.equal(valueIn(files.GITHUB_OUTPUT, 'digest'), 'a\nb');
    assert.equal(valueIn(files.GITHUB_STATE, 'folder'), '/tmp/x');
    assert.equal(readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'), 'one\ntwo\n');
    assert.equal(readFileSync(files.GITHUB_PATH, 'utf8').trimEnd(), '/opt/bima');
    assert.equal(process.env.PATH?.split(delimiter)[0], '/opt/bima');
  });

  it('gets everything else as lines and commands', (test) => {
    const { runner } = start(test);
    const lines = printed(test, () => {
      runner.line('a line');
      runner.debug('a detail');
      runner.mask('secret');
      runner.startGroup('Build');
      runner.endGroup();
      runner.annotate('error', 'no');
      runner.annotate('warning', 'well');
      runner.annotate('warning', 'here', { file: 'a/b', line: 7, column: 3 });
      runner.annotate('error', 'there', { file: 'a/b', line: 1, column: 2 });
    });
    assert.deepEqual(lines, [
      'a line',
      '::debug::a detail',
      '::add-mask::secret',
      '::group::Build',
      '::endgroup::',
      '::error::no',
      '::warning::well',
      '::warning file=a/b,line=7,col=3::here',
      '::error file=a/b,line=1,col=2::there',
    ]);
  });

  it('gets no summary where it has no place for one', (test) => {
    for (const GITHUB_STEP_SUMMARY of ['', undefined]) {
      const runner = createRunner({ GITHUB_STEP_SUMMARY });
      assert.deepEqual(
        printed(test, () => {
          runner.summarize('text');
        }),
        [],
      );
    }
  });
});

describe('a file of the runner that is not there', () => {
  const hint = 'Look whether an earlier step of the job has removed the files of the runner.';

  it('fails the output or the PATH, which a later step would take for empty', async (test) => {
    const { runner, files } = start(test);
    const [output, path] = [`${files.GITHUB_OUTPUT}.gone`, `${files.GITHUB_PATH}.gone`];
    Object.assign(process.env, { GITHUB_OUTPUT: output, GITHUB_PATH: path });
    const code = 'OUTPUT_FAILED';
    assert.deepEqual(
      await caught(() => {
        runner.output('digest', 'x');
      }),
      [{ code, message: `can't set the output "digest": Missing file at path: ${output}`, hint }],
    );
    assert.deepEqual(
      await caught(() => {
        addToPath('/opt', process.env);
      }),
      [{ code, message: `can't add to the PATH: Missing file at path: ${path}`, hint }],
    );
  });

  it('is a warning for the state and the summary', (test) => {
    const { runner, files } = start(test);
    const gone = join(files.GITHUB_STEP_SUMMARY, 'below');
    Object.assign(process.env, { GITHUB_STATE: gone, GITHUB_STEP_SUMMARY: gone });
    const lines = printed(test, () => {
      runner.keep('folder', 'x');
      runner.summarize('x');
    });
    const missing = `Missing file at path: ${gone}%0A${hint}`;
    assert.deepEqual(lines, [
      `::warning::OUTPUT_FAILED: can't keep the value "folder" for the step after the job: ${missing}`,
      "::warning::OUTPUT_FAILED: can't write the summary of the job: a part of the path is a file%0AChoose another place.",
    ]);
  });

  it('is told without a remedy where none is known', (test) => {
    const { runner, files } = start(test);
    process.env.GITHUB_STEP_SUMMARY = `${files.GITHUB_STEP_SUMMARY}${'x'.repeat(300)}`;
    const lines = printed(test, () => {
      runner.summarize('x');
    });
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      /^::warning::OUTPUT_FAILED: can't write the summary of the job: ENAMETOOLONG.*'$/,
    );
  });
});

describe('a FIFO in place of a file of the runner', { skip: process.platform === 'win32' }, () => {
  function makePipes(test: TestContext) {
    const started = start(test);
    const folder = temporaryFolder(test);
    const pipes = Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Files;
    for (const pipe of Object.values(pipes)) execFileSync('mkfifo', [pipe]);
    Object.assign(process.env, pipes);
    return { ...started, pipes };
  }

  it('keeps nobody waiting where nobody reads it', async (test) => {
    const { runner } = makePipes(test);
    const failure = (what: string) => [
      {
        code: 'OUTPUT_FAILED',
        message: `can't ${what}: it is a FIFO that nobody reads`,
        hint: 'Start its reader, or name a file.',
      },
    ];
    assert.deepEqual(
      await caught(() => {
        runner.output('digest', 'x');
      }),
      failure('set the output "digest"'),
    );
    assert.deepEqual(
      await caught(() => {
        addToPath('/opt', process.env);
      }),
      failure('add to the PATH'),
    );
    const lines = printed(test, () => {
      runner.keep('folder', 'x');
      runner.summarize('x');
    });
    assert.deepEqual(lines, [
      '::warning::OUTPUT_FAILED: can\'t keep the value "folder" for the step after the job: it is a FIFO that nobody reads%0AStart its reader, or name a file.',
      "::warning::OUTPUT_FAILED: can't write the summary of the job: it is a FIFO that nobody reads%0AStart its reader, or name a file.",
    ]);
  });

  it(
    'gets what its reader reads, and no descriptor stays open',
    { skip: process.platform !== 'linux' },
    (test) => {
      const { pipes, runner } = makePipes(test);
      const readers = names.map((name) => openSync(pipes[name], constants.O_RDWR | constants.O_NONBLOCK));
      test.after(() => {
        for (const reader of readers) closeSync(reader);
      });
      const before = readdirSync('/proc/self/fd').length;
      runner.output('digest', 'value');
      runner.keep('folder', 'value');
      runner.summarize('value');
      addToPath('/opt/value', process.env);
      assert.equal(readdirSync('/proc/self/fd').length, before);
      for (const reader of readers) {
        const bytes = Buffer.alloc(1000);
        assert.match(bytes.toString('utf8', 0, readSync(reader, bytes)), /value/);
      }
    },
  );
});
