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

  it('shows no more than a log should have, and says so once', () => {
    const found = linesOf(...Array.from({ length: 50 }, () => 'x\n'.repeat(1000)));
    assert.equal(found.length, maxSerialLines + 1);
    assert.match(found.at(-1) ?? '', /not shown/);
  });

  it('shows a line that never ends in parts', () => {
    const found = linesOf(...Array.from({ length: 10 }, () => 'x'.repeat(10_000)));
    assert.ok(found.length > 5 && found.every((line) => line.length <= 8192));
    assert.equal(found.join('').length, 100_000);
  });
});
