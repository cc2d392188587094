import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { actionReporter } from '../../src/action/action-reporter.ts';
import type { AnnotationPlace, Runner } from '../../src/action/runner.ts';
import { safeLine, safeLines, safeMarkdown } from '../../src/core/text.ts';
import type { Problem } from '../../src/core/errors.ts';
import { temporaryFolder } from '../support/folder.ts';
import { parseCommand } from '../support/action.ts';

interface Recording extends Runner {
  readonly lines: string[];
  readonly annotations: { severity: string; text: string; place: AnnotationPlace | undefined }[];
}

function recorder(): Recording {
  const lines: string[] = [];
  const annotations: Recording['annotations'] = [];
  const add = (prefix: string) => (text: string) => {
    lines.push(`${prefix}${text}`);
  };
  return {
    lines,
    annotations,
    input: () => '',
    output: () => undefined,
    mask: () => undefined,
    keep: () => undefined,
    summarize: () => undefined,
    line: add(''),
    debug: add('debug '),
    startGroup: add('group '),
    endGroup: () => {
      lines.push('endgroup');
    },
    annotate: (severity, text, place) => {
      annotations.push({ severity, text, place });
    },
  };
}

const problem: Problem = {
  code: 'LABEL_MISSING',
  message: 'missing label "x"',
  hint: 'Add it.',
  position: { file: 'ctx/Containerfile', line: 7, column: 3 },
};

describe('actionReporter', () => {
  it('annotates a file by another name of the workspace', (test) => {
    const folder = temporaryFolder(test, { 'work/ctx/Containerfile': '' });
    symlinkSync('work', join(folder, 'alias'), 'junction');
    for (const [workspace, other] of [
      ['work', 'alias'],
      ['alias', 'work'],
    ] as const) {
      const runner = recorder();
      const file = join(folder, other, 'ctx/Containerfile');
      actionReporter(runner, join(folder, workspace), () => 0).warning({
        ...problem,
        position: { file, line: 7, column: 3 },
      });
      assert.equal(runner.annotations[0]?.place?.file, 'ctx/Containerfile');
    }
  });

  it('annotates the line of the file, relative to the workspace', () => {
    const runner = recorder();
    const reporter = actionReporter(runner, '/home/runner/work/app', () => 0);
    reporter.warning({
      ...problem,
      position: { file: '/home/runner/work/app/ctx/Containerfile', line: 7, column: 3 },
    });
    assert.deepEqual(runner.annotations[0]?.place, { file: 'ctx/Containerfile', line: 7, column: 3 });
    reporter.warning(problem);
    assert.deepEqual(runner.annotations[1]?.place, { file: 'ctx/Containerfile', line: 7, column: 3 });
    assert.equal(
      runner.annotations[1].text,
      'LABEL_MISSING: missing label "x" (ctx/Containerfile:7:3)\nAdd it.',
    );
  });

  it('gives no place for a file outside of the workspace, but names it', () => {
    const runner = recorder();
    const reporter = actionReporter(runner, '/work/app', () => 0);
    reporter.warning({ ...problem, position: { file: '/tmp/Containerfile', line: 1, column: 1 } });
    assert.equal(runner.annotations[0]?.place, undefined);
    assert.match(runner.annotations[0]?.text ?? '', /\/tmp\/Containerfile:1:1/);
  });

  it('annotates ten warnings, and prints the others', () => {
    const runner = recorder();
    const reporter = actionReporter(runner, '/w', () => 0);
    for (let count = 0; count < 12; count++) reporter.warning(problem);
    assert.equal(runner.annotations.length, 10);
    assert.equal(runner.lines.filter((line) => line.startsWith('warning: LABEL_MISSING')).length, 2);
  });

  const failures: [count: number, annotations: number, lines: number][] = [
    [1, 1, 0],
    [2, 3, 0],
    [9, 10, 0],
    [15, 10, 6],
  ];
  for (const [count, annotations, lines] of failures) {
    it(`says of ${count} problems all, and annotates no more than ten`, () => {
      const runner = recorder();
      const reporter = actionReporter(runner, '/w', () => 0);
      reporter.fail(Array.from({ length: count }, () => problem));
      assert.equal(runner.annotations.length, annotations);
      assert.equal(runner.lines.filter((line) => line.startsWith('error: LABEL')).length, lines);
      if (count > 1) assert.match(runner.annotations.at(-1)?.text ?? '', new RegExp(`^${count} problems`));
    });
  }

  it('opens one group at a time, and closes it also after a failure', async () => {
    const runner = recorder();
    const reporter = actionReporter(runner, '/w', () => 0);
    await assert.rejects(
      reporter.group('outer', () => reporter.group('inner', () => Promise.reject(new Error('no')))),
    );
    assert.deepEqual(runner.lines, ['group outer', 'inner', 'endgroup']);
  });

  it('closes a group once, after all that is in it, and opens another one then', async () => {
    const runner = recorder();
    const reporter = actionReporter(runner, '/w', () => 0);
    const inner = () => reporter.group('inner', () => Promise.resolve('in'));
    const outer = async () => {
      assert.equal(await inner(), 'in');
      reporter.info('after');
      return 'out';
    };
    assert.equal(await reporter.group('outer', outer), 'out');
    assert.equal(await reporter.group('next', () => Promise.resolve(5)), 5);
    assert.deepEqual(runner.lines, ['group outer', 'inner', 'after', 'endgroup', 'group next', 'endgroup']);
  });

  it('says of several problems how many there are, as an error without a place', () => {
    const runner = recorder();
    const reporter = actionReporter(runner, '/w', () => 0);
    const plain: Problem = { code: 'CONTEXT_PATH', message: 'one\n  more' };
    reporter.fail([plain, problem]);
    reporter.warning(plain);
    assert.deepEqual(runner.annotations, [
      { severity: 'error', text: 'CONTEXT_PATH: one more', place: undefined },
      {
        severity: 'error',
        text: 'LABEL_MISSING: missing label "x" (ctx/Containerfile:7:3)\nAdd it.',
        place: { file: 'ctx/Containerfile', line: 7, column: 3 },
      },
      { severity: 'error', text: '2 problems, each with its place above', place: undefined },
      { severity: 'warning', text: 'CONTEXT_PATH: one more', place: undefined },
    ]);
    for (let count = 0; count < 12; count++) reporter.warning({ ...plain, hint: 'Mend it.' });
    assert.deepEqual(runner.lines.slice(-2), ['warning: CONTEXT_PATH: one more', 'warning: Mend it.']);
    reporter.debug('a\nb');
    assert.equal(runner.lines.at(-1), 'debug a\\x0ab');
  });

  it('prints a line of progress every five seconds at most', () => {
    const runner = recorder();
    let time = 0;
    const reporter = actionReporter(runner, '/w', () => time);
    for (; time <= 21_000; time += 500) reporter.progress(`sha256:${'a'.repeat(64)}`, time, 30_000);
    assert.equal(runner.lines.length, 4);
    assert.equal(runner.lines[0], 'aaaaaaaaaaaa 5.0 kB of 30.0 kB');
  });

  it('lets no text from files speak to the runner', () => {
    const runner = recorder();
    const reporter = actionReporter(runner, '/w', () => 0);
    const evil = 'x\n::add-mask::main\r\n::error::';
    reporter.info(evil);
    reporter.warning({ ...problem, message: evil, hint: `::stop-commands::x\n##[add-mask]y` });
    reporter.fail([problem, { ...problem, message: evil }]);
    assert.equal(runner.lines.length, 1);
    for (const text of [...runner.lines, ...runner.annotations.map((annotation) => annotation.text)]) {
      for (const line of text.split('\n')) assert.equal(parseCommand(line), undefined, line);
    }
  });
});

describe('safeLine', () => {
  const lines: [text: string, safe: string][] = [
    ['COPY a /a', 'COPY a /a'],
    ['a::b::c', 'a::b::c'],
    ['::error::x', ': :error::x'],
    [' \u00a0\u3000::error::x', ' \u00a0\u3000: :error::x'],
    [':::error::', ': ::error::'],
    ['x ##[group]y', 'x # #[group]y'],
    ['###[group]y', '## #[group]y'],
    ['#\u00ad#[group]y', '#\\u{ad}#[group]y'],
    ['\ufe0f:\u034f:error::x', '\ufe0f: \u034f:error::x'],
    ['#\ufe0f#\u034f[group]y', '# \ufe0f#\u034f[group]y'],
    ['a\nb\rc', 'a\\x0ab\\x0dc'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['%0A::error::x', '%0A::error::x'],
  ];
  for (const [text, safe] of lines) {
    it(`prints ${JSON.stringify(text)} as ${JSON.stringify(safe)}`, () => {
      assert.equal(safeLine(text), safe);
    });
  }

  it('is never a command, whatever the text', () => {
    const pieces = fc.constantFrom(
      '::',
      ':',
      '##[',
      '#',
      '[',
      ']',
      ' ',
      '\t',
      '\n',
      '\u200b',
      '\u2028',
      '\ufe0f',
      'error',
      '%0A',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const line = safeLine(parts.join(''));
        assert.doesNotMatch(line, /[\r\n\u2028\p{Cf}]/u);
        assert.equal(parseCommand(line), undefined);
        assert.equal(parseCommand(line.replace(/[^ -~]/g, '')), undefined);
      }),
    );
  });

  it('keeps the ends of lines that a command escapes', () => {
    assert.equal(safeLines('a\n::b::\n'), 'a\n: :b::\n');
  });
});

describe('safeMarkdown', () => {
  it('has nothing left that Markdown or HTML would read', () => {
    const text = '<b>|[x](https://evil.example)@user`*_~!\n# www.evil.example';
    assert.match(safeMarkdown(text), /^(?:[A-Za-z0-9 ]|&#\d+;)*$/);
    const shown = safeMarkdown(text).replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    assert.equal(shown, text.replace('\n', '\\x0a'));
  });
});
