// What the benchmark makes of its measurements.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawPlot } from '../../bench/plot.ts';
import type { ContestantResult, Results } from '../../bench/results.ts';
import { rotated, spreadOf } from '../../bench/statistics.ts';
import { formatResults } from '../../bench/table.ts';
import { judge } from '../../bench/targets.ts';

function contestant(name: string, seconds: number[], peak?: number): ContestantResult {
  return { name, commands: [`${name} < $work/a | b`], seconds, peaks: peak === undefined ? [] : [peak] };
}

function resultsOf(...cases: [name: string, ...contestants: ContestantResult[]][]): Results {
  return {
    date: '2026-01-02',
    machine: { processor: 'Slow & Steady <1>', cores: 2, memory: 8 * 1024 ** 3, system: 'Linux 6' },
    versions: { pigz: '2.6' },
    missing: ['oras'],
    cases: cases.map(([name, ...contestants]) => ({ name, title: `Case ${name}`, contestants, notes: [] })),
  };
}

describe('spreadOf', () => {
  for (const [name, values, spread] of [
    ['one value', [3], [3, 3, 3, 3, 3]],
    ['an odd number of values, in any order', [5, 1, 3, 2, 4], [1, 2, 3, 4, 5]],
    ['an even number of values', [4, 1, 3, 2], [1, 1.75, 2.5, 3.25, 4]],
    ['values that are sorted as numbers', [10, 9], [9, 9.25, 9.5, 9.75, 10]],
  ] as const) {
    it(`takes ${name}`, () => {
      const { min, low, median, high, max } = spreadOf(values);
      assert.deepEqual([min, low, median, high, max], spread);
    });
  }

  it('has nothing to say of nothing', () => {
    assert.throws(() => spreadOf([]), /nothing was measured/);
  });
});

describe('rotated', () => {
  it('lets each be first in turn, and loses none', () => {
    const rounds = [0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''));
    assert.deepEqual(rounds, ['abc', 'bca', 'cab', 'abc']);
    assert.deepEqual(rotated([], 2), []);
  });
});

describe('judge', () => {
  const find = (results: Results, name: RegExp, who: string) =>
    judge(results).find((one) => name.test(one.name) && one.who === who);

  it('compares medians of one run', () => {
    const results = resultsOf([
      'archive-100mb',
      contestant('this, Node 24', [9, 1, 2]),
      contestant('bima in Go', [5, 6, 4]),
      contestant('limit: pigz -1 -p2, then sha256sum', [1, 1, 1]),
    ]);
    const [bima, pigz] = [/time of bima in Go$/, /sha256sum/].map((name) =>
      find(results, name, 'this, Node 24'),
    );
    assert.deepEqual([bima?.measured, bima?.isMet], [0.4, true]);
    assert.deepEqual([pigz?.measured, pigz?.isMet], [2, false]);
  });

  it('compares what runs on the same Node', () => {
    const results = resultsOf([
      'again-100mb',
      contestant('this, Node 20', [1]),
      contestant('this, Node 24', [1]),
      contestant('limit: Node 20 and two requests', [0.5]),
      contestant('limit: Node 24 and two requests', [0.875]),
    ]);
    assert.equal(find(results, /same push/, 'this, Node 20')?.measured, 0.5);
    assert.equal(find(results, /same push/, 'this, Node 24')?.measured, 0.125);
  });

  it('takes the largest memory of all cases', () => {
    const results = resultsOf(
      ['memory-archive-1mb', contestant('this, Node 24', [1], 90e6), contestant('bima in Go', [1], 900e6)],
      ['memory-archive-4000mb', contestant('this, Node 24', [1], 140e6)],
    );
    const memory = find(results, /memory/, 'this, Node 24');
    assert.deepEqual([memory?.measured, memory?.isMet], [140, false]);
  });

  it('says of what it does not know that it was not measured', () => {
    const results = resultsOf(['push-100mb', contestant('this, Node 24', [1])]);
    assert.ok(judge(results).every(({ measured, isMet }) => measured === undefined && isMet === undefined));
    assert.match(formatResults(results), /\| not measured \|/);
  });
});

describe('the report', () => {
  const results = resultsOf(
    ['archive-100mb', contestant('slow', [4, 2, 3], 50e6), contestant('this, Node 24', [1, 1, 1.5], 40e6)],
    ['empty'],
  );

  it('has a row for each contestant, the fastest first, and what was run', () => {
    const text = formatResults(results);
    assert.match(
      text,
      /\| this, Node 24 \| 1\.000 \| 1\.000 to 1\.250 \| 1\.000 to 1\.500 \| 40\.0 \|  \| 3 \|\n\| slow \| 3\.000 /,
    );
    assert.match(text, /- slow: `slow < \$work\/a \| b`/);
    assert.match(text, /not measured: oras\./);
  });

  it('is drawn in megabytes where memory is measured', () => {
    const svg = drawPlot(resultsOf(['memory-push-1000mb', contestant('this, Node 24', [9], 42e6)]));
    assert.match(svg, />42 MB</);
    assert.doesNotMatch(svg, />9\.00</);
  });

  it('is drawn as XML that is the same each time, with a bar for each contestant', () => {
    const svg = drawPlot(results);
    assert.equal(svg, drawPlot(structuredClone(results)));
    assert.equal(svg.match(/<rect /g)?.length, 2);
    assert.match(svg, /Slow &amp; Steady &lt;1>/);
    assert.doesNotMatch(svg, /NaN|undefined/);
    assert.match(svg, /prefers-color-scheme: dark/);
  });
});
