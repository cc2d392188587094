import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError, limitProblems, throwProblems } from '../../src/core/errors.ts';
import type { Problem } from '../../src/core/errors.ts';
import { limits } from '../../src/core/limits.ts';

const problem = (number: number): Problem => ({ code: 'CONTEXT_PATH', message: `problem ${number}` });

describe('limitProblems', () => {
  it('leaves a few problems as they are', () => {
    const few = Array.from({ length: limits.problems }, (_, index) => problem(index));
    assert.deepEqual(limitProblems(few), few);
    assert.deepEqual(limitProblems([]), []);
  });

  it('counts those that nobody would read', () => {
    const shown = limitProblems(Array.from({ length: 5000 }, (_, index) => problem(index)));
    assert.equal(shown.length, limits.problems + 1);
    assert.equal(shown.at(-1)?.message, '4900 more problems like these are not shown');
  });

  it('cuts messages and hints', () => {
    const long = 'x'.repeat(100_000);
    const [shown] = limitProblems([{ ...problem(1), message: long, hint: long }]);
    assert.equal(shown?.message, `${'x'.repeat(limits.message)}…`);
    assert.equal(shown.hint, shown.message);
  });
});

describe('BimaError', () => {
  it('carries no more than anybody reads', () => {
    const error = new BimaError('CONTEXT_PATH', 'x'.repeat(100_000), { hint: 'y'.repeat(100_000) });
    assert.ok(error.message.length < 2100 && (error.hint?.length ?? 0) < 2100);
    assert.throws(
      () => {
        throwProblems(Array.from({ length: 5000 }, (_, index) => problem(index)));
      },
      (thrown: BimaError) => thrown.problems.length === limits.problems + 1,
    );
  });
});
