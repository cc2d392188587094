import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BimaError,
  collectProblems,
  isSystemError,
  limitProblems,
  throwProblems,
} from '../../src/core/errors.ts';
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

describe('what an error carries', () => {
  const position = { file: 'Containerfile', line: 1, column: 2 };

  it('is a code, a message, and what else is known', () => {
    const bare = new BimaError('CONTEXT_PATH', 'a message');
    assert.deepEqual([bare.name, bare.code, bare.message], ['BimaError', 'CONTEXT_PATH', 'a message']);
    assert.deepEqual(
      [bare.hint, bare.position, bare.cause, 'cause' in bare],
      [undefined, undefined, undefined, false],
    );
    assert.deepEqual(bare.problems, [{ code: 'CONTEXT_PATH', message: 'a message' }]);
    const cause = new Error('why');
    const whole = new BimaError('CONTEXT_PATH', 'a message', { hint: 'a hint', position, cause });
    assert.deepEqual([whole.hint, whole.position, whole.cause], ['a hint', position, cause]);
    assert.deepEqual(whole.problems, [
      { code: 'CONTEXT_PATH', message: 'a message', hint: 'a hint', position },
    ]);
  });

  it('has at most 2000 characters of each', () => {
    const [most, more] = ['x'.repeat(2000), 'x'.repeat(2001)];
    assert.equal(new BimaError('CONTEXT_PATH', most).message, most);
    assert.equal(new BimaError('CONTEXT_PATH', more).message, `${most}…`);
    assert.equal(new BimaError('CONTEXT_PATH', '', { hint: more }).hint, `${most}…`);
    const both = { ...problem(1), message: most, hint: most };
    assert.deepEqual(limitProblems([both]), [both]);
    assert.deepEqual(limitProblems([{ ...both, hint: more }]), [{ ...both, hint: `${most}…` }]);
    assert.deepEqual(limitProblems([{ ...problem(1), message: more, position }]), [
      { ...problem(1), message: `${most}…`, position },
    ]);
    assert.deepEqual(new BimaError('CONTEXT_PATH', '', { problems: [{ ...both, hint: more }] }).problems, [
      { ...both, hint: `${most}…` },
    ]);
  });

  it('tells how many problems are not shown, under the code of the last one', () => {
    const many = Array.from({ length: 101 }, (_, index) => problem(index));
    assert.deepEqual(limitProblems(many), [
      ...many.slice(0, 100),
      { code: 'CONTEXT_PATH', message: '1 more problems like these are not shown' },
    ]);
  });
});

describe('throwProblems', () => {
  const position = { file: 'Containerfile', line: 1, column: 2 };
  const first: Problem = { code: 'LABEL_INVALID', message: 'the first', hint: 'a hint', position };

  it('throws one as it is, and several as the first of them', () => {
    throwProblems([]);
    for (const [problems, message] of [
      [[first], 'the first'],
      [[first, problem(2)], '2 problems, the first: the first'],
    ] as const)
      assert.throws(
        () => {
          throwProblems(problems);
        },
        { name: 'BimaError', code: 'LABEL_INVALID', message, hint: 'a hint', position, problems },
      );
    assert.throws(
      () => {
        throwProblems([problem(1)]);
      },
      { hint: undefined, position: undefined, problems: [problem(1)] },
    );
  });
});

describe('collectProblems', () => {
  it('adds what is thrown on purpose, and nothing else', async () => {
    const problems = [problem(0)];
    await collectProblems(problems, () => 'nothing');
    await collectProblems(problems, () => {
      throwProblems([problem(1), problem(2)]);
    });
    await collectProblems(problems, () => Promise.reject(new BimaError('CONTEXT_PATH', 'problem 3')));
    assert.deepEqual(problems, [0, 1, 2, 3].map(problem));
    await assert.rejects(
      collectProblems(problems, () => Promise.reject(new Error('a fault'))),
      /a fault/,
    );
  });
});

describe('isSystemError', () => {
  const system = Object.assign(new Error('no'), { code: 'ENOENT', errno: -2 });
  const rows: [error: unknown, code: string | undefined, isOne: boolean][] = [
    [system, undefined, true],
    [system, 'ENOENT', true],
    [system, 'EPERM', false],
    [Object.assign(new Error('no'), { code: 'ENOENT' }), undefined, false],
    [Object.assign(new Error('no'), { errno: -2 }), undefined, false],
    [new Error('no'), undefined, false],
    [{ code: 'ENOENT', errno: -2 }, undefined, false],
    ['ENOENT', undefined, false],
    [undefined, undefined, false],
  ];
  for (const [error, code, isOne] of rows)
    it(`is ${isOne} for ${String(error)} and ${code ?? 'any code'}`, () => {
      assert.equal(isSystemError(error, code), isOne);
    });
});
