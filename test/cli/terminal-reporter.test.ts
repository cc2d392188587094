// What a command says meanwhile: which of it, where, and in what form.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArguments } from '../../src/cli/args.ts';
import { terminalReporter } from '../../src/cli/terminal-reporter.ts';
import type { TerminalReporter } from '../../src/cli/terminal-reporter.ts';

function open(
  line: string,
  isTerminal = false,
): { reporter: TerminalReporter; lines: string[]; screen: PassThrough } {
  const invocation = parseArguments(['build', ...line.split(' ').filter(Boolean), '.'], {});
  assert.ok(invocation.type === 'command');
  const lines: string[] = [];
  const screen = new PassThrough();
  const terminal = Object.assign(screen, {
    isTTY: true,
    columns: 100,
    rows: 30,
    ...{ cursorTo: () => true, clearLine: () => true, clearScreenDown: () => true, moveCursor: () => true },
  }) as unknown as NodeJS.WriteStream;
  const reporter = terminalReporter(
    {
      environment: {},
      stdout: () => assert.fail('results are for others to print'),
      stderr: (text) => lines.push(text),
      stdin: () => Promise.resolve(''),
      home: undefined,
      signal: new AbortController().signal,
      ...(isTerminal ? { screen: terminal } : {}),
    },
    invocation.options,
  );
  return { reporter, lines, screen };
}

const warning = { code: 'LABEL_INVALID', message: 'odd\x1b', hint: 'Mend it.' } as const;

async function sayAll(reporter: TerminalReporter): Promise<void> {
  reporter.info('an info\x07');
  reporter.debug('a detail\x07');
  reporter.warning(warning);
  const result = await reporter.group('A group\x07', () => Promise.resolve(7));
  assert.equal(result, 7);
  reporter.close();
}

describe('terminalReporter', () => {
  const warned = 'bima: warning: odd\\x1b\n  Mend it.';
  const rows: readonly [line: string, lines: string[]][] = [
    ['', ['an info\\x07', warned, 'A group\\x07']],
    ['--debug', ['an info\\x07', 'a detail\\x07', warned, 'A group\\x07']],
    ['--quiet', [warned]],
    ['-q --debug', ['a detail\\x07', warned]],
    ['--progress quiet', [warned]],
    ['--progress none', [warned]],
    ['--progress plain', ['an info\\x07', warned, 'A group\\x07']],
    ['--progress tty', ['an info\\x07', warned, 'A group\\x07']],
    ['--progress auto', ['an info\\x07', warned, 'A group\\x07']],
  ];
  for (const [line, lines] of rows) {
    it(`says with ${JSON.stringify(line)} what it should`, async () => {
      const opened = open(line);
      await sayAll(opened.reporter);
      assert.deepEqual(opened.lines, lines);
    });
  }

  it('knows no other kind of progress', () => {
    assert.throws(() => open('--progress rawjson'), {
      code: 'INPUT_INVALID',
      message: 'expected --progress auto, plain or quiet, got "rawjson"',
    });
  });

  it('shows bars where there is a terminal, and lines where they are asked for', async () => {
    for (const [line, where] of [
      ['', 'screen'],
      ['--progress tty', 'screen'],
      ['--progress plain', 'lines'],
      ['--quiet', 'lines'],
      ['--progress quiet', 'lines'],
    ] as const) {
      const { reporter, lines, screen } = open(line, true);
      reporter.warning(warning);
      reporter.close();
      assert.equal(lines.length, where === 'lines' ? 1 : 0, line);
      assert.equal(String(screen.read() ?? ''), where === 'screen' ? `${warned}\n` : '', line);
      await Promise.resolve();
    }
  });

  it('shows progress unless it is to be quiet', async () => {
    const { reporter, screen } = open('', true);
    reporter.progress('pushing a', 1, 2);
    let shown = '';
    while (!shown.includes('pushing a')) {
      await sleep(10);
      shown += String(screen.read() ?? '');
    }
    reporter.close();
    const quiet = open('--quiet', true);
    quiet.reporter.progress('pushing a', 1, 2);
    quiet.reporter.progress('pushing a', 2, 2);
    quiet.reporter.close();
    assert.equal(String(quiet.screen.read() ?? ''), '');
    assert.deepEqual(quiet.lines, []);
  });
});
