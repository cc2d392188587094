// A guest's output as lines of a log.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maxSerialLines, SerialLines } from '../../../src/core/monitor/serial-lines.ts';

function linesOf(...pieces: readonly string[]): string[] {
  const found: string[] = [];
  const lines = new SerialLines((line) => found.push(line));
  for (const piece of pieces) lines.add(Buffer.from(piece));
  lines.end();
  return found;
}

describe('SerialLines', () => {
  it('puts lines together that come in pieces, and gives the last one without an end', () => {
    assert.deepEqual(linesOf('a\r', '\nb', 'c\n\nd'), ['a', 'bc', '', 'd']);
  });

  it('gives lines as soon as they end, and the rest once', () => {
    const found: string[] = [];
    const lines = new SerialLines((line) => found.push(line));
    lines.add(Buffer.from('a\nb'));
    assert.deepEqual(found, ['a']);
    lines.end();
    lines.end();
    assert.deepEqual(found, ['a', 'b']);
    lines.add(Buffer.from('c\n'));
    lines.end();
    assert.deepEqual(found, ['a', 'b', 'c']);
  });

  it('puts a letter together that comes in two pieces', () => {
    const found: string[] = [];
    const lines = new SerialLines((line) => found.push(line));
    const bytes = Buffer.from('ž\n');
    lines.add(bytes.subarray(0, 1));
    lines.add(bytes.subarray(1));
    assert.deepEqual(found, ['ž']);
  });

  it('shows no more than a log should have, and says so once', () => {
    const found = linesOf(...Array.from({ length: 50 }, () => 'x\n'.repeat(1000)));
    assert.equal(found.length, maxSerialLines + 1);
    assert.equal(found.at(-1), '(more lines than these are not shown)');
    assert.ok(found.slice(0, -1).every((line) => line === 'x'));
  });

  it('shows as many lines as a log should have', () => {
    const all = Array.from({ length: maxSerialLines }, (_, at) => `${at}`);
    assert.deepEqual(linesOf(`${all.join('\n')}\n`), all);
    assert.deepEqual(linesOf(all.join('\n')), all);
    assert.deepEqual(linesOf(`${all.join('\n')}\n`, 'one more'), [
      ...all,
      '(more lines than these are not shown)',
    ]);
  });

  it('shows a line that never ends in parts', () => {
    const found = linesOf(...Array.from({ length: 10 }, () => 'x'.repeat(10_000)));
    assert.deepEqual(
      found.map((line) => line.length),
      [...Array.from({ length: 12 }, () => 8192), 100_000 - 12 * 8192],
    );
  });

  it('leaves a line whole that is as long as one may be', () => {
    const long = 'x'.repeat(8192);
    const found: string[] = [];
    const lines = new SerialLines((line) => found.push(line));
    lines.add(Buffer.from(long));
    assert.deepEqual(found, []);
    lines.add(Buffer.from('yz'));
    assert.deepEqual(found, [long]);
    lines.add(Buffer.from('\n'));
    assert.deepEqual(found, [long, 'yz']);
  });
});
