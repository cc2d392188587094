// Bars on a terminal, as the bytes that it gets.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { progressBars } from '../../src/cli/progress.ts';

/** A terminal that keeps what is written to it. */
function openTerminal() {
  const stream = new PassThrough();
  const terminal = Object.assign(stream, {
    isTTY: true,
    columns: 100,
    rows: 30,
    ...{ cursorTo: () => true, clearLine: () => true, clearScreenDown: () => true, moveCursor: () => true },
  }) as unknown as NodeJS.WriteStream;
  return { terminal, written: () => String(stream.read() ?? '') };
}

describe('progressBars', () => {
  it('writes lines as they are while there is no bar', () => {
    const { terminal, written } = openTerminal();
    const progress = progressBars(terminal);
    progress.print('a line');
    assert.equal(written(), 'a line\n');
    progress.close();
    assert.equal(written(), '');
  });

  it(
    'shows how much of a task is done, with lines above it, and takes the bar away at its end',
    { timeout: 20_000 },
    async () => {
      const { terminal, written } = openTerminal();
      const progress = progressBars(terminal);
      progress.update('pushing a', 500, 2000);
      progress.update('pushing a', 1000, 2000);
      progress.print('a line');
      // Some times a second.
      let shown = '';
      while (!/pushing a \[.{30}\] 50% 1\.0 kB of 2\.0 kB/.test(shown)) {
        await sleep(20);
        shown += written();
      }
      assert.match(shown, /a line\n/);
      progress.update('pushing a', 2000, 2000);
      progress.print('the end');
      assert.ok(written().endsWith('the end\n'));
      progress.close();
    },
  );
});
