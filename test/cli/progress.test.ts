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

  it('shows nothing of a task that is over before there are bars, and nothing after its end', async () => {
    const { terminal, written } = openTerminal();
    const progress = progressBars(terminal);
    progress.update('a short one', 1, 2);
    progress.update('a short one', 2, 2);
    progress.update('a long one', 1, 2);
    let shown = '';
    while (!shown.includes('a long one')) {
      await sleep(10);
      shown += written();
    }
    assert.doesNotMatch(shown, /a short one/);
    progress.update('a long one', 2, 2);
    progress.print('a line');
    assert.ok(written().endsWith('a line\n'));
    progress.close();
  });

  it('shows no bars once it is closed', async () => {
    const { terminal, written } = openTerminal();
    const progress = progressBars(terminal);
    progress.update('a task', 1, 2);
    progress.close();
    await sleep(300);
    assert.equal(written(), '');
  });

  it('shows a bar for each task', { timeout: 20_000 }, async () => {
    const { terminal, written } = openTerminal();
    const progress = progressBars(terminal);
    progress.update('one', 500, 1000);
    progress.update('two', 250, 1000);
    let shown = '';
    while (!/one \[.{30}\] 50% [^]*two \[.{30}\] 25% /.test(shown)) {
      await sleep(10);
      shown += written();
    }
    progress.update('one', 750, 1000);
    progress.update('three', 1, 1000);
    while (!/one \[.{30}\] 75% 750 B of 1\.0 kB[^]*three/.test(shown)) {
      await sleep(10);
      shown += written();
    }
    // The cursor is hidden meanwhile, and shown again.
    assert.ok(shown.includes('\x1b[?25l'));
    progress.close();
    assert.ok(written().includes('\x1b[?25h'));
  });
});
