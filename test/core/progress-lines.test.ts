import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { progressLines, shortenTask } from '../../src/core/progress-lines.ts';

describe('progress in lines', () => {
  it('says something of each task every five seconds, and nothing of a short one', () => {
    const lines: string[] = [];
    let time = 100;
    const progress = progressLines(
      (line) => void lines.push(line),
      () => time,
    );
    const at = (moment: number, task: string, done: number) => {
      time = 100 + moment;
      progress.update(task, done, 10_000);
    };
    at(0, 'a', 0);
    at(4999, 'a', 1000);
    at(5000, 'a', 2000);
    at(6000, 'b', 0);
    at(9999, 'a', 3000);
    at(10_000, 'a', 4000);
    at(10_999, 'b', 1);
    at(11_000, 'b', 5000);
    at(20_000, 'a', 10_000);
    assert.deepEqual(lines, ['a 2.0 kB of 10.0 kB', 'a 4.0 kB of 10.0 kB', 'b 5.0 kB of 10.0 kB']);
    progress.print('as it is');
    progress.close();
    assert.equal(lines.at(-1), 'as it is');
  });
});

describe('the name of a task', () => {
  const hex = '0123456789abcdef'.repeat(4);
  const rows: [task: string, short: string][] = [
    [`sha256:${hex}`, '0123456789ab'],
    [`sha256:${hex}0`, `sha256:${hex}0`],
    [`xsha256:${hex}`, `xsha256:${hex}`],
    [`sha256:${hex.toUpperCase()}`, `sha256:${hex.toUpperCase()}`],
    ['a file', 'a file'],
  ];
  for (const [task, short] of rows)
    it(`is ${short} for ${task}`, () => {
      assert.equal(shortenTask(task), short);
    });
});
