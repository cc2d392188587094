// What is kept of a serial port, and found in it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseExpectation } from '../../../src/core/monitor/expectation.ts';
import { SerialLog } from '../../../src/core/monitor/serial-log.ts';

function logOf(expected: string | undefined, ...pieces: readonly string[]): SerialLog {
  const log = new SerialLog(expected === undefined ? undefined : parseExpectation(expected, '--expect'));
  for (const piece of pieces) log.add(Buffer.from(piece));
  return log;
}

describe('a serial log', () => {
  const found: readonly [name: string, expected: string, pieces: string[]][] = [
    ['a text', 'ready', ['a\r\nready\r\n']],
    ['a text that comes in pieces', 'ready to serve', ['rea', 'dy t', 'o serve']],
    ['a text over two lines', 'one\ntwo', ['one\r', '\ntwo']],
    ['a text in colours', 'all OK', ['all \x1b[1;3', '2mOK\x1b[0m']],
    ['a text behind the title of a window', 'ready', ['\x1b]0;title\x07ready']],
    ['letters of two bytes that come apart', 'žluť', ['\u017elu', '\u0165']],
    ['an expression', '/^listening on \\d+$/', ['x\nlistening on 80\ny\n']],
    ['an expression with a flag', '/READY/i', ['ready']],
    ['a text in slashes, as an expression', '/\\/etc\\//', ['in /etc/ it is']],
  ];
  for (const [name, expected, pieces] of found) {
    it(`finds ${name}`, () => {
      assert.equal(logOf(expected, ...pieces).hasFound, true);
    });
  }

  it('finds a letter that is cut in the middle', () => {
    const log = logOf('ž!');
    const bytes = Buffer.from('ž!');
    log.add(bytes.subarray(0, 1));
    log.add(bytes.subarray(1));
    assert.equal(log.hasFound, true);
  });

  it('finds no text that is not there, and no expression across what is no line', () => {
    assert.equal(logOf('ready', 'read', 'x', 'y').hasFound, false);
    assert.equal(logOf('/^b$/', 'a b\n').hasFound, false);
  });

  it('keeps a few lines of what never ends, and of a line that never ends', () => {
    const log = logOf('never');
    for (let round = 0; round < 300; round++) log.add(Buffer.from(`line ${round} ${'x'.repeat(5000)}\r\n`));
    for (let round = 0; round < 300; round++) log.add(Buffer.alloc(10_000, 'y'));
    const lines = log.lastLines();
    assert.equal(lines.length, 20);
    assert.match(lines.at(-2) ?? '', /^line 299 x/);
    assert.ok(lines.every((line) => line.length <= 1000));
  });

  it('finds a text in the middle of what never ends', () => {
    const log = logOf('needle');
    for (let round = 0; round < 100; round++) log.add(Buffer.alloc(10_000, 'y'));
    log.add(Buffer.from('nee'));
    log.add(Buffer.from('dle'));
    assert.equal(log.hasFound, true);
  });

  it('knows when Linux panics, and when somebody only says the words', () => {
    const panic = 'Kernel panic - not syncing: No working init found.';
    assert.equal(logOf(undefined, `[    0.5] ${panic}\n`).hasPanicked, true);
    assert.equal(logOf(undefined, `[    0.524521][    T1] ${panic}`).hasPanicked, true);
    assert.equal(logOf(undefined, `log: ${panic}\n`).hasPanicked, false);
  });

  it('shows nothing for a guest that says nothing', () => {
    assert.deepEqual(logOf(undefined).lastLines(), []);
    assert.deepEqual(logOf(undefined, 'a\r\n\r\n').lastLines(), ['a']);
  });
});

describe('parseExpectation', () => {
  it('refuses nothing, and an expression that is none', () => {
    assert.throws(() => parseExpectation(' ', '--expect'), { code: 'INPUT_INVALID' });
    assert.throws(() => parseExpectation('/(/', '--expect'), {
      code: 'INPUT_INVALID',
      message: /regular expression/,
    });
  });
});
