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

  describe('takes control sequences out, wherever they are cut', () => {
    // ECMA-48: CSI has parameters, then intermediates, then one final character; OSC ends with BEL or ST.
    const sequences: readonly [name: string, sequence: string][] = [
      ['a colour', '\x1b[0m'],
      ['two numbers', '\x1b[12;40H'],
      ['no number', '\x1b[K'],
      ['a private one', '\x1b[?25l'],
      ['one with an intermediate', '\x1b[1 q'],
      ['an intermediate alone', '\x1b[!p'],
      ['several intermediates', '\x1b[!"p'],
      ['the first final character', '\x1b[@'],
      ['the last final character', '\x1b[~'],
      ['reverse index', '\x1bM'],
      ['the first of two characters', '\x1b@'],
      ['the last of two letters', '\x1bZ'],
      ['a string terminator alone', '\x1b\\'],
      ['a private message', '\x1b^'],
      ['a program command', '\x1b_'],
      ['the title of a window', '\x1b]0;title\x07'],
      ['a title that ends with ST', '\x1b]0;title\x1b\\'],
      ['an empty title', '\x1b]\x07'],
      ['two of them', '\x1b[1m\x1b[2m'],
    ];
    for (const [name, sequence] of sequences) {
      it(name, () => {
        const text = `a${sequence}b`;
        for (let cut = 0; cut <= text.length; cut++) {
          const log = logOf('ab', text.slice(0, cut), text.slice(cut));
          assert.deepEqual(log.lastLines(), ['ab'], `cut at ${cut}`);
          assert.equal(log.hasFound, true, `cut at ${cut}`);
        }
      });
    }
  });

  it('leaves what only looks like a control sequence', () => {
    for (const text of ['[0m', ']0;title', 'a\x1bb', '\x1b[\x01', 'x[1;2'])
      assert.deepEqual(logOf(undefined, text, '!').lastLines(), [`${text}!`]);
  });

  it('shows a title that never ends once it is too long for one', () => {
    const start = `\x1b]${'t'.repeat(256)}`;
    assert.deepEqual(logOf(undefined, 'a', start).lastLines(), ['a']);
    assert.deepEqual(logOf(undefined, 'a', `${start}t`).lastLines(), [`a${start}t`]);
  });

  it('keeps the last twenty lines, of each a thousand characters', () => {
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at}`);
    assert.deepEqual(logOf(undefined, lines.join('\n')).lastLines(), lines.slice(-20));
    assert.deepEqual(logOf(undefined, `${lines.join('\n')}\n`).lastLines(), lines.slice(-20));
    assert.deepEqual(logOf(undefined, lines.slice(0, 20).join('\n')).lastLines(), lines.slice(0, 20));
    assert.deepEqual(logOf(undefined, `${lines.slice(0, 20).join('\n')}\n`).lastLines(), lines.slice(0, 20));
    const long = 'x'.repeat(1000);
    assert.deepEqual(logOf(undefined, long, 'y').lastLines(), [long]);
    assert.deepEqual(logOf(undefined, `${long}y\n${long}y\nz`).lastLines(), [long, long, 'z']);
    assert.deepEqual(logOf(undefined, 'x'.repeat(999), 'y').lastLines(), [`${'x'.repeat(999)}y`]);
  });

  it('searches the last 64 KiB', () => {
    const found = (between: number) => logOf('/^a[^a]*z/', 'a', 'b'.repeat(between), 'c', 'z').hasFound;
    assert.equal(found(64 * 1024 - 2), true);
    assert.equal(found(64 * 1024 - 1), false);
  });

  it('has found what it has found', () => {
    const log = logOf('/^a$/', 'a');
    assert.equal(log.hasFound, true);
    log.add(Buffer.from('b'));
    assert.equal(log.hasFound, true);
    assert.equal(logOf(undefined, 'undefined').hasFound, false);
  });

  it('is empty until the guest has printed something', () => {
    assert.equal(logOf(undefined).isEmpty, true);
    assert.equal(logOf(undefined, '').isEmpty, true);
    assert.equal(logOf(undefined, '\x1b').isEmpty, false);
  });

  const panic = 'Kernel panic - not syncing';
  const panics: readonly [text: string, hasPanicked: boolean][] = [
    [`${panic}: No working init found.`, true],
    [`${panic}\n`, true],
    [`[    0.5] ${panic}: x\n`, true],
    [`[12345.000001] ${panic}`, true],
    [`[    0.524521][    T1] ${panic}: x`, true],
    [`a\n[    0.5] ${panic}: x\nb\n`, true],
    [`a\n[    0.5] ${panic}: x\nb`, true],
    [`log: ${panic}\n`, false],
    [`[    0.5]${panic}\n`, false],
    [`[    0] ${panic}\n`, false],
    [`[    0.x] ${panic}\n`, false],
    [`[    .5] ${panic}\n`, false],
    [`[    0.5][T1]x ${panic}\n`, false],
    ['Kernel panic - syncing', false],
    ['all is well', false],
  ];
  for (const [text, hasPanicked] of panics) {
    it(`knows ${hasPanicked ? 'a panic' : 'no panic'} in ${JSON.stringify(text)}`, () => {
      assert.equal(logOf(undefined, text).hasPanicked, hasPanicked);
      assert.equal(logOf(undefined, ...Array.from(text)).hasPanicked, hasPanicked);
    });
  }

  it('knows no panic in a longer word', () => {
    assert.equal(logOf(undefined, `${panic}ly\n`).hasPanicked, false);
  });

  it('shows nothing for a guest that says nothing', () => {
    assert.deepEqual(logOf(undefined).lastLines(), []);
    assert.deepEqual(logOf(undefined, 'a\r\n\r\n').lastLines(), ['a']);
    assert.deepEqual(logOf(undefined, '\n\na\n \n\t').lastLines(), ['', '', 'a']);
    assert.deepEqual(logOf(undefined, '\n\n').lastLines(), []);
  });

  it('leaves its own lines as they are when it shows them', () => {
    const log = logOf(undefined, 'a\n\n');
    assert.deepEqual(log.lastLines(), ['a']);
    log.add(Buffer.from('b\n'));
    assert.deepEqual(log.lastLines(), ['a', '', 'b']);
  });
});
